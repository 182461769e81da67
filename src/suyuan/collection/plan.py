"""A mapping made fit for one source and one catalog, and run over its rows a chunk at a time."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pyarrow as pa

from suyuan.catalog import bounds
from suyuan.catalog.model import Catalog, RecordType
from suyuan.collection import compile as sql
from suyuan.collection.errors import MappingFault
from suyuan.collection.expressions import literal, quoted
from suyuan.collection.limited import Closing
from suyuan.collection.mapper import Mapper, Unfit
from suyuan.collection.mapper_child import NOTHING
from suyuan.collection.mapping import Each, FieldSpec, Mapping, RecordSpec
from suyuan.collection.readers import limits
from suyuan.collection.readers.refusals import ROW_PROBLEMS

SOURCE_RULES: dict[str, tuple[str, str]] = {
    **{f"source.{name}": texts for name, texts in ROW_PROBLEMS.items()},
    "source.nested": ("单元格中的列表无法解析", "The list in the cell cannot be read"),
    "source.expression": ("映射中的表达式无法处理该行的值", "An expression of the mapping fails on this row's values"),
}


class Fault(NamedTuple):
    """Something wrong with a source row before any type was involved. `rule` is a key of `SOURCE_RULES`."""

    row: int
    field: str
    rule: str
    value: str | None


@dataclass(slots=True)
class Mapped:
    """A chunk after mapping: rows of each type, rows left out with the index of their skip rule, faults."""

    parts: list[tuple[RecordType, pa.Table]]
    skipped: dict[int, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


class Plan(Closing):
    """Compiled mapping, and the process that runs it. Use as a context manager; one plan serves one thread."""

    def __init__(self, mapping: Mapping, catalog: Catalog, columns: Sequence[str]) -> None:
        self.mapping, self.catalog, self.columns = mapping, catalog, tuple(columns)
        validate(mapping, catalog, columns)
        used = _source_columns(mapping)
        self._used = [name for name in columns if name in used]
        self.unused = [name for name in columns if name not in used and name not in mapping.drop]
        self.types = [catalog.types[record.type] for record in mapping.records]
        job = self._job()
        try:
            self._mapper = Mapper(job)
        except Unfit as exc:
            raise self._unfit(exc) from exc

    def run(self, chunk: pa.Table) -> Mapped:
        """Map one chunk: a table of the source's columns with `_row` and `_problem`."""
        sent = chunk.select([*self._used, "_row", "_problem"])
        names = [f"c{position}" for position in range(len(self._used))]
        try:
            skipped, faults, *parts = self._mapper.run(sent.rename_columns([*names, "_row", "_problem"]))
        except Unfit as exc:
            raise self._unfit(exc) from exc
        return Mapped(
            list(zip(self.types, parts, strict=True)),
            dict(zip(skipped["row"].to_pylist(), skipped["skip"].to_pylist(), strict=True)),
            [Fault(**one) for one in faults.to_pylist()],
        )

    def close(self) -> None:
        """End the process."""
        self._mapper.close()

    def _unfit(self, exc: Unfit) -> MappingFault:
        where = self.mapping.file if exc.part is None else self.mapping.records[exc.part].where
        return MappingFault(
            where, f"表达式与列不合：{exc}", f"an expression does not fit: {exc}",
            "请对照来源的列改正表达式。", "Mend the expression so that it fits the source's columns.",
        )  # fmt: skip

    def _job(self) -> dict[str, Any]:
        """The mapping as SQL, for `mapper_child`. Raises `MappingFault` where it comes to too much."""
        lists = {each.column: each for each in _lists(self.mapping) if each.column}
        bad = {name: _no_list(quoted(name)) for name, each in lists.items() if each.split is None}
        parts, left = [], limits.STATEMENTS
        for record, record_type in zip(self.mapping.records, self.types, strict=True):
            part = {
                "plain": self._select(record, record_type, left, safe=False),
                "safe": self._select(record, record_type, left, safe=True),
            }
            left -= sum(map(len, part.values()))
            parts.append(part)
        return {
            "used": self._used, "nulls": list(self.mapping.nulls), "base": self._base(bad), "parts": parts,
            "literals": [name for name, each in lists.items() if each.format == "python"],
            "bad": [
                (name, f"SELECT _row, left({quoted(name)}, 200) FROM base "
                       f"WHERE _problem IS NULL AND _skip IS NULL AND {condition}")
                for name, condition in bad.items()
            ],
        }  # fmt: skip

    def _base(self, bad: dict[str, str]) -> str:
        """SQL that creates `base`: the used columns by their names, with `_skip`, `_problem` and `_bad`."""
        chosen = [f"c{i} AS {quoted(name)}" for i, name in enumerate(self._used)]
        skips = " ".join(f"WHEN ({skip.when}) THEN {i}" for i, skip in enumerate(self.mapping.skip))
        return f"""CREATE OR REPLACE TEMP TABLE base AS
                   SELECT *, {f"CASE {skips} END" if skips else "NULL::INT"} AS _skip,
                          {" OR ".join(bad.values()) or "false"} AS _bad
                   FROM (SELECT {", ".join([*chosen, "_row", "_problem"])} FROM chunk)"""

    def _select(self, record: RecordSpec, record_type: RecordType, left: int, *, safe: bool) -> str:
        item = record.each.name if record.each else None
        chosen = []
        for name, spec in record.fields.items():
            target = record_type.fields[name]
            text = sql.field_sql(spec, item, target.unit, _lookup(spec, self.catalog), safe=safe)
            chosen.append(f"CAST({text} AS VARCHAR) AS {quoted(name)}")
            left -= len(chosen[-1])
            if left < 0:
                raise _too_much(spec.where)
        if safe:
            chosen.append(f"{_failed(record, item)} AS _failed")
        when = f"WHERE {f'TRY({record.when})' if safe else f'({record.when})'}" if record.when else ""
        return (
            f"SELECT _row, {', '.join(chosen)} FROM {self._items(record)} {when} ORDER BY _row{', _n' if item else ''}"
        )

    def _items(self, record: RecordSpec) -> str:
        each = record.each
        if each is None:
            return "base"
        names = sql.record_columns(record)
        fields = sorted(name.removeprefix(f"{each.name}.") for name in names if name.startswith(f"{each.name}."))
        fields = [name for name in fields if name != "#"]
        listed = _list_sql(each, fields)
        item = quoted(each.name)
        return f"""(SELECT * EXCLUDE (_list), unnest(_list) AS {item}, unnest(range(1, len(_list) + 1)) AS _n
                    FROM (SELECT *, {listed} AS _list FROM base))"""


