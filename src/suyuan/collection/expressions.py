"""SQL expressions that people write in mappings: only scalar ones, over the source's columns, with functions
that cannot reach files, settings or the network, and cannot run away."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from suyuan.catalog.expressions import Refused, literal, nodes, quoted, scalar

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
CELL = 1_000
"""Characters that a column's cell is reckoned to hold."""
LONGEST = 4 << 20
"""Characters that an expression may come to from such cells; the child that runs it has the limits that hold."""
_ADDED = 64
"""What a function may add to its arguments: the digits of a number, the signs of a date."""

Unsafe = Refused
"""The expression is no scalar expression of the allowed kind. It says what is wrong (zh, en)."""


@lru_cache(maxsize=2_048)
def columns_of(expression: str) -> frozenset[tuple[str, ...]]:
    """Check an expression and return the columns it names, each as its parts. Raises `Unsafe`."""
    tree = scalar(expression)
    found: set[tuple[str, ...]] = set()
    for node in nodes(tree):
        kind = node["class"]
        if kind not in _CLASSES:
            raise Unsafe(f"不允许使用 {kind}", f"{kind} is not allowed")
        if kind == "FUNCTION" and node["function_name"].lower() not in FUNCTIONS:
            name = node["function_name"]
            raise Unsafe(f"不允许使用函数 {name}", f"the function {name} is not allowed")
        if kind == "COLUMN_REF":
            found.add(tuple(node["column_names"]))
    try:
        longest = _longest(tree)
    except RecursionError:
        raise Unsafe("表达式嵌套过深", "the expression is nested too deeply") from None
    if longest > LONGEST:
        raise Unsafe(
            "嵌套的替换或拼接会使文字成倍增长，结果可能过长",
            "nested replacing or joining multiplies the text; the result may become too long",
        )
    return frozenset(found)


def _longest(tree: Any) -> int:
    """About how many characters an expression may come to: more than any honest one, less than a multiplying one."""
    if isinstance(tree, list):
        return sum(map(_longest, tree))
    if not isinstance(tree, dict):
        return 0
    kind = tree.get("class")
    if kind == "COLUMN_REF":
        return CELL
    if kind == "CONSTANT":
        return len(_text(tree))
    if kind != "FUNCTION":
        return sum(_longest(value) for value in tree.values() if isinstance(value, dict | list))
    name, given = tree["function_name"].lower(), [one["expression"] for one in tree["arguments"]]
    if name in _GROWING and len(given) >= 3:
        return _replaced(name, given)
    between = _longest(given[0]) * len(given) if name == "concat_ws" and given else 0
    return sum(map(_longest, given)) + between + _ADDED


_GROWING = frozenset({"replace", "regexp_replace"})


def _replaced(name: str, given: list[dict[str, Any]]) -> int:
    """What replacing may come to: each piece found gives way to the new text."""
    text, new = _longest(given[0]), _longest(given[2])
    piece = len(_text(given[1])) if name == "replace" else 1
    kept = _text(given[2]).count("\\") if name == "regexp_replace" else 0
    return text * max(1, -(-new // max(1, piece)) + kept) + new


def _text(node: dict[str, Any]) -> str:
    """A constant as it was written; nothing of what is none."""
    return str((node.get("literal") or {}).get("text") or "")


__all__ = ["FUNCTIONS", "Unsafe", "columns_of", "literal", "quoted"]
