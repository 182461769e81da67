"""The API of the review room: the state of a batch, what waits, looking at rows, deciding."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Query, Router, Schema
from pydantic import AfterValidator, ConfigDict, Field

from suyuan import catalog
from suyuan.access.acting import Acting
from suyuan.access.calls import Call, RevisionNumber, acts, answers
from suyuan.access.errors import NotAllowed
from suyuan.records import plain
from suyuan.records import queries as records
from suyuan.records.api_models import RowOut
from suyuan.records.reading import RecordView
from suyuan.review import actions, queries, sample

router = Router(tags=["reviews"])
Code = Literal["missing", "wrong", "untrue", "unrelated", "unlawful", "unclear", "other"]
Reason = Annotated[str, Field(max_length=2000)]


class TaskOut(Schema):
    """A batch under review. `step` is 1 to 3, 0 when it is over; `digest` is what a decision signs."""

    batch: UUID
    type: str
    state: str
    step: int
    agency: int
    level: int
    collector: int
    channel: str
    opened_at: datetime
    closed_at: datetime
    digest: str
    needs_final: bool
    rows: int
    warned: int


class DecisionOut(Schema):
    """One step's decision."""

    step: int
    outcome: str
    reviewer: int
    reason: str
    at: datetime
    digest: str


class ReturnOut(Schema):
    """One field (or "" for the whole) of one revision that was given back."""

    record: UUID
    rev: int
    field: str
    step: int
    code: str
    reason: str
    reviewer: int
    at: datetime


class BatchOut(TaskOut):
    """A batch with what was decided about it. `remaining` revisions are still with it."""

    remaining: int
    decisions: list[DecisionOut]
    returns: list[ReturnOut]


class SampleOut(Schema):
    """A drawn sample: which rows, from which seed, and how many of them were looked at."""

    population: int
    bound: float
    confidence: float
    seed: str
    seqs: list[int]
    looked: int


class RowsOut(Schema):
    """Rows for review: of the sample where one is drawn, else of the batch. `next` is the following offset."""

    rows: list[RowOut]
    next: int | None
    sample: SampleOut | None
    sample_needed: bool


class GroundTaken(Schema):
    """The ground of a review, for looking beyond the batch."""

    ground: int


class GivenBackIn(Schema):
    """A revision, or one field of it, that goes back."""

    model_config = ConfigDict(extra="forbid")

    record: UUID
    rev: RevisionNumber
    field: Annotated[str, Field(max_length=100)] = ""
    code: Code = "other"
    reason: Annotated[Reason, Field(min_length=1, pattern=r"\S")]


def _hexadecimal(said: str) -> str:
    bytes.fromhex(said)
    return said


class DecisionIn(Schema):
    """What is decided, over which content. With `returns` the decision is about the rest."""

    model_config = ConfigDict(extra="forbid")

    outcome: Literal["approve", "return", "reject"]
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$"), AfterValidator(_hexadecimal)]
    reason: Reason = ""
    returns: Annotated[list[GivenBackIn], Field(default_factory=list, max_length=1000)]


class Decided(Schema):
    """The batch's state after the decision."""

    batch: UUID
    state: str


@router.get(
    "/batches/{uuid:batch}", response=answers(BatchOut), operation_id="batch", url_name="batch",
    summary="一个批次的状态 · the state of a batch",
)  # fmt: skip
@acts("read")
def batch(request: Call, batch: UUID) -> dict[str, Any]:
    """Where it is, and what reviewers said, with reasons by field."""
    task = queries.task(request.acting, batch)
    decisions, returns = queries.decisions([batch]), queries.returns(batch)
    return _task(task) | {
        "remaining": queries.remaining(batch),
        "decisions": [one._asdict() | {"digest": one.digest.hex()} for one in decisions],
        "returns": [one._asdict() for one in returns],
    }


@router.get(
    "/reviews", response=answers(list[TaskOut]), operation_id="waiting", url_name="waiting",
    summary="待我审核的批次 · batches that wait for me",
)  # fmt: skip
@acts()
def waiting(request: Call) -> list[dict[str, Any]]:
    """Batches this person can decide under the ground, oldest first."""
    _reviewer(request.acting)
    return [_task(one) for one in queries.waiting(request.acting)]


