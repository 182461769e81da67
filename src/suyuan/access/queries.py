"""What reads agencies, people, duties and grounds. Small reference tables: names are kept for a few seconds."""

from __future__ import annotations

import time
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db import connection
from django.utils.translation import gettext as _

from suyuan.access.acting import Acting
from suyuan.access.errors import NoGround, Unknown
from suyuan.access.words import DUTIES, GROUNDS, STAFF_READERS
from suyuan.i18n import say

_KEPT_SECONDS = 10
_names: dict[str, tuple[float, dict[int, tuple[str, str]]]] = {}


class Agency(NamedTuple):
    """An agency and where it stands in the tree; `depth` counts from the root."""

    agency: int
    width: int
    parent: int | None
    name: str
    name_en: str
    kind: str
    division_code: str

    @property
    def depth(self) -> int:
        """Steps below the root."""
        return ("ministry", "province", "city", "county", "station").index(self.kind)

    @property
    def label(self) -> str:
        """Its name in the reader's language."""
        return say(self.name, self.name_en or self.name)


class Person(NamedTuple):
    """A member of staff."""

    person: int
    staff_no: str
    name: str
    agency: int
    active: bool


class Login(NamedTuple):
    """An account as administrators see it."""

    username: str
    person: int
    last_login: datetime | None
    is_active: bool


class Duty(NamedTuple):
    """A duty a person holds or held; `live` today."""

    duty: int
    person: int
    kind: str
    agency: int
    clearance: int
    starts_on: date
    ends_on: date | None
    reason: str
    live: bool


class Ground(NamedTuple):
    """A live ground of a person, with the duty it belongs to."""

    ground: int
    kind: str
    duty: str
    agency: int
    reference: str
    reason: str
    ends_at: datetime | None

    @property
    def label(self) -> str:
        """What it is, under which duty and where, in the reader's language."""
        place = f"{_(DUTIES[self.duty])} · {agency_name(self.agency)}"
        if self.kind == "duty":
            return place
        named = self.reference[-8:] if self.kind == "review" else self.reference or self.reason
        what = " ".join(filter(None, (_(GROUNDS[self.kind]), named)))
        return f"{what}（{place}）"


def agencies() -> list[Agency]:
    """All agencies, each before the ones below it."""
    return [Agency(*row) for row in _rows("SELECT * FROM access_agency ORDER BY agency")]


def founders_expected() -> bool:
    """Whether a code of the first administrators is still open: one is unused, and nobody was entered in another way."""
    return bool(_rows("SELECT access_founders_expected()")[0][0])


def range_of(agency: int) -> tuple[int, int]:
    """The range of agency numbers that an agency and those below it fill; an empty one where there is none."""
    rows = _rows("SELECT agency, agency + width FROM access_agency WHERE agency = %s", [agency])
    return (int(rows[0][0]), int(rows[0][1])) if rows else (0, 0)


def people(agency: int | None = None) -> list[Person]:
    """People, or those of one agency and the ones below it."""
    return [
        Person(*row)
        for row in _rows(
            """SELECT p.person, p.staff_no, p.name, p.agency, p.active
               FROM access_person p JOIN access_agency a ON a.agency = coalesce(%s, 0)
               WHERE p.agency >= a.agency AND p.agency < a.agency + a.width ORDER BY p.agency, p.staff_no""",
            [agency],
        )
    ]


def staff(who: Acting) -> list[Person]:
    """The people that somebody needs to see: those who work or hold a duty in their range, for an administrator, an auditor
    and a head; for anybody else themselves alone (norm 5.1.2)."""
    lo, hi = range_of(who.agency) if who.duty in STAFF_READERS else (0, 0)
    return [
        Person(*row)
        for row in _rows(
            """SELECT p.person, p.staff_no, p.name, p.agency, p.active FROM access_person p
               WHERE p.person = %(me)s OR (p.agency >= %(lo)s AND p.agency < %(hi)s)
                  OR EXISTS (SELECT FROM access_duty d WHERE d.person = p.person AND d.agency >= %(lo)s AND d.agency < %(hi)s
                             AND civil_today() < d.ends_on)
               ORDER BY p.agency, p.staff_no""",
            {"me": who.person, "lo": lo, "hi": hi},
        )
    ]


def member(who: Acting, number: int) -> Person:
    """One of those. Raises `Unknown`, alike for whoever is out of reach and for nobody at all."""
    for one in staff(who):
        if one.person == number:
            return one
    raise Unknown(str(number))


