"""Rows made ready for the database: encrypted, digested and packed for a binary COPY.

This is the hot path of an import (P1 of `docs/performance.md`): a row costs a handful of calls into C and
no object of its own.
"""

from __future__ import annotations

import gc
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from suyuan import formats
from suyuan.records.digest import Place, header
from suyuan.vault import columns, envelope
from suyuan.vault.provider import Provider

_POSTGRES_EPOCH = 946_684_800_000_000  # 2000-01-01 in microseconds since 1970
_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_FIXED = struct.Struct(">h i16s ii iq ih iq iq iq i16s ii ii i? ii i16s i16s i32s i".replace(" ", ""))
_LENGTH = struct.Struct(">i")


class Row(NamedTuple):
    """One row on its way in. `wrapped` and `data_key` are those of the record it belongs to."""

    place: Place
    content: bytes
    facets: bytes
    exact: Sequence[str | None]
    text: Sequence[str | None]
    codes: Sequence[str | None]
    key_digest: bytes
    mark: bytes
    data_key: bytes
    wrapped: bytes


@dataclass(frozen=True, slots=True)
class Packed:
    """A chunk as one COPY stream, and the digest of each of its revisions in order."""

    stream: bytes
    digests: list[bytes]


def pack(rows: Sequence[Row], provider: Provider, key_id: int, level: int) -> Packed:
    """Encrypt and pack rows that lie under one key-encryption key."""
    listed = ([row.exact for row in rows], [row.text for row in rows], [row.codes for row in rows])
    term_arrays = columns.arrays(level, provider.depth(key_id), *listed)
    heads = [header(row.place) for row in rows]
    places = [
        formats.content_place(head, key_id, row.facets, array)
        for head, row, array in zip(heads, rows, term_arrays, strict=True)
    ]
    sealed = envelope.encrypt(
        provider.suite(key_id), [row.data_key for row in rows], [row.content for row in rows], places
    )
    digests = [formats.revision(head, one.commitment) for head, one in zip(heads, sealed, strict=True)]
    out = [_SIGNATURE]
    for row, array, one, digest in zip(rows, term_arrays, sealed, digests, strict=True):
        out += _fields(row, key_id, digest, array, one.content)
    out.append(_TRAILER)
    return Packed(b"".join(out), digests)


_within = 0
_lock = threading.Lock()


@contextmanager
def no_collection() -> Iterator[None]:
    """Leave the garbage collector out: taking rows in makes no cycles, but hundreds of thousands of live tuples, which
    make every collection slow: half the time of an import. It is on again when the last thread leaves."""
    _enter(1)
    try:
        yield
    finally:
        _enter(-1)


def _enter(step: int) -> None:
    global _within
    with _lock:
        _within += step
        (gc.disable if _within else gc.enable)()


def _fields(row: Row, key_id: int, digest: bytes, array: bytes, content: bytes) -> tuple[bytes, ...]:
    record, rev, kind, agency, level, valid_from, recorded_at, author, batch, seq, row_no, final = row.place
    fixed = _FIXED.pack(
        20, 16, record, 4, rev, 8, agency, 2, level,
        8, valid_from - _POSTGRES_EPOCH, 8, recorded_at - _POSTGRES_EPOCH, 8, author,
        16, batch, 4, seq, 4, row_no, 1, final, 4, key_id,
        16, row.key_digest, 16, row.mark, 32, digest, len(row.wrapped),
    )  # fmt: skip
    name = kind.encode()
    length = _LENGTH.pack
    return (
        fixed, row.wrapped, length(len(row.facets) + 1), b"\x01", row.facets, length(len(array)), array,
        length(len(content)), content, length(len(name)), name,
    )  # fmt: skip
