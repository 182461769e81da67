"""Lists inside a cell: JSON, or the literals Python programs write (`[{u'an_nais': 1939.0, 'secu': nan}]`).

Literals are translated to JSON, never evaluated: whole columns at a time where they hold only simple words
and numbers, one value at a time, by its syntax tree, where they do not.
"""

from __future__ import annotations

import ast
import json
import math
from typing import Any

import duckdb
import pyarrow as pa

_SIMPLE = r"^(?:[\[\]{}:,\s()]|[-+]?[0-9]+\.?[0-9]*(?:[eE][-+]?[0-9]+)?|u?'[\w ./\-]*'|nan|None|True|False)*$"
_TRANSLATE = (
    ("u?'([\\w ./\\-]*)'", '"\\1"'),
    (r"([:\[,(]\s*)(?:nan|None)(\s*[,}\])])", r"\1null\2"),
    (r"([:\[,(]\s*)(?:nan|None)(\s*[,}\])])", r"\1null\2"),
    (r"([:\[,(]\s*)True(\s*[,}\])])", r"\1true\2"),
    (r"([:\[,(]\s*)False(\s*[,}\])])", r"\1false\2"),
    (r"([0-9])\.([^0-9eE]|$)", r"\1.0\2"),
)  # fmt: skip
_MAX_LITERAL = 200_000


def python_to_json(con: duckdb.DuckDBPyConnection, column: pa.ChunkedArray[Any]) -> pa.Array[Any]:
    """JSON text for a column of Python literals; what is no literal becomes text that is no JSON."""
    translated = "v"
    for pattern, replacement in _TRANSLATE:
        translated = f"regexp_replace({translated}, {_sql(pattern)}, {_sql(replacement)}, 'g')"
    con.register("literals", pa.table({"v": column.combine_chunks()}))
    result = con.sql(
        f"""SELECT CASE WHEN json_valid(j) THEN j END AS j, v
            FROM (SELECT CASE WHEN regexp_full_match(v, {_sql(_SIMPLE)}) THEN {translated} END AS j, v FROM literals)"""
    ).to_arrow_table()
    con.unregister("literals")
    quick, source = result["j"].to_pylist(), result["v"].to_pylist()
    values = [text if text is not None or raw is None else _slow(raw) for text, raw in zip(quick, source, strict=True)]
    return pa.array(values, pa.string())


def _sql(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _slow(text: str) -> str:
    if len(text) > _MAX_LITERAL:
        return "?"
    try:
        return json.dumps(_value(ast.parse(text.strip(), mode="eval").body), ensure_ascii=False)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "?"


def _value(node: ast.expr) -> Any:
    """The value of a literal's syntax tree; anything but a literal is refused."""
    match node:
        case ast.Constant(value=str() | int() | bool() | None as value):
            return value
        case ast.Constant(value=float() as value):
            return value if math.isfinite(value) else None
        case ast.Name(id="nan"):
            return None
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_value(item) for item in items]
        case ast.Dict(keys=names, values=values):
            return {_name(name): _value(value) for name, value in zip(names, values, strict=True)}
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
    raise ValueError(ast.dump(node)[:40])


def _name(node: ast.expr | None) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    raise ValueError("name")
