"""Appending to the ledger: in the act's own transaction, or the act does not happen."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol
from uuid import UUID
from weakref import WeakKeyDictionary

import orjson
from django.db import IntegrityError, InterfaceError, InternalError, OperationalError, connection, transaction

from suyuan.formats import arrival, entry_code
from suyuan.installation.sql import statements
from suyuan.ledger import alarm, bound, keys
from suyuan.ledger.acts import Act
from suyuan.ledger.deadline import within
from suyuan.ledger.entries import Entry, encode
from suyuan.ledger.errors import LedgerRolledBack, LedgerUnavailable

_SQL = statements("ledger", "append")
_ROW = struct.Struct(">h ii iq iq ih iq iq iq i16s ii i16s i32s i32s".replace(" ", ""))
_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)


class Actor(Protocol):
    """Who acts, under which ground, for which agency."""

    @property
    def person(self) -> int:
        """Person id; 0 for the system."""

    @property
    def ground(self) -> int:
        """Ground id; 0 for none."""

    @property
    def agency(self) -> int:
        """Agency number; 0 for none."""


class Somebody(NamedTuple):
    """An actor where no acting context exists: signing in, administering at first start."""

    person: int = 0
    ground: int = 0
    agency: int = 0


SYSTEM = Somebody()


class EntryRef(NamedTuple):
    """Where an entry stands before it is sequenced."""

    writer: int
    n: int


class _Writer:
    """The counter lent to this connection: `n` as last written here, `committed` as known to be on disk."""

    def __init__(self, writer: int, n: int) -> None:
        self.writer, self.n, self.committed = writer, n, n


_writers: WeakKeyDictionary[Any, _Writer] = WeakKeyDictionary()


def append(
    actor: Actor,
    act: Act,
    *,
    record: UUID | None = None,
    rev: int | None = None,
    batch: UUID | None = None,
    digest: bytes | None = None,
    shown: Sequence[UUID] = (),
    detail: dict[str, Any] | None = None,
    changes: bool = False,
) -> EntryRef:
    """Enter one act in the current transaction. `detail` holds ids, digests and numbers only.

    An actor who did not come by a page says in `through` how: that is part of the entry.
    With `changes` it also holds the digests of the bound rows that this transaction changed (`ledger.bound`).

    Raises `LedgerRolledBack` when the database is older than what this process wrote, `LedgerUnavailable` when the
    ledger cannot be written within a few seconds.
    """
    with transaction.atomic(savepoint=False):
        detail = {**(detail or {}), **getattr(actor, "through", {})} or None
        if changes:
            detail = {**(detail or {}), **bound.changes()} or None
        for _ in range(2):
            writer = _writer()
            entry = Entry(
                writer.writer, writer.n + 1, time.time_ns() // 1000, int(act), actor.person, actor.ground,
                actor.agency, record, rev, batch, digest, tuple(shown), detail,
            )  # fmt: skip
            if _insert(entry):
                _moved(writer, 1)
                return EntryRef(entry.writer, entry.n)
            _recall(writer)
    raise LedgerRolledBack(writer.writer, writer.n, None)


def append_many(actor: Actor, act: Act, rows: Sequence[tuple[bytes, int, bytes]], batch: UUID) -> None:
    """Enter one act for each (record id as bytes, revision, digest) of a batch, by binary COPY, in the current transaction."""
    with transaction.atomic(savepoint=False):
        for _ in range(2):
            writer = _writer()
            if _advance(writer, len(rows)):
                _copy(writer, actor, act, rows, batch.bytes)
                _moved(writer, len(rows))
                return
            _recall(writer)
    raise LedgerRolledBack(writer.writer, writer.n, None)


@contextmanager
def _in_time() -> Iterator[None]:
    """No entry, no act, and no long wait for one either. Raises `LedgerUnavailable`, after an alarm."""
    try:
        with within(connection.connection):
            yield
    except (OperationalError, InterfaceError, InternalError, IntegrityError) as exc:
        alarm.raise_alarm("ledger_unavailable", {})
        raise LedgerUnavailable from exc


def _insert(entry: Entry) -> bool:
    values = {name: getattr(entry, name) for name in Entry.__slots__}
    values["shown"] = list(entry.shown) or None
    values["detail"] = None if entry.detail is None else orjson.dumps(entry.detail).decode()
    values["mac"] = entry_code(encode(entry), keys.source().mac_key())
    with _in_time(), connection.cursor() as cursor:
        try:
            cursor.execute(_SQL["append"], values)
        except IntegrityError:  # an entry of nobody's has this number: the next act takes another counter
            _writers.pop(connection.connection, None)
            raise
        return bool(cursor.rowcount == 1)


def _advance(writer: _Writer, count: int) -> bool:
    with _in_time(), connection.cursor() as cursor:
        cursor.execute(_SQL["advance"], {"writer": writer.writer, "n": writer.n, "count": count})
        return bool(cursor.rowcount == 1)


def _copy(writer: _Writer, actor: Actor, act: Act, rows: Sequence[tuple[bytes, int, bytes]], batch: bytes) -> None:
    key, at, number = keys.source().mac_key(), time.time_ns() // 1000, writer.n
    mine, kind, person, ground, agency = writer.writer, int(act), actor.person, actor.ground, actor.agency
    out = [_SIGNATURE]
    for record, rev, digest in rows:
        number += 1
        mac = entry_code(arrival(mine, number, at, kind, person, ground, agency, record, rev, batch, digest), key)
        out.append(_ROW.pack(
            12, 4, mine, 8, number, 8, at, 2, kind, 8, person, 8, ground, 8, agency, 16, record, 4, rev, 16, batch,
            32, digest, 32, mac,
        ))  # fmt: skip
    out.append(b"\xff\xff")
    with connection.cursor() as cursor, cursor.cursor.copy(_SQL["copy"]) as copy:
        copy.write(b"".join(out))


def _writer() -> _Writer:
    connection.ensure_connection()
    raw = connection.connection
    if raw not in _writers:
        with connection.cursor() as cursor:
            cursor.execute(_SQL["lease"])
            _writers[raw] = _Writer(*cursor.fetchone())
    return _writers[raw]


def _moved(writer: _Writer, count: int) -> None:
    writer.n += count
    number = writer.n
    transaction.on_commit(lambda: _committed(writer, number))


def _committed(writer: _Writer, number: int) -> None:
    writer.committed = max(writer.committed, number)


def _recall(writer: _Writer) -> None:
    """After a rollback the database is right and memory is ahead; below what was committed it is not."""
    with connection.cursor() as cursor:
        cursor.execute(_SQL["counter"], {"writer": writer.writer})
        row = cursor.fetchone()
    if row is None and writer.committed == 0:
        del _writers[connection.connection]
    elif row is None or row[0] < writer.committed:
        raise LedgerRolledBack(writer.writer, writer.committed, row and row[0])
    else:
        writer.n = row[0]
