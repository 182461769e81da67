"""A synthetic year of accesses by made-up staff, with planted misuse that is known: what the questions are measured on.

Most days are plain work: a few looks in office hours at records of one's own city, under a case. Some honest days look
odd as well: night shifts, requests from another city, days of much work, long cases with many looks and with work in
them, a colleague who is the victim of an accident. Misuse of each kind is planted on top.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any
from uuid import UUID

import psycopg

CHINA = timezone(timedelta(hours=8))
COLLECT, LOOK = 1, 3
CITIES = (10**12 + 10**9, 10**12 + 2 * 10**9)
Truth = tuple[str, int, UUID | date]  # kind, person, and the record or the day


@dataclass
class Year:
    """What was made: the stretch of time, and every planted thing to ask about."""

    start: date
    end: date
    planted: set[Truth] = field(default_factory=set)
    entries: int = 0


@dataclass
class Officer:
    """One member of staff: own record, grounds by kind, absences."""

    person: int
    agency: int
    city: int
    own: UUID
    case: int
    shift: int
    request: int
    away: tuple[date, date]


class Maker:
    """Makes the year in a database, as its superuser, without triggers: entries are neither bound nor sequenced."""

    def __init__(
        self, connection: psycopg.Connection[Any], *, officers: int, days: int, each: int, seed: int = 7
    ) -> None:
        """`officers` people for `days` days, `each` planted cases of every kind."""
        self._db, self._chance, self._each = connection, random.Random(seed), each
        self.year = Year(date(2025, 1, 6), date(2025, 1, 6) + timedelta(days=days))
        self._rows: list[tuple[Any, ...]] = []
        connection.execute("SET session_replication_role = replica")
        self._records = {city: [self._record(city + 10**6 + 10**3, []) for _ in range(600)] for city in CITIES}
        self._staff = [self._officer(number) for number in range(officers)]

    def make(self) -> Year:
        """Honest work, honest oddities, misuse; then all of it into the ledger's table."""
        for one in self._staff:
            self._work(one)
        self._honest_oddities()
        for plant in (
            self._self,
            self._colleague,
            self._kin,
            self._off_hours,
            self._absent,
            self._far,
            self._many,
            self._repeated,
        ):
            for one in self._chance.sample(self._staff, self._each):
                plant(one)
        self._store()
        return self.year

    def _uuid(self) -> UUID:
        return UUID(int=self._chance.getrandbits(128), version=4)

    def _record(self, agency: int, terms: list[int]) -> UUID:
        record = self._uuid()
        self._db.execute(
            """INSERT INTO records_record (record_id, type, agency, level, state, in_force_rev, latest_rev, key_id, wrapped_key, at)
               VALUES (%s, 'resident', %s, 1, 'in_force', 1, 1, 1, '', now())""",
            [record, agency],
        )
        self._db.execute(
            """INSERT INTO records_revision (record_id, rev, type, agency, level, valid_from, recorded_at, author, batch_id, seq,
                                             row_no, final, facets, terms, digest, content)
               VALUES (%s, 1, 'resident', %s, 1, now(), now(), 0, %s, 0, 1, false, '{}', %s, '', '')""",
            [record, agency, self._uuid(), terms or self._terms(16)],
        )
        return record

    def _terms(self, count: int) -> list[int]:
        return [self._chance.getrandbits(62) for _ in range(count)]

    def _one(self, statement: str, values: list[Any]) -> int:
        row = self._db.execute(statement, values).fetchone()
        assert row is not None
        return int(row[0])

    def _officer(self, number: int) -> Officer:
        city = CITIES[number % 2]
        agency = city + 10**6 + 10**3 * (1 + number // 2 % 2)
        person = self._one(
            "INSERT INTO access_person (staff_no, name, agency) VALUES (%s, %s, %s) RETURNING person",
            [f"Y{number:05}", f"合成{number}", agency],
        )
        duty = self._one(
            "INSERT INTO access_duty (person, kind, agency, starts_on) VALUES (%s, 'collector', %s, '2025-01-01') RETURNING duty",
            [person, agency],
        )
        grounds = [
            self._one(
                """INSERT INTO access_ground (person, duty, kind, starts_at, ends_at)
                   VALUES (%s, %s, %s, '2025-01-01', '2027-01-01') RETURNING ground""",
                [person, duty, kind],
            )
            for kind in ("case", "shift", "request")
        ]
        own = self._record(agency, self._terms(16))
        self._db.execute("INSERT INTO audit_staff_record VALUES (%s, %s)", [person, own])
        first = self._day(20, 200)
        self._db.execute(
            "INSERT INTO audit_absence VALUES (%s, %s, %s, 'leave')", [person, first, first + timedelta(days=7)]
        )
        return Officer(person, agency, city, own, *grounds, (first, first + timedelta(days=7)))

    def _day(self, low: int, high: int) -> date:
        span = (self.year.end - self.year.start).days
        return self.year.start + timedelta(days=self._chance.randrange(low, min(high, span)))

    def _days(self, one: Officer) -> Iterator[date]:
        for offset in range((self.year.end - self.year.start).days):
            day = self.year.start + timedelta(days=offset)
            if day.weekday() < 5 and not one.away[0] <= day < one.away[1]:
                yield day

    def _working_day(self, one: Officer) -> date:
        return self._chance.choice(list(self._days(one)))

    def _enter(self, one: Officer, day: date, hour: float, record: UUID | None, ground: int, act: int = LOOK) -> None:
        moment = datetime.combine(day, time(), CHINA) + timedelta(hours=hour, seconds=self._chance.random() * 60)
        at = int(moment.astimezone(UTC).timestamp() * 1e6)
        self._rows.append((at, act, one.person, ground, one.agency, record))

    def _office(self) -> float:
        return self._chance.uniform(8, 18)

    def _work(self, one: Officer) -> None:
        for day in self._days(one):
            for _ in range(self._chance.choice((0, 1, 2, 3, 4, 6, 8))):
                self._enter(one, day, self._office(), self._chance.choice(self._records[one.city]), one.case)
            if self._chance.random() < 0.3:
                self._enter(one, day, self._office(), self._uuid(), one.case, COLLECT)
            if self._chance.random() < 0.08:  # a night shift
                self._enter(
                    one, day, self._chance.uniform(21, 23.9), self._chance.choice(self._records[one.city]), one.shift
                )

    def _honest_oddities(self) -> None:
        for one in self._chance.sample(self._staff, len(self._staff) // 2):
            other = CITIES[0] if one.city == CITIES[1] else CITIES[1]
            self._enter(
                one, self._working_day(one), self._office(), self._chance.choice(self._records[other]), one.request
            )
            record = self._chance.choice(self._records[one.city])  # a long case, with work in it
            for _ in range(8):
                self._enter(one, self._working_day(one), self._office(), record, one.case)
        for one in self._chance.sample(self._staff, max(1, self._each // 2)):
            day = self._working_day(one)
            for _ in range(self._chance.randrange(24, 30)):  # a day of much work
                self._enter(one, day, self._office(), self._chance.choice(self._records[one.city]), one.case)
            victim = next(each for each in self._staff if each.agency == one.agency and each is not one)
            self._enter(one, self._working_day(one), self._office(), victim.own, one.case)

    def _self(self, one: Officer) -> None:
        self._enter(one, self._working_day(one), self._office(), one.own, one.case)
        self.year.planted.add(("self", one.person, one.own))

    def _colleague(self, one: Officer) -> None:
        other = self._chance.choice([each for each in self._staff if each.agency == one.agency and each is not one])
        self._enter(one, self._working_day(one), self._office(), other.own, one.case)
        self.year.planted.add(("colleague", one.person, other.own))

    def _kin(self, one: Officer) -> None:
        row = self._db.execute("SELECT terms FROM records_revision WHERE record_id = %s", [one.own]).fetchone()
        assert row is not None
        kin = self._record(one.agency, row[0][:11] + self._terms(5))  # the same address, another name
        self._enter(one, self._working_day(one), self._office(), kin, one.case)
        self.year.planted.add(("kin", one.person, kin))

    def _off_hours(self, one: Officer) -> None:
        day = self._working_day(one)
        self._enter(
            one, day, self._chance.choice((2.5, 4.0, 22.5)), self._chance.choice(self._records[one.city]), one.case
        )
        self.year.planted.add(("off_hours", one.person, day))

    def _absent(self, one: Officer) -> None:
        self._enter(
            one, one.away[0] + timedelta(days=3), self._office(), self._chance.choice(self._records[one.city]), one.case
        )
        self.year.planted.add(("absent", one.person, one.away[0] + timedelta(days=3)))

    def _far(self, one: Officer) -> None:
        other = CITIES[0] if one.city == CITIES[1] else CITIES[1]
        record = self._chance.choice(self._records[other])
        self._enter(one, self._working_day(one), self._office(), record, one.case)
        self.year.planted.add(("far", one.person, record))

    def _many(self, one: Officer) -> None:
        day = self._working_day(one)
        for _ in range(60):
            self._enter(one, day, self._office(), self._chance.choice(self._records[one.city]), one.case)
        self.year.planted.add(("many", one.person, day))

    def _repeated(self, one: Officer) -> None:
        record = self._record(one.agency, [])
        for _ in range(9):  # on some days twice; under a ground with no work in it
            self._enter(one, self._working_day(one), self._office(), record, one.request)
        self.year.planted.add(("repeated", one.person, record))

    def _store(self) -> None:
        writer = self._one("INSERT INTO ledger_writer DEFAULT VALUES RETURNING writer", [])
        with self._db.cursor().copy(
            "COPY ledger_entry (writer, n, at, act, person, ground, agency, record, mac) FROM STDIN"
        ) as copy:
            for number, row in enumerate(self._rows, 1):
                copy.write_row((writer, number, *row, b""))
        self._db.execute("UPDATE ledger_writer SET n = %s WHERE writer = %s", [len(self._rows), writer])
        self._db.execute("SET session_replication_role = DEFAULT")
        self.year.entries = len(self._rows)


def measure(year: Year, found: set[Truth]) -> dict[str, tuple[float, float]]:
    """Precision and recall of each kind of question."""
    result = {}
    for kind in sorted({one[0] for one in year.planted}):
        planted, asked = ({one for one in group if one[0] == kind} for group in (year.planted, found))
        hit = len(planted & asked)
        result[kind] = (hit / len(asked) if asked else 0.0, hit / len(planted))
    return result
