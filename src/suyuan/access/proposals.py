"""Power is handed out by two: one security administrator proposes, another approves (norm 4, 5.1.1, 5.1.2).

Every rule is held by the database functions and constraints (`sql/two_persons.sql`); here each act is one transaction with
its ledger entry, and what a proposal would change is worked out for whoever decides on it.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection

from suyuan.access import decide, queries
from suyuan.access.acting import Acting
from suyuan.access.actions import do
from suyuan.access.errors import Unknown
from suyuan.access.words import POWERS, READERS

DAYS = 7
CAP = 10_000


class Proposal(NamedTuple):
    """What is to be granted, raised or changed, who proposed it, and what was said of it."""

    proposal: int
    what: str
    person: int | None
    agency: int
    kind: str | None
    clearance: int | None
    starts_on: date | None
    ends_on: date | None
    duty: int | None
    most: int | None
    body: str | None
    reason: str
    proposed_by: int
    proposed_at: datetime
    decided_by: int | None
    decided_at: datetime | None
    approved: bool | None
    state: str

    @property
    def lapses_at(self) -> datetime:
        """When it can no longer be approved."""
        return self.proposed_at + timedelta(days=DAYS)


class Limit(NamedTuple):
    """How many acts of a kind one person may do under one ground in an hour or a day."""

    kind: str
    stretch: str
    most: int


class Effect(NamedTuple):
    """What an approval would change, by actions of `decide`. `records` is counted up to `CAP`; `more`: there are others."""

    gains: tuple[str, ...] = ()
    loses: tuple[str, ...] = ()
    agencies: tuple[str, ...] = ()
    records: int = 0
    more: bool = False
    apart: tuple[str, ...] = ()
    people: int = 1
    before: int | None = None
    after: int | None = None


def propose_duty(
    who: Acting,
    person: int,
    kind: str,
    agency: int,
    *,
    reason: str,
    department: int | None = None,
    clearance: int = 1,
    starts_on: date | None = None,
    ends_on: date | None = None,
) -> int:
    """Propose a duty at an agency from a day until a day; gives the proposal's number. Raises `NotAllowed`, `Conflict`."""
    values = [person, kind, agency, department, clearance, starts_on, ends_on or "infinity", reason]
    call = "SELECT access_propose_duty(%s, %s, %s, %s, %s::smallint, coalesce(%s::date, civil_today()), %s::date, %s)"
    return int(do(who, "propose_duty", call, values))


def propose_clearance(who: Acting, duty: int, clearance: int, *, reason: str) -> int:
    """Propose a higher clearance for a duty; gives the proposal's number. Raises `NotAllowed`, `Conflict`."""
    call = "SELECT access_propose_clearance(%s, %s::smallint, %s)"
    return int(do(who, "propose_clearance", call, [duty, clearance, reason]))


def propose_limit(who: Acting, kind: str, most: int, *, reason: str) -> int:
    """Propose another limit of looks, lists, searches, reveals or exports. Raises `NotAllowed`, `Conflict`."""
    return int(do(who, "propose_limit", "SELECT access_propose_limit(%s, %s, %s)", [kind, most, reason]))


def approve(who: Acting, proposal: int) -> int | None:
    """Approve what somebody else proposed, with effect at once; gives the duty it made. Raises `NotAllowed`, `Conflict`."""
    made = do(who, "approve_proposal", "SELECT access_decide_proposal(%s, true)", [proposal])
    return int(made) if made is not None else None


def refuse(who: Acting, proposal: int) -> None:
    """Refuse a proposal, or withdraw one's own. Raises `NotAllowed`, `Conflict`."""
    do(who, "refuse_proposal", "SELECT access_decide_proposal(%s, false)", [proposal])


def proposals(who: Acting, *, waiting: bool = False, limit: int = 200) -> list[Proposal]:
    """Proposals within this security administrator's range: those that wait first, then the newest. Raises `NotAllowed`."""
    decide.require(who, "grant")
    lo, hi = queries.range_of(who.agency)
    where = "p.agency >= %(lo)s AND p.agency < %(hi)s"
    if waiting:
        where += " AND p.decided_at IS NULL AND p.proposed_at > now() - interval '7 days'"
    return _proposals(where, {"lo": lo, "hi": hi, "limit": limit})


