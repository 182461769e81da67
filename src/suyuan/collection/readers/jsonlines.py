"""JSON lines: one object a line. Numbers keep the digits they are written with; nested objects become
columns `outer.inner`, lists stay JSON text for a mapping to unfold."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from suyuan.collection.readers import limits, table
from suyuan.collection.readers.container import Opener
from suyuan.collection.readers.delimited import examine_text, text_stream
from suyuan.collection.readers.options import Options, Report
from suyuan.collection.readers.refusals import BLANK
from suyuan.collection.readers.refused import Refused
from suyuan.collection.readers.table import SourceRow


class _Repeated(ValueError):
    """A name occurs twice in one object."""


class _TooDeep(ValueError):
    """Nested beyond the limit."""


@dataclass(slots=True)
class JsonLines:
    """A JSON lines text, examined; `batches` passes its rows on."""

    opener: Opener
    report: Report
    keys: list[str]

    def batches(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """All rows in order."""
        rows = _rows(self.opener, self.report.codec)
        return table.batches((_spread(row, self.keys) for row in rows), schema)


def examine(opener: Opener, options: Options, report: Report) -> JsonLines:
    """Find the columns of all lines, and the lines that are no objects."""
    examine_text(opener, options, report)
    keys: dict[str, None] = {}
    problems: Counter[str] = Counter()
    first_bad = 0
    for number, values, problem in _rows(opener, report.codec):
        report.rows += 1
        if problem:
            problems[problem] += 1
            first_bad = first_bad or number
        keys.update(dict.fromkeys(values))
        table.check_width(number, len(keys))
    report.problems = {name: count for name, count in problems.items() if name != BLANK}
    if not keys or problems.total() * 2 > report.rows:
        raise Refused("not_json_lines", row=first_bad or 1)
    report.header_row = 0
    source = JsonLines(opener, report, list(keys))
    report.columns = tuple(table.column_names(source.keys))
    return source


def _rows(opener: Opener, codec: str) -> Iterator[tuple[int, dict[str, str | None], str | None]]:
    try:
        for number, line in enumerate(text_stream(opener, codec, None), 1):
            if not line.isspace():
                yield number, *_parse(line)
    except UnicodeDecodeError as exc:
        raise Refused("encoding", encoding=codec, byte=exc.start, line="?") from exc


def _parse(line: str) -> tuple[dict[str, str | None], str | None]:
    try:
        value = _DECODER.decode(line.strip())
        if not isinstance(value, dict):
            return {}, "json_not_object"
        flat = dict(_flatten(value, "", 0))
    except _Repeated:
        return {}, "json_repeated_name"
    except (_TooDeep, RecursionError):
        return {}, "json_too_deep"
    except ValueError:
        return {}, "bad_json"
    if table.is_blank(flat.values()):
        return {}, BLANK
    if any(value and "\0" in value for value in flat.values()):
        return {name: value and value.replace("\0", "␀") for name, value in flat.items()}, "nul"
    return flat, None


def _flatten(value: dict[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, str | None]]:
    if depth > limits.JSON_DEPTH:
        raise _TooDeep
    for name, inner in value.items():
        if isinstance(inner, dict) and inner:
            yield from _flatten(inner, f"{prefix}{name}.", depth + 1)
        else:
            yield prefix + name, _text(inner)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Repeated
    return found


def _no_constant(name: str) -> None:
    raise ValueError(name)


_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_no_constant, object_pairs_hook=_object)


def _spread(row: tuple[int, dict[str, str | None], str | None], keys: list[str]) -> SourceRow:
    number, values, problem = row
    return SourceRow(number, [values.get(key) for key in keys], problem)
