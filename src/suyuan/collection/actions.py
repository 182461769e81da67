"""What changes imports and drafts. All of it runs in the caller's acting transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import pyarrow as pa
import uuid_utils
from django.db import IntegrityError, ProgrammingError, connection, transaction

from suyuan.access.acting import Acting
from suyuan.collection import queries
from suyuan.collection.errors import DraftChanged, DraftClosed, ImportMissing, ImportRefused
from suyuan.collection.queries import ABOUT, DRAFT, FAILURE, FOUND, SQL, UPLOAD, Job, place
from suyuan.collection.tally import Tally
from suyuan.errors import SuyuanError
from suyuan.ledger import actions as ledger
from suyuan.ledger.acts import Act
from suyuan.vault import actions as vault

PART = 4 << 20
"""Bytes in one encrypted piece of an uploaded file."""

LARGEST = 256 << 20
"""Bytes of the largest upload; larger files come by command line, which streams them."""


_ENDED = ("done", "withdrawn")  # an import changes no more: its figures are bound to an entry


def new_id() -> UUID:
    """A fresh id; ids grow with time."""
    return UUID(bytes=uuid_utils.uuid7().bytes)


def add(
    who: Acting, about: dict[str, Any], source_digest: bytes, mapping_digest: bytes, *,
    state: str, rows: int = 0, import_id: UUID | None = None,
) -> UUID:  # fmt: skip
    """Write down an import. Raises `ImportRefused` when the same delivery is being taken in already."""
    found = import_id or new_id()
    values: dict[str, Any] = {
        "id": found, "person": who.person, "ground": who.ground, "agency": who.agency, "level": 1, "state": state,
        "source": source_digest, "mapping": mapping_digest, "rows": rows,
        "about": vault.seal(ABOUT, found.bytes, json.dumps(about).encode()),
    }  # fmt: skip
    try:
        with connection.cursor() as cursor:
            cursor.execute(SQL["add"], values)
    except IntegrityError as exc:
        raise _being_taken_in() from exc
    return found


def store_upload(who: Acting, import_id: UUID, pieces: Iterable[bytes]) -> None:
    """Keep an uploaded file, encrypted piece by piece, until it is in."""
    with connection.cursor() as cursor:
        for number, piece in enumerate(pieces):
            cursor.execute(
                SQL["upload"],
                {"id": import_id, "part": number, "person": who.person, "agency": who.agency, "level": 1,
                 "content": vault.seal(UPLOAD, place(import_id, number), piece)},
            )  # fmt: skip


def describe(who: Acting, job: Job, about: dict[str, Any], mapping_digest: bytes) -> None:
    """Settle how a prepared import is read and mapped."""
    sealed = vault.seal(ABOUT, job.import_id.bytes, json.dumps(about).encode())
    rows = about.get("report", {}).get("rows", 0)
    with connection.cursor() as cursor:
        cursor.execute(SQL["describe"], {"id": job.import_id, "about": sealed, "mapping": mapping_digest, "rows": rows})


def move(who: Acting, import_id: UUID, state: str, *before: str, failure: SuyuanError | None = None) -> bool:
    """Change the state of an import that is in one of the states `before`; whether it was."""
    sealed = vault.seal(FAILURE, import_id.bytes, json.dumps(failure.as_dict()).encode()) if failure else None
    try:
        with connection.cursor() as cursor:
            cursor.execute(SQL["move"], {"id": import_id, "state": state, "failure": sealed, "from": list(before)})
            moved = bool(cursor.rowcount)
        if moved and state in _ENDED:
            ledger.append(who, Act.administer, detail={"done": f"import_{state}"}, changes=True)
        return moved
    except IntegrityError as exc:
        raise _being_taken_in() from exc


def set_batch(who: Acting, import_id: UUID, batch: UUID, rows: int) -> None:
    """Note the batch that an import fills."""
    with connection.cursor() as cursor:
        cursor.execute(SQL["batch"], {"id": import_id, "batch": batch, "rows": rows})


def advance(who: Acting, import_id: UUID, chunk: int, rows: int, tally: Tally, found: pa.Table) -> None:
    """Note that a chunk is in, with its findings. Raises `ImportRefused` when another process was faster."""
    with connection.cursor() as cursor:
        cursor.execute(
            SQL["advance"], {"id": import_id, "chunk": chunk, "rows": rows, "tally": json.dumps(tally.as_dict())}
        )
        if not cursor.rowcount:
            raise _being_taken_in()
        cursor.execute(
            SQL["found"],
            {"id": import_id, "chunk": chunk, "person": who.person, "agency": who.agency, "level": 1,
             "content": vault.seal(FOUND, place(import_id, chunk), _packed(found))},
        )  # fmt: skip


def discard_upload(who: Acting, import_id: UUID) -> None:
    """Forget an uploaded file."""
    with connection.cursor() as cursor:
        cursor.execute(SQL["discard"], {"id": import_id})


def save_draft(
    who: Acting, draft_id: UUID, type_id: str, values: dict[str, str], amends: UUID | None = None,
    *, version: int = 0, tab: str = "",
) -> int:  # fmt: skip
    """Keep what was typed so far, encrypted; gives the draft's new version.

    `version` is the one that the window `tab` began with; its own later saves need no other. Raises `DraftClosed` for
    one that was sent or discarded, `DraftChanged` where another window saved it meanwhile, `ImportMissing`.
    """
    sealed = vault.seal(DRAFT, draft_id.bytes, json.dumps(values, ensure_ascii=False).encode())
    given: dict[str, Any] = {"id": draft_id, "person": who.person, "agency": who.agency, "level": 1, "type": type_id,
             "amends": amends, "content": sealed, "version": version, "tab": tab[:40]}  # fmt: skip
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(SQL["put_draft"], given)
            saved = cursor.fetchone()
    except ProgrammingError as exc:  # somebody else's, or of another agency than this duty's
        raise ImportMissing from exc
    if saved is None:
        held = queries.any_draft(who, draft_id)
        if held is None:
            raise ImportMissing
        raise DraftClosed(held.record) if held.closed else DraftChanged(held.version, held.changed_at, held.values)
    return int(saved[0])


def close_draft(who: Acting, draft_id: UUID, record: UUID | None = None) -> None:
    """Forget what a draft said, because it was sent as `record` or is discarded. It does not come back."""
    with connection.cursor() as cursor:
        cursor.execute(SQL["close_draft"], {"id": draft_id, "person": who.person, "record": record})


def _packed(found: pa.Table) -> bytes:
    out = pa.BufferOutputStream()
    with pa.ipc.new_stream(out, found.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(found)
    return bytes(out.getvalue())


def _being_taken_in() -> ImportRefused:
    return ImportRefused(
        "collection.being_taken_in", "同一文件、同一映射的导入正在进行。",
        "The same file with the same mapping is being imported already.",
        "请等待它完成，或在“导入文件”页面查看进度。", "Wait for it to finish, or look at its progress on the import page.",
    )  # fmt: skip
