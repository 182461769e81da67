"""What an agency's catalog adds about persons is cleared by two: one security administrator proposes, another approves.

A clearing is of a declaration, by its digest: a changed declaration is in quarantine again. Processes that start after the
approval load what was cleared.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from django.db import connection

from suyuan.access.acting import Acting
from suyuan.access.actions import do
from suyuan.access.errors import Incomplete, NotAllowed, Unknown
from suyuan.catalog.model import Quarantined
from suyuan.installation import current

SEES = frozenset({"security_administrator", "security_auditor"})


class Clearing(NamedTuple):
    """A proposal to clear one declaration, and what became of it."""

    clearing: int
    subject: str
    digest: str
    reason: str
    proposed_by: int
    proposed_at: datetime
    decided_by: int | None
    decided_at: datetime | None
    state: str
    declaration: str


def propose(who: Acting, held: Quarantined, *, reason: str) -> int:
    """Propose to clear what lies in quarantine; gives the proposal's number. Raises `NotAllowed`, `Conflict`, `Incomplete`."""
    if held.lacks:
        raise Incomplete(held)
    call = "SELECT access_propose_clearing(%s, %s, %s)"
    return int(do(who, "propose_clearing_of_catalog", call, [held.subject, held.declaration, reason]))


def approve(who: Acting, clearing: int) -> None:
    """Clear what somebody else proposed. Raises `NotAllowed`, `Conflict`."""
    do(who, "approve_clearing_of_catalog", "SELECT access_decide_clearing(%s, true)", [clearing])


def refuse(who: Acting, clearing: int) -> None:
    """Refuse a proposal, or withdraw one's own. Raises `NotAllowed`, `Conflict`."""
    do(who, "refuse_clearing_of_catalog", "SELECT access_decide_clearing(%s, false)", [clearing])


def listed(who: Acting) -> list[Clearing]:
    """All proposals, those that wait first, for security administrators and auditors. Raises `NotAllowed`."""
    if who.duty not in SEES:
        raise NotAllowed("当前岗位不办理目录放行。", "The current duty has no part in clearing the catalog.")
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT clearing, subject, encode(digest, 'hex'), reason, proposed_by, proposed_at, decided_by, decided_at,
                      CASE WHEN approved THEN 'approved' WHEN NOT approved THEN 'refused' ELSE 'waiting' END, declaration
               FROM access_clearing ORDER BY decided_at IS NOT NULL, clearing DESC LIMIT 500"""
        )
        return [Clearing(*row) for row in cursor.fetchall()]


def one(who: Acting, number: int) -> Clearing:
    """One proposal. Raises `NotAllowed`, `Unknown`."""
    found = next((each for each in listed(who) if each.clearing == number), None)
    if found is None:
        raise Unknown(str(number))
    return found


def cleared() -> frozenset[str]:
    """The digests that were cleared. It asks on a connection of its own, since a catalog is loaded in any transaction."""
    with psycopg.connect(current().database("app"), autocommit=True) as db:
        try:
            rows: list[tuple[Any, ...]] = db.execute(
                "SELECT encode(digest, 'hex') FROM access_clearing WHERE approved"
            ).fetchall()
        except psycopg.errors.UndefinedTable:  # a database that is not migrated yet has cleared nothing
            return frozenset()
    return frozenset(row[0] for row in rows)
