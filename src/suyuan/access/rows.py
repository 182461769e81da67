"""Rows of this room that are bound to the ledger (`sql/bound.sql`)."""

from __future__ import annotations

from suyuan.ledger.bound import Bound

BOUND = (
    Bound("access_agency", ("agency",)),
    Bound("access_person", ("person",)),
    Bound("access_account", ("id",), ("id", "username", "person", "is_active")),
    Bound("access_token", ("token",), ("token", "account", "name", "digest", "made_at", "expires_at", "revoked_at")),
    Bound("access_duty", ("duty",)),
    Bound("access_ground", ("ground",)),
    Bound("access_ground_request", ("request",)),
    Bound("access_emergency", ("ground",)),
    Bound("access_limit", ("kind",)),
    Bound("access_proposal", ("proposal",)),
    Bound("access_undertaking", ("version",)),
    Bound("access_undertaking_signature", ("person", "version")),
)
