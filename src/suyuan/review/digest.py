"""The bytes that stand for a decision or a return in the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from suyuan.records.digest import microseconds


def decision_digest(
    batch: UUID, step: int, outcome: str, reviewer: int, author: int, digest: bytes, agency: int, level: int,
    reason: bytes, at: datetime,
) -> bytes:  # fmt: skip
    """SHA-256 over every column of a decision; `reason` as it is stored."""
    parts = (
        batch,
        step,
        outcome,
        reviewer,
        author,
        digest.hex(),
        agency,
        level,
        microseconds(at),
        sha256(reason).hexdigest(),
    )
    return sha256("|".join(map(str, parts)).encode()).digest()


def return_line(
    batch: UUID, field: str, step: int, code: str, reason: bytes, reviewer: int, agency: int, level: int, at: datetime
) -> str:
    """One field's return as the line that `verify` makes of it in SQL."""
    parts = (batch, field, step, code, sha256(reason).hexdigest(), reviewer, agency, level, microseconds(at))
    return "|".join(map(str, parts))


def return_digest(lines: Sequence[str]) -> bytes:
    """SHA-256 over the lines of a record's return, fields in order."""
    return sha256("\n".join(lines).encode()).digest()
