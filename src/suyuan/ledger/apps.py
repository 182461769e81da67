"""The room as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """审计账本 Ledger."""

    name = "suyuan.ledger"
    label = "ledger"
    default_auto_field = "django.db.models.BigAutoField"