def person(number: int) -> Person:
    """One person. Raises `Unknown`."""
    rows = _rows("SELECT person, staff_no, name, agency, active FROM access_person WHERE person = %s", [number])
    if not rows:
        raise Unknown(str(number))
    return Person(*rows[0])


def person_of(username: str) -> int:
    """The person behind an account. Raises `Unknown`."""
    rows = _rows("SELECT person FROM access_account WHERE username = %s AND is_active", [username])
    if not rows:
        raise Unknown(username)
    found: int = rows[0][0]
    return found


def usernames(number: int) -> list[str]:
    """Account names of a person."""
    return [name for (name,) in _rows("SELECT username FROM access_account WHERE person = %s ORDER BY 1", [number])]


def accounts(who: Acting) -> list[Login]:
    """Accounts of the people that somebody needs to see."""
    rows = _rows(
        "SELECT username, person, last_login, is_active FROM access_account WHERE person = ANY (%s) ORDER BY username",
        [[one.person for one in staff(who)]],
    )
    return [Login(*row) for row in rows]


def policy(kind: str) -> int:
    """What a standing policy is set to; see `SETTINGS` of `words`."""
    found: int = _rows("SELECT most FROM access_limit WHERE kind = %s", [kind])[0][0]
    return found


def duties(number: int) -> list[Duty]:
    """Duties of a person, the live ones first."""
    return [
        Duty(*row)
        for row in _rows(
            """SELECT duty, person, kind, agency, clearance, starts_on, nullif(ends_on, 'infinity'), reason,
                      civil_today() >= starts_on AND civil_today() < ends_on AS live
               FROM access_duty WHERE person = %s ORDER BY live DESC, starts_on DESC, duty""",
            [number],
        )
    ]


def grounds(number: int) -> list[Ground]:
    """Live grounds of a person, those of their duties first."""
    return [
        Ground(*row)
        for row in _rows(
            """SELECT g.ground, g.kind, d.kind, d.agency, g.reference, g.reason, nullif(g.ends_at, 'infinity')
               FROM access_ground g JOIN access_duty d ON d.duty = g.duty JOIN access_person p ON p.person = g.person
               WHERE g.person = %s AND p.active AND now() >= g.starts_at AND now() < g.ends_at
                 AND civil_today() >= d.starts_on AND civil_today() < d.ends_on ORDER BY g.kind <> 'duty', g.ground""",
            [number],
        )
    ]


def holders(who: Acting) -> list[tuple[int, int, str]]:
    """People whose work with records lies in the acting person's range, as (person, duty, words), without themselves."""
    rows = _rows(
        """SELECT d.person, d.duty, d.kind, d.agency FROM access_duty d JOIN access_person p ON p.person = d.person
           WHERE p.active AND access_reads(d.kind) AND civil_today() >= d.starts_on AND civil_today() < d.ends_on
             AND d.agency >= %s AND d.agency < %s AND d.person <> %s ORDER BY d.agency, p.staff_no""",
        [who.scope_lo, who.scope_hi, who.person],
    )
    return [
        (person, duty, f"{person_name(person)} · {_(DUTIES[kind])} · {agency_name(agency)}")
        for person, duty, kind, agency in rows
    ]


def default_ground(number: int, duty: str | None = None) -> int:
    """The first live ground of a person, or the first under a duty. Raises `NoGround`."""
    for one in grounds(number):
        if duty is None or one.duty == duty:
            return one.ground
    raise NoGround


def agency_name(number: int) -> str:
    """An agency's name in the reader's language; its number where it has none."""
    zh, en = _kept("SELECT agency, name, name_en FROM access_agency").get(number, (str(number), ""))
    return say(zh, en or zh)


def person_name(number: int) -> str:
    """A person's name and staff number; 系统 for 0."""
    if number == 0:
        return say("系统", "System")
    name, staff_no = _kept("SELECT person, name, staff_no FROM access_person").get(number, (str(number), ""))
    return f"{name} {staff_no}".strip()


def _kept(statement: str) -> dict[int, tuple[str, str]]:
    key = f"{connection.settings_dict['NAME']} {statement}"
    made, held = _names.get(key, (0.0, {}))
    if time.monotonic() - made > _KEPT_SECONDS:
        held = {number: (first, second) for number, first, second in _rows(statement)}
        _names[key] = (time.monotonic(), held)
    return held


def _rows(statement: str, values: list[Any] | dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
