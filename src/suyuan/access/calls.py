"""What calls of the API share: the token, the acting context of one request, and the shape of every refusal."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import wraps
from inspect import signature
from typing import Annotated, Any, cast

from django.http import HttpRequest
from ninja import Schema
from ninja.security import HttpBearer
from pydantic import BeforeValidator, Field

from suyuan.access import proof, queries, tokens
from suyuan.access.acting import Acting
from suyuan.access.errors import BadToken
from suyuan.access.web import answering
from suyuan.errors import SuyuanError

GROUND = "Suyuan-Ground"
_MOST_DIGITS = 18  # of a ground's number: what is longer is none
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
REFUSALS = (400, 401, 403, 404, 409, 413, 415, 422, 429, 503)


class Token(HttpBearer):
    """`Authorization: Bearer TOKEN`; see `access.tokens`. A session of the pages counts for nothing here."""

    def authenticate(self, request: HttpRequest, token: str) -> tokens.Bearer:
        """Who sends the request. Raises `BadToken`."""
        return tokens.bearer(token)

    def __call__(self, request: HttpRequest) -> tokens.Bearer:
        """The same for a request whose header is missing or says something else."""
        found = super().__call__(request)
        if found is None:
            raise BadToken
        return cast(tokens.Bearer, found)


class Call(HttpRequest):
    """A request of a program, inside an acting context."""

    auth: tokens.Bearer
    acting: Acting


class Detail(Schema):
    """One thing that is wrong: where in the request it stands, a stable id, and words."""

    where: str
    rule: str
    message: str


class Told(Schema):
    """What happened, in the language of `Accept-Language`, and the way out. `code` is stable."""

    code: str
    message: str
    mend: str
    findings: list[Detail] | None = None


class Invalid(SuyuanError):
    """A request that does not say what it should; nothing was done. `findings` name each place."""

    def __init__(self, findings: Sequence[Detail]) -> None:
        super().__init__(
            "api.invalid", "请求内容不符合接口说明，没有办理。", "The request does not fit the description; nothing was done.",
            "按 findings 逐项改正后重新提交；接口说明见 /api/openapi.json。",
            "Mend what the findings name and send it again; the description is at /api/openapi.json.",
        )  # fmt: skip
        self.findings = list(findings)


class Refusal(Schema):
    """The one shape of every error."""

    error: Told


def _instant(said: Any) -> Any:
    if not isinstance(said, str) or not _INSTANT.fullmatch(said):
        raise ValueError("date-time")
    return said


def _whole(said: Any) -> Any:
    if isinstance(said, bool | str):
        raise ValueError("integer")
    return said


RevisionNumber = Annotated[int, Field(ge=1, le=2**31 - 1), BeforeValidator(_whole)]
"""The number of a revision in a body: 1.0 is one, "1" is not."""

Instant = Annotated[datetime, BeforeValidator(_instant)]
"""A moment with its zone, RFC 3339: a number or a day alone is none."""


def answers(model: Any, *more: int, status: int = 200) -> dict[Any, Any]:
    """The answers of an operation, by status: what it gives, and refusals."""
    return {(status, *more): model, REFUSALS: Refusal}


def acts(action: str | None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Run an operation in the acting context of the ground that its header names, else of the first duty's.

    `action` is what the duty must cover. What is raised undoes everything; refusals are entered in the ledger.
    """

    def around(operation: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(operation)
        def answer(request: HttpRequest, **given: Any) -> Any:
            call = cast(Call, request)
            person = call.auth.person
            with (
                proof.holding(call.auth.proof),
                answering(person, _ground(call, person), action, record=given.get("record")) as who,
            ):
                call.acting = who
                return operation(call, **given)

        # The library looks names up where the function it is given was written, which is here.
        answer.__signature__ = signature(operation, eval_str=True)  # type: ignore[attr-defined]
        return answer

    return around


def _ground(call: Call, person: int) -> int:
    """The ground that was named, whose worth the database decides; else the first live one, those of duties first; else none."""
    said = call.headers.get(GROUND)
    if said is None:
        return next((one.ground for one in queries.grounds(person)), 0)
    return int(said) if said.isascii() and said.isdecimal() and len(said) <= _MOST_DIGITS else 0
