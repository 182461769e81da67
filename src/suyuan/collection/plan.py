"""A mapping made fit for one source and one catalog, and run over its rows a chunk at a time."""

from __future__ import annotations

import difflib
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from suyuan.catalog import bounds
from suyuan.catalog.model import Catalog, RecordType
from suyuan.collection import compile as sql
from suyuan.collection.errors import ImportRefused, MappingFault
from suyuan.collection.expressions import literal, quoted, sandbox
from suyuan.collection.mapping import Each, FieldSpec, Mapping, RecordSpec
from suyuan.collection.nested import python_to_json
from suyuan.collection.readers.refusals import BLANK, ROW_PROBLEMS

_SECONDS_PER_CHUNK = 30.0
_WHITE = " \t\n\v\f\r\u00a0\u3000\ufeff"
NOTHING = -1
"""In place of a skip rule: the row holds nothing, or nothing came of it."""

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


class Plan:
    """Compiled mapping. One plan serves one thread."""

    def __init__(self, mapping: Mapping, catalog: Catalog, columns: Sequence[str]) -> None:
        self.mapping, self.catalog, self.columns = mapping, catalog, tuple(columns)
        validate(mapping, catalog, columns)
        used = _source_columns(mapping)
        self._used = [name for name in columns if name in used]
        self.unused = [name for name in columns if name not in used and name not in mapping.drop]
        self.types = [catalog.types[record.type] for record in mapping.records]
        self._con = sandbox()
        self._try()

    def _try(self) -> None:
        """Run over no rows, so that an expression that does not fit its columns is found before any row is."""
        nothing = {name: pa.array([], pa.string()) for name in (*self.columns, "_problem")}
        self._base(pa.table({**nothing, "_row": pa.array([], pa.int64())}))
        for record, record_type in zip(self.mapping.records, self.types, strict=True):
            try:
                self._con.sql(self._select(record, record_type, safe=False)).to_arrow_table()
            except duckdb.Error as exc:
                text = str(exc).splitlines()[0]
                raise MappingFault(
                    record.where, f"表达式与列不合:{text}", f"an expression does not fit: {text}"
                ) from exc

    def run(self, chunk: pa.Table) -> Mapped:
        """Map one chunk: a table of the source's columns with `_row` and `_problem`."""
        with _Limit(self._con):
            bad = self._base(chunk)
            result = Mapped([])
            self._set_aside(result, bad)
            failed: set[int] = set()
            for record, record_type in zip(self.mapping.records, self.types, strict=True):
                rows, failures = self._record(record, record_type)
                result.parts.append((record_type, rows))
                failed |= failures
        if failed:
            result.parts = [(kind, _without(rows, failed)) for kind, rows in result.parts]
            result.faults += [Fault(row, "", "source.expression", None) for row in sorted(failed)]
        return result

    def _base(self, chunk: pa.Table) -> dict[str, str]:
        """Create `base`: the used columns cleaned, with `_skip`, `_problem`; returns bad-list columns."""
        lists = {each.column: each for each in _lists(self.mapping) if each.column}
        arrays: dict[str, Any] = {}
        for position, name in enumerate(self._used):
            column = chunk.column(name)
            literal_list = name in lists and lists[name].format == "python"
            text = python_to_json(self._con, column) if literal_list else column
            arrays[f"c{position}"] = _cells(text, self.mapping.nulls)
        arrays.update(_row=chunk.column("_row"), _problem=chunk.column("_problem"))
        self._con.register("chunk", pa.table(arrays))
        chosen = [f"c{i} AS {quoted(name)}" for i, name in enumerate(self._used)]
        bad = {name: _no_list(quoted(name)) for name, each in lists.items() if each.split is None}
        skips = " ".join(f"WHEN ({skip.when}) THEN {i}" for i, skip in enumerate(self.mapping.skip))
        self._con.execute(
            f"""CREATE OR REPLACE TEMP TABLE base AS
                SELECT *, {f"CASE {skips} END" if skips else "NULL::INT"} AS _skip,
                       {" OR ".join(bad.values()) or "false"} AS _bad
                FROM (SELECT {", ".join([*chosen, "_row", "_problem"])} FROM chunk)"""
        )
        self._con.unregister("chunk")
        return bad

    def _set_aside(self, result: Mapped, bad: dict[str, str]) -> None:
        """Take out rows the reader or a list faults, and rows a skip rule leaves out."""
        blank = []
        for row, problem in self._rows("SELECT _row, _problem FROM base WHERE _problem IS NOT NULL"):
            if problem == BLANK:
                blank.append(row)
            else:
                result.faults.append(Fault(row, "", f"source.{problem}", None))
        for name, condition in bad.items():
            query = f"SELECT _row, left({quoted(name)}, 200) FROM base WHERE _problem IS NULL AND _skip IS NULL AND {condition}"
            result.faults += [Fault(row, name, "source.nested", value) for row, value in self._rows(query)]
        result.skipped = dict(self._rows("SELECT _row, _skip FROM base WHERE _problem IS NULL AND _skip IS NOT NULL"))
        result.skipped.update(dict.fromkeys(blank, NOTHING))
        self._con.execute("DELETE FROM base WHERE _problem IS NOT NULL OR _skip IS NOT NULL OR _bad")

    def _record(self, record: RecordSpec, record_type: RecordType) -> tuple[pa.Table, set[int]]:
        try:
            return self._con.sql(self._select(record, record_type, safe=False)).to_arrow_table(), set()
        except (duckdb.InterruptException, duckdb.OutOfMemoryException):
            raise _too_slow() from None
        except duckdb.Error:
            rows = self._con.sql(self._select(record, record_type, safe=True)).to_arrow_table()
        failed = {row for row, bad in zip(rows["_row"].to_pylist(), rows["_failed"].to_pylist(), strict=True) if bad}
        return rows.drop_columns(["_failed"]), failed

    def _select(self, record: RecordSpec, record_type: RecordType, *, safe: bool) -> str:
        item = record.each.name if record.each else None
        chosen = []
        for name, spec in record.fields.items():
            target = record_type.fields[name]
            text = sql.field_sql(spec, item, target.unit, _lookup(spec, self.catalog), safe=safe)
            chosen.append(f"CAST({text} AS VARCHAR) AS {quoted(name)}")
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

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self._con.execute(query).fetchall()
        return rows


