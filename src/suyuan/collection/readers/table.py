"""Rows of text as Arrow: column names made unique, true row numbers, a problem beside the row it concerns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import pyarrow as pa

from suyuan.collection.readers import limits
from suyuan.collection.readers.refused import Refused

ROW, PROBLEM = "_row", "_problem"
WHITE = " \t\r\n\v\f\u00a0\u3000\ufeff"
"""What a cell may hold and still be empty."""
_SPACE = re.compile(r"[\s\ufeff]+")


class SourceRow(NamedTuple):
    """One row: its number as a spreadsheet counts (the first is 1), its cells, and what is wrong with it."""

    number: int
    cells: Sequence[str | None]
    problem: str | None = None


def column_names(header: Sequence[str | None]) -> list[str]:
    """Names that tell columns apart: a blank one becomes `#3`, one that occurs twice `name#1` and `name#2`.

    Letters' case does not tell names apart, as it does not in SQL.
    """
    clean = [_SPACE.sub(" ", name or "").strip() for name in header]
    counts = Counter(name.casefold() for name in clean)
    seen: Counter[str] = Counter()
    names = []
    for position, name in enumerate(clean, 1):
        folded = name.casefold()
        seen[folded] += 1
        repeated = counts[folded] > 1 or folded in (ROW, PROBLEM)
        names.append(f"#{position}" if not name else f"{name}#{seen[folded]}" if repeated else name)
    return _distinct(names)


def _distinct(names: list[str]) -> list[str]:
    """The rare header that already uses our own marks: fall back on positions for those columns."""
    counts = Counter(name.casefold() for name in names)
    return [name if counts[name.casefold()] == 1 else f"#{position}" for position, name in enumerate(names, 1)]


def check_width(row: int, columns: int) -> None:
    """Refuse a table wider than the limit."""
    if columns > limits.COLUMNS:
        raise Refused("too_many_columns", row=row, columns=columns, limit=limits.COLUMNS)


def is_blank(cells: Iterable[str | None]) -> bool:
    """No cell holds anything but white space."""
    return not any(cell and cell.strip(WHITE) for cell in cells)


def find_header(rows: Sequence[Sequence[str | None]], wanted: int | None) -> int:
    """Index of the header among the first rows.

    `wanted` counts from 1. Without it: the first row that is not blank, or, where that is a title of one
    cell above a table, the row the table starts with.
    """
    if wanted is not None:
        if wanted > len(rows) or is_blank(rows[wanted - 1]):
            raise Refused("header_row", row=wanted)
        return wanted - 1
    filled = [sum(1 for cell in row if cell and cell.strip(WHITE)) for row in rows[: limits.HEADER_SEARCH]]
    widest = max(filled, default=0)
    if not widest:
        raise Refused("no_rows", where=f"{len(rows)}")
    start = next(i for i, count in enumerate(filled) if count)
    if filled[start] == 1 and widest >= 3:
        start = next((i for i, count in enumerate(filled) if count >= max(2, widest // 2)), start)
    return start


def schema(names: Sequence[str], metadata: dict[str, str]) -> pa.Schema:
    """The Arrow schema of a source: strings, the row number, the problem."""
    fields: list[pa.Field[Any]] = [pa.field(name, pa.string()) for name in names]
    fields += [pa.field(ROW, pa.int64()), pa.field(PROBLEM, pa.string())]
    return pa.schema(fields).with_metadata(dict(metadata))


def batches(rows: Iterable[SourceRow], target: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Rows as record batches; cells of a faulty row are cut or filled to the width of the table."""
    width = len(target) - 2
    stream = iter(rows)
    while chunk := list(islice(stream, limits.BATCH)):
        columns = zip(*(_fit(row, width) for row in chunk), strict=True) if width else ()
        arrays = [pa.array(column, pa.string()) for column in columns]
        numbers = pa.array([row.number for row in chunk], pa.int64())
        problems = pa.array([row.problem for row in chunk], pa.string())
        yield pa.record_batch([*arrays, numbers, problems], schema=target)


def _fit(row: SourceRow, width: int) -> Sequence[str | None]:
    cells = row.cells
    if len(cells) == width:
        return cells
    return [*cells[:width], *([None] * (width - len(cells)))]