def _too_much(where: str) -> MappingFault:
    return MappingFault(
        where, "映射过大，无法执行", "the mapping comes to too much SQL",
        "请减少格式、代码和字段，或拆成几个映射。", "Use fewer formats, codes and fields, or make several mappings of it.",
    )  # fmt: skip


def validate(mapping: Mapping, catalog: Catalog, columns: Sequence[str]) -> None:
    """Check a mapping against the catalog and the source's columns. Raises `MappingFault`."""
    for record in mapping.records:
        _check_record(record, catalog)
    _check_columns(mapping, columns)
    _check_protected(mapping, catalog, columns)


def _check_record(record: RecordSpec, catalog: Catalog) -> None:
    known = catalog.types.get(record.type)
    for name in ("", *record.fields) if known is None or not set(record.fields) <= set(known.fields) else ():
        if catalog.held(record.type, name) and not (known and name in known.fields):
            raise _held(record, name)
    if known is None:
        raise MappingFault(record.where, f"没有名为“{record.type}”的记录类型", f"no record type `{record.type}`",
                           _close(record.type, catalog.types, "zh"), _close(record.type, catalog.types, "en"))  # fmt: skip
    for name, spec in record.fields.items():
        if name not in known.fields:
            raise MappingFault(spec.where, f"“{record.type}”没有字段“{name}”", f"`{record.type}` has no field `{name}`",
                               _close(name, known.fields, "zh"), _close(name, known.fields, "en"))  # fmt: skip
        if spec.lookup and spec.lookup not in catalog.codes:
            raise MappingFault(spec.where, f"没有代码表“{spec.lookup}”", f"no code table `{spec.lookup}`")
        unit = known.fields[name].unit
        if spec.unit and unit and spec.unit != unit and (spec.unit, unit) not in sql.UNITS:
            raise MappingFault(
                spec.where, f"不支持将 {spec.unit} 换算为 {unit}", f"cannot convert {spec.unit} to {unit}"
            )


def _held(record: RecordSpec, name: str) -> MappingFault:
    subject = f"{record.type}.{name}" if name else record.type
    return MappingFault(
        record.fields[name].where if name else record.where, f"“{subject}”在隔离中，不能导入",
        f"`{subject}` lies in quarantine and takes nothing in",
        "请安全管理员提请放行，由另一人批准后重新启动。", "Let a security administrator propose its clearing and another approve it; then start again.",
    )  # fmt: skip


def _close(name: str, known: Iterable[str], lang: str) -> str:
    near = difflib.get_close_matches(name, list(known), 3, 0.5)
    if not near:
        return ""
    return f"是否为：{'、'.join(near)}？" if lang == "zh" else f"Did you mean {', '.join(near)}?"


def _check_columns(mapping: Mapping, columns: Sequence[str]) -> None:
    missing = sorted(_source_columns(mapping) - set(columns))
    if missing:
        shown, have = "、".join(missing[:8]), "、".join(list(columns)[:12])
        raise MappingFault(
            mapping.file, f"来源中没有映射所用的列：{shown}；来源的列：{have}",
            f"the source lacks columns the mapping uses: {', '.join(missing[:8])}; it has: {', '.join(list(columns)[:12])}",
            "请核对是否选对了映射和工作表、表头所在行是否正确；重复的表头写作 名称#1。",
            "Check that mapping and sheet are the right ones and where the header is; a repeated header is written name#1.",
        )  # fmt: skip


