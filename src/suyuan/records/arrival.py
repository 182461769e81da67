"""Deciding what each arriving row is: new, an amendment, a duplicate, or one to give back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

import pyarrow as pa

from suyuan.catalog.check import Checked
from suyuan.records.identity import Counted, Delivery, Mark, marks

REJECT = 2
AMENDABLE = frozenset({"in_force", "returned", "rejected"})


class Outcome(StrEnum):
    """Where a row of the source ends; exactly one for each."""

    ACCEPTED = "accepted"
    WARNED = "accepted_with_warnings"
    RETURNED = "returned"
    DUPLICATE = "duplicate"


class Known(NamedTuple):
    """What is already stored under a key."""

    mark: bytes
    record: UUID
    latest_rev: int
    state: str
    key_id: int
    wrapped: bytes | None
    same_delivery: bool


class Finding(NamedTuple):
    """Something wrong with one row. `rule` is an id the catalog or `FINDINGS` has words for."""

    row_no: int
    type: str
    field: str
    rule: str
    severity: str
    value: str | None = None


FINDINGS = {
    "records.key_repeated": (
        "同一批数据中编号相同而内容不同",
        "The same number stands earlier in this delivery with different content",
    ),
    "records.under_review": (
        "该编号的上一版本仍在审核中",
        "The last change to this number is still under review",
    ),
    "records.reference_missing": (
        "所引用的记录在本单位尚未登记",
        "The record it refers to is not registered in this agency",
    ),
}


@dataclass(slots=True)
class Arrival:
    """One row of one type on its way in, with all that the check said about it."""

    row_no: int
    type: str
    content: bytes
    facets: bytes
    at: int | None
    exact: list[str | None]
    text: list[str | None]
    codes: list[str | None]
    refs: list[dict[str, str]]
    final: bool
    mark: Mark
    known: Known | None = None
    write: bool = False
    problem: str | None = None


@dataclass(slots=True)
class Arrived:
    """A checked chunk of a delivery whose rows were counted: its parts, each source row's worst verdict, and by part the
    columns of the rows that passed with what they are.
    """

    parts: list[Checked]
    worst: dict[int, int]
    passed: list[tuple[tuple[list[Any], ...], Counted]]

    def arrivals(self) -> list[Arrival]:
        """The rows that passed, each with its identity by the keys of now: in the transaction that stores them."""
        return [
            one for part, found in zip(self.parts, self.passed, strict=True) for one in _arrivals(part.type.id, *found)
        ]


@dataclass(slots=True)
class Arrangement:
    """A chunk sorted out: the outcome of every source row, and the rows to write."""

    outcomes: dict[int, Outcome] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    arrivals: list[Arrival] = field(default_factory=list)

    def writes(self) -> Iterator[Arrival]:
        """Rows that become revisions, in order."""
        return (one for one in self.arrivals if one.write and self.outcomes[one.row_no] is not Outcome.RETURNED)


def verdicts(parts: Iterable[Checked]) -> dict[int, int]:
    """The worst verdict (0 good, 1 warned, 2 rejected) of each source row over all its parts."""
    worst: dict[int, int] = {}
    for part in parts:
        rows, marks = part.rows["_row"].to_pylist(), part.rows["verdict"].to_pylist()
        for row, verdict in zip(rows, marks, strict=True):
            if verdict > worst.get(row, -1):
                worst[row] = verdict
    return worst


def arrive(parts: list[Checked], delivery: Delivery) -> Arrived:
    """The next chunk of a delivery: `parts` are its rows by type, those of one source row with the same `_row`."""
    worst = verdicts(parts)
    return Arrived(parts, worst, [_passed(part, worst, delivery) for part in parts])


def _passed(part: Checked, worst: dict[int, int], delivery: Delivery) -> tuple[tuple[list[Any], ...], Counted]:
    """The rows of one part whose whole source row passed the check."""
    kept = [place for place, row in enumerate(part.rows["_row"].to_pylist()) if worst[row] < REJECT]
    rows = part.rows if len(kept) == len(part.rows) else part.rows.take(pa.array(kept, pa.int64()))
    content, facets = (rows[name].cast(pa.binary()).to_pylist() for name in ("content", "facets"))
    at = rows["at"].cast("timestamp[us]").cast("int64").to_pylist()
    rest = (rows[name].to_pylist() for name in ("exact", "text", "codes", "refs", "final"))
    counted = delivery.count(part.type.id, rows["key"].to_pylist(), content)
    return (rows["_row"].to_pylist(), content, facets, at, *rest), counted


def _arrivals(kind: str, columns: tuple[list[Any], ...], counted: Counted) -> Iterator[Arrival]:
    rows = zip(*columns, marks(counted), strict=True)
    for row, content, facets, at, exact, text, codes, refs, final, mark in rows:
        yield Arrival(
            row, kind, content, facets, at, exact or [], text or [], codes or [], refs or [], bool(final), mark
        )


def classify(one: Arrival, known: Known | None, earlier: bytes | None) -> None:
    """Decide about one arrival. `known` is what is stored under its key; `earlier` the mark of a row with the
    same key before it in this chunk.
    """
    if earlier is not None:
        one.problem = None if earlier == one.mark.content_mark else "records.key_repeated"
    elif known is None:
        one.write = True
    elif known.mark == one.mark.content_mark:
        return
    elif one.mark.repeat or known.same_delivery:
        one.problem = "records.key_repeated"
    elif known.state not in AMENDABLE or known.wrapped is None:
        one.problem = "records.under_review"
    else:
        one.write, one.known = True, known


def arrange(
    parts: list[Checked], found: list[Arrival], known: dict[bytes, Known], worst: dict[int, int]
) -> Arrangement:
    """Sort out a chunk: `found` are its arrivals of all parts, `known` what is stored under their keys."""
    result = Arrangement(findings=[one for part in parts for one in check_findings(part)], arrivals=found)
    here: dict[bytes, bytes] = {}
    for one in found:
        key = one.mark.key_digest
        classify(one, known.get(key), here.get(key))
        here.setdefault(key, one.mark.content_mark)
        if one.problem:
            result.findings.append(Finding(one.row_no, one.type, "", one.problem, "reject"))
    _settle(result, worst)
    return result


def check_findings(part: Checked) -> Iterator[Finding]:
    """The findings of the catalog's check, row by row."""
    columns = (part.findings[name].to_pylist() for name in ("_row", "field", "rule", "severity", "value"))
    for row, name, rule, severity, value in zip(*columns, strict=True):
        yield Finding(row, part.type.id, name or "", rule, severity, value)


def _settle(result: Arrangement, worst: dict[int, int]) -> None:
    refused = {one.row_no for one in result.arrivals if one.problem}
    written = {one.row_no for one in result.arrivals if one.write}
    for row, verdict in worst.items():
        if verdict >= REJECT or row in refused:
            result.outcomes[row] = Outcome.RETURNED
        elif row not in written:
            result.outcomes[row] = Outcome.DUPLICATE
        else:
            result.outcomes[row] = Outcome.WARNED if verdict else Outcome.ACCEPTED