@router.get(
    "/reviews/{uuid:batch}/rows", response=answers(RowsOut), operation_id="review_rows", url_name="review_rows",
    summary="待审的记录 · rows for review",
)  # fmt: skip
@acts()
def review_rows(
    request: Call, batch: UUID,
    offset: Annotated[int, Query(0, ge=0, le=10**6)], limit: Annotated[int, Query(20, ge=1, le=100)],
) -> dict[str, Any]:  # fmt: skip
    """In order of arrival; rows of the sample count as looked at. Protected values are left out."""
    _reviewer(request.acting)
    task = queries.task(request.acting, batch)
    drawn = queries.sample(request.acting, batch, task.step) if task.step else None
    rows, more = _look(request.acting, task, drawn, offset, limit)
    seen = queries.sample(request.acting, batch, task.step) if drawn else None
    return {
        "rows": [_row(one) for one in rows], "next": offset + limit if more else None,
        "sample": _sample(seen) if seen else None,
        "sample_needed": queries.remaining(batch) > sample.WITHOUT_SAMPLE,
    }  # fmt: skip


@router.post(
    "/reviews/{uuid:batch}/sample", response=answers(SampleOut), operation_id="draw_sample", url_name="draw_sample",
    summary="抽样 · draw the sample of a large batch",
)  # fmt: skip
@acts()
def draw_sample(request: Call, batch: UUID) -> dict[str, Any]:
    """Once for a step; drawing again gives the same."""
    _reviewer(request.acting)
    task = queries.task(request.acting, batch)
    return _sample(actions.draw(request.acting, batch, task.step))


@router.post(
    "/reviews/{uuid:batch}/ground", response=answers(GroundTaken), operation_id="take_review", url_name="take_review",
    summary="领取审核任务 · take the ground of a review",
)  # fmt: skip
@acts()
def take_review(request: Call, batch: UUID) -> dict[str, int]:
    """For opening what the batch refers to; ends with the step, or after a day."""
    _reviewer(request.acting)
    return {"ground": actions.take(request.acting, batch)}


@router.post(
    "/reviews/{uuid:batch}/decision", response=answers(Decided), operation_id="decide", url_name="decide",
    summary="签署审核结论 · sign a decision",
)  # fmt: skip
@acts()
def decide(request: Call, batch: UUID, decision: DecisionIn) -> dict[str, Any]:
    """Approve, return or reject the batch at its step, by the digest that was shown."""
    who = request.acting
    _reviewer(who)
    task = queries.task(who, batch)
    back = [actions.GivenBack(**one.model_dump()) for one in decision.returns]
    signed = bytes.fromhex(decision.digest)
    actions.decide(who, batch, task.step, decision.outcome, signed, reason=decision.reason, returns=back)
    return {"batch": batch, "state": queries.task(who, batch).state}


def _reviewer(who: Acting) -> None:
    if who.duty not in queries.STEPS:
        raise NotAllowed("您当前的岗位不审核数据。", "The current duty reviews nothing.")


def _look(
    who: Acting, task: queries.Task, drawn: queries.Sample | None, offset: int, limit: int
) -> tuple[list[RecordView], bool]:
    if drawn is not None:
        seqs = sorted(drawn.seqs)[offset : offset + limit]
        return actions.look(who, task.batch, task.step, seqs), offset + limit < len(drawn.seqs)
    rows = records.batch_rows(who, task.batch, offset=offset, limit=limit + 1)
    return rows[:limit], len(rows) > limit


def _task(task: queries.Task) -> dict[str, Any]:
    return task._asdict() | {"step": task.step, "digest": task.digest.hex()}


def _sample(drawn: queries.Sample) -> dict[str, Any]:
    return drawn._asdict() | {"seed": bytes(drawn.seed).hex()}


def _row(view: RecordView) -> dict[str, Any]:
    rtype = catalog.current().types[view.type]
    return plain.head(view) | plain.content(view, plain.open_content(view.content, rtype), rtype)