def proposal(who: Acting, number: int) -> Proposal:
    """One proposal within range. Raises `NotAllowed`, `Unknown`."""
    decide.require(who, "grant")
    lo, hi = queries.range_of(who.agency)
    where = "p.proposal = %(number)s AND p.agency >= %(lo)s AND p.agency < %(hi)s"
    found = _proposals(where, {"number": number, "lo": lo, "hi": hi, "limit": 1})
    if not found:
        raise Unknown(str(number))
    return found[0]


def waiting_for(who: Acting) -> list[Proposal]:
    """Proposals that this person could approve: by others, about others."""
    return [one for one in proposals(who, waiting=True) if who.person not in (one.proposed_by, one.person)]


def effect(one: Proposal) -> Effect:
    """Who would gain and lose what, by the duties of today. Raises `NotAllowed`."""
    if one.what == "limit":
        before = next((most for kind, _, most in limits() if kind == one.kind), None)
        return Effect(people=_readers(), before=before, after=one.most)
    if one.what == "undertaking":
        return Effect(loses=("read",), people=_readers())
    lo, hi = queries.range_of(one.agency)
    names = tuple(each.label for each in queries.agencies() if lo <= each.agency < hi)
    held = [duty for duty in queries.duties(one.person or 0) if duty.live]
    if one.what == "clearance":
        kind, floor = next((d.kind, d.clearance) for d in queries.duties(one.person or 0) if d.duty == one.duty)
        gains = decide.actions_of(kind) & decide.ON_CONTENT
    else:
        kind, floor = str(one.kind), 0
        already = [decide.actions_of(d.kind) for d in held if _covers(d.agency, one.agency)]
        gains = decide.actions_of(kind).difference(*already)
    records, more = _reach(lo, hi, floor, one.clearance or 1) if kind in READERS else (0, False)
    apart = tuple(power for power in POWERS if power != decide.power_of(kind))
    return Effect(tuple(sorted(gains)), (), names, records, more, apart)


def limits() -> list[Limit]:
    """The limits in force."""
    return [Limit(*row) for row in _rows("SELECT kind, stretch, most FROM access_limit ORDER BY kind", {})]


def _covers(above: int, agency: int) -> bool:
    lo, hi = queries.range_of(above)
    return lo <= agency < hi


def _readers() -> int:
    statement = """SELECT count(DISTINCT d.person) FROM access_duty d JOIN access_person p USING (person)
        WHERE p.active AND access_reads(d.kind) AND civil_today() >= d.starts_on AND civil_today() < d.ends_on"""
    return int(_rows(statement, {})[0][0])


def _reach(lo: int, hi: int, above: int, upto: int) -> tuple[int, bool]:
    statement = "SELECT access_reach(%(lo)s, %(hi)s, %(above)s::smallint, %(upto)s::smallint, %(cap)s)"
    found = int(_rows(statement, {"lo": lo, "hi": hi, "above": above, "upto": upto, "cap": CAP + 1})[0][0])
    return min(found, CAP), found > CAP


def _proposals(where: str, values: dict[str, Any]) -> list[Proposal]:
    statement = f"""SELECT p.proposal, p.what, p.person, p.agency, p.kind, p.clearance, p.starts_on, nullif(p.ends_on, 'infinity'),
               p.duty, p.most, p.body, p.reason, p.proposed_by, p.proposed_at, p.decided_by, p.decided_at, p.approved,
               CASE WHEN p.approved THEN 'approved' WHEN NOT p.approved THEN 'refused'
                    WHEN p.proposed_at <= now() - interval '7 days' THEN 'lapsed' ELSE 'waiting' END
        FROM access_proposal p WHERE {where}
        ORDER BY p.decided_at IS NOT NULL, p.proposed_at DESC, p.proposal DESC LIMIT %(limit)s"""
    return [Proposal(*row) for row in _rows(statement, values)]


def _rows(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
