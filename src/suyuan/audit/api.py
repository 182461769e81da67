"""The API of the audit room: the proof of a record."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from django.http import HttpResponse
from ninja import Router, Schema
from pydantic import ConfigDict, Field

from suyuan.access.calls import Call, acts, answers
from suyuan.audit import bundle
from suyuan.audit.proof_views import download

router = Router(tags=["ledger"])


class ProofIn(Schema):
    """To whom the proof goes."""

    model_config = ConfigDict(extra="forbid")

    recipient: Annotated[str, Field(max_length=200)] = ""


@router.post(
    "/records/{uuid:record}/proof", response=answers(bytes), operation_id="prove_record", url_name="prove_record",
    summary="出具一条记录的证明包 · issue the proof of a record",
    openapi_extra={"x-gives": "application/zip"},
)  # fmt: skip
@acts("prove")
def prove_record(request: Call, record: UUID, proof: ProofIn) -> HttpResponse:
    """A zip that is checked offline (`docs/proof.md`). Its content goes out only from the page, after a fresh factor."""
    data = bundle.prove(request.acting, record, recipient=proof.recipient.strip())
    return download(data, "application/zip", f"proof-{record}.zip")
