"""The one process that gives entries their place: it folds them into the tree and signs checkpoints.

It runs under its own database role. Each writer's numbers are gapless, so whatever the counter says was
committed must be there; a missing entry stops the log rather than being passed over.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from django.db import InterfaceError, OperationalError

from suyuan.errors import SuyuanError
from suyuan.formats import leaf_hash
from suyuan.installation import current
from suyuan.installation.sql import statements
from suyuan.ledger import alarm, keys, witness
from suyuan.ledger.checkpoint import Checkpoint, sign
from suyuan.ledger.clock import Watch
from suyuan.ledger.entries import Entry, encode, unreadable
from suyuan.ledger.errors import LedgerGap
from suyuan.ledger.tiles import TileTree, grow

log = logging.getLogger(__name__)
_SQL = statements("ledger", "append")
_LOCK = 0x5375_7975  # "Suyu": one sequencer a database
_BACK_OFF = 3.0  # seconds for which who cannot sign leaves it to others
_NAME = 63  # bytes of a name that the server keeps
_PAUSE = 0.25  # seconds between looks; an entry is in the tree within one second


def run(stop: threading.Event) -> None:
    """Sequence until `stop` is set, and take checkpoints to the witnesses; reconnects after a database restart."""
    witness.Courier(stop).start()
    while not stop.is_set():
        try:
            with psycopg.connect(
                current().database("sequencer"), autocommit=True, application_name=here()
            ) as connection:
                _hold(connection, stop)
            stop.wait(_BACK_OFF)
        except (psycopg.OperationalError, OperationalError, InterfaceError) as exc:
            log.warning("The ledger's sequencer lost the database (%s); trying again.", type(exc).__name__)
            stop.wait(1)


def here() -> str:
    """What the server calls this process's connection: by it one sees which host has the sequencer's place."""
    return f"suyuan sequencer {os.getpid()} {socket.gethostname()}"[:_NAME]


def run_once(connection: psycopg.Connection) -> int:
    """Sequence everything that waits, in one transaction per round; returns how many entries were taken.

    Raises `LedgerGap`.
    """
    taken = 0
    while count := _round(connection):
        taken += count
    return taken


@contextmanager
def between_checkpoints() -> Iterator[int]:
    """A moment in which no checkpoint is made; gives the size of the newest one."""
    with psycopg.connect(current().database("sequencer")) as connection:
        connection.execute(_SQL["hold_signing"])
        last = connection.execute(_SQL["last_checkpoint"]).fetchone()
        yield int(last[0]) if last else 0


def _hold(connection: psycopg.Connection, stop: threading.Event) -> None:
    while not stop.is_set():
        with suppress(SuyuanError):  # a key that is not here yet: the next look has it
            witness.follow(connection)
        got = connection.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK]).fetchone()
        if got and got[0]:
            break
        stop.wait(1)
    watch = Watch()
    watch.since(connection)
    while not stop.is_set():
        watch.look(connection)
        try:
            run_once(connection)
        except LedgerGap as exc:
            log.critical("%s", exc)
            alarm.raise_alarm("ledger_gap", {})
        except (
            SuyuanError
        ) as exc:  # of whoever holds the signing key: another host may have it, so let that one go first
            log.error("%s", exc)
            alarm.raise_alarm("signing_away", {"why": exc.code})
            return
        stop.wait(_PAUSE)


def _round(connection: psycopg.Connection) -> int:
    with connection.transaction():
        connection.execute(_SQL["hold_signing"])
        last = connection.execute(_SQL["last_checkpoint"]).fetchone()
        size = last[0] if last else 0
        leaves, places = _take(connection)
        if not leaves:
            return 0
        _fold(connection, size, leaves, places)
        note = _checkpoint(connection, size + len(leaves))
    witness.keep(size + len(leaves), note)
    return len(leaves)


def _take(connection: psycopg.Connection) -> tuple[list[bytes], list[tuple[int, int]]]:
    leaves: list[bytes] = []
    places: list[tuple[int, int]] = []
    for writer, after, upto in connection.execute(_SQL["waiting"]).fetchall():
        expected, strange = after, list[int]()
        for row in connection.execute(_SQL["range"], {"writer": writer, "after": after, "upto": upto}):
            expected += 1
            if row[1] != expected:
                raise LedgerGap(writer, expected - 1, row[1])
            encoded, mac, read = bytes_of(row)
            leaves.append(leaf_hash(encoded, mac))
            places.append((writer, expected))
            strange += [] if read else [expected]
        if strange:
            log.critical("Entry %s:%s cannot be read.", writer, strange[0])
            alarm.raise_alarm("entry_unreadable", {"writer": writer, "n": strange[0]})
        if expected == after or expected < min(upto, after + 20_000):
            raise LedgerGap(writer, expected, upto)
        connection.execute(_SQL["sequenced"], {"writer": writer, "n": expected})
    return leaves, places


def bytes_of(row: Sequence[Any]) -> tuple[bytes, bytes, bool]:
    """The bytes of a stored row whose detail is text, its MAC, and whether it could be read.

    One that cannot be read (no door writes such) has its place by what is stored, so that it stops no other.
    """
    *plain, detail, mac = row
    try:
        entry, code = entry_of((*plain, None if detail is None else json.loads(detail), mac))
        return encode(entry), code, True
    except (AttributeError, TypeError, ValueError, RecursionError):
        return unreadable((*plain, detail)), bytes(mac), False


def entry_of(row: tuple[Any, ...]) -> tuple[Entry, bytes]:
    """A stored row as an entry and its MAC."""
    *plain, digest, shown, detail, mac = row
    values = (*plain, bytes(digest) if digest is not None else None, tuple(shown or ()), detail)
    return Entry(*values), bytes(mac)


def _fold(connection: psycopg.Connection, size: int, leaves: list[bytes], places: list[tuple[int, int]]) -> None:
    for level, index, hashes in grow(loader(connection), size, leaves):
        connection.execute(_SQL["tile"], {"level": level, "index": index, "hashes": hashes})
    with connection.cursor().copy("COPY ledger_leaf (index, writer, n) FROM STDIN") as copy:
        for index, (writer, number) in enumerate(places, size):
            copy.write_row((index, writer, number))


def loader(connection: psycopg.Connection) -> Any:
    """Loads one tile's bytes from the database, empty when there is none."""

    def load(level: int, index: int) -> bytes:
        row = connection.execute(
            "SELECT hashes FROM ledger_tile WHERE level = %s AND index = %s", [level, index]
        ).fetchone()
        return bytes(row[0]) if row else b""

    return load


def _checkpoint(connection: psycopg.Connection, size: int) -> str:
    checkpoint = Checkpoint(size, TileTree(loader(connection), size).root())
    note = sign(checkpoint, keys.source())
    connection.execute(_SQL["checkpoint"], {"size": size, "root": checkpoint.root, "note": note})
    return note