def _check_protected(mapping: Mapping, catalog: Catalog, columns: Sequence[str]) -> None:
    """A column named after a protected attribute is dropped in so many words or feeds protected fields only."""
    for name in columns:
        if (
            name not in mapping.drop
            and bounds.protected_name(name)
            and not _feeds_protected_only(mapping, catalog, name)
        ):
            raise MappingFault(
                mapping.file, f"来源的列“{name}”是受保护属性", f"the source column `{name}` is a protected attribute",
                f"请在 drop 中列出“{name}”，或只把它对应到受保护字段。",
                f"List `{name}` under drop, or map it to protected fields only.",
            )  # fmt: skip
    for record in mapping.records:
        for name, spec in record.fields.items():
            protected = catalog.types[record.type].fields[name].protection == "protected"
            for column in sql.columns_used(spec):
                last = column.rsplit(".", 1)[-1]
                if not protected and (column in mapping.drop or bounds.protected_name(last)):
                    raise MappingFault(spec.where, f"受保护属性“{column}”不能进入字段“{name}”",
                                       f"the protected attribute `{column}` may not reach field `{name}`")  # fmt: skip
    for place, expression in _conditions(mapping):
        for column in sql.names_in(expression):
            if column in mapping.drop or bounds.protected_name(column.rsplit(".", 1)[-1]):
                raise MappingFault(
                    place,
                    f"条件中不能使用受保护属性“{column}”",
                    f"a condition may not use the protected attribute `{column}`",
                )


def _conditions(mapping: Mapping) -> Iterator[tuple[str, str]]:
    yield from ((record.where, record.when) for record in mapping.records if record.when)
    yield from ((skip.where, skip.when) for skip in mapping.skip)


def _feeds_protected_only(mapping: Mapping, catalog: Catalog, column: str) -> bool:
    fed = [
        catalog.types[record.type].fields[name].protection == "protected"
        for record in mapping.records
        for name, spec in record.fields.items()
        if column in sql.columns_used(spec)
    ]
    return bool(fed) and all(fed)


def _source_columns(mapping: Mapping) -> set[str]:
    """All columns of the source that the mapping uses."""
    used: set[str] = set()
    for record in mapping.records:
        names = sql.record_columns(record)
        if record.each:
            item = record.each.name
            names = {name for name in names if name != item and not name.startswith(f"{item}.")}
            names |= (
                {record.each.column} if record.each.column else {name for group in record.each.groups for name in group}
            )
        used |= names
    for skip in mapping.skip:
        used |= sql.names_in(skip.when)
    return used


def _lists(mapping: Mapping) -> list[Each]:
    return [record.each for record in mapping.records if record.each]


def _list_sql(each: Each, fields: Sequence[str]) -> str:
    """SQL of the list of items of a row: of text, or of structs with `fields`."""
    if each.groups:
        groups = [
            ", ".join(f"{quoted(name)} := {quoted(column)}" for name, column in zip(each.names, group, strict=True))
            for group in each.groups
        ]
        filled = " OR ".join(f"x.{quoted(name)} IS NOT NULL" for name in each.names)
        return f"list_filter([{', '.join(f'struct_pack({group})' for group in groups)}], lambda x: {filled})"
    column = quoted(each.column or "")
    if each.split is not None:
        return f"list_filter(list_transform(str_split({column}, {literal(each.split)}), lambda x: trim(x)), lambda x: x <> '')"
    inner = "{" + ",".join(f'"{name}":"VARCHAR"' for name in fields) + "}" if fields else '"VARCHAR"'
    return f"from_json({column}, {literal(f'[{inner}]')})"


def _no_list(column: str) -> str:
    """SQL: the cell holds something that is not a JSON list."""
    return f"(CASE WHEN {column} IS NULL THEN false WHEN json_valid({column}) THEN json_type({column}) <> 'ARRAY' ELSE true END)"


def _lookup(spec: FieldSpec, catalog: Catalog) -> dict[str, str]:
    """Names to codes of a code table."""
    if not spec.lookup:
        return {}
    return {entry.name: entry.code for entry in catalog.codes[spec.lookup].entries()}


def _failed(record: RecordSpec, item: str | None) -> str:
    """SQL: an expression gave nothing although its columns hold something."""
    tests = []
    for spec in record.fields.values():
        if spec.sql:
            given = [f"{sql.reference(name, item)} IS NOT NULL" for name in sql.names_in(spec.sql)]
            tests.append(f"(TRY({spec.sql}) IS NULL AND ({' OR '.join(given) or 'true'}))")
    return " OR ".join(tests) or "true"


__all__ = ["NOTHING", "SOURCE_RULES", "Fault", "Mapped", "Plan", "validate"]
