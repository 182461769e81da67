"""Rows of this room that are bound to the ledger (`sql/bound.sql`)."""

from __future__ import annotations

from suyuan.ledger.bound import Bound

# All of it but the count of wrong tries, each of which is an entry of its own.
WAY_IN = (
    "way", "kind", "person", "username", "account", "reason", "asked_by", "asked_at", "first_half", "decided_by", "decided_at",
    "approved", "second_half", "used_at", "done_at",
)  # fmt: skip
BOUND = (
    Bound("access_agency", ("agency",)),
    Bound("access_person", ("person",)),
    Bound("access_account", ("id",), ("id", "username", "person", "is_active")),
    Bound("access_token", ("token",), ("token", "account", "name", "digest", "made_at", "expires_at", "revoked_at")),
    Bound("access_way_in", ("way",), WAY_IN),
    Bound("access_duty", ("duty",)),
    Bound("access_ground", ("ground",)),
    Bound("access_ground_request", ("request",)),
    Bound("access_emergency", ("ground",)),
    Bound("access_limit", ("kind",)),
    Bound("access_proposal", ("proposal",)),
    Bound("access_undertaking", ("version",)),
    Bound("access_undertaking_signature", ("person", "version")),
)
