"""Review as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class ReviewConfig(AppConfig):
    """Norm 3.2."""

    name = "suyuan.review"
    label = "review"

    def ready(self) -> None:
        """Bring the check of decisions to `ledger verify`."""
        from suyuan.ledger import evidence, verify
        from suyuan.review.rows import EVIDENCE
        from suyuan.review.verify import verify_decisions

        evidence.place(EVIDENCE)
        verify.register(verify_decisions)
