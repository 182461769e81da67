"""Releases of the catalog: recorded by an explicit act, and nothing is served under files that are another one.

A code table is part of a release. Whoever edits one changes what approved records say; so the edit is recorded as a
release with a reason, in the ledger, before anything starts.
"""

from __future__ import annotations

import json
import zlib
from hashlib import sha256
from typing import Any

import psycopg
from django.db import ProgrammingError, connection, transaction

from suyuan import catalog
from suyuan.access.acting import Acting
from suyuan.access.errors import NotAllowed
from suyuan.catalog import release as room
from suyuan.catalog.loader import SHIPPED
from suyuan.formats import fingerprint
from suyuan.installation import current
from suyuan.ledger import actions as ledger
from suyuan.ledger.acts import Act
from suyuan.records.errors import CatalogChanged

_SHOWN = 8  # differences that a message names


def settle() -> None:
    """Record the first release there is; afterwards raise `CatalogChanged` where the files are another one."""
    if _last() is None:
        _store(ledger.SYSTEM, "first")
    refuse_changed()


def refuse_changed() -> None:
    """Raise `CatalogChanged` where the catalog's files are not of the release recorded last."""
    files, lines = changed()
    if files or lines:
        raise CatalogChanged(files, lines[:_SHOWN], len(lines))


def changed() -> tuple[list[str], list[str]]:
    """The files that differ from the release recorded last, and what reads otherwise; empty where it is that release."""
    last, now = _last(), _files()
    # Files alone first: whoever serves must not load a catalog before its workers part from it.
    if last is None or last[2] == now or last[0].hex() == catalog.current().release:
        return [], []
    files = [name for name in sorted(now.keys() | last[2].keys()) if now.get(name) != last[2].get(name)]
    return files, room.changes(_read(last[1]), json.loads(_written()))


def record(who: Acting, reason: str) -> int:
    """Record the catalog as it is as the release from now on; gives its number. Raises `NotAllowed`."""
    return _store(who, reason.strip())


def verify_releases() -> list[tuple[str, bool]]:
    """Each recorded release by its number, and whether its content is what its digest says."""
    with psycopg.connect(current().database("owner")) as owner:
        rows = owner.execute("SELECT number, release, content FROM records_release").fetchall()
    return [(f"records_release {number}", _fits(bytes(release), bytes(content))) for number, release, content in rows]


def _fits(release: bytes, content: bytes) -> bool:
    try:
        return fingerprint(zlib.decompress(content)) == release
    except zlib.error:
        return False


def _store(who: ledger.Actor, reason: str) -> int:
    known, text = catalog.current(), _written()
    values: list[Any] = [
        bytes.fromhex(known.release),
        zlib.compress(text, 9),
        json.dumps(_files()),
        reason,
    ]
    with transaction.atomic(), connection.cursor() as cursor:
        try:
            cursor.execute("SELECT records_record_release(%s, %s, %s::jsonb, %s)", values)
        except ProgrammingError as exc:  # insufficient privilege
            raise NotAllowed("当前岗位不能登记目录发布。", "The current duty does not record releases.") from exc
        [number] = cursor.fetchone()
        ledger.append(
            who, Act.catalog_release, digest=bytes.fromhex(known.release), detail={"release": number}, changes=True
        )
    return int(number)


def _written() -> bytes:
    known = catalog.current()
    return room.written(known.types.values(), known.codes.values())


def _folders() -> list[Any]:
    overlay = current().data / catalog.OVERLAY
    return [SHIPPED, *([overlay] if overlay.is_dir() else [])]


def _files() -> dict[str, str]:
    """The files with their digests, and of what two persons cleared in an overlay one digest: it is loaded too."""
    found, cleared = room.files(_folders()), sorted(catalog.approved()) if len(_folders()) > 1 else []
    return found | ({"clearings": sha256("\n".join(cleared).encode()).hexdigest()} if cleared else {})


def _last() -> tuple[bytes, bytes, dict[str, str]] | None:
    """The release recorded last: its digest, its content and its files."""
    with psycopg.connect(current().database("app")) as app:
        row = app.execute("SELECT release, content, files FROM records_release ORDER BY number DESC LIMIT 1").fetchone()
    return (bytes(row[0]), bytes(row[1]), row[2]) if row else None


def _read(content: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(zlib.decompress(content))
    return found
