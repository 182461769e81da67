"""Access as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """Norm 4, 5.1."""

    name = "suyuan.access"
    label = "access"

    def ready(self) -> None:
        """Enter sign-ins in the ledger, say where the tables stand, and check who founded the installation."""
        from suyuan import catalog
        from suyuan.access.clearings import cleared
        from suyuan.access.rows import EVIDENCE
        from suyuan.access.sign_in import own, sealed_factors, sessions
        from suyuan.access.verify import verify_founders, verify_open_types
        from suyuan.ledger import evidence, verify

        sessions.connect()
        own.connect()
        sealed_factors.connect()
        evidence.place(EVIDENCE)
        verify.register(verify_founders)
        verify.register(verify_open_types)
        catalog.ask(cleared)
