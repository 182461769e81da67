"""Where the tables of the ledger stand, and those of the frameworks, which belong to no room."""

from __future__ import annotations

from suyuan.ledger.bound import Bound
from suyuan.ledger.evidence import Placed, not_evidence, recomputed

EVIDENCE: tuple[Placed | Bound, ...] = (
    recomputed("ledger_entry"),
    recomputed("ledger_leaf"),
    recomputed("ledger_tile"),
    recomputed("ledger_checkpoint", at="when it was stored: order comes from the tree; the clock's hints read it"),
    recomputed("ledger_pruning", at="its entry has the time"),
    recomputed("ledger_sequenced"),
    recomputed("ledger_writer", open="a closed writer with entries that wait is named; an open one without any writes nothing"),
    *not_evidence(
        "框架自用：数据表版本、后台任务、缓存",
        "the frameworks' own: versions of the schema, background jobs, a cache",
        "django_migrations", "django_content_type", "auth_group", "auth_group_permissions",
        "auth_permission", "procrastinate_events", "procrastinate_jobs", "procrastinate_periodic_defers",
        "procrastinate_workers",
    ),
)  # fmt: skip
