"""The room as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class ReviewConfig(AppConfig):
    """审核 Review."""

    name = "suyuan.review"
    label = "review"
    default_auto_field = "django.db.models.BigAutoField"
