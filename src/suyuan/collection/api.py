"""The API of the collection room: delivering rows of a type."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import Http404
from ninja import Header, Router, Schema, Status
from pydantic import ConfigDict
from pydantic import Field as Limits

from suyuan import catalog
from suyuan.access.calls import Call, Detail, Invalid, acts, answers
from suyuan.catalog.model import RecordType
from suyuan.collection import deliveries
from suyuan.i18n import say

router = Router(tags=["batches"])
AMENDS = "_amends"
_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_PLAIN = (str, int, float, bool, type(None))
_WORDS = {
    "no_record": ("应为记录编号", "It is no record's id"),
    "quarantined": ("这个字段在隔离中，须由两人放行", "This field lies in quarantine until two persons cleared it"),
    "unknown_field": ("这类记录没有这个字段", "This type has no such field"),
    "no_value": ("值应为文字、数字、布尔值或空值", "A value is text, a number, a boolean or null"),
}


class Delivery(Schema):
    """Rows of one type. What a value must be says the type's schema; what is not so comes back as a finding of its row.

    A row with `_amends` corrects that record, whatever of it has changed.
    """

    model_config = ConfigDict(extra="forbid")

    basis: Annotated[str, Limits(min_length=1, max_length=200, pattern=r"\S", description="采集依据 The legal basis")]
    label: Annotated[str, Limits(max_length=200, description="来源名称 What the sender calls the source")] = ""
    rows: Annotated[list[dict[str, Any]], Limits(min_length=1, max_length=deliveries.MOST_ROWS)]


class OutcomeOut(Schema):
    """What became of a row. `record` is where it went, unless it was returned or is a duplicate."""

    row: int
    outcome: Literal["accepted", "accepted_with_warnings", "returned", "duplicate"]
    record: UUID | None


class FindingOut(Schema):
    """What the check says about a row; `rule` is the same id at every door."""

    row: int
    field: str
    rule: str
    severity: Literal["reject", "warn"]
    message: str
    value: str | None


class DeliveryOut(Schema):
    """A closed batch. The four counts add up to `rows`; `digest` is what reviewers sign, null where nothing was new."""

    batch: UUID
    type: str
    state: str
    release: str
    digest: str | None
    rows: int
    accepted: int
    accepted_with_warnings: int
    returned: int
    duplicate: int
    outcomes: list[OutcomeOut]
    findings: list[FindingOut]


@router.post(
    "/types/{type}/batches", response=answers(DeliveryOut, 201), operation_id="submit_batch", url_name="submit_batch",
    summary="报送一批记录 · deliver a batch of rows",
)  # fmt: skip
@acts("collect")
def submit_batch(
    request: Call,
    type: str,
    delivery: Delivery,
    key: Annotated[str, Header("", alias="Idempotency-Key", max_length=64, pattern=r"^[A-Za-z0-9_.:\-]*$")],
) -> Status[dict[str, Any]]:
    """Each row is checked as at every door; the batch then waits for its first review.

    With `Idempotency-Key` the same delivery sent again is answered as the first time (200 instead of 201).
    """
    record_type = catalog.current().types.get(type)
    if record_type is None:
        raise Http404
    if wrong := _wrong(record_type, delivery):
        raise Invalid(wrong[:100])
    amends = {number: UUID(row[AMENDS]) for number, row in enumerate(delivery.rows, 1) if AMENDS in row}
    answer, before = deliveries.deliver(
        request.acting, record_type, delivery.rows, delivery.basis.strip(), label=delivery.label, amends=amends, key=key
    )
    return Status(200 if before else 201, answer)


def _wrong(record_type: RecordType, delivery: Delivery) -> list[Detail]:
    """Names that are no fields, values that are no values."""
    return [
        Detail(where=f"body.rows[{number}].{name[:60]}", rule=rule, message=say(*_WORDS[rule]))
        for number, row in enumerate(delivery.rows)
        for name, value in row.items()
        if (rule := _rule(record_type, name, value))
    ]


def _rule(record_type: RecordType, name: str, value: Any) -> str | None:
    """What is wrong with one value of a row, before any check of the catalog's."""
    if name == AMENDS:
        return None if isinstance(value, str) and _ID.fullmatch(value) else "no_record"
    field = record_type.fields.get(name)
    if field is None or field.type == "file":
        return "quarantined" if record_type.catalog.held(record_type.id, name) else "unknown_field"
    many = field.multiple and isinstance(value, list) and all(isinstance(one, _PLAIN) for one in value)
    return None if many or isinstance(value, _PLAIN) else "no_value"
