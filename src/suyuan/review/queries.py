"""What waits for a reviewer, and what was decided."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from suyuan.access import queries as access
from suyuan.access.acting import Acting
from suyuan.installation.sql import statements
from suyuan.ledger import actions as ledger
from suyuan.ledger.acts import Act
from suyuan.records.errors import NotFound
from suyuan.records.reading import RecordView, views
from suyuan.vault import actions as vault

_SQL = statements("review", "read")
STATES = ("first_review", "second_review", "final_review")
STEPS = {
    "first_reviewer": ("first_review",),
    "second_reviewer": ("second_review",),
    "department_head": ("second_review",),
    "final_reviewer": ("final_review",),
}


class Task(NamedTuple):
    """A batch under review. `digest` is what a decision signs; `rows` counts source rows taken in."""

    batch: UUID
    type: str
    state: str
    agency: int
    level: int
    collector: int
    channel: str
    opened_at: datetime
    closed_at: datetime
    digest: bytes
    needs_final: bool
    rows: int
    warned: int

    @property
    def step(self) -> int:
        """1, 2 or 3 while it is under review, else 0."""
        return STATES.index(self.state) + 1 if self.state in STATES else 0


class Decision(NamedTuple):
    """One step's decision."""

    batch: UUID
    step: int
    outcome: str
    reviewer: int
    reason: str
    at: datetime
    digest: bytes


class Return(NamedTuple):
    """One field of one revision that was given back."""

    record: UUID
    rev: int
    field: str
    step: int
    code: str
    reason: str
    reviewer: int
    at: datetime


class Sample(NamedTuple):
    """A drawn sample; `looked` of its rows were on the reviewer's screen."""

    population: int
    bound: float
    confidence: float
    seed: bytes
    seqs: list[int]
    looked: int


def waiting(who: Acting, batch: UUID | None = None) -> list[Task]:
    """Batches this person can decide under the current ground, oldest first; or the one, if it is among them."""
    states = STEPS.get(who.duty)
    if not states:
        return []
    (lo, hi), above, own = _range(who), who.duty == "final_reviewer", who.duty == "first_reviewer"
    values = {
        "states": list(states),
        "person": who.person,
        "agency": who.agency,
        "scope_lo": lo,
        "scope_hi": hi,
        "above": above,
        "own": own,
        "batch": batch,
    }
    return [_task(row) for row in _rows("waiting", values)]


def task(who: Acting, batch: UUID) -> Task:
    """One closed batch within scope; in an emergency of one's own range or collecting. Raises `NotFound`, alike for
    hidden and missing.
    """
    lo, hi = _range(who)
    rows = _rows("batch", {"batch": batch})
    if not rows or who.scope_hi == who.scope_lo:
        raise NotFound
    found = _task(rows[0])
    if not lo <= found.agency < hi and found.collector != who.person:
        raise NotFound
    return found


def _range(who: Acting) -> tuple[int, int]:
    """The agencies whose batches concern somebody: an emergency opens records beyond them, and no batch."""
    return access.range_of(who.agency) if who.purpose == "emergency" else (who.scope_lo, who.scope_hi)


def remaining(batch: UUID) -> int:
    """How many revisions are still with a batch at its step."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT review_population(%s)", [batch])
        return int(cursor.fetchone()[0])


def decisions(batches: Sequence[UUID]) -> list[Decision]:
    """Decisions about batches, in order of steps."""
    return [_decision(row) for row in _rows("decisions", {"batches": list(batches)})]


def returns(batch: UUID) -> list[Return]:
    """What was given back from a batch."""
    return [_return(row) for row in _rows("returns", {"batch": batch})]


def reasons(who: Acting, record: UUID) -> dict[str, str]:
    """Why a record was given back the last time, by field ("" for the whole)."""
    found = [_return(row) for row in _rows("returns_of_record", {"record": record})]
    return {one.field: one.reason for one in found if one.rev == found[0].rev} if who.scope_hi else {}


def sample(who: Acting, batch: UUID, step: int) -> Sample | None:
    """The sample this person drew for a step, or None."""
    rows = _rows("sample", {"batch": batch, "step": step, "person": who.person})
    return Sample(*rows[0]) if rows else None


def earlier(who: Acting, batch: UUID, seqs: Sequence[int]) -> dict[UUID, RecordView]:
    """What amended rows of a batch said before, by record, for its reviewer; each is entered as a look at that revision."""
    found = {one.record_id: one for one in views(_rows("earlier", {"batch": batch, "seqs": list(seqs)}))}
    for one in found.values():
        ledger.append(who, Act.consult, record=one.record_id, rev=one.rev, batch=batch)
    return found


def _task(row: Sequence[Any]) -> Task:
    values = (*row[:9], bytes(row[9]) if row[9] else b"", *row[10:])
    return Task(*values)


def _decision(row: Sequence[Any]) -> Decision:
    batch, step, outcome, reviewer, reason, at, digest = row
    return Decision(batch, step, outcome, reviewer, open_reason(batch, step, bytes(reason)), at, bytes(digest))


def seal_reason(batch: UUID, step: int, reason: str) -> bytes:
    """The reason of a decision as it is stored: it may quote the content. Nothing where none is given."""
    said = reason.strip()
    return vault.seal("review.decision", batch.bytes + bytes([step]), said.encode()) if said else b""


def open_reason(batch: UUID, step: int, sealed: bytes) -> str:
    """Undo `seal_reason`."""
    return vault.open_sealed("review.decision", batch.bytes + bytes([step]), sealed).decode() if sealed else ""


def _return(row: Sequence[Any]) -> Return:
    record, rev, field, step, code, reason, *rest = row
    words = vault.open_sealed("review.return", record.bytes + field.encode(), bytes(reason)).decode()
    return Return(record, rev, field, step, code, words, *rest)


def _rows(name: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(_SQL[name], values)
        return list(cursor.fetchall())
