"""What auditors and heads of department read: entries in words, weeks, samples, findings, questions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import ProgrammingError, connection
from django.utils import timezone
from django.utils.translation import gettext as _

from suyuan.access.acting import Acting
from suyuan.access.errors import NotAllowed
from suyuan.audit.reading import Reading
from suyuan.audit.words import DETAILS
from suyuan.formats import leaf_hash
from suyuan.ledger.acts import WORDS, Act
from suyuan.ledger.checkpoint import read
from suyuan.ledger.entries import Entry, encode
from suyuan.ledger.keys import source
from suyuan.ledger.merkle import verify_inclusion
from suyuan.ledger.sequencer import entry_of
from suyuan.ledger.tiles import TileTree

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Line(NamedTuple):
    """One entry as an auditor reads it. `leaf` is its place in the tree, None while it waits; `shown` counts list rows."""

    at: datetime
    writer: int
    n: int
    act: Act
    person: int
    ground: int
    agency: int
    record: UUID | None
    rev: int | None
    batch: UUID | None
    shown: int | None
    detail: dict[str, Any]
    leaf: int | None

    @property
    def words(self) -> tuple[str, str]:
        """The act in Chinese and English."""
        return WORDS[self.act]

    @property
    def note(self) -> str:
        """What the entry's detail adds in words: why something was refused, what was administered."""
        said = str(self.detail.get("why") or self.detail.get("done") or "")
        return _(DETAILS.get(said, said)) if said else ""

    @property
    def cursor(self) -> str:
        """Where a page that ends with this entry goes on."""
        return f"{(self.at - _EPOCH) // timedelta(microseconds=1)}.{self.writer}.{self.n}"


class Reason(NamedTuple):
    """The ground of an entry: what kind, which case or document, in whose words."""

    kind: str
    reference: str
    reason: str


