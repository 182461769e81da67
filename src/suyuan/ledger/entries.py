"""An entry and its one canonical byte form. Entries hold ids and digests, never content."""

from __future__ import annotations

import hmac
import struct
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson

_FIXED = struct.Struct(">i q q h q q q 16s i 16s 32s ? I".replace(" ", ""))
_NO_ID = bytes(16)
_NO_DIGEST = bytes(32)


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
    """The bytes that are bound and hashed; every field counts."""
    fixed = _FIXED.pack(
        entry.writer, entry.n, entry.at, entry.act, entry.person, entry.ground, entry.agency,
        entry.record.bytes if entry.record else _NO_ID, -1 if entry.rev is None else entry.rev,
        entry.batch.bytes if entry.batch else _NO_ID, entry.digest or _NO_DIGEST, entry.digest is not None,
        len(entry.shown),
    )  # fmt: skip
    detail = b"" if entry.detail is None else orjson.dumps(entry.detail, option=orjson.OPT_SORT_KEYS)
    return fixed + b"".join([one.bytes for one in entry.shown]) + detail


def encode_arrival(
    writer: int, n: int, at: int, act: int, person: int, ground: int, agency: int, record: bytes, rev: int, batch: bytes,
    digest: bytes,
) -> bytes:  # fmt: skip
    """`encode` of an entry about one revision, without making the entry: imports have hundreds of thousands."""
    return _FIXED.pack(writer, n, at, act, person, ground, agency, record, rev, batch, digest, True, 0)


def bind(encoded: bytes, key: bytes) -> bytes:
    """HMAC-SHA256 under a key the database does not have: an entry nobody else can write."""
    return hmac.digest(key, encoded, "sha256")


def leaf_hash(encoded: bytes, mac: bytes) -> bytes:
    """RFC 9162 leaf hash of a bound entry."""
    return sha256(b"\0" + encoded + mac).digest()
