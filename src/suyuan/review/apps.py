"""Review as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class ReviewConfig(AppConfig):
    """Norm 3.2."""

    name = "suyuan.review"
    label = "review"

    def ready(self) -> None:
        """Bring the check of decisions to `ledger verify`."""
        from suyuan.ledger import verify
        from suyuan.review.verify import verify_decisions

        verify.register(verify_decisions)
