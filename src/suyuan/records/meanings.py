"""What codes mean: by the code tables of the release under which their record was checked and approved.

Whoever edits a table changes what later records say, never earlier ones: every door that puts a code into words asks here.
The tables of a release are read once by each process, from what was kept when it was recorded (`releases`).
"""

from __future__ import annotations

import time
import zlib
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from suyuan import catalog
from suyuan.catalog import release as written
from suyuan.catalog.codes import Codes, CodeTable, Words
from suyuan.catalog.model import DIVISIONS, Field
from suyuan.formats import fingerprint

CODED = ("code", "place")
"""Types of fields whose values are codes."""
BRACKETS = frozenset({"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"})  # headings, not places
_AGAIN = 60.0  # seconds after which a release that was not kept is asked for again


class Under(NamedTuple):
    """By which catalog a value is read: the type of its record, and the release that was checked under."""

    type: str
    release: bytes


class Kept(NamedTuple):
    """A recorded release: its number, when it was recorded, its code tables, and which of them a field has."""

    number: int
    at: datetime
    codes: Codes
    tables: dict[tuple[str, str], str]


_kept: dict[tuple[str, bytes], Kept] = {}
_missing: dict[tuple[str, bytes], float] = {}


def words(field: Field, code: str, under: Under | None) -> Words:
    """What a code means, a place with the province and city it lies in; the code itself where no table knows it.

    `under` is None for what is being entered now.
    """
    table = _table(field, under)
    if field.type == "place":
        steps = dict.fromkeys((f"{code[:2]}0000", f"{code[:4]}00", code))
        found = [one for step in steps if (one := table.find(step)) and one.name not in BRACKETS]
    else:
        found = [one] if (one := table.find(code)) else []
    zh = " ".join(one.name for one in found)
    return Words(zh or code, ", ".join(one.name_en or one.name for one in reversed(found)) or code)


def differ(field: Field, value: Any, one: Under | None, other: Under | None) -> bool:
    """Whether a value says something else by one catalog than by another."""
    if field.type not in CODED or value in (None, "", []) or one == other:
        return False
    codes = value if isinstance(value, list) else [value]
    return any(words(field, str(code), one) != words(field, str(code), other) for code in codes)


def recorded(under: Under) -> Kept | None:
    """The release as it was recorded; None where it is today's, or was not kept."""
    return None if under.release.hex() == catalog.current().release else _recorded(under.release)


def lost(under: Under) -> bool:
    """Whether codes are read by today's tables since those of their release were not kept: it is older than releases are."""
    return under.release.hex() != catalog.current().release and _recorded(under.release) is None


def _table(field: Field, under: Under | None) -> CodeTable:
    today, kept = catalog.current(), None if under is None else recorded(under)
    if under is None or kept is None:
        return today.table(field)
    found = kept.codes.get(kept.tables.get((under.type, field.name)) or field.table or DIVISIONS)
    return found or today.table(field)


def _recorded(release: bytes) -> Kept | None:
    """The release from memory, else from the database; one that is missing is not asked for at every value."""
    asked = (connection.settings_dict["NAME"], release)
    if (found := _kept.get(asked)) is None and time.monotonic() - _missing.get(asked, -_AGAIN) >= _AGAIN:
        if found := _read(release):
            _kept[asked] = found
        else:
            _missing[asked] = time.monotonic()
    return found


def _read(release: bytes) -> Kept | None:
    """A release from the database, unless its content is not what its digest says: `ledger verify` names that."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT number, at, content FROM records_release WHERE release = %s ORDER BY number LIMIT 1", [release]
        )
        row = cursor.fetchone()
    if row is None:
        return None
    try:
        text = zlib.decompress(bytes(row[2]))
    except zlib.error:
        return None
    return Kept(row[0], row[1], *written.read(text)) if fingerprint(text) == release else None
