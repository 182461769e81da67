"""What reads records. `open_record` is the only way to one; lists show only what they log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from suyuan import catalog
from suyuan.access import grounds
from suyuan.access.acting import Acting
from suyuan.access.errors import NoPurpose
from suyuan.errors import SuyuanError
from suyuan.installation.sql import statements
from suyuan.ledger import actions as ledger
from suyuan.ledger.acts import Act
from suyuan.records import meanings
from suyuan.records.errors import NotFound
from suyuan.records.meanings import Under
from suyuan.records.reading import RecordView, views
from suyuan.vault import actions as vault
from suyuan.vault import terms

_SQL = statements("records", "read")
COUNT_CAP = 1000


class Change(NamedTuple):
    """One field that differs between two revisions: in its value, or in what its codes mean. By which catalogs, it says."""

    field: str
    before: Any
    after: Any
    before_under: Under | None = None
    after_under: Under | None = None


@dataclass(frozen=True, slots=True)
class RevisionInfo:
    """One step in a record's life. `in_force_since` is None while it waits or after it was given back."""

    rev: int
    valid_from: datetime
    recorded_at: datetime
    author: int
    batch: UUID
    row_no: int
    final: bool
    digest: bytes
    channel: str
    legal_basis: str
    batch_state: str
    source: str
    in_force_since: datetime | None
    returned: bool


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list. `next` continues it; `total` counts to 1,000 and `more` says there are more."""

    rows: list[RecordView]
    next: str | None
    total: int
    more: bool


class Link(NamedTuple):
    """A reference from this record (`outward`) or to it."""

    field: str
    record: UUID
    outward: bool


class Neighbour(NamedTuple):
    """A link, and the record at its other end as a list shows it."""

    link: Link
    view: RecordView


def open_record(
    who: Acting, record: UUID, *, as_of: datetime | None = None, known_at: datetime | None = None
) -> RecordView:
    """Open one record: the revision in force, else the latest; or the one for a (valid, known) pair of times.

    The look is entered in the ledger. Raises `NotFound`, alike for hidden, missing and not yet known; `NoPurpose`
    for a record about people under the ground of a mere duty; `LimitReached`.
    """
    if as_of is None and known_at is None:
        rows = _read("current", {"ids": [record]})
    else:
        now = datetime.now(UTC)
        rows = _read("as_of", {"id": record, "as_of": in_utc(as_of or now), "known_at": in_utc(known_at or now)})
    if not rows:
        raise _closed(who, record)
    grounds.spend(who, "look")
    ledger.append(who, Act.consult, record=record, rev=rows[0].rev)
    return rows[0]


def history(who: Acting, record: UUID) -> list[RevisionInfo]:
    """Every revision, oldest first: when, by whom, through which door. Raises as `open_record` does."""
    found = revisions(record)
    if not found:
        raise _closed(who, record)
    grounds.spend(who, "look")
    ledger.append(who, Act.consult, record=record)
    return found


def compare(who: Acting, record: UUID, before: int, after: int) -> list[Change]:
    """Field by field, what differs between two revisions. Raises as `open_record` does."""
    found = {one.rev: one for one in _read("all_of_one", {"id": record})}
    if before not in found or after not in found:
        raise _closed(who, record)
    grounds.spend(who, "look")
    ledger.append(who, Act.consult, record=record, rev=after)
    return changes(found[before], found[after])


def changes(before: RecordView | None, after: RecordView) -> list[Change]:
    """Fields whose values differ, or whose codes mean something else by now, in order of name; all of them after nothing."""
    old, under = (before.content, before.under) if before else ({}, None)
    fields = catalog.current().types[after.type].fields
    return [
        Change(name, old.get(name), after.content.get(name), under, after.under)
        for name in sorted(old.keys() | after.content.keys())
        if old.get(name) != after.content.get(name)
        or (before and name in fields and meanings.differ(fields[name], old.get(name), under, after.under))
    ]


def neighbours(who: Acting, record: UUID, rev: int) -> list[Neighbour]:
    """What this revision refers to, and whose current revision refers to this record, as far as it is in reach.

    For a caller that has entered the look at the record itself: those beside it are shown as in a list, and entered so.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SQL["links"], {"id": record, "rev": rev})
        links = [Link(*row) for row in cursor.fetchall()]
    reached = {one.record_id: one for one in views_of(who, [link.record for link in links])}
    return [Neighbour(link, reached[link.record]) for link in links if link.record in reached]


