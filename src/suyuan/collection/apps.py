"""The room as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class CollectionConfig(AppConfig):
    """采集 Collection."""

    name = "suyuan.collection"
    label = "collection"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Say where its tables stand."""
        from suyuan.collection.rows import EVIDENCE
        from suyuan.ledger import evidence

        evidence.place(EVIDENCE)