class Wanted(NamedTuple):
    """What an auditor looks for; empty means any."""

    person: int | None = None
    record: UUID | None = None
    ground: int | None = None
    acts: tuple[Act, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


class Placed(NamedTuple):
    """An entry, its place in the tree, and whether the proof of that place holds under the signed checkpoint."""

    entry: Entry
    leaf: int | None
    size: int
    signed: bool
    proved: bool
    path: list[bytes]


class Week(NamedTuple):
    """One weekly review. `due` is a week after its end."""

    monday: date
    seed_digest: bytes
    committed_at: datetime
    seed: bytes | None
    population: int | None
    drawn_at: datetime | None
    concluded_by: int | None
    concluded_at: datetime | None
    conclusion: str | None
    items: int
    unanswered: int

    @property
    def over(self) -> bool:
        """Whether the week has ended, so that its sample can be drawn."""
        return timezone.localdate() >= self.monday + timedelta(days=7)

    @property
    def due(self) -> date:
        """The day by which it is to be concluded."""
        return self.monday + timedelta(days=14)

    @property
    def overdue(self) -> bool:
        """Whether it should have been concluded by now."""
        return self.concluded_at is None and timezone.localdate() > self.due


class Item(NamedTuple):
    """One sampled access and who said what of it."""

    agency: int
    monday: date
    writer: int
    n: int
    person: int
    unit: int
    head: int | None
    head_founded: bool | None
    auditor: int | None
    auditor_founded: bool | None
    note: str
    at: datetime
    act: Act
    record: UUID | None
    ground: int

    @property
    def words(self) -> tuple[str, str]:
        """The act in Chinese and English."""
        return WORDS[self.act]


class Finding(NamedTuple):
    """Something to be cleared up, by whom and until when."""

    finding: int
    agency: int
    source: str
    writer: int | None
    n: int | None
    about: int | None
    matter: str
    owner: int
    due_on: date
    opened_at: datetime
    outcome: str | None
    closed_by: int | None
    closed_at: datetime | None

    @property
    def overdue(self) -> bool:
        """Whether it is open after its day."""
        return self.closed_at is None and timezone.localdate() > self.due_on


class Signal(NamedTuple):
    """A question about accesses: of what kind, by whom, about which record, how often and when."""

    kind: str
    person: int
    record: UUID | None
    times: int
    since: datetime
    until: datetime


def search(reading: Reading, wanted: Wanted, after: str = "", limit: int = 50) -> list[Line]:
    """Entries that fit, newest first, one more than `limit` where there are more. Raises `NotAllowed`."""
    before = [int(one) for one in after.split(".")] if after else [None, None, None]
    values = [
        wanted.person, wanted.record, wanted.ground, [int(act) for act in wanted.acts] or None, _micros(wanted.since),
        _micros(wanted.until), *before, limit + 1,
    ]  # fmt: skip
    rows = _called("SELECT * FROM audit_search(%s, %s, %s, %s::smallint[], %s, %s, %s, %s, %s, %s)", values)
    return [
        Line._make((_moment(at), writer, n, Act(act), *rest, _json(detail), leaf))
        for at, writer, n, act, *rest, detail, leaf in rows
    ]


def seats() -> list[tuple[Any, ...]]:
    """Agencies at which somebody audits now."""
    return _called("SELECT audit_seats()", [])


def entry(reading: Reading, writer: int, n: int) -> Placed | None:
    """One entry with its place in the tree, proved on the spot; None where the auditor reaches no such entry."""
    rows = _called("SELECT * FROM audit_entry(%s, %s)", [writer, n])
    if not rows:
        return None
    leaf, *columns, detail, mac = rows[0]
    found, bound = entry_of((*columns, json.loads(detail) if isinstance(detail, str) else detail, mac))
    with connection.cursor() as cursor:
        cursor.execute("SELECT size, note FROM ledger_checkpoint ORDER BY size DESC LIMIT 1")
        row = cursor.fetchone()
    point = read(row[1], source().signers()) if row else None
    if leaf is None or point is None or leaf >= point.size:
        return Placed(found, leaf, point.size if point else 0, point is not None, False, [])
    path = TileTree(_tile, point.size).inclusion(leaf)
    proved = verify_inclusion(leaf_hash(encode(found), bound), leaf, point.size, path, point.root)
    return Placed(found, leaf, point.size, True, proved, path)


def reasons(grounds: Iterable[int]) -> dict[int, Reason]:
    """Grounds by number."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ground, kind, reference, reason FROM access_ground WHERE ground = ANY(%s)", [list(set(grounds))]
        )
        return {ground: Reason(*rest) for ground, *rest in cursor.fetchall()}


def counts(reading: Reading, since: datetime, until: datetime) -> list[tuple[Act, int, int]]:
    """Entries and people by act in a stretch of time. Raises `NotAllowed`."""
    rows = _called("SELECT * FROM audit_counts(%s, %s)", [_micros(since), _micros(until)])
    return [(Act(act), entries, people) for act, entries, people in rows]


def weeks(who: Acting, limit: int = 26) -> list[Week]:
    """The weekly reviews of the auditor's agency, newest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT w.monday, w.seed_digest, w.committed_at, w.seed, w.population, w.drawn_at, w.concluded_by,
                      w.concluded_at, w.conclusion, count(i.n), count(i.n) FILTER (WHERE i.auditor IS NULL)
               FROM audit_week w LEFT JOIN audit_item i ON i.agency = w.agency AND i.monday = w.monday
               WHERE w.agency = %s GROUP BY w.agency, w.monday ORDER BY w.monday DESC LIMIT %s""",
            [who.agency, limit],
        )
        return [Week(monday, bytes(digest), at, seed and bytes(seed), *rest)
                for monday, digest, at, seed, *rest in cursor.fetchall()]  # fmt: skip


def items(reading: Reading, monday: date | None = None) -> list[Item]:
    """Sampled accesses: all of a week for its auditor, those to answer for a head. Raises `NotAllowed`."""
    rows = _called("SELECT * FROM audit_items(%s)", [monday])
    return [Item._make((*row[:11], _moment(row[11] or 0), Act(row[12] or Act.consult), *row[13:])) for row in rows]


def to_confirm(who: Acting) -> int:
    """How many sampled accesses wait for this head of department. A number only: nothing of the log is read."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*) FROM audit_item i JOIN access_agency a ON a.agency = %s
               WHERE i.unit >= a.agency AND i.unit < a.agency + a.width AND i.person <> %s AND i.head IS NULL""",
            [who.agency, who.person],
        )
        return int(cursor.fetchone()[0])


def open_findings(who: Acting) -> int:
    """How many findings of the acting person's agencies are open. A number only."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*) FROM audit_finding f JOIN access_agency a ON a.agency = %s
               WHERE f.agency >= a.agency AND f.agency < a.agency + a.width AND f.closed_at IS NULL""",
            [who.agency],
        )
        return int(cursor.fetchone()[0])


def findings(reading: Reading, agency: int, limit: int = 200) -> list[Finding]:
    """Findings of an agency and of those below it, open ones first, by their day."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT f.finding, f.agency, f.source, f.writer, f.n, f.about, f.matter, f.owner, f.due_on, f.opened_at,
                      f.outcome, f.closed_by, f.closed_at
               FROM audit_finding f JOIN access_agency a ON a.agency = %s
               WHERE f.agency >= a.agency AND f.agency < a.agency + a.width
               ORDER BY f.closed_at IS NOT NULL, f.due_on, f.finding LIMIT %s""",
            [agency, limit],
        )
        return [Finding(*row) for row in cursor.fetchall()]


def signals(reading: Reading, since: datetime, until: datetime) -> list[Signal]:
    """Questions about the accesses of a stretch of time, the rarest kinds first. Raises `NotAllowed`."""
    rows = _called("SELECT * FROM audit_signals(%s, %s)", [since, until])
    found = [Signal._make((*row[:4], _moment(row[4]), _moment(row[5]))) for row in rows]
    often = {kind: sum(one.kind == kind for one in found) for kind in {one.kind for one in found}}
    return sorted(found, key=lambda one: (often[one.kind], one.kind, one.since))


def _called(statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        try:
            cursor.execute(statement, values)
        except ProgrammingError as exc:  # insufficient privilege
            raise NotAllowed("当前岗位不能查询审计账本。", "The current duty does not read the ledger.") from exc
        return list(cursor.fetchall())


def _tile(level: int, index: int) -> bytes:
    with connection.cursor() as cursor:
        cursor.execute("SELECT hashes FROM ledger_tile WHERE level = %s AND index = %s", [level, index])
        row = cursor.fetchone()
    return bytes(row[0]) if row else b""


def _json(value: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(value) if isinstance(value, str) else value or {}
    return found


def _micros(moment: datetime | None) -> int | None:
    return (moment - _EPOCH) // timedelta(microseconds=1) if moment else None


def _moment(at: int) -> datetime:
    return _EPOCH + timedelta(microseconds=at)
