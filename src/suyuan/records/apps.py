"""Records as a Django app: it brings its check of stored revisions to `ledger verify`."""

from __future__ import annotations

from django.apps import AppConfig


class RecordsConfig(AppConfig):
    """Norm 3.3.1, 3.4.2."""

    name = "suyuan.records"
    label = "records"

    def ready(self) -> None:
        """Register the recomputation of every revision."""
        from suyuan.ledger import evidence, verify
        from suyuan.records.rows import EVIDENCE
        from suyuan.records.verify import verify_catalog, verify_revisions
        from suyuan.records.verify_exports import verify_exports

        evidence.place(EVIDENCE)
        verify.register(verify_revisions)
        verify.register(verify_exports)
        verify.register(verify_catalog)
