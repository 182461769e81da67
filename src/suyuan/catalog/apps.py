"""The room as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class CatalogConfig(AppConfig):
    """类型目录 Record types."""

    name = "suyuan.catalog"
    label = "catalog"
    default_auto_field = "django.db.models.BigAutoField"
