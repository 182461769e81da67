"""The ring of keys as the database has it, which is the one truth for every host that works on it.

Whoever writes reads it in the act's own transaction; `pinned` keeps what was read for as long as a transaction holds the
lock under which no other key becomes current.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

from django.db import InterfaceError, OperationalError, connection

from suyuan.installation.sql import statements
from suyuan.vault.ring import Generation
from suyuan.vault.signing import SigningKey

SQL = statements("vault", "ring")
Rows = Callable[[str], Sequence[Sequence[Any]]]
_pinned: ContextVar[list[Generation] | None] = ContextVar("ring", default=None)


class Book(Protocol):
    """Says which generations and signing keys there are."""

    def ring(self) -> list[Generation]:
        """Every generation of both levels, the destroyed ones too."""

    def signing(self) -> list[SigningKey]:
        """The signing keys, oldest first; the last one signs."""


def read_ring(rows: Rows) -> list[Generation]:
    """The ring by whatever asks the database."""
    return [Generation(*row) for row in rows(SQL["ring"])]


def read_signing(rows: Rows) -> list[SigningKey]:
    """The signing keys, oldest first."""
    return [
        SigningKey(number, holder, created, since, bytes(public), bytes(signature))
        for number, holder, created, since, public, signature in rows(SQL["signing"])
    ]


class Database:
    """The book of this process's database, read in the transaction that is open on this thread, if one is."""

    def ring(self) -> list[Generation]:
        """See `Book.ring`."""
        return _pinned.get() or read_ring(_asked)

    def signing(self) -> list[SigningKey]:
        """See `Book.signing`."""
        return read_signing(_asked)


@contextmanager
def pinned() -> Iterator[None]:
    """Read the ring once for this thread; the caller holds the lock that keeps it as it is."""
    token = _pinned.set(read_ring(_asked))
    try:
        yield
    finally:
        _pinned.reset(token)


def _asked(statement: str) -> Sequence[Sequence[Any]]:
    """The rows of a statement; on a fresh connection where the one of before has ended, outside a transaction."""
    try:
        return _rows(statement)
    except (OperationalError, InterfaceError):
        if connection.in_atomic_block:
            raise
        connection.close()
        return _rows(statement)


def _rows(statement: str) -> Sequence[Sequence[Any]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        found: Sequence[Sequence[Any]] = cursor.fetchall()
    return found
