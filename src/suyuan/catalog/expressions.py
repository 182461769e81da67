"""SQL conditions as the catalog allows them: one scalar expression over the fields, with functions that reach nothing
outside the row. They are parsed by DuckDB and walked as a tree, so nothing hides in a string or a comment."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import duckdb

from suyuan.catalog.pool import Pool

_CLASSES = frozenset(
    [
        "CONSTANT",
        "COLUMN_REF",
        "FUNCTION",
        "OPERATOR",
        "COMPARISON",
        "CONJUNCTION",
        "CAST",
        "CASE",
        "BETWEEN",
        "TYPE",
        "LAMBDA",
        "LAMBDA_REF",
    ]
)
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
        "abs",
        "array_extract",
        "ascii",
        "ceil",
        "coalesce",
        "concat",
        "concat_ws",
        "contains",
        "date_diff",
        "datediff",
        "date_part",
        "date_trunc",
        "day",
        "dayofweek",
        "day_of_week",
        "ends_with",
        "floor",
        "greatest",
        "hour",
        "if",
        "ifnull",
        "instr",
        "least",
        "left",
        "len",
        "length",
        "list_contains",
        "list_extract",
        "list_filter",
        "list_transform",
        "list_value",
        "list_count",
        "list_unique",
        "list_distinct",
        "list_has_any",
        "list_has_all",
        "lower",
        "make_date",
        "minute",
        "mod",
        "month",
        "nullif",
        "position",
        "prefix",
        "regexp_extract",
        "regexp_full_match",
        "regexp_matches",
        "regexp_replace",
        "replace",
        "right",
        "round",
        "second",
        "sign",
        "split_part",
        "starts_with",
        "strlen",
        "strpos",
        "str_split",
        "string_split",
        "substr",
        "substring",
        "suffix",
        "to_days",
        "to_hours",
        "to_minutes",
        "to_months",
        "to_years",
        "trim",
        "trunc",
        "try_cast",
        "unicode",
        "upper",
        "weekday",
        "year",
        "id_birth",
        "id_sex",
        "region_of",
    ]
)
"""What a condition may call; the last three are the catalog's own."""
TODAY = "current_date"
_MOST = 4_000
_PIECES = re.compile(r"('(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")|(\bcurrent_date\b(?:\s*\(\s*\))?)", re.IGNORECASE)


class Refused(ValueError):
    """The condition is not one that the catalog allows. Says why in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en


def columns_of(condition: str) -> set[str]:
    """The fields a condition names. Raises `Refused` for what is no plain condition."""
    found: set[str] = set()
    bound: set[str] = set()
    for node in nodes(scalar(condition)):
        kind = node["class"]
        if kind not in _CLASSES:
            raise Refused(f"条件中不能使用 {kind}", f"{kind} is not allowed in a condition")
        if kind == "FUNCTION" and node["function_name"].lower() not in FUNCTIONS:
            name = node["function_name"]
            raise Refused(f"条件中不能使用函数 {name}", f"the function {name} is not allowed in a condition")
        if kind == "LAMBDA":
            bound |= _parameters(node)
        if kind == "COLUMN_REF":
            found.add(".".join(node["column_names"]))
    return {name for name in found if name not in bound and name.lower() != TODAY}


def on_day(condition: str, today: str) -> str:
    """The condition with `current_date` replaced by the SQL for the day of the check, outside of quotes."""
    return _PIECES.sub(lambda found: found.group(1) or today, condition)


def scalar(text: str) -> dict[str, Any]:
    """The syntax tree of one scalar expression. Raises `Refused` for anything else, comments and names given by AS too.

    It is read as it stands and in brackets: `ALL 1` and `1 AS y` stand where a query begins, `1) + (2` only in brackets.
    """
    if len(text) > _MOST:
        raise Refused("表达式过长", "the expression is too long")
    if any(kind == duckdb.token_type.comment for _, kind in duckdb.tokenize(text)):
        raise Refused("表达式中不能有注释", "an expression holds no comment")
    for written in (f"SELECT {text}", f"SELECT ({text})"):
        node = _selected(written)
        if node["select_list"][0].get("alias"):
            raise Refused("表达式不能另起名字(AS)", "an expression takes no name (AS)")
    chosen: dict[str, Any] = node["select_list"][0]
    return chosen


@lru_cache(maxsize=4_096)
def _selected(query: str) -> dict[str, Any]:
    """The query's tree, where it selects one thing from nowhere. Nobody writes into it."""
    with parsers.one() as parser:
        rows = parser.execute("SELECT json_serialize_sql(?)", [query]).fetchall()
    try:
        answer = json.loads(rows[0][0])
    except RecursionError:
        raise Refused("表达式嵌套过深", "the expression is nested too deeply") from None
    if answer.get("error"):
        said = str(answer.get("error_message", "")).splitlines()[0]
        raise Refused(f"SQL 语法错误：{said}", f"SQL syntax: {said}")
    statements = answer["statements"]
    node: dict[str, Any] = statements[0]["node"] if len(statements) == 1 else {}
    if not _plain(node):
        raise Refused("只能写一个表达式，不能是查询", "write one expression, not a query")
    return node


def _plain(node: dict[str, Any]) -> bool:
    """Whether it is `SELECT one-expression` and nothing else."""
    return (
        node.get("type") == "SELECT_NODE" and node["from_table"]["type"] == "EMPTY" and not node["modifiers"]
        and not node.get("where_clause") and not node["cte_map"]["map"] and not node.get("group_expressions")
        and not node.get("having") and not node.get("qualify") and not node.get("sample")
        and len(node["select_list"]) == 1
    )  # fmt: skip


def nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Every expression of a syntax tree. It walks with a list of its own, so that depth costs no stack."""
    waiting = [tree]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if isinstance(one.get("class"), str) and "type" in one:
                yield one
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)


def _parameters(node: dict[str, Any]) -> set[str]:
    """Names that a lambda binds."""
    found = {name for name in node.get("named_parameters", []) if isinstance(name, str)}
    for one in nodes(node.get("lhs")):
        if one["class"] == "COLUMN_REF":
            found.add(".".join(one["column_names"]))
    return found


def _parser() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": 1, "enable_external_access": "false"})


parsers = Pool(_parser)
"""Connections for parsing: one that two threads use at once corrupts the memory of the process."""


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def either(conditions: Sequence[str]) -> str:
    """SQL that is true where one of the conditions is."""
    return " OR ".join(f"({one})" for one in conditions) or "false"
