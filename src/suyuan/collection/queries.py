"""What is on its way in: imports and drafts of the person who acts. All of it runs in an acting transaction."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO
from uuid import UUID

import pyarrow as pa
from django.db import connection

from suyuan.access.acting import Acting
from suyuan.collection.errors import ImportMissing
from suyuan.collection.readers.options import Options, Report
from suyuan.collection.tally import Tally
from suyuan.installation.sql import statements
from suyuan.vault import actions as vault

SQL = statements("collection", "imports")
ABOUT, FAILURE, UPLOAD, FOUND, DRAFT = (
    "import.about", "import.failure", "import.upload", "import.found", "collection.draft"
)  # fmt: skip


@dataclass(slots=True)
class Job:
    """An import and how far it is."""

    import_id: UUID
    person: int
    ground: int
    agency: int
    level: int
    state: str
    source_digest: bytes
    mapping_digest: bytes
    about: dict[str, Any]
    failure: dict[str, str] | None
    batch_id: UUID | None
    rows: int
    chunks_done: int
    rows_done: int
    tally: Tally
    created_at: dt.datetime
    changed_at: dt.datetime
    finished_at: dt.datetime | None

    @property
    def name(self) -> str:
        """Name of the file as it was sent."""
        return str(self.about.get("name", ""))

    @property
    def options(self) -> Options:
        """What is settled about reading the file."""
        return Options(**self.about.get("options", {}))

    @property
    def report(self) -> Report:
        """What the file is."""
        return Report.from_dict(self.about["report"])

    @property
    def percent(self) -> int:
        """How much of it is in, 0 to 100."""
        return 100 if self.state == "done" else self.rows_done * 100 // max(1, self.rows)


@dataclass(frozen=True, slots=True)
class Draft:
    """A form not yet sent."""

    draft_id: UUID
    type: str
    amends: UUID | None
    values: dict[str, str]
    changed_at: dt.datetime
    version: int = 0
    closed: bool = False
    record: UUID | None = None


def job(who: Acting, import_id: UUID) -> Job:
    """One import of one's own. Raises `ImportMissing`."""
    with connection.cursor() as cursor:
        cursor.execute(SQL["get"], {"id": import_id})
        row = cursor.fetchone()
    if row is None:
        raise ImportMissing
    return _job(row)


def jobs(who: Acting, limit: int = 50) -> list[Job]:
    """One's own imports, newest first."""
    with connection.cursor() as cursor:
        cursor.execute(SQL["mine"], {"limit": limit})
        return [_job(row) for row in cursor.fetchall()]


def live(who: Acting, source_digest: bytes, mapping_digest: bytes) -> UUID | None:
    """The unfinished import of the same file with the same mapping in one's agency, if there is one."""
    with connection.cursor() as cursor:
        values: dict[str, Any] = {"source": source_digest, "mapping": mapping_digest, "agency": who.agency}
        cursor.execute(SQL["live"], values)
        row = cursor.fetchone()
    return row[0] if row else None


def findings(who: Acting, import_id: UUID) -> Iterator[pa.Table]:
    """The findings of an import, chunk by chunk."""
    with connection.cursor() as cursor:
        cursor.execute(SQL["findings"], {"id": import_id})
        for number, (content,) in enumerate(cursor.fetchall()):
            plain = vault.open_sealed(FOUND, place(import_id, number), bytes(content))
            yield pa.ipc.open_stream(plain).read_all()


def uploaded(who: Acting, import_id: UUID) -> BinaryIO:
    """The uploaded file, decrypted into memory that no path leads to. Raises `ImportMissing` when it is gone."""
    with connection.cursor() as cursor:
        cursor.execute(SQL["uploaded"], {"id": import_id})
        parts = cursor.fetchall()
    if not parts:
        raise ImportMissing
    file = os.fdopen(os.memfd_create("upload"), "w+b")
    for number, content in parts:
        file.write(vault.open_sealed(UPLOAD, place(import_id, number), bytes(content)))
    file.flush()
    file.seek(0)
    return file


def draft(who: Acting, draft_id: UUID) -> Draft | None:
    """A draft of one's own that is neither sent nor discarded."""
    found = any_draft(who, draft_id)
    return None if found is None or found.closed else found


def any_draft(who: Acting, draft_id: UUID) -> Draft | None:
    """A draft of one's own; of one that is closed only that it is, and what it became."""
    with connection.cursor() as cursor:
        cursor.execute(SQL["get_draft"], {"id": draft_id})
        row = cursor.fetchone()
    return _draft(row) if row else None


def drafts(who: Acting) -> list[Draft]:
    """One's own drafts, newest first."""
    with connection.cursor() as cursor:
        cursor.execute(SQL["my_drafts"])
        return [_draft(row) for row in cursor.fetchall()]


def place(import_id: UUID, number: int) -> bytes:
    """Where a sealed piece belongs."""
    return import_id.bytes + number.to_bytes(4, "big")


def _job(row: tuple[Any, ...]) -> Job:
    values = dict(zip(Job.__slots__, row, strict=True))
    values["source_digest"], values["mapping_digest"] = bytes(values["source_digest"]), bytes(values["mapping_digest"])
    values["about"] = _opened(ABOUT, values["import_id"], values["about"])
    values["failure"] = _opened(FAILURE, values["import_id"], values["failure"]) if values["failure"] else None
    raw = values["tally"]
    values["tally"] = Tally.from_dict(json.loads(raw) if isinstance(raw, str) else raw)
    return Job(**values)


def _draft(row: tuple[Any, ...]) -> Draft:
    draft_id, type_id, amends, content, changed_at, version, closed_at, record = row
    values = {} if closed_at else _opened(DRAFT, draft_id, content)
    return Draft(draft_id, type_id, amends, values, changed_at, version, closed_at is not None, record)


def _opened(purpose: str, import_id: UUID, sealed: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(vault.open_sealed(purpose, import_id.bytes, bytes(sealed)))
    return found
