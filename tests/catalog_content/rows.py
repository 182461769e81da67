"""Rows for the tests of the catalog's content: example rows, rows that break one rule, and what the check says of them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import pyarrow as pa
import yaml

from suyuan import catalog
from suyuan.catalog import check
from suyuan.catalog.model import Catalog, RecordType

Row = Mapping[str, str | None]
TODAY = dt.date(2026, 1, 15)
"""The day on which the rows are checked, so that they mean the same on every day."""
BREAKS = Path(__file__).parent / "breaks.yaml"


@cache
def content() -> Catalog:
    """The catalog as it is shipped, without an overlay."""
    return catalog.load()


def example(rtype: RecordType) -> dict[str, str | None]:
    """The row made of every field's example."""
    return {name: field.example for name, field in rtype.fields.items()}


@cache
def breaks() -> dict[str, dict[str, str | None]]:
    """What to change in the example row to break each rule."""
    loaded = yaml.safe_load(BREAKS.read_text(encoding="utf-8"))
    return {rule: {name: _dated(value) for name, value in change.items()} for rule, change in loaded.items()}


def findings(rtype: RecordType, rows: Sequence[Row]) -> list[list[str]]:
    """The rules each row breaks, in the order of the rows."""
    found: list[list[str]] = [[] for _ in rows]
    for one in check.check(rtype, _table(rtype, rows), today=TODAY).findings.select(["_row", "rule"]).to_pylist():
        found[one["_row"]].append(one["rule"])
    return found


def final_of(rtype: RecordType, row: Row) -> bool:
    """Whether the check asks for a final review of a row."""
    return bool(check.check(rtype, _table(rtype, [row])).rows["final"][0].as_py())


def _table(rtype: RecordType, rows: Sequence[Row]) -> pa.Table:
    columns = {name: pa.array([row.get(name) for row in rows], pa.string()) for name in rtype.fields}
    return pa.table({"_row": pa.array(range(len(rows)), pa.int64())} | columns)


def _dated(value: str | None) -> str | None:
    """`today+2d 08:00` as the day it means, with the time of day."""
    shift = re.fullmatch(r"today([+-]\d+)d(.*)", value or "")
    if not shift:
        return value
    return (TODAY + dt.timedelta(days=int(shift[1]))).isoformat() + shift[2]
