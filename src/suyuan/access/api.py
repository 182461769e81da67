"""The API of the access room: one's own grounds."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Router, Schema

from suyuan.access import queries
from suyuan.access.calls import Call, answers

router = Router(tags=["grounds"])


class GroundOut(Schema):
    """A live ground; `ground` goes into the header of other calls. `ends_at` is null for that of a duty."""

    ground: int
    kind: str
    duty: str
    agency: int
    reference: str
    reason: str
    ends_at: datetime | None
    label: str


@router.get(
    "/grounds", response=answers(list[GroundOut]), operation_id="grounds", url_name="grounds",
    summary="我的有效办理事由 · my live grounds",
)  # fmt: skip
def grounds(request: Call) -> list[dict[str, Any]]:
    """Those of duties first: the first one is what a call without the header acts under."""
    return [one._asdict() | {"label": one.label} for one in queries.grounds(request.auth.person)]
