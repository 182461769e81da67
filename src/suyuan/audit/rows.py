"""Rows of this room that are bound to the ledger (`sql/bound.sql`)."""

from __future__ import annotations

from suyuan.ledger.bound import Bound

BOUND = (
    Bound("audit_week", ("agency", "monday")),
    Bound("audit_item", ("agency", "monday", "writer", "n")),
    Bound("audit_finding", ("finding",)),
    Bound("audit_staff_record", ("person", "record_id")),
    Bound("audit_absence", ("person", "starts_on")),
)
