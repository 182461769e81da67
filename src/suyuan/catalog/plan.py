"""A record type as SQL: look, clean, judge.

`look` says which columns hold a value that is not yet as it would be stored; `clean` puts one such column right;
`statement` judges rows of clean text, with the days of validity of their codes beside them (`s:F:…`). It is four nested
steps: `read` adds to each cleaned column `c:F` what its kind looks up (`h:F`); `typed` adds a column F as rules see it;
`judged` adds one boolean for each thing that can be wrong; `result` makes content, facets, search terms and the
verdict. `steps` shows them one by one.

The statements are written to run without an optimiser, because planning costs more than judging a single row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from suyuan.catalog import kinds
from suyuan.catalog.expressions import either, literal, on_day, quoted
from suyuan.catalog.kinds.base import COMPLETENESS, Kind
from suyuan.catalog.kinds.many import Many
from suyuan.catalog.model import Field, Label, RecordType, Severity

MARKS = "marks"
"""The column of the result that says what is wrong: one boolean for each of `problems`, in their order; none where nothing is."""
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
    said: str = ""

    @property
    def beside(self) -> Label:
        """What is said where the name of the field stands already; English needs it as the subject."""
        return Label(self.said or self.message.zh, self.message.en)


class Plan:
    """The SQL of a type and the meaning of its columns."""

    def __init__(self, record_type: RecordType) -> None:
        self.type = record_type
        self.kinds: dict[str, Kind] = {
            name: kinds.of(field, record_type.catalog) for name, field in record_type.fields.items()
        }
        for name, kind in self.kinds.items():
            kind.span = f"s:{name}:" if kind.spans else None
        self.problems: dict[str, Problem] = {one.id: one for one in self._problems()}
        self.tables = sorted({t for f in record_type.fields.values() for t in _tables(f)})

    def look(self, source: str, fields: Iterable[str]) -> str:
        """One list: for each of `fields` whether any row of `source` holds text that has to be cleaned."""
        found = []
        for name in fields:
            kind, x = self.kinds[name], quoted(f"c:{name}")
            found.append(f"coalesce(bool_or({x} IS NOT NULL AND NOT ({kind.tidy(x)})), false)")
        return f"SELECT [{', '.join(found)}] FROM {source}"

    def clean(self, name: str, source: str) -> str:
        """The column `x` of `source`, cleaned as this field is."""
        kind = self.kinds[name]
        return f"SELECT CASE WHEN {kind.tidy('x')} THEN x ELSE {kind.clean('x')} END AS x FROM {source}"

    def index(self, name: str, source: str) -> str:
        """The column `x` of `source` in the form by which equal values of this field are found."""
        kind = kinds.single(self.type.fields[name], self.type.catalog)
        read = f"SELECT c, {kind.helper('c') or 'NULL'} AS h FROM (SELECT {kind.clean('x')} AS c FROM {source})"
        return f"SELECT {kind.index('c', 'v')} AS x FROM (SELECT c, {kind.typed('c', 'h')} AS v FROM ({read}))"

    def statement(self, source: str, absent: Iterable[str] = ()) -> str:
        """Judge a table `source` of cleaned text with `_row` and `_today`; rows stay in order.

        Fields that it has no columns for are `absent`: constants, which cost nothing for each row.
        """
        sql = f"(SELECT {', '.join(['*', *self._nothing(absent)])} FROM {source})"
        for _, select in self.steps():
            sql = f"(SELECT {select} FROM {sql})"
        return f"SELECT {', '.join(map(quoted, (*OUTPUT, MARKS)))} FROM {sql}"

    def _nothing(self, absent: Iterable[str]) -> Iterator[str]:
        for name in absent:
            yield f"CAST(NULL AS VARCHAR) AS {quoted(f'c:{name}')}"
            for end in self.ends(name):
                yield f"CAST(NULL AS DATE) AS {quoted(f's:{name}:{end}')}"

    def ends(self, name: str) -> list[str]:
        """Names of the days that are looked up for each code of a field."""
        spans = self.kinds[name].spans
        count = self.type.catalog.codes[spans].spans if spans else 0
        return ["latest", *(f"{end}{span}" for span in range(count) for end in ("first", "last"))] if spans else []

    def typed_only(self, source: str) -> str:
        """The first two steps as a sub-query: the fields as conditions see them."""
        for _, select in self.steps()[:2]:
            source = f"(SELECT {select} FROM {source})"
        return source

    def steps(self) -> list[tuple[str, str]]:
        """Name and select list of each step."""
        helpers = {name: kind.helper(quoted(f"c:{name}")) for name, kind in self.kinds.items()}
        read = [f"{sql} AS {quoted(f'h:{name}')}" for name, sql in helpers.items() if sql]
        typed = [f"{kind.typed(quoted(f'c:{n}'), quoted(f'h:{n}'))} AS {quoted(n)}" for n, kind in self.kinds.items()]
        judged = [f"({p.sql}) AS {m}" for p, m in zip(self.problems.values(), self._marks, strict=True)]
        pieces = [f"{self._piece(field)} AS {quoted(f'j:{name}')}" for name, field in self.type.fields.items()]
        found = [f"{self._index(name)} AS {quoted(f'i:{name}')}" for name in self._indexed()]
        return [
            ("read", ", ".join(["*", *read])),
            ("typed", ", ".join(["*", *typed])),
            ("judged", ", ".join(["*", *judged, *pieces, *found])),
            ("result", ", ".join(["_row", *self._results()])),
        ]

    def _indexed(self) -> list[str]:
        """Fields of one value by which records are found: their keys and exact terms."""
        exact = [name for name, field in self.type.fields.items() if field.search == "exact"]
        return sorted({name for name in (*self.type.key, *exact) if not isinstance(self.kinds[name], Many)})

    def _index(self, name: str) -> str:
        return self.kinds[name].index(quoted(f"c:{name}"), quoted(name))

    @property
    def _marks(self) -> list[str]:
        return [f"p{n}" for n in range(len(self.problems))]

    def _problems(self) -> Iterator[Problem]:
        at = quoted(self.type.time) if self.type.time else None
        if at and self.type.fields[self.type.time or ""].type == "datetime":
            at = f"CAST({at} AS DATE)"
        for field in self.type.fields.values():
            yield from self._of_field(field, at)
        for rule in self.type.rules:
            yield Problem(rule.id, rule.fields, rule.severity, rule.dimension, rule.message, f"NOT {condition(rule.says)}",
                          rule=True)  # fmt: skip

    def _of_field(self, field: Field, at: str | None) -> Iterator[Problem]:
        c, v, h = (quoted(f"{head}{field.name}") for head in ("c:", "", "h:"))
        if field.required or field.required_when:
            when = "" if field.required else f" AND {condition(field.required_when or '')}"
            yield self._problem(field, "required", f"{c} IS NULL{when}", "reject", COMPLETENESS,
                                Label("必填", "must be filled in"))  # fmt: skip
        for trouble in self.kinds[field.name].troubles(c, v, h, at):
            yield self._problem(field, trouble.id, trouble.sql, trouble.severity, trouble.dimension, trouble.message)

    def _problem(self, field: Field, name: str, sql: str, severity: Severity, dimension: str, said: Label) -> Problem:
        message = Label(f"{field.label.zh}：{said.zh}", f"{field.label.en} {said.en}")
        return Problem(f"{self.type.id}.{field.name}.{name}", (field.name,), severity, dimension, message, sql,
                       said=said.zh)  # fmt: skip

    def _results(self) -> list[str]:
        fields = self.type.fields.values()
        marks = dict(zip(self._marks, self.problems.values(), strict=True))
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
            f"CASE WHEN {bad} OR {doubtful} THEN [{', '.join(self._marks)}] END AS {MARKS}",
        ]

    def _piece(self, field: Field) -> str:
        """A field's part of a JSON object; NULL where it is empty."""
        name = literal(f'"{field.name}":')
        return f"{name} || {self.kinds[field.name].json(quoted(f'c:{field.name}'), quoted(field.name))}"

    def _object(self, fields: Iterable[Field]) -> str:
        """Canonical JSON: names in order, empty fields left out."""
        pieces = [quoted(f"j:{field.name}") for field in sorted(fields, key=lambda f: f.name)]
        return f"'{{' || concat_ws(',', {', '.join(pieces)}) || '}}'" if pieces else "'{}'"

    def _key(self) -> str:
        parts = []
        for name in self.type.key:
            index = quoted(f"i:{name}")
            parts.append(index if len(self.type.key) == 1 else f"replace({index}, '|', '\\|')")
        return " || '|' || ".join(f"({part})" for part in parts) or "CAST(NULL AS VARCHAR)"

    def _terms(self, named: Iterable[tuple[Field, str]]) -> str:
        """SQL of a list of search terms, NULL in place of what is empty; `name` stands before each value, unless it is empty."""
        single, lists, indexed = [], [], self._indexed()
        for field, name in named:
            kind, c, v = self.kinds[field.name], quoted(f"c:{field.name}"), quoted(field.name)
            head = f"{literal(name + UNIT)} || " if name else ""
            if isinstance(kind, Many):
                lists.append(f"list_transform({kind.texts(c, v)}, lambda e: {head}e)")
            else:
                single.append(f"{head}{quoted(f'i:{field.name}') if field.name in indexed else kind.index(c, v)}")
        return _joined([f"[{', '.join(single)}]"] if single else [], lists, _EMPTY)

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
        filled = [f"list_filter([{', '.join(single)}], lambda e: e IS NOT NULL)"] if single else []
        return _joined(filled, lists, _NO_REFS)


def condition(says: str) -> str:
    """SQL of a rule's condition; one that cannot be computed counts as unknown."""
    return f"TRY((\n{on_day(says, '_today')}\n))"


def _joined(single: list[str], several: list[str], empty: str) -> str:
    lists = [*single, *several]
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


def plan_of(record_type: RecordType) -> Plan:
    """The plan of a type, made once and kept with it, so that both go together."""
    found: Plan | None = record_type.__dict__.get("_plan")
    if found is None:
        found = record_type.__dict__["_plan"] = Plan(record_type)
    return found
