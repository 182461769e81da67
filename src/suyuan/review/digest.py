"""The bytes that stand for a decision or a return in the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from suyuan.formats import DECISION, RETURN, RETURNED, fingerprint
from suyuan.records.digest import microseconds


def decision_digest(
    batch: UUID, step: int, outcome: str, reviewer: int, author: int, digest: bytes, agency: int, level: int,
    reason: bytes, at: datetime,
) -> bytes:  # fmt: skip
    """Over every column of a decision; `reason` as it is stored."""
    why = fingerprint(reason)
    return fingerprint(
        DECISION.to_bytes(batch, step, outcome, reviewer, author, digest, agency, level, microseconds(at), why)
    )


def return_line(
    batch: UUID, field: str, step: int, code: str, reason: bytes, reviewer: int, agency: int, level: int, at: datetime
) -> str:
    """One field's return as the line that `verify` makes of it in SQL."""
    why = fingerprint(reason)
    return RETURNED.to_text(batch, field, step, code, why, reviewer, agency, level, microseconds(at))


def return_digest(lines: Sequence[str]) -> bytes:
    """Over the lines of a record's return, fields in order."""
    return fingerprint(RETURN.to_bytes("\n".join(lines)))
