"""Audit as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Norm 5.3."""

    name = "suyuan.audit"
    label = "audit"

    def ready(self) -> None:
        """Bind what auditors did to its entries."""
        from suyuan.audit.rows import EVIDENCE
        from suyuan.ledger import evidence

        evidence.place(EVIDENCE)
