"""Reviewing: draw a sample, look, decide. Each is one transaction with its ledger entry; the database holds the rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

from django.db import ProgrammingError, connection, transaction

from suyuan.access.acting import Acting
from suyuan.i18n import say
from suyuan.installation.sql import statements
from suyuan.ledger import actions as ledger
from suyuan.ledger.acts import Act
from suyuan.records import queries as records
from suyuan.records.reading import RecordView
from suyuan.review import marks, queries, sample
from suyuan.review.digest import decision_digest, return_digest, return_line
from suyuan.review.errors import ReviewRefused, worded
from suyuan.vault import actions as vault

_SQL = statements("review", "read")


class GivenBack(NamedTuple):
    """One field (or "" for the whole) of one revision that goes back, with a kind of reason and words."""

    record: UUID
    rev: int
    field: str
    code: str
    reason: str


class Signed(NamedTuple):
    """How many records a decision was about, and how many went back with it."""

    decided: int
    given_back: int


def draw(
    who: Acting, batch: UUID, step: int, *, bound: float = sample.BOUND, confidence: float = sample.CONFIDENCE
) -> queries.Sample:
    """Draw the sample for a step, once; drawing again gives the same. Raises `ReviewRefused`, `NotFound`."""
    drawn = queries.sample(who, batch, step)
    if drawn is None:
        values: dict[str, Any] = {"batch": batch, "step": step, "bound": bound, "confidence": confidence}
        with worded(), connection.cursor() as cursor:
            cursor.execute(_SQL["draw"], values)
            *columns, head = cursor.fetchone()
            drawn = queries.Sample(*columns)
            detail = {"step": step, "size": len(drawn.seqs), "seed": bytes(drawn.seed).hex()}
            ledger.append(who, Act.draw_sample, batch=batch, digest=bytes(head), detail=detail)
    return drawn


def look(who: Acting, batch: UUID, step: int, seqs: Sequence[int]) -> list[RecordView]:
    """Rows of a batch for review; which of them were on screen is kept. Raises `NotFound`."""
    task = queries.task(who, batch)
    rows = records.batch_rows(who, batch, seqs=seqs, limit=len(seqs))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            _SQL["look"],
            {"batch": batch, "step": step, "person": who.person, "agency": task.agency, "level": task.level,
             "seqs": [row.seq for row in rows]},
        )  # fmt: skip
        if cursor.rowcount:
            detail = {"done": "sample_seen", "step": step}
            ledger.append(who, Act.administer, batch=batch, detail=detail, changes=True)
    return rows


def take(who: Acting, batch: UUID) -> int:
    """The ground of reviewing a batch, for looking at more than its rows; ends with the step.

    Raises `NotFound` for a batch out of reach, `ReviewRefused` for one that is not this person's to review.
    """
    queries.task(who, batch)
    with transaction.atomic(), connection.cursor() as cursor:
        try:
            cursor.execute("SELECT records_review_ground(%s)", [batch])
        except ProgrammingError as exc:  # insufficient privilege
            raise ReviewRefused("review_duty_missing") from exc
        [ground] = cursor.fetchone()
    ledger.append(who, Act.administer, batch=batch, detail={"done": "take_review", "made": ground}, changes=True)
    return int(ground)


def decide(
    who: Acting,
    batch: UUID,
    step: int,
    outcome: str,
    digest: bytes,
    *,
    reason: str = "",
    returns: Sequence[GivenBack] = (),
) -> Signed:
    """Approve, return or reject a batch at a step, signing the `digest` that was shown.

    What this person marked goes back to the collector with its reasons, and so do `returns`; the decision is about the
    rest. Where nothing is left, the batch can only go back as a whole. Whatever goes back needs words of its own, not a
    kind of reason alone. Raises `ReviewRefused` naming the rule, `NotFound`.
    """
    task = queries.task(who, batch)
    with worded():
        records.take_batch(batch)
        back = _all_returns(who, batch, step, returns)
        if back:
            _give_back(who, task, step, back)
        left = queries.remaining(batch)
        reason = _settled(outcome, reason, left=left, given_back=bool(back))
        at = datetime.now(UTC)
        values: dict[str, Any] = {
            "batch": batch, "step": step, "outcome": outcome, "reviewer": who.person, "author": task.collector,
            "digest": digest, "agency": task.agency, "level": task.level, "reason": queries.seal_reason(batch, step, reason), "at": at,
        }  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(_SQL["decide"], values)
        bound = decision_digest(
            batch=batch, step=step, outcome=outcome, reviewer=who.person, author=task.collector, digest=digest,
            agency=task.agency, level=task.level, reason=values["reason"], at=at,
        )  # fmt: skip
        detail = {"step": step, "outcome": outcome}
        ledger.append(who, Act.review, batch=batch, digest=bound, detail=detail, changes=True)
    return Signed(left, len({(one.record, one.rev) for one in back}))


def _all_returns(who: Acting, batch: UUID, step: int, returns: Sequence[GivenBack]) -> list[GivenBack]:
    """What was marked, and what is said with the decision itself, which counts where both are about one field."""
    marked = [GivenBack(one.record, one.rev, *line) for one in marks.marks(who, batch, step) for line in one.lines]
    return list({(one.record, one.rev, one.field): one for one in [*marked, *returns]}.values())


def _settled(outcome: str, reason: str, *, left: int, given_back: bool) -> str:
    """The reason to sign with. Raises `ReviewRefused` where nothing is left that could be approved or rejected."""
    if not given_back or left:
        return reason
    if outcome != "return":
        raise ReviewRefused("review_nothing_left")
    return reason.strip() or say(
        "各条记录已逐条退回，理由见各条。", "Every record was given back; each has its reason."
    )


def _give_back(who: Acting, task: queries.Task, step: int, returns: Sequence[GivenBack]) -> None:
    if not all(any(map(str.isalnum, one.reason)) for one in returns):
        raise ReviewRefused("review_return_words")
    at = datetime.now(UTC)
    ordered = sorted(returns, key=lambda one: (one.record.bytes, one.rev, one.field))
    sealed = {(one.record, one.rev, one.field): _seal(one) for one in ordered}
    values: dict[str, Any] = {
        "batch": task.batch, "step": step, "reviewer": who.person, "at": at, "reasons": list(sealed.values()),
        "records": [one.record for one in ordered], "revs": [one.rev for one in ordered],
        "fields": [one.field for one in ordered], "codes": [one.code for one in ordered],
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_SQL["give_back"], values)
        stored = sorted(cursor.fetchall(), key=lambda row: (row[0].bytes, row[1], row[2]))
    if len(stored) != len(ordered):
        # The batch itself is in reach, so this tells nothing: a row is not of it, or it is not this person's to review.
        mine = queries.waiting(who, task.batch)
        raise ReviewRefused("review_same_place" if mine else "review_duty_missing")
    for (record, rev), rows in groupby(stored, key=lambda row: (row[0], row[1])):
        digest = return_digest([
            return_line(task.batch, field, step, code, sealed[record, rev, field], who.person, agency, level, at)
            for _, _, field, code, agency, level in rows
        ])  # fmt: skip
        detail = {"step": step, "outcome": "return"}
        ledger.append(who, Act.review, record=record, rev=rev, batch=task.batch, digest=digest, detail=detail)


def _seal(one: GivenBack) -> bytes:
    return vault.seal("review.return", one.record.bytes + one.field.encode(), one.reason.encode())
