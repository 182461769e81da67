"""Grounds that are asked for, assigned and ended; emergency access; and what one ground allows in a stretch of time.

Every rule is held by the database functions (`sql/grounds.sql`); here each act is one transaction with its ledger entry.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db import IntegrityError, ProgrammingError, connection, transaction

from suyuan.access.acting import Acting
from suyuan.access.decide import decide
from suyuan.access.errors import GroundRefused, LimitReached, NoPurpose, NotAllowed
from suyuan.access.queries import range_of
from suyuan.ledger import actions as ledger
from suyuan.ledger import alarm
from suyuan.ledger.acts import Act

ASSIGNED = ("case", "tracking", "survey", "request", "audit", "shift")
_PERSONAL = re.compile(r"(?<!\d)(\d{17}[\dXx]|\d{15}|1[3-9]\d{9})(?!\d)")  # resident IDs and mobile numbers


class Asked(NamedTuple):
    """A request for a ground that waits for an answer."""

    request: int
    person: int
    duty: str
    agency: int
    kind: str
    reference: str
    reason: str
    ends_on: date
    asked_at: datetime


class Assigned(NamedTuple):
    """A live ground that a head can see and end."""

    ground: int
    person: int
    agency: int
    kind: str
    reference: str
    reason: str
    ends_at: datetime
    assigned_by: int | None


class Emergency(NamedTuple):
    """One use of emergency access. `overdue` when a day went by without a review."""

    ground: int
    person: int
    agency: int
    reason: str
    at: datetime
    reviewed_by: int | None
    reviewed_at: datetime | None
    justified: bool | None
    note: str
    overdue: bool


def require_purpose(who: Acting) -> None:
    """Raise `NoPurpose` under the ground of a mere duty. The database holds the same rule by its policies."""
    if not who.purposeful:
        raise NoPurpose


def spend(who: Acting, kind: str) -> None:
    """Count one "look", "list", "search", "reveal" or "export" of this person under this ground.

    From half of the limit on the answer is delayed more and more, after its transaction. Raises `LimitReached`.
    """
    if not who.purposeful:
        return
    with connection.cursor() as cursor:
        try:
            cursor.execute("SELECT access_spend(%s)", [kind])
        except IntegrityError as exc:
            alarm.raise_alarm("limit_reached", {"person": who.person, "ground": who.ground, "kind": kind})
            raise LimitReached from exc
        [wait] = cursor.fetchone()
    if wait:
        transaction.on_commit(lambda: time.sleep(wait / 1000))


def assign(who: Acting, person: int, duty: int, kind: str, reference: str, reason: str, ends_on: date) -> int:
    """Give an officer a ground under one of their duties until a day; gives its number.

    Raises `NotAllowed`, `GroundRefused`.
    """
    _without_numbers(reference, reason)
    values = [person, duty, kind, reference, reason, ends_on]
    made = _do("SELECT access_assign_ground(%s, %s, %s, %s, %s, %s)", values)
    _enter(who, "assign_ground", on=person, made=made, kind=kind)
    return int(made)


def ask(who: Acting, kind: str, reference: str, reason: str, ends_on: date) -> int:
    """Ask one's head of department for a ground; gives the request's number. Raises `NotAllowed`, `GroundRefused`."""
    _without_numbers(reference, reason)
    made = _do("SELECT access_request_ground(%s, %s, %s, %s)", [kind, reference, reason, ends_on])
    _enter(who, "ask_ground", made=made, kind=kind)
    return int(made)


def answer(who: Acting, request: int, granted: bool) -> int | None:
    """Grant or refuse a request; gives the new ground. Raises `NotAllowed`, `GroundRefused`."""
    made = _do("SELECT access_answer_ground(%s, %s)", [request, granted])
    _enter(who, "grant_ground" if granted else "refuse_ground", on=request, made=made)
    return int(made) if made is not None else None


def end(who: Acting, ground: int) -> None:
    """End a ground at once, one's own or one a head could have assigned. Raises `NotAllowed`."""
    _do("SELECT access_end_ground(%s)", [ground])
    _enter(who, "end_ground", on=ground)


def break_glass(who: Acting, reason: str) -> int:
    """Open what the scope forbids, for half an hour and few looks; gives the emergency ground.

    The head of department and the auditor are told, and review it within 24 hours.
    Raises `NotAllowed`, `GroundRefused`.
    """
    _without_numbers("", reason)
    made = _do("SELECT access_break_glass(%s)", [reason])
    alarm.raise_alarm("break_glass", {"person": who.person, "ground": made})
    _enter(who, "break_glass", made=made)
    return int(made)


