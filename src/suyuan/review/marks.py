"""Rows of a batch that a reviewer means to give back, kept until the decision: pages and sessions come and go meanwhile."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from suyuan.access.acting import Acting
from suyuan.installation.sql import statements
from suyuan.records import queries as records
from suyuan.review.errors import ReviewRefused, worded
from suyuan.vault import actions as vault

_SQL = statements("review", "read")
_PURPOSE = "review.mark"


class Line(NamedTuple):
    """One reason: the field ("" for the whole), its kind, and words."""

    field: str
    code: str
    reason: str


class Mark(NamedTuple):
    """A marked row with its reasons; `row_no` is its place in the source."""

    record: UUID
    rev: int
    lines: list[Line]
    row_no: int = 0


def marks(who: Acting, batch: UUID, step: int) -> list[Mark]:
    """This person's marks at a step of a batch, in the order of its rows."""
    records.take_batch(batch)
    rows = _run("marks", {"batch": batch, "step": step, "person": who.person})
    return [Mark(record, rev, _opened(batch, record, bytes(sealed)), row_no) for record, rev, sealed, row_no in rows]


def mark(who: Acting, batch: UUID, step: int, record: UUID, rev: int, lines: Sequence[Line]) -> None:
    """Mark a row, or put other reasons in place of those it has. Raises `ReviewRefused`."""
    records.take_batch(batch)
    values = {"batch": batch, "step": step, "person": who.person, "record": record, "rev": rev}
    plain = json.dumps(lines, ensure_ascii=False).encode()
    with worded():
        if not _run("mark", values | {"reasons": vault.seal(_PURPOSE, batch.bytes + record.bytes, plain)}):
            raise ReviewRefused("review_same_place")


def unmark(who: Acting, batch: UUID, step: int, record: UUID, rev: int) -> None:
    """Take a mark back; nothing happens where there is none."""
    values: dict[str, Any] = {"batch": batch, "step": step, "person": who.person, "record": record, "rev": rev}
    with connection.cursor() as cursor:
        cursor.execute(_SQL["unmark"], values)


def _opened(batch: UUID, record: UUID, sealed: bytes) -> list[Line]:
    return [Line(*one) for one in json.loads(vault.open_sealed(_PURPOSE, batch.bytes + record.bytes, sealed))]


def _run(name: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(_SQL[name], values)
        return list(cursor.fetchall())