def search(
    who: Acting,
    *,
    type: str | None = None,
    text: str = "",
    exact: Sequence[str] = (),
    codes: Mapping[str, str] | None = None,
    state: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page:
    """A page of records in scope, newest first.

    `text` is found by its character pairs, `codes` filter by facet; `exact` are "kind\\x1fvalue" identifiers, of which
    a record has one. The page's rows are entered in the ledger; what was searched for only as keyed digests.
    Raises `NoPurpose` where records about people are asked for under the ground of a mere duty; `LimitReached`.
    """
    if type is None or catalog.current().types[type].about_people:
        grounds.require_purpose(who)
    sought = _sought(who, text, exact, codes or {})
    grounds.spend(who, "search" if sought else "list")
    before, before_id = _cursor(after)
    values = {"type": type, "state": state, "before": before, "before_id": before_id}
    hits, total = _hits(sought, values, limit)
    shown = [record for record, _ in hits[:limit]]
    rows = {one.record_id: one for one in _read("current", {"ids": shown})}
    detail = {"terms": sought.digests} if sought else None
    ledger.append(who, Act.search if sought else Act.list, shown=shown, detail=detail)
    following = _following(hits[limit - 1]) if len(hits) > limit else None
    return Page(
        [rows[record] for record in shown if record in rows],
        following,
        min(total, COUNT_CAP),
        total > COUNT_CAP,
    )


def matching(
    who: Acting,
    *,
    type: str,
    text: str = "",
    exact: Sequence[str] = (),
    codes: Mapping[str, str] | None = None,
    most: int,
) -> tuple[list[UUID], list[int]]:
    """Records in force that fit, newest first, up to `most`, and the keyed digests of what was searched for.

    For a caller that enters what it does with them.
    """
    sought = _sought(who, text, exact, codes or {})
    values = {"type": type, "state": "in_force", "before": None, "before_id": None}
    with connection.cursor() as cursor:
        cursor.execute(_SQL["search" if sought else "list"], values | sought.values | {"limit": most})
        return [record for record, _ in cursor.fetchall()], sought.digests


def in_force(records: Sequence[UUID]) -> list[RecordView]:
    """Revisions in force of some records, in the order given, for a caller that enters what it does with them."""
    rows = {one.record_id: one for one in _read("current", {"ids": list(records)})}
    return [rows[record] for record in records if record in rows]


def take_batch(batch: UUID) -> bool:
    """Open a batch's rows for the rest of the transaction to whoever is to review it; whether that is this person."""
    with connection.cursor() as cursor:
        cursor.execute(_SQL["take_batch"], {"batch": batch})
        return bool(cursor.fetchone()[0])


def batch_rows(
    who: Acting, batch: UUID, *, seqs: Sequence[int] | None = None, offset: int = 0, limit: int = 50
) -> list[RecordView]:
    """Revisions of a batch, in order of arrival, or those at `seqs`; entered in the ledger.

    To whoever is to review it the batch is open without any other ground: the review is the reason. Whoever collected it
    sees it without a limit too. To anybody else its rows are a list: raises `LimitReached`, and `NotFound` in an emergency,
    which opens single records.
    """
    if not take_batch(batch) and not _collected(who, batch):
        if who.purpose == "emergency":
            raise NotFound
        grounds.spend(who, "list")
    rows = _read(
        "of_batch",
        {"batch": batch, "seqs": list(seqs) if seqs is not None else None, "offset": offset, "limit": limit},
    )
    ledger.append(who, Act.list, batch=batch, shown=[one.record_id for one in rows])
    return rows


def _collected(who: Acting, batch: UUID) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_SQL["collected"], {"batch": batch, "person": who.person})
        return bool(cursor.fetchone()[0])


def revisions(record: UUID) -> list[RevisionInfo]:
    """Every revision without its content, oldest first, for a caller that enters the look itself."""
    with connection.cursor() as cursor:
        cursor.execute(_SQL["history"], {"id": record})
        return [_info(row) for row in cursor.fetchall()]


def every_revision(record: UUID) -> list[RecordView]:
    """Every revision with its content, oldest first, for a caller that enters the look itself."""
    return _read("all_of_one", {"id": record})


def views_of(who: Acting, records: Sequence[UUID], *, latest: bool = False) -> list[RecordView]:
    """Current (or latest) revisions of some records, as a list shows them; those in reach are entered in the ledger."""
    if not records:
        return []
    found = _read("latest" if latest else "current", {"ids": list(records)})
    if found:
        ledger.append(who, Act.list, shown=[one.record_id for one in found])
    return found


