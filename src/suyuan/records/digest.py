"""The bytes that stand for a revision: what reviewers sign, what the ledger holds, what its ciphertext is bound to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from suyuan import formats

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


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
    """One unambiguous byte string for the plain columns (`formats.COLUMNS`)."""
    return formats.columns(*place)


def name(record: bytes | UUID, rev: int) -> str:
    """How a revision is named in messages."""
    return f"{record if isinstance(record, UUID) else UUID(bytes=record)} r{rev}"
