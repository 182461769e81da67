"""A first mapping for a file nobody has mapped yet: which type it looks like, which column feeds which field.

Names are compared with the fields' names and labels, in Chinese, English and pinyin; dates and codes by
what the first rows hold. It is a proposal: a person looks at it and changes it.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Names
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import yaml
from pypinyin import Style, lazy_pinyin

from suyuan.catalog import bounds
from suyuan.catalog.model import Catalog, Field, RecordType
from suyuan.collection import mapping
from suyuan.collection.errors import MappingFault
from suyuan.collection.plan import validate
from suyuan.collection.readers.options import Report

_ALIKE = 0.72
_NOISE = re.compile(r"[\W_]+")
DATES = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y年%m月%d日",
    "%Y%m%d",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%Y.%m.%d",
    "%Y-%m",
    "%Y年%m月",
)
TIMES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y-%m-%d %H:%M",
         "%m/%d/%Y %I:%M:%S %p", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%Y年%m月%d日 %H:%M", "%Y%m%d%H%M%S")  # fmt: skip


@dataclass(slots=True)
class Choice:
    """What feeds one field: a column, and how its text is read."""

    column: str = ""
    form: str = ""
    lookup: str = ""


@dataclass(slots=True)
class Proposal:
    """A type and a choice for each of its fields. `score` 0 to 1: how much of the file finds a place."""

    type: str
    choices: dict[str, Choice] = field(default_factory=dict)
    score: float = 0.0


def fitting(catalog: Catalog, report: Report) -> list[str]:
    """Shipped mappings whose columns the file has all of."""
    names = []
    for name in mapping.shipped():
        try:
            validate(mapping.load(name), catalog, report.columns)
        except MappingFault:
            continue
        names.append(name)
    return names


def ranked(catalog: Catalog, report: Report, rows: Sequence[Names[str, Any]]) -> list[Proposal]:
    """A proposal for every type, the best first."""
    return sorted((propose(catalog, kind, report, rows) for kind in catalog.types.values()), key=lambda one: -one.score)


def propose(catalog: Catalog, record_type: RecordType, report: Report, rows: Sequence[Names[str, Any]]) -> Proposal:
    """Pair columns with the fields of one type, the most alike first, each once."""
    pairs = sorted(
        ((alike(column, one), column, name) for name, one in record_type.fields.items() for column in report.columns
         if _may_feed(column, one)),
        reverse=True,
    )  # fmt: skip
    result, taken = Proposal(record_type.id), set[str]()
    for score, column, name in pairs:
        if score < _ALIKE:
            break
        if column in taken or name in result.choices:
            continue
        taken.add(column)
        result.choices[name] = choice(catalog, record_type.fields[name], column, rows)
        result.score += score
    result.score /= max(1, len(report.columns))
    return result


def _may_feed(column: str, target: Field) -> bool:
    """A column named like a protected attribute feeds the field of that very name, where the norm has one."""
    return not bounds.protected_name(column) or (target.protection == "protected" and alike(column, target) == 1.0)


def choice(catalog: Catalog, target: Field, column: str, rows: Sequence[Names[str, Any]]) -> Choice:
    """How a column's text has to be read for a field, by its first values."""
    values = [str(row[column]).strip() for row in rows if row.get(column)]
    found = Choice(column)
    if target.type == "date":
        found.form = _form(values, DATES) or _form(values, TIMES)
    elif target.type == "datetime":
        found.form = _form(values, TIMES) or _form(values, DATES)
    elif target.type == "code" and target.table and target.table in catalog.codes:
        entries = list(catalog.codes[target.table].entries())
        codes, names = {one.code for one in entries}, {one.name for one in entries}
        if sum(value in names for value in values) > sum(value in codes for value in values):
            found.lookup = target.table
    return found


def _form(values: Sequence[str], forms: Iterable[str]) -> str:
    """The format that reads all values; "" where they are ISO already or none does."""
    for form in forms:
        if values and all(_fits(value, form) for value in values):
            return "" if form in ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S") else form
    return ""


def _fits(value: str, form: str) -> bool:
    try:
        dt.datetime.strptime(value, form)  # noqa: DTZ007 - only whether it parses
    except ValueError:
        return False
    return True


def alike(column: str, target: Field) -> float:
    """How much a column's name resembles a field, 0 to 1."""
    plain = _plain(column)
    if not plain:
        return 0.0
    best = 0.0
    for name in _names(target.name, target.label.zh, target.label.en):
        if plain == name:
            return 1.0
        if len(plain) > 1 and len(name) > 1:
            best = max(best, difflib.SequenceMatcher(None, plain, name).ratio())
            if (plain in name or name in plain) and min(len(plain), len(name)) / max(len(plain), len(name)) > 0.5:
                best = max(best, 0.8)
    return best


@cache
def _names(name: str, zh: str, en: str) -> tuple[str, ...]:
    return tuple(
        {
            _plain(name),
            _plain(zh),
            _plain(en),
            "".join(lazy_pinyin(zh)),
            "".join(lazy_pinyin(zh, style=Style.FIRST_LETTER)),
        }
        - {""}
    )


def _plain(text: str) -> str:
    return _NOISE.sub("", text).casefold()


def as_yaml(proposal: Proposal, catalog: Catalog, report: Report, name: str, legal_basis: str) -> str:
    """The proposal as a mapping file."""
    record_type = catalog.types[proposal.type]
    fields: dict[str, Any] = {}
    for target, chosen in proposal.choices.items():
        if chosen.column:
            fields[target] = _spec(record_type.fields[target], chosen)
    taken = {chosen.column for chosen in proposal.choices.values()}
    drop = [column for column in report.columns if bounds.protected_name(column) and column not in taken]
    source: dict[str, Any] = {"format": report.format}
    if report.encoding:
        source["encoding"] = report.codec
    if report.sheet:
        source["sheet"] = report.sheet
    data: dict[str, Any] = {
        "mapping": name, "label": {"zh": name, "en": name}, "legal_basis": legal_basis, "source": source,
        "records": [{"type": proposal.type, "fields": fields}],
    }  # fmt: skip
    if drop:
        data["drop"] = drop
    return yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=100)


def _spec(target: Field, chosen: Choice) -> Any:
    if chosen.form:
        return {"column": chosen.column, "datetime" if target.type == "datetime" else "date": chosen.form}
    if chosen.lookup:
        return {"column": chosen.column, "lookup": chosen.lookup}
    return chosen.column
