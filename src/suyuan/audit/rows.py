"""Where the tables of this room stand: what auditors did and handed out is bound to entries (`sql/bound.sql`)."""

from __future__ import annotations

from suyuan.ledger.bound import Bound
from suyuan.ledger.evidence import Placed

BOUND = (
    Bound(
        "audit_week", ("agency", "monday"),
        ("agency", "monday", "seed_digest", "sealed_seed", "committed_at", "seed", "population", "drawn_at",
         "concluded_by", "concluded_at", "conclusion"),
    ),
    Bound(
        "audit_item", ("agency", "monday", "writer", "n"),
        ("agency", "monday", "writer", "n", "person", "unit", "head", "head_founded", "head_at", "auditor",
         "auditor_founded", "auditor_at", "note"),
    ),
    Bound(
        "audit_finding", ("finding",),
        ("finding", "agency", "source", "writer", "n", "about", "matter", "owner", "due_on", "opened_by", "opened_at",
         "outcome", "closed_by", "closed_at"),
    ),
    Bound("audit_staff_record", ("person", "record_id"), ("person", "record_id")),
    Bound("audit_absence", ("person", "starts_on"), ("person", "starts_on", "ends_on", "kind")),
    Bound(
        "audit_proof", ("proof",), ("proof", "record_id", "person", "recipient", "with_content", "at"),
        appended=True, adopted=True,
    ),
)  # fmt: skip
EVIDENCE: tuple[Placed | Bound, ...] = BOUND
