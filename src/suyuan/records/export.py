"""Export under decision: a list leaves as a file to a named recipient, for a purpose, and every record in it is entered.

Records in force only, as many as the limit allows; protected fields never; identifying values masked unless the exporter
may reveal and asks for them. `suyuan.web.sheet` writes the file from what is given here.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from django.db import ProgrammingError, connection, transaction

from suyuan import formats
from suyuan.access import grounds
from suyuan.access.acting import Acting
from suyuan.access.decide import decide, require
from suyuan.access.errors import NoPurpose, NotAllowed
from suyuan.catalog.model import Field, RecordType
from suyuan.ledger import actions as ledger
from suyuan.ledger.acts import Act
from suyuan.records import listing, queries
from suyuan.records.digest import microseconds
from suyuan.records.errors import ExportRefused, TooManyToExport
from suyuan.records.listing import Wanted
from suyuan.records.reading import RecordView
from suyuan.vault import actions as vault

FORMATS = ("xlsx", "csv")
DAYS = 30  # after which a file is to be destroyed
PURPOSE = "records.export"


class Wish(NamedTuple):
    """How a file is to leave: to whom, what for, in which form, and whether with identifying values in full."""

    recipient: str
    purpose: str
    format: str = "xlsx"
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Exported:
    """A file that may be written: its number, what it says of itself, and its records with the fields they show."""

    number: int
    at: datetime
    expires_on: date
    wish: Wish
    rtype: RecordType
    fields: list[Field]
    rows: list[RecordView]


def may_reveal(who: Acting) -> bool:
    """Whether this person may take identifying values along in full."""
    return decide(who, "reveal").allowed


def fields_of(rtype: RecordType) -> list[Field]:
    """What of a record may leave in bulk: everything but protected fields, in the order of the form."""
    named = [rtype.fields[name] for group in rtype.groups for name in group.fields]
    return [field for field in named if field.protection != "protected"]


def revealed(rtype: RecordType) -> list[str]:
    """Names of the identifying fields of a type."""
    return [field.name for field in fields_of(rtype) if field.protection == "identifying"]


def allow(who: Acting) -> None:
    """Raise `NotAllowed` where the duty does not export, `NoPurpose` where nobody assigned the ground."""
    if who.purpose == "emergency":
        raise NoPurpose
    require(who, "export")
    if not who.purposeful:
        raise NoPurpose


def most() -> int:
    """How many records one file may hold."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT rows_at_once FROM access_limit WHERE kind = 'export'")
        return int(cursor.fetchone()[0])


def count(who: Acting, rtype: RecordType, wanted: Wanted) -> int:
    """How many records would leave, one more than `most` for more. Entered as a list or search that showed no row."""
    allow(who)
    grounds.spend(who, "search" if wanted.narrowed else "list")
    found, terms = listing.in_force(who, rtype, wanted, most() + 1)
    ledger.append(who, Act.search if terms else Act.list, detail={"terms": terms} if terms else None)
    return len(found)


def export(who: Acting, rtype: RecordType, wanted: Wanted, wish: Wish) -> Exported:
    """Take what matches out of the system; the entry names every record, the recipient only by digest.

    Raises `NotAllowed`, `NoPurpose`, `LimitReached`, `ExportRefused`, `TooManyToExport`.
    """
    allow(who)
    if wish.whole:
        require(who, "reveal")
    _complete(wish)
    limit = most()
    ids, terms = listing.in_force(who, rtype, wanted, limit + 1)
    if len(ids) > limit:
        raise TooManyToExport(limit)
    rows = queries.in_force(ids)
    if not rows:
        raise ExportRefused("empty")
    for one in rows:
        require(who, "export", agency=one.agency, level=one.level, state=one.state)
    grounds.spend(who, "export")
    return _enter(who, rtype, rows, wish, terms)


def words(digest: bytes, sealed: bytes) -> dict[str, Any]:
    """Recipient, purpose and revisions of an export. Raises `ContentDamaged`."""
    found: dict[str, Any] = orjson.loads(vault.open_sealed(PURPOSE, digest, sealed))
    return found


def _complete(wish: Wish) -> None:
    if len(wish.recipient.strip()) < 2 or len(wish.purpose.strip()) < 2:
        raise ExportRefused("words")
    if wish.format not in FORMATS:
        raise ExportRefused("format")


def _enter(who: Acting, rtype: RecordType, rows: Sequence[RecordView], wish: Wish, terms: list[int]) -> Exported:
    at, expires = _now()
    plain = formats.WORDS.to_bytes({
        "salt": os.urandom(16).hex(), "recipient": wish.recipient, "purpose": wish.purpose,
        "revisions": [[str(one.record_id), one.rev] for one in rows],
    })  # fmt: skip
    columns = {
        "person": who.person, "ground": who.ground, "agency": who.agency, "level": max(one.level for one in rows),
        "type": rtype.id, "format": wish.format, "whole": wish.whole, "rows": len(rows), "at": microseconds(at), "expires_on": expires,
    }  # fmt: skip
    digest, ids = formats.export(columns, plain), [one.record_id for one in rows]
    number = _number([rtype.id, wish.format, wish.whole, ids, vault.seal(PURPOSE, digest, plain), digest, expires])
    detail = {"export": number, "rows": len(rows), "format": wish.format}
    detail |= {"revealed": revealed(rtype)} if wish.whole else {}
    detail |= {"terms": terms} if terms else {}
    ledger.append(who, Act.export, digest=digest, shown=ids, detail=detail)
    return Exported(number, at, expires, wish, rtype, fields_of(rtype), list(rows))


def _now() -> tuple[datetime, date]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT now(), civil_today() + %s", [DAYS])
        at, expires = cursor.fetchone()
    return at, expires


def _number(values: list[str | bool | bytes | list[UUID] | date]) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        try:
            cursor.execute("SELECT records_export(%s, %s, %s, %s, %s, %s, %s)", values)
        except ProgrammingError as exc:  # insufficient privilege
            raise NotAllowed("当前岗位或事由不能导出。", "The current duty or ground does not export.") from exc
        return int(cursor.fetchone()[0])
