"""Ways in, each made by two persons: an account, a new password, the removal of second factors, unlocking (norm 4, 5.1.1).

One administrator asks and is shown the first half of a code, another confirms and is shown the second; each hands over
theirs. The code only lets the person set a password of their own. Neither half is kept, only digests. The rules are held
by `sql/ways_in.sql` and `sql/ways_in_acts.sql`; here each step is one transaction with its ledger entry.
"""

from __future__ import annotations

import base64
import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

from django.contrib.auth.hashers import make_password
from django.db import connection, transaction

from suyuan.access import decide, proof, queries
from suyuan.access.acting import Acting
from suyuan.access.actions import call
from suyuan.access.errors import BadHalves, Unknown
from suyuan.ledger import actions as ledger
from suyuan.ledger.acts import Act

DAYS = 7
KINDS = ("account", "password", "factors", "unlock")
_MISTAKEN = str.maketrans("018", "OIB")  # figures that base 32 has no use for, typed for the letters they look like


class Way(NamedTuple):
    """Whose way in, who asked for it and why, and how far it came."""

    way: int
    kind: str
    person: int
    username: str
    reason: str
    asked_by: int
    asked_at: datetime
    decided_by: int | None
    decided_at: datetime | None
    approved: bool | None
    used_at: datetime | None
    done_at: datetime | None
    state: str

    @property
    def lapses_at(self) -> datetime:
        """When it can no longer be confirmed, or its code used."""
        return (self.decided_at or self.asked_at) + timedelta(days=DAYS)


class Asked(NamedTuple):
    """The number of what was asked, and the first half of its code; '' for unlocking, which has none."""

    way: int
    half: str


def ask(who: Acting, kind: str, person: int, username: str, reason: str) -> Asked:
    """Ask for a way in of somebody else, and give the first half of its code, this once. Raises `NotAllowed`, `Conflict`."""
    half = "" if kind == "unlock" else _half()
    values = [kind, person, username, reason, _digest(half) if half else None]
    with transaction.atomic():
        way = int(call("SELECT access_ask_way_in(%s, %s, %s, %s, %s)", values))
        detail = {"done": f"ask_{kind}", "on": person, "made": way}
        ledger.append(who, Act.administer, detail=detail, changes=True)
    return Asked(way, half)


def confirm(who: Acting, way: int) -> str:
    """Confirm what somebody else asked, and give the second half of its code, this once; '' for unlocking.

    The person's sessions and tokens end, and their grounds stay closed until they have come in. Raises `NotAllowed`,
    `Conflict`.
    """
    half = _half()
    _decide(who, way, True, half)
    return "" if one(who, way).kind == "unlock" else half


def refuse(who: Acting, way: int) -> None:
    """Refuse what was asked, or withdraw what one asked. Raises `NotAllowed`, `Conflict`."""
    _decide(who, way, False, "")


def open_by_code(username: str, first: str, second: str, password: str) -> None:
    """Set a person's own password by the two halves of their code, once. Raises `BadHalves`."""
    halves = [username, _digest(first), _digest(second)]
    right, person = False, 0
    with transaction.atomic():
        for hashed in (None, password):
            found = proof.ask(
                "SELECT person, opened FROM access_use_way_in(%s, %s, %s, %s)",
                [*halves, make_password(hashed) if hashed else None],
            )
            person, right = found or (0, False)
            if not right:
                break
        if person:
            detail = {"done": "use_way_in"} if right else {"way_in": "wrong"}
            act = Act.administer if right else Act.sign_in_failed
            ledger.append(ledger.Somebody(person), act, detail=detail, changes=True)
    if not right:
        raise BadHalves


def closed(person: int) -> bool:
    """Whether somebody's grounds are closed until they have come in by their new way."""
    return bool(_rows("SELECT access_grounds_closed(%s)", [person])[0][0])


def finish(person: int) -> bool:
    """Open somebody's grounds again where they have come in; gives whether nothing is closed any more."""
    with proof.as_process():
        if _rows("SELECT access_finish_ways_in(%s)", [person])[0][0]:
            ledger.append(ledger.Somebody(person), Act.administer, detail={"done": "finish_way_in"}, changes=True)
        return not closed(person)


def ways(who: Acting, *, limit: int = 200) -> list[Way]:
    """Those within an administrator's or auditor's range: what waits first, then the newest. Raises `NotAllowed`."""
    decide.require(who, "see_ways_in")
    lo, hi = queries.range_of(who.agency)
    return _ways("p.agency >= %(lo)s AND p.agency < %(hi)s", {"lo": lo, "hi": hi, "limit": limit})


def one(who: Acting, way: int) -> Way:
    """One within range. Raises `NotAllowed`, `Unknown`."""
    decide.require(who, "see_ways_in")
    lo, hi = queries.range_of(who.agency)
    where = "w.way = %(way)s AND p.agency >= %(lo)s AND p.agency < %(hi)s"
    found = _ways(where, {"way": way, "lo": lo, "hi": hi, "limit": 1})
    if not found:
        raise Unknown(str(way))
    return found[0]


def waiting_for(who: Acting) -> list[Way]:
    """What this person could confirm: asked by others, for others."""
    return [one for one in ways(who) if one.state == "asked" and who.person not in (one.asked_by, one.person)]


def recent(who: Acting, days: int = 30) -> list[Way]:
    """What was asked or confirmed of late, for the auditor."""
    return [one for one in ways(who) if (one.decided_at or one.asked_at) > _ago(days)]


def about(person: int, days: int = 30) -> list[Way]:
    """What was asked or done about somebody of late, for that person, who is told at each sign-in."""
    return _ways("w.person = %(me)s AND coalesce(w.decided_at, w.asked_at) > %(since)s",
                 {"me": person, "since": _ago(days), "limit": 50})  # fmt: skip


def _decide(who: Acting, way: int, approved: bool, half: str) -> None:
    with transaction.atomic():
        call("SELECT access_decide_way_in(%s, %s, %s)", [way, approved, _digest(half)])
        detail = {"done": "confirm_way_in" if approved else "refuse_way_in", "on": way}
        ledger.append(who, Act.administer, detail=detail, changes=True)


def _half() -> str:
    letters = base64.b32encode(secrets.token_bytes(10)).decode()
    return "-".join(letters[n : n + 4] for n in range(0, 16, 4))


def _digest(half: str) -> bytes:
    letters = "".join(one for one in half.upper() if one.isalnum()).translate(_MISTAKEN)
    return sha256(letters.encode()).digest()


def _ago(days: int) -> datetime:
    from django.utils import timezone

    return timezone.now() - timedelta(days=days)


def _ways(where: str, values: dict[str, Any]) -> list[Way]:
    statement = f"""SELECT w.way, w.kind, w.person, w.username, w.reason, w.asked_by, w.asked_at, w.decided_by, w.decided_at,
               w.approved, w.used_at, w.done_at,
               CASE WHEN w.done_at IS NOT NULL OR (w.approved AND w.kind = 'unlock') THEN 'done'
                    WHEN w.used_at IS NOT NULL THEN 'used' WHEN NOT w.approved THEN 'refused'
                    WHEN coalesce(w.decided_at, w.asked_at) <= now() - interval '7 days' OR w.tries >= 5 THEN 'lapsed'
                    WHEN w.approved THEN 'confirmed' ELSE 'asked' END AS state
        FROM access_way_in w JOIN access_person p ON p.person = w.person WHERE {where}
        ORDER BY (w.decided_at IS NULL) DESC, w.way DESC LIMIT %(limit)s"""
    return [Way(*row) for row in _rows(statement, values)]


def _rows(statement: str, values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