def review_emergency(who: Acting, ground: int, justified: bool, note: str) -> None:
    """Say whether an emergency access was justified; it closes if it is still open.

    Raises `NotAllowed`, `GroundRefused`.
    """
    _do("SELECT access_review_emergency(%s, %s, %s)", [ground, justified, note])
    _enter(who, "review_emergency", on=ground, justified=justified)


def asked(who: Acting) -> list[Asked]:
    """Requests that wait for this head of department, oldest first; for everybody else, their own."""
    return [
        Asked(*row)
        for row in _rows(
            """SELECT r.request, r.person, d.kind, d.agency, r.kind, r.reference, r.reason, r.ends_on, r.asked_at
               FROM access_ground_request r JOIN access_duty d ON d.duty = r.duty
               WHERE r.decided_at IS NULL AND (r.person = %(person)s OR (%(head)s AND d.agency >= %(lo)s AND d.agency < %(hi)s))
               ORDER BY r.asked_at LIMIT 200""",
            _reach(who),
        )
    ]


def assigned(who: Acting) -> list[Assigned]:
    """Live assigned grounds of the people below this head of department, the next to end first."""
    return [
        Assigned(*row)
        for row in _rows(
            """SELECT g.ground, g.person, d.agency, g.kind, g.reference, g.reason, g.ends_at, g.assigned_by
               FROM access_ground g JOIN access_duty d ON d.duty = g.duty
               WHERE %(head)s AND g.kind <> 'duty' AND now() >= g.starts_at AND now() < g.ends_at
                 AND d.agency >= %(lo)s AND d.agency < %(hi)s ORDER BY g.ends_at LIMIT 500""",
            _reach(who),
        )
    ]


def emergencies(who: Acting, limit: int = 100) -> list[Emergency]:
    """Emergency accesses in the range of a head or an auditor, and one's own; those without a review first.

    Who opened what was out of reach, and why, is looked at by heads and auditors: that they look is an entry too.
    """
    found = [
        Emergency(*row)
        for row in _rows(
            """SELECT ground, person, agency, reason, at, reviewed_by, reviewed_at, justified, note,
                      reviewed_at IS NULL AND at < now() - interval '24 hours' AS overdue
               FROM access_emergency
               WHERE person = %(person)s OR (agency >= %(lo)s AND agency < %(hi)s)
               ORDER BY reviewed_at IS NOT NULL, at DESC LIMIT %(limit)s""",
            _review_range(who) | {"limit": limit},
        )
    ]
    if may_review_emergencies(who):
        ledger.append(who, Act.audit, detail={"purpose": "monitoring", "done": "read_emergencies"})
    return found


def emergencies_to_review(who: Acting) -> int:
    """How many emergency accesses wait for a review by this head or auditor. A number only."""
    [(found,)] = _rows(
        """SELECT count(*) FROM access_emergency
           WHERE reviewed_at IS NULL AND person <> %(person)s AND agency >= %(lo)s AND agency < %(hi)s""",
        _review_range(who),
    )
    return int(found)


def may_review_emergencies(who: Acting) -> bool:
    """Whether emergency accesses of others are this person's to review."""
    return decide(who, "review_emergency").allowed


def _review_range(who: Acting) -> dict[str, Any]:
    lo, hi = range_of(who.agency) if may_review_emergencies(who) else (0, 0)
    return {"person": who.person, "lo": lo, "hi": hi}


def _reach(who: Acting) -> dict[str, Any]:
    head = who.duty == "department_head"
    return {"person": who.person, "head": head, "lo": who.scope_lo, "hi": who.scope_hi}


def _without_numbers(reference: str, reason: str) -> None:
    """Grounds lie in plain text and are shown to auditors: nobody's numbers belong in them."""
    if _PERSONAL.search(reference) or _PERSONAL.search(reason):
        raise GroundRefused("access_ground_content")


def _enter(who: Acting, done: str, **numbers: Any) -> None:
    detail = {"done": done} | {k: v for k, v in numbers.items() if v is not None}
    ledger.append(who, Act.administer, detail=detail, changes=True)


def _do(statement: str, values: list[Any]) -> Any:
    with _worded(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone()[0]


@contextmanager
def _worded() -> Iterator[None]:
    try:
        yield
    except IntegrityError as exc:
        raise GroundRefused(getattr(getattr(exc.__cause__, "diag", None), "constraint_name", None) or "") from exc
    except ProgrammingError as exc:  # insufficient privilege
        raise NotAllowed("当前岗位不能办理这项事由。", "The current duty does not cover this ground.") from exc


def _rows(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
