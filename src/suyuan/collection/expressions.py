"""SQL expressions that people write in mappings: only scalar ones, over the source's columns, with functions
that cannot reach files, settings or the network, and cannot run away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import duckdb

from suyuan.catalog.expressions import parser

_CLASSES = frozenset(
    ["CONSTANT", "COLUMN_REF", "FUNCTION", "OPERATOR", "COMPARISON", "CONJUNCTION", "CAST", "CASE", "BETWEEN", "TYPE"]
)  # fmt: skip
FUNCTIONS = frozenset(
    [
        "+",
        "-",
        "*",
        "/",
        "//",
        "%",
        "||",
        "~~",
        "!~~",
        "~~*",
        "!~~*",
        "like_escape",
        "not_like_escape",
        "ilike_escape",
        "abs",
        "array_extract",
        "ascii",
        "bar",
        "ceil",
        "ceiling",
        "chr",
        "coalesce",
        "concat",
        "concat_ws",
        "contains",
        "date_diff",
        "date_part",
        "date_trunc",
        "day",
        "dayofweek",
        "ends_with",
        "epoch",
        "floor",
        "greatest",
        "hour",
        "ifnull",
        "if",
        "instr",
        "isnan",
        "least",
        "left",
        "length",
        "len",
        "list_extract",
        "list_value",
        "list_contains",
        "list_transform",
        "lower",
        "ltrim",
        "make_date",
        "make_time",
        "make_timestamp",
        "md5",
        "minute",
        "mod",
        "month",
        "nullif",
        "position",
        "regexp_extract",
        "regexp_full_match",
        "regexp_matches",
        "regexp_replace",
        "replace",
        "reverse",
        "right",
        "round",
        "rtrim",
        "second",
        "sign",
        "split_part",
        "starts_with",
        "prefix",
        "suffix",
        "strftime",
        "strip_accents",
        "strlen",
        "strptime",
        "strpos",
        "str_split",
        "string_split",
        "substr",
        "substring",
        "to_days",
        "to_hours",
        "to_minutes",
        "to_months",
        "to_seconds",
        "to_years",
        "translate",
        "trim",
        "trunc",
        "try_strptime",
        "ucase",
        "lcase",
        "unicode",
        "upper",
        "weekday",
        "year",
    ]
)
_MAX_LENGTH = 4_000


class Unsafe(ValueError):
    """The expression is no scalar expression of the allowed kind. Its text says what is wrong (zh, en)."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en


def columns_of(expression: str) -> set[tuple[str, ...]]:
    """Check an expression and return the columns it names, each as its parts. Raises `Unsafe`."""
    tree = _parse(expression)
    found: set[tuple[str, ...]] = set()
    for node in _nodes(tree):
        kind = node.get("class")
        if kind not in _CLASSES:
            raise Unsafe(f"不允许使用 {kind}", f"{kind} is not allowed")
        if kind == "FUNCTION" and node["function_name"].lower() not in FUNCTIONS:
            name = node["function_name"]
            raise Unsafe(f"不允许使用函数 {name}", f"the function {name} is not allowed")
        if kind == "COLUMN_REF":
            found.add(tuple(node["column_names"]))
    return found


def _parse(expression: str) -> dict[str, Any]:
    if len(expression) > _MAX_LENGTH:
        raise Unsafe("表达式过长", "the expression is too long")
    row = parser().execute("SELECT json_serialize_sql(?)", [f"SELECT {expression}"]).fetchall()[0]
    answer = json.loads(row[0])
    if answer.get("error"):
        message = str(answer.get("error_message", "")).splitlines()[0]
        raise Unsafe(f"SQL 语法错误:{message}", f"SQL syntax: {message}")
    statements = answer["statements"]
    node = statements[0]["node"] if len(statements) == 1 else {}
    plain = (
        node.get("type") == "SELECT_NODE" and node["from_table"]["type"] == "EMPTY" and not node["modifiers"]
        and not node.get("where_clause") and not node["cte_map"]["map"] and not node.get("group_expressions")
        and not node.get("having") and not node.get("qualify") and len(node["select_list"]) == 1
    )  # fmt: skip
    if not plain:
        raise Unsafe("只能写一个标量表达式", "write one scalar expression only")
    chosen: dict[str, Any] = node["select_list"][0]
    return chosen


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Every expression node of the tree."""
    if isinstance(tree, list):
        for item in tree:
            yield from _nodes(item)
    elif isinstance(tree, dict):
        if isinstance(tree.get("class"), str) and "type" in tree:
            yield tree
        for value in tree.values():
            yield from _nodes(value)


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def sandbox(threads: int = 2, memory_mb: int = 256) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection that reaches nothing outside itself and whose settings are locked."""
    con = duckdb.connect(
        config={
            "threads": threads,
            "memory_limit": f"{memory_mb}MB",
            "preserve_insertion_order": True,
            "temp_directory": "",
        }
    )
    con.execute("SET TimeZone = 'Asia/Shanghai'")
    con.execute("SET enable_external_access = false")
    con.execute("SET lock_configuration = true")
    return con
