"""The bytes that stand for a revision: what reviewers sign, what the ledger holds, what its ciphertext is bound to."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_HEADER = struct.Struct(">16s i h q q q q 16s i i ?")


class Place(NamedTuple):
    """Every plain column of a revision that never changes. Times are microseconds since 1970 (UTC)."""

    record: bytes
    rev: int
    type: str
    agency: int
    level: int
    valid_from: int
    recorded_at: int
    author: int
    batch: bytes
    seq: int
    row_no: int
    final: bool


def microseconds(moment: datetime) -> int:
    """An aware datetime as whole microseconds since 1970 (UTC)."""
    return (moment - _EPOCH) // _MICROSECOND


def header(place: Place) -> bytes:
    """One unambiguous byte string for the plain columns."""
    record, rev, kind, agency, level, valid_from, recorded_at, author, batch, seq, row_no, final = place
    return (
        _HEADER.pack(record, rev, level, agency, valid_from, recorded_at, author, batch, seq, row_no, final)
        + kind.encode()
    )


def revision_digest(head: bytes, commitment: bytes) -> bytes:
    """SHA-256 of the header's hash and the content's commitment: 32 bytes."""
    return sha256(sha256(head).digest() + commitment).digest()


def associated_data(head: bytes, key_id: int, facets: bytes, terms: bytes) -> bytes:
    """What a ciphertext is bound to: its place, its key, and the facets and terms that lie beside it."""
    return b"".join((head, key_id.to_bytes(4, "big"), len(facets).to_bytes(4, "big"), facets, terms))


def chunk_digest(digests: Iterable[bytes]) -> bytes:
    """SHA-256 over the revisions' digests in the order of their `seq`."""
    return sha256(b"".join(digests)).digest()


def name(record: bytes | UUID, rev: int) -> str:
    """How a revision is named in messages."""
    return f"{record if isinstance(record, UUID) else UUID(bytes=record)} r{rev}"
