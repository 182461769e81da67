"""The ledger as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """Norm 5.3.1."""

    name = "suyuan.ledger"
    label = "ledger"
