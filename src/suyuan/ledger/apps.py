"""The ledger as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """Norm 5.3.1."""

    name = "suyuan.ledger"
    label = "ledger"

    def ready(self) -> None:
        """Bring the check of bound rows to `ledger verify`."""
        from suyuan.ledger import bound, verify

        verify.register(bound.verify_rows)
