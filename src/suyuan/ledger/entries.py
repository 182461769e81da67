"""An entry and its one canonical byte form. Entries hold ids and digests, never content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from suyuan import formats


@dataclass(frozen=True, slots=True)
class Entry:
    """One act. `at` is microseconds since 1970 (UTC); ids of 0 and zero bytes mean none."""

    writer: int
    n: int
    at: int
    act: int
    person: int
    ground: int
    agency: int
    record: UUID | None = None
    rev: int | None = None
    batch: UUID | None = None
    digest: bytes | None = None
    shown: tuple[UUID, ...] = ()
    detail: dict[str, Any] | None = field(default=None)


def encode(entry: Entry) -> bytes:
    """The bytes that are bound and hashed (`formats.ENTRY`); every field counts."""
    return formats.entry(
        entry.writer, entry.n, entry.at, entry.act, entry.person, entry.ground, entry.agency,
        entry.record.bytes if entry.record else None, entry.rev, entry.batch.bytes if entry.batch else None, entry.digest,
        [one.bytes for one in entry.shown], entry.detail,
    )  # fmt: skip


def unreadable(columns: Sequence[Any]) -> bytes:
    """The bytes under a leaf of what is stored and no entry: they begin as no entry's do, and none is bound over them."""
    said = [bytes(one).hex() if isinstance(one, bytes | memoryview) else str(one) for one in columns]
    return "\n".join(["unreadable entry", *said]).encode()
