"""Access as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """Norm 4, 5.1."""

    name = "suyuan.access"
    label = "access"

    def ready(self) -> None:
        """Enter sign-ins in the ledger, and bind grants to their entries, and check who founded the installation."""
        from suyuan.access.rows import BOUND
        from suyuan.access.sign_in import sessions
        from suyuan.access.verify import verify_founders
        from suyuan.ledger import bound, verify

        sessions.connect()
        bound.register(BOUND)
        verify.register(verify_founders)
