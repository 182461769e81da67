"""The ledger as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """Norm 5.3.1."""

    name = "suyuan.ledger"
    label = "ledger"

    def ready(self) -> None:
        """Bring the check of bound rows to `ledger verify`, and say where its tables stand."""
        from suyuan.ledger import bound, evidence, verify
        from suyuan.ledger.rows import EVIDENCE

        evidence.place(EVIDENCE)
        verify.register(bound.verify_rows)
