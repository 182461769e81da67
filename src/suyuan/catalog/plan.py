"""A record type as one SQL statement: clean, type, judge, and put into the forms in which it is stored.

The statement is four nested steps over a table of texts. `given` is what came; `cleaned` has a column `c:F` for every
field F; `typed` adds a column F as rules see it; `judged` adds one boolean for each thing that can be wrong. The last
step makes content, facets, search terms and the verdict. `steps()` shows them one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from suyuan.catalog import kinds
from suyuan.catalog.expressions import either, literal, on_day, quoted
from suyuan.catalog.kinds.base import COMPLETENESS, Kind
from suyuan.catalog.kinds.many import Many
from suyuan.catalog.model import Field, Label, RecordType, Severity

UNIT = "\x1f"
"""Stands between a term's name and its value."""
OUTPUT = ("_row", "verdict", "content", "facets", "key", "at", "exact", "text", "codes", "refs", "final")
_EMPTY = "CAST([] AS VARCHAR[])"
_NO_REFS = 'CAST([] AS STRUCT(field VARCHAR, "to" VARCHAR, "key" VARCHAR)[])'


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding that a type can have. `fields` are those it is about, the first the one it stands beside."""

    id: str
    fields: tuple[str, ...]
    severity: Severity
    dimension: str
    message: Label
    sql: str
    rule: bool = False


class Plan:
    """The SQL of a type and the meaning of its columns."""

    def __init__(self, record_type: RecordType) -> None:
        self.type = record_type
        self.kinds: dict[str, Kind] = {
            name: kinds.of(field, record_type.catalog) for name, field in record_type.fields.items()
        }
        self.problems: dict[str, Problem] = {one.id: one for one in self._problems()}
        self.tables = sorted({t for f in record_type.fields.values() for t in _tables(f)})

    def statement(self, source: str) -> str:
        """The whole statement over a table or sub-query `source` of texts, with `_row`, `_nth` and `_today`."""
        sql = source
        for _, select in self.steps():
            sql = f"(SELECT {select} FROM {sql})"
        return f"SELECT {', '.join(map(quoted, (*OUTPUT, *self.marks)))} FROM {sql} ORDER BY _nth"

    def typed_only(self, source: str) -> str:
        """The first two steps as a sub-query: the fields as conditions see them."""
        for _, select in self.steps()[:2]:
            source = f"(SELECT {select} FROM {source})"
        return source

    def nothing(self) -> str:
        """The select list of one empty row of text."""
        texts = ", ".join(f"CAST(NULL AS VARCHAR) AS {quoted(f'x:{name}')}" for name in self.type.fields)
        return f"CAST(0 AS BIGINT) AS _row, {texts}, CAST(0 AS BIGINT) AS _nth, DATE '2000-01-01' AS _today"

    @property
    def marks(self) -> list[str]:
        """Columns of the result that say what is wrong, in the order of `problems`."""
        return [f"p{n}" for n in range(len(self.problems))]

    def steps(self) -> list[tuple[str, str]]:
        """Name and select list of each step."""
        names = list(self.type.fields)
        cleaned = [f"{self.kinds[n].clean(quoted(f'x:{n}'))} AS {quoted(f'c:{n}')}" for n in names]
        typed = [f"{self.kinds[n].typed(quoted(f'c:{n}'))} AS {quoted(n)}" for n in names]
        judged = [f"({p.sql}) AS {m}" for p, m in zip(self.problems.values(), self.marks, strict=True)]
        head = "_row, _nth, _today"
        return [
            ("cleaned", ", ".join([head, *cleaned])),
            ("typed", ", ".join(["*", *typed])),
            ("judged", ", ".join(["*", *judged])),
            ("result", ", ".join(["_row", "_nth", *self._results(), *self.marks])),
        ]

    def _problems(self) -> Iterator[Problem]:
        at = quoted(self.type.time) if self.type.time else None
        if at and self.type.fields[self.type.time or ""].type == "datetime":
            at = f"CAST({at} AS DATE)"
        for name, field in self.type.fields.items():
            yield from self._of_field(field, at)
        for rule in self.type.rules:
            yield Problem(rule.id, rule.fields, rule.severity, rule.dimension, rule.message, f"NOT {condition(rule.says)}",
                          rule=True)  # fmt: skip

    def _of_field(self, field: Field, at: str | None) -> Iterator[Problem]:
        c, v = quoted(f"c:{field.name}"), quoted(field.name)
        missing = f"{c} IS NULL" if not field.multiple else f"({c} IS NULL OR len({c}) = 0)"
        if field.required or field.required_when:
            when = "" if field.required else f" AND {condition(field.required_when or '')}"
            yield self._problem(field, "required", f"{missing}{when}", "reject", COMPLETENESS,
                                Label("必填", "must be filled in"))  # fmt: skip
        for trouble in self.kinds[field.name].troubles(c, v, at):
            yield self._problem(field, trouble.id, trouble.sql, trouble.severity, trouble.dimension, trouble.message)

    def _problem(self, field: Field, name: str, sql: str, severity: Severity, dimension: str, said: Label) -> Problem:
        message = Label(f"{field.label.zh}:{said.zh}", f"{field.label.en}: {said.en}")
        return Problem(f"{self.type.id}.{field.name}.{name}", (field.name,), severity, dimension, message, sql)

    def _results(self) -> list[str]:
        fields = self.type.fields.values()
        marks = dict(zip(self.marks, self.problems.values(), strict=True))
        bad = either([m for m, p in marks.items() if p.severity == "reject"])
        doubtful = either([m for m, p in marks.items() if p.severity == "warn"])
        open_fields = [f for f in fields if f.protection != "protected"]
        final = condition(self.type.final_review_when) if self.type.final_review_when else "false"
        return [
            f"CAST(CASE WHEN {bad} THEN 2 WHEN {doubtful} THEN 1 ELSE 0 END AS TINYINT) AS verdict",
            f"{self._object(fields)} AS content",
            f"{self._object(f for f in open_fields if f.facet)} AS facets",
            f"{self._key()} AS {quoted('key')}",
            f"CAST({quoted(self.type.time) if self.type.time else 'NULL'} AS TIMESTAMP) AS {quoted('at')}",
            f"{self._terms((f, f.kind or f.name) for f in open_fields if f.search == 'exact')} AS exact",
            f"{self._terms((f, '') for f in open_fields if f.search == 'text')} AS {quoted('text')}",
            f"{self._terms((f, f.name) for f in open_fields if f.facet and f.type in ('code', 'place'))} AS codes",
            f"{self._refs()} AS refs",
            f"coalesce({final}, false) AS final",
        ]

    def _object(self, fields: Iterable[Field]) -> str:
        """Canonical JSON: names in order, empty fields left out."""
        pieces = []
        for field in sorted(fields, key=lambda f: f.name):
            c, v = quoted(f"c:{field.name}"), quoted(field.name)
            name = literal(f',"{field.name}":')
            pieces.append(f"CASE WHEN {v} IS NOT NULL THEN {name} || {self.kinds[field.name].json(c, v)} END")
        return f"'{{' || substr(concat('', {', '.join(pieces)}), 2) || '}}'" if pieces else "'{}'"

    def _key(self) -> str:
        parts = []
        for name in self.type.key:
            index = self.kinds[name].index(quoted(f"c:{name}"), quoted(name))
            parts.append(index if len(self.type.key) == 1 else f"replace({index}, '|', '\\|')")
        return " || '|' || ".join(f"({part})" for part in parts) or "CAST(NULL AS VARCHAR)"

    def _terms(self, named: Iterable[tuple[Field, str]]) -> str:
        """SQL of a list of search terms; `name` stands before each value, unless it is empty."""
        single, lists = [], []
        for field, name in named:
            kind, c, v = self.kinds[field.name], quoted(f"c:{field.name}"), quoted(field.name)
            head = f"{literal(name + UNIT)} || " if name else ""
            if isinstance(kind, Many):
                lists.append(f"list_transform({kind.texts(c, v)}, lambda e: {head}e)")
            else:
                single.append(f"{head}{kind.index(c, v)}")
        return _joined(single, lists, _EMPTY)

    def _refs(self) -> str:
        single, lists = [], []
        for field in self.type.fields.values():
            if field.type != "reference":
                continue
            head = f"'field': {literal(field.name)}, 'to': {literal(field.to or '')}, 'key':"
            if field.multiple:
                lists.append(f"list_transform({quoted(field.name)}, lambda e: {{{head} e}})")
            else:
                single.append(f"CASE WHEN {quoted(field.name)} IS NOT NULL THEN {{{head} {quoted(field.name)}}} END")
        return _joined(single, lists, _NO_REFS)


def condition(says: str) -> str:
    """SQL of a rule's condition; one that cannot be computed counts as unknown."""
    return f"TRY((\n{on_day(says, '_today')}\n))"


def _joined(single: list[str], lists: list[str], empty: str) -> str:
    if single:
        lists = [f"list_filter([{', '.join(single)}], lambda e: e IS NOT NULL)", *lists]
    if not lists:
        return empty
    if len(lists) == 1:
        return f"coalesce({lists[0]}, {empty})"
    return f"list_concat({', '.join(f'coalesce({one}, {empty})' for one in lists)})"


def _tables(field: Field) -> list[str]:
    """Code tables that the checks of a field look into."""
    if field.type in ("code", "place"):
        return [field.table or "divisions"]
    return ["divisions"] if field.kind == "resident_id" else []


_plans: WeakKeyDictionary[RecordType, Plan] = WeakKeyDictionary()


def plan_of(record_type: RecordType) -> Plan:
    """The plan of a type, made once."""
    found = _plans.get(record_type)
    if found is None:
        found = _plans[record_type] = Plan(record_type)
    return found