def _read(condition: str, values: dict[str, Any]) -> list[RecordView]:
    with connection.cursor() as cursor:
        cursor.execute(f"{_SQL['revisions']}\n{_SQL[condition]}", values)
        return views(cursor.fetchall())


def _closed(who: Acting, record: UUID) -> SuyuanError:
    """Why a record does not open; nobody learns whether it is there.

    Under the ground of a mere duty one about people, one out of reach and one that is missing all want a purpose.
    """
    if not who.purposeful:
        with connection.cursor() as cursor:
            cursor.execute(_SQL["type_of"], {"id": record})
            row = cursor.fetchone()
        if not row or row[0] not in catalog.current().open_types:
            return NoPurpose()
    return NotFound()


def _info(row: Sequence[Any]) -> RevisionInfo:
    (rev, valid_from, recorded_at, author, batch, row_no, final, digest, channel, legal_basis, state, label,
     since, returned) = row  # fmt: skip
    source = vault.open_sealed("batch.label", batch.bytes, bytes(label)).decode()
    return RevisionInfo(
        rev, valid_from, recorded_at, author, batch, row_no, final, bytes(digest), channel, legal_basis, state,
        source, since, returned,
    )  # fmt: skip


def _hits(sought: _Sought, values: dict[str, Any], limit: int) -> tuple[list[tuple[UUID, datetime]], int]:
    values = values | sought.values
    with connection.cursor() as cursor:
        cursor.execute(_SQL["search" if sought else "list"], values | {"limit": limit + 1})
        hits = cursor.fetchall()
        cursor.execute(_SQL["count_search" if sought else "count"], values | {"limit": COUNT_CAP + 1})
        [total] = cursor.fetchone()
    return hits, total


class _Sought(NamedTuple):
    """What is searched for, as keyed terms: a hit holds `every` (or `before`, where a rotation of keys has not reached it)
    and one of `any_of`; None asks for nothing.
    """

    every: list[int] | None
    before: list[int] | None
    any_of: list[int] | None

    def __bool__(self) -> bool:
        return bool(self.every or self.any_of)

    @property
    def values(self) -> dict[str, Any]:
        """Parameters of the search."""
        return {"terms": self.every, "terms_before": self.before, "any": self.any_of}

    @property
    def digests(self) -> list[int]:
        """What the ledger says was searched for."""
        return sorted([*(self.every or ()), *(self.any_of or ())])


def _sought(who: Acting, text: str, exact: Sequence[str], codes: Mapping[str, str]) -> _Sought:
    """Words by their pairs, and codes, which do not exist from level 2; identifiers under the keys of each open level."""
    with connection.cursor() as cursor:  # until the transaction ends no other key becomes current
        cursor.execute(_SQL["hold_keys"])
    with vault.ring_pinned():
        return _terms(who, text, exact, codes)


def _terms(who: Acting, text: str, exact: Sequence[str], codes: Mapping[str, str]) -> _Sought:
    wanted = {pair for word in text.split() for pair in terms.bigrams(word)}
    wanted |= {terms.code(f"{field}\x1f{code}") for field, code in codes.items()}
    depths = vault.provider().depths(1) if wanted else []
    every = [[terms.number(terms.digester(1, depth)(term)) for term in wanted] for depth in depths]
    now, before = (every[0], every[-1]) if every else (None, None)
    return _Sought(now, before, _numbers(who, exact))


def _numbers(who: Acting, exact: Sequence[str]) -> list[int] | None:
    wanted = {terms.exact(value) for value in exact}
    levels = range(1, who.clearance + 1) if wanted and vault.level_open() else (1,)
    under = [(level, depth) for level in levels for depth in vault.provider().depths(level)]
    found = [terms.digester(level, depth, wanted) for level, depth in under] if wanted else []
    return [terms.number(digest(term)) for digest in found for term in wanted] or None


def position(after: str) -> tuple[datetime, UUID]:
    """Where the page begins that `Page.next` names. Raises `ValueError`."""
    moment, _, record = after.partition("_")
    return in_utc(datetime.fromisoformat(moment)), UUID(record)


def in_utc(moment: datetime) -> datetime:
    """A moment in the zone that the database reads at any distance; beyond the first and the last year as it is written."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return moment.replace(tzinfo=UTC)


def _cursor(after: str | None) -> tuple[datetime | None, UUID | None]:
    try:
        return position(after) if after else (None, None)
    except ValueError:
        return None, None


def _following(hit: tuple[UUID, datetime]) -> str:
    record, at = hit
    return f"{at.astimezone(UTC).isoformat()}_{record}"
