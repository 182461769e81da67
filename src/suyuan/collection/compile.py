"""A mapping as SQL: what each field is made of, and which columns of the source that takes."""

from __future__ import annotations

from collections.abc import Mapping as Names

from suyuan.collection import expressions
from suyuan.collection.expressions import literal, quoted
from suyuan.collection.mapping import FieldSpec, RecordSpec

SEVERAL = "；"
"""Between the values of a field that takes several."""

UNITS: dict[tuple[str, str], tuple[float, float]] = {
    ("mph", "km/h"): (1.609344, 0), ("mi", "km"): (1.609344, 0), ("ft", "m"): (0.3048, 0), ("in", "cm"): (2.54, 0),
    ("yd", "m"): (0.9144, 0), ("lb", "kg"): (0.45359237, 0), ("t", "kg"): (1000, 0), ("g", "kg"): (0.001, 0),
    ("m", "km"): (0.001, 0), ("km", "m"): (1000, 0), ("cm", "m"): (0.01, 0), ("°F", "°C"): (5 / 9, -160 / 9),
    ("万元", "元"): (10_000, 0), ("千元", "元"): (1000, 0), ("分", "元"): (0.01, 0), ("亩", "m²"): (2000 / 3, 0),
}  # fmt: skip
"""(from, to): factor and offset, exact where the unit is defined so."""


def reference(name: str, item: str | None) -> str:
    """SQL for a column by its name; `item.x` is field x of a child item, `item.#` its number."""
    if item and name == item:
        return quoted(item)
    if item and name == f"{item}.#":
        return "CAST(_n AS VARCHAR)"
    if item and name.startswith(f"{item}."):
        return f"{quoted(item)}.{quoted(name[len(item) + 1 :])}"
    return quoted(name)


def columns_used(spec: FieldSpec) -> set[str]:
    """Names of all columns a field is made of; an item's as `item.x`."""
    used = set(spec.columns)
    if spec.sql:
        used |= names_in(spec.sql)
    return used


def names_in(sql: str) -> set[str]:
    """Column names in an expression, parts joined by dots."""
    return {".".join(parts) for parts in expressions.columns_of(sql)}


def record_columns(record: RecordSpec) -> set[str]:
    """Names of all columns a record is made of."""
    used = {name for spec in record.fields.values() for name in columns_used(spec)}
    if record.when:
        used |= names_in(record.when)
    return used


def field_sql(spec: FieldSpec, item: str | None, unit: str | None, lookup: Names[str, str], *, safe: bool) -> str:
    """SQL of a field's text. `unit` is what the catalog wants, `lookup` names to codes; with `safe` an
    expression that fails gives NULL instead of stopping.
    """
    if spec.value is not None:
        return literal(spec.value)
    text = _start(spec, item, safe=safe)
    if spec.split is not None:
        text = _taken(spec, text)
    if spec.match is not None:
        text = f"nullif(regexp_extract({text}, {literal(spec.match)}, 1), '')"
    if spec.whole:
        text = f"regexp_replace({text}, '\\.0+$', '')"
    text = _measured(spec, text, unit)
    text = _timed(spec, text)
    return _coded(spec, text, lookup)


def _start(spec: FieldSpec, item: str | None, *, safe: bool) -> str:
    if spec.sql is not None:
        inner = f"TRY({spec.sql})" if safe else f"({spec.sql})"
        return f"nullif(CAST({inner} AS VARCHAR), '')"
    references = [reference(name, item) for name in spec.columns]
    if len(references) == 1:
        return references[0]
    return f"nullif(concat_ws({literal(spec.join or '')}, {', '.join(references)}), '')"


def _taken(spec: FieldSpec, text: str) -> str:
    mark = literal(spec.split or "")
    take = {"first": "1", "last": "-1"}.get(spec.take or "1", spec.take or "1")
    if take == "all":
        return f"replace({text}, {mark}, '{SEVERAL}')"
    return f"nullif(trim(split_part({text}, {mark}, {int(take)})), '')"


def _measured(spec: FieldSpec, text: str, unit: str | None) -> str:
    scale, offset = float(spec.scale or 1), float(spec.offset or 0)
    if spec.unit and unit and spec.unit != unit:
        factor, shift = UNITS[spec.unit, unit]
        scale, offset = scale * factor, offset * factor + shift
    if (scale, offset) == (1, 0) and spec.round is None:
        return text
    places = 6 if spec.round is None else spec.round
    number = f"printf('%.{places}f', round(TRY_CAST({text} AS DOUBLE) * {scale!r} + {offset!r}, {places}))"
    if places:
        number = f"regexp_replace(regexp_replace({number}, '0+$', ''), '\\.$', '')"
    return f"coalesce({number}, {text})"


def _timed(spec: FieldSpec, text: str) -> str:
    """A date as ISO writes it; what does not fit any format stays as it is, for the check to find."""
    tries = [(one, "%Y-%m-%d" if _has_day(one) else "%Y-%m" if _has_month(one) else "%Y") for one in spec.date]
    tries += [(one, "%Y-%m-%dT%H:%M:%S") for one in spec.datetime]
    tries += [(one, "%H:%M:%S") for one in spec.time]
    if not tries:
        return text
    parsed = [f"strftime(try_strptime({text}, {literal(source)}), {literal(target)})" for source, target in tries]
    return f"coalesce({', '.join(parsed)}, {text})"


def _has_day(form: str) -> bool:
    return any(mark in form for mark in ("%d", "%-d", "%j", "%x", "%c"))


def _has_month(form: str) -> bool:
    return any(mark in form for mark in ("%m", "%-m", "%b", "%B"))


def _coded(spec: FieldSpec, text: str, lookup: Names[str, str]) -> str:
    """The text translated; of a list each item, joined as a field of several values wants them."""
    if spec.list is None:
        return _translated(spec, text, lookup)
    items = f"from_json({text}, '[\"VARCHAR\"]')" if spec.list == "json" else f"str_split({text}, {literal(spec.list)})"
    each = _translated(spec, "item", lookup)
    joined = f"nullif(array_to_string(list_transform({items}, lambda item: {each}), '{SEVERAL}'), '')"
    return f"CASE WHEN json_valid({text}) THEN {joined} ELSE {text} END" if spec.list == "json" else joined


def _translated(spec: FieldSpec, text: str, lookup: Names[str, str]) -> str:
    table: dict[str, str | None] = {**lookup, **dict(spec.codes)}
    if not table and not spec.has_otherwise:
        return text
    rest = text
    if spec.has_otherwise:
        rest = "NULL" if spec.otherwise is None else f"CASE WHEN {text} IS NOT NULL THEN {literal(spec.otherwise)} END"
    if not table:
        return rest
    cases = []
    for key, code in table.items():
        name = key.lower() if spec.ignore_case else key
        cases.append(f"WHEN {literal(name)} THEN {'NULL' if code is None else literal(code)}")
    return f"CASE {f'lower({text})' if spec.ignore_case else text} {' '.join(cases)} ELSE {rest} END"