def _cells(column: Any, nulls: Iterable[str]) -> Any:
    """The cells without outer white space, NULL where one stands for nothing; in SQL this took ten times as long."""
    trimmed = pc.utf8_trim(column, characters=_WHITE)
    return pc.if_else(pc.is_in(trimmed, value_set=pa.array(["", *nulls], pa.string())), None, trimmed)


def validate(mapping: Mapping, catalog: Catalog, columns: Sequence[str]) -> None:
    """Check a mapping against the catalog and the source's columns. Raises `MappingFault`."""
    for record in mapping.records:
        _check_record(record, catalog)
    _check_columns(mapping, columns)
    _check_protected(mapping, catalog, columns)


def _check_record(record: RecordSpec, catalog: Catalog) -> None:
    known = catalog.types.get(record.type)
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
            raise MappingFault(spec.where, f"不会把 {spec.unit} 换算为 {unit}", f"cannot convert {spec.unit} to {unit}")


def _close(name: str, known: Iterable[str], lang: str) -> str:
    near = difflib.get_close_matches(name, list(known), 3, 0.5)
    if not near:
        return ""
    return f"是否为:{'、'.join(near)}?" if lang == "zh" else f"Did you mean {', '.join(near)}?"


def _check_columns(mapping: Mapping, columns: Sequence[str]) -> None:
    missing = sorted(_source_columns(mapping) - set(columns))
    if missing:
        shown, have = "、".join(missing[:8]), "、".join(list(columns)[:12])
        raise MappingFault(
            mapping.file, f"来源中没有映射所用的列:{shown};来源的列:{have}",
            f"the source lacks columns the mapping uses: {', '.join(missing[:8])}; it has: {', '.join(list(columns)[:12])}",
            "请核对是否选对了映射和工作表、表头所在行是否正确;重复的表头写作 名称#1。",
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
                f"请在 drop 中列出“{name}”,或只把它对应到受保护字段。",
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


def _without(rows: pa.Table, failed: set[int]) -> pa.Table:
    keep = pa.array([row not in failed for row in rows["_row"].to_pylist()], pa.bool_())
    return rows.filter(keep)


def _too_slow() -> ImportRefused:
    return ImportRefused(
        "collection.mapping_cost", "映射中的表达式耗时或占用内存过多,导入已停止。",
        "An expression of the mapping takes too much time or memory; the import was stopped.",
        "请简化表达式。", "Simplify the expression.",
    )  # fmt: skip


class _Limit:
    """Interrupts the connection when a chunk takes too long."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._timer = threading.Timer(_SECONDS_PER_CHUNK, con.interrupt)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *unused: object) -> None:
        self._timer.cancel()
