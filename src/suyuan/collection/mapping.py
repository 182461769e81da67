"""Mappings: how the columns of a source become the fields of record types, written in YAML.

    mapping: sf_inspections
    label: {zh: 旧金山食品场所检查, en: San Francisco inspections}
    legal_basis: 公开数据，仅供演示
    source: {format: csv, encoding: windows-1252, null: [NA], licence: PDDL}
    records:
      - type: inspection
        fields:
          venue: business_id                            # a column
          inspected_on: {column: date, date: "%Y%m%d"}  # a date as the source writes it
          result: {column: score, sql: "CASE WHEN ... END"}
          method: {value: routine}                      # a constant
    skip: [{when: "score = ''", zh: 没有得分, en: no score}]
    drop: [Race]                                        # protected attributes reach nothing

`docs/mappings.md` has every key with an example.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from suyuan.collection import expressions
from suyuan.collection.errors import MappingFault
from suyuan.collection.readers import limits
from suyuan.collection.readers.options import Options
from suyuan.collection.strict import Section, read

SHIPPED = Path(__file__).with_name("mappings")
_TOP = frozenset({"mapping", "label", "legal_basis", "source", "records", "skip", "drop", "note"})
_SOURCE = frozenset({"format", "encoding", "delimiter", "sheet", "header_row", "null", "licence", "columns"})
_RECORD = frozenset({"type", "fields", "each", "when"})
_EACH = frozenset({"column", "columns", "as", "format", "split", "names"})
_SKIP = frozenset({"when", "zh", "en"})
_FIELD = frozenset(
    {"column", "columns", "sql", "value", "date", "datetime", "time", "codes", "lookup", "otherwise", "ignore_case",
     "split", "take", "list", "join", "scale", "offset", "round", "unit", "whole", "match"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """How one field gets its value. Steps run in the order of these attributes; `where` is `file:line`."""

    where: str
    columns: tuple[str, ...] = ()
    sql: str | None = None
    value: str | None = None
    join: str | None = None
    split: str | None = None
    take: str | None = None
    list: str | None = None
    match: str | None = None
    whole: bool = False
    scale: str | None = None
    offset: str | None = None
    unit: str | None = None
    round: int | None = None
    date: tuple[str, ...] = ()
    datetime: tuple[str, ...] = ()
    time: tuple[str, ...] = ()
    codes: tuple[tuple[str, str | None], ...] = ()
    lookup: str | None = None
    ignore_case: bool = False
    otherwise: str | None = None
    has_otherwise: bool = False


@dataclass(frozen=True, slots=True)
class Each:
    """Where child records come from: a list in a cell, a cell split at a mark, or groups of columns."""

    where: str
    name: str
    column: str | None = None
    format: str = "json"
    split: str | None = None
    groups: tuple[tuple[str, ...], ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordSpec:
    """Records of one type made from every source row, or from every item of a list in it."""

    where: str
    type: str
    fields: dict[str, FieldSpec]
    each: Each | None = None
    when: str | None = None


@dataclass(frozen=True, slots=True)
class Skip:
    """Rows left out on purpose, with the reason."""

    when: str
    zh: str
    en: str
    where: str


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping as written. `digest` is the SHA-256 of its text."""

    name: str
    file: str
    text: str
    zh: str
    en: str
    legal_basis: str
    licence: str
    options: Options
    nulls: tuple[str, ...]
    records: tuple[RecordSpec, ...]
    skip: tuple[Skip, ...] = ()
    drop: tuple[str, ...] = ()
    columns: tuple[str, ...] = field(default=())

    @property
    def digest(self) -> str:
        """SHA-256 of the text, in hex."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def chunk(self) -> int:
        """Source rows that go in at a time: about as many records as `BATCH`, reckoning two for a list."""
        return max(1, limits.BATCH // sum(2 if record.each else 1 for record in self.records))


def shipped() -> dict[str, Path]:
    """The mappings that come with the product, by name."""
    return {path.stem: path for path in sorted(SHIPPED.glob("*.yaml"))}


def load(name_or_path: str) -> Mapping:
    """A shipped mapping by name, or one from a file. Raises `MappingFault`."""
    known = shipped()
    path = known.get(name_or_path) or Path(name_or_path)
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        raise MappingFault(
            name_or_path, "找不到映射文件，或不是 UTF-8 文本", "no such mapping, or not UTF-8 text",
            f"可用的内置映射：{'、'.join(known)}。", f"Shipped mappings: {', '.join(known)}.",
        ) from exc  # fmt: skip
    return parse(text, path.name)


@lru_cache(maxsize=64)
def parse(text: str, file: str) -> Mapping:
    """Read a mapping from its text, once for as long as it is in use. Raises `MappingFault` with `file:line`, mend."""
    top = read(text, file)
    _only(top, _TOP)
    source = _section(top, "source", Section(file, top.line))
    _only(source, _SOURCE)
    label = _section(top, "label", Section(file, top.line))
    records = tuple(_record(item, top.where("records")) for item in _list(top, "records", required=True))
    return Mapping(
        name=_text(top, "mapping", file.removesuffix(".yaml")), file=file, text=text,
        zh=_text(label, "zh", file), en=_text(label, "en", file),
        legal_basis=_text(top, "legal_basis", ""), licence=_text(source, "licence", ""),
        options=_options(source), nulls=tuple(str(item) for item in _list(source, "null")),
        records=records, skip=tuple(_skip(item, top.where("skip")) for item in _list(top, "skip")),
        drop=tuple(str(item) for item in _list(top, "drop")),
        columns=tuple(str(item) for item in _list(source, "columns")),
    )  # fmt: skip


def _options(source: Section) -> Options:
    kind = source.get("format")
    if kind not in (None, "csv", "tsv", "jsonl", "xlsx", "xls", "xlsb", "ods"):
        raise _fault(source.where("format"), f"不支持的格式“{kind}”", f"unknown format `{kind}`",
                     "可用：csv、tsv、jsonl、xlsx、ods。", "Use csv, tsv, jsonl, xlsx or ods.")  # fmt: skip
    text_kind = {"csv": "csv", "tsv": "csv", "jsonl": "jsonl"}.get(kind or "")
    delimiter: str | None = source.get("delimiter") or ("\t" if kind == "tsv" else None)
    delimiter = "\t" if delimiter in ("tab", "\\t") else delimiter
    return Options(
        format=text_kind, encoding=source.get("encoding"), delimiter=delimiter,
        sheet=source.get("sheet"), header_row=_integer(source, "header_row"),
    )  # fmt: skip


def _record(item: Any, where: str) -> RecordSpec:
    section = _as_section(item, where, "records")
    _only(section, _RECORD)
    fields = _section(section, "fields")
    kind = _text(section, "type")
    return RecordSpec(
        where=section.where(), type=kind,
        fields={name: _field(name, value, fields) for name, value in fields.items()},
        each=_each(section["each"], section.where("each")) if section.get("each") else None,
        when=_sql(section, "when"),
    )  # fmt: skip


def _field(name: str, value: Any, fields: Section) -> FieldSpec:
    where = fields.where(name)
    if isinstance(value, str):
        return FieldSpec(where, columns=(value,))
    if not isinstance(value, Section):
        raise _fault(
            where, f"字段“{name}”应写列名，或写成一组设置", f"field `{name}` needs a column name or a group of settings"
        )
    _only(value, _FIELD)
    if sum(key in value for key in ("column", "columns", "sql", "value")) != 1 and not (
        "sql" in value and "column" in value
    ):
        raise _fault(where, f"字段“{name}”应恰有 column、columns、sql、value 之一",
                     f"field `{name}` needs exactly one of column, columns, sql, value")  # fmt: skip
    columns = (value["column"],) if value.get("column") else tuple(map(str, _list(value, "columns")))
    codes = _section(value, "codes", Section(fields.file, value.line))
    return FieldSpec(
        where=where, columns=columns, sql=_sql(value, "sql"), value=value.get("value"), join=value.get("join"),
        split=value.get("split"), take=value.get("take"), list=value.get("list"),
        match=_pattern(value), whole=_flag(value, "whole"),
        scale=_number(value, "scale"), offset=_number(value, "offset"), unit=value.get("unit"), round=_integer(value, "round"),
        date=_formats(value, "date"), datetime=_formats(value, "datetime"), time=_formats(value, "time"),
        codes=tuple((key, code) for key, code in codes.items()), lookup=value.get("lookup"),
        ignore_case=_flag(value, "ignore_case"), otherwise=value.get("otherwise"), has_otherwise="otherwise" in value,
    )  # fmt: skip


def _each(item: Any, where: str) -> Each:
    section = _as_section(item, where, "each")
    _only(section, _EACH)
    groups = tuple(tuple(map(str, group)) for group in _list(section, "columns") if isinstance(group, list))
    if bool(section.get("column")) == bool(groups):
        raise _fault(
            section.where(), "each 应恰有 column 或 columns 之一", "`each` needs exactly one of column and columns"
        )
    kind = section.get("format") or "json"
    if kind not in ("json", "python"):
        raise _fault(
            section.where("format"), "each 的 format 只能是 json 或 python", "`format` of `each` is json or python"
        )
    names = tuple(map(str, _list(section, "names")))
    if groups and any(len(group) != len(names) for group in groups):
        raise _fault(
            section.where("columns"), "各组列数应与 names 相同", "every group needs as many columns as there are names"
        )
    return Each(section.where(), _text(section, "as"), section.get("column"), kind, section.get("split"), groups, names)


def _skip(item: Any, where: str) -> Skip:
    section = _as_section(item, where, "skip")
    _only(section, _SKIP)
    when = _sql(section, "when")
    if when is None:
        raise _fault(section.where(), "skip 需要 when", "`skip` needs `when`")
    return Skip(when, _text(section, "zh"), _text(section, "en"), section.where("when"))


def _sql(section: Section, name: str) -> str | None:
    text = section.get(name)
    if text is None:
        return None
    try:
        expressions.columns_of(text)
    except expressions.Unsafe as exc:
        raise _fault(section.where(name), exc.zh, str(exc), "映射中只能写对列的标量表达式。",
                     "A mapping may hold scalar expressions over columns only.") from exc  # fmt: skip
    return str(text)


def _pattern(section: Section) -> str | None:
    text = section.get("match")
    if text is not None and "(" not in text:
        raise _fault(section.where("match"), "match 需要一个括号组", "`match` needs a group in parentheses")
    return text


def _formats(section: Section, name: str) -> tuple[str, ...]:
    value = section.get(name)
    formats = [value] if isinstance(value, str) else _list(section, name)
    if len(formats) > limits.FORMATS:
        raise _fault(section.where(name), f"日期格式超过 {limits.FORMATS} 种", f"more than {limits.FORMATS} formats",
                     "请只留来源中出现的格式。", "Keep those that the source has.")  # fmt: skip
    for one in formats:
        if "%" not in str(one):
            raise _fault(section.where(name), f"日期格式“{one}”中没有 %", f"the format `{one}` has no %",
                         "例如 %Y-%m-%d。", "For example %Y-%m-%d.")  # fmt: skip
    return tuple(map(str, formats))


def _number(section: Section, name: str) -> str | None:
    value = section.get(name)
    if value is None:
        return None
    try:
        float(value)
    except (TypeError, ValueError) as exc:
        raise _fault(section.where(name), f"{name} 应为数字", f"`{name}` must be a number") from exc
    return str(value)


def _integer(section: Section, name: str) -> int | None:
    value = section.get(name)
    if value is None:
        return None
    if not (isinstance(value, str) and value.isdecimal()):
        raise _fault(section.where(name), f"{name} 应为整数", f"`{name}` must be a whole number")
    return int(value)


def _flag(section: Section, name: str) -> bool:
    value = section.get(name, "false")
    if value not in ("true", "false"):
        raise _fault(section.where(name), f"{name} 应为 true 或 false", f"`{name}` must be true or false")
    return bool(value == "true")


def _text(section: Section, name: str, default: str | None = None) -> str:
    value = section.get(name, default)
    if not isinstance(value, str):
        raise _fault(section.where(name), f"缺少“{name}”", f"`{name}` is missing", "请补上该项。", "Add it.")
    return value


def _section(section: Section, name: str, default: Section | None = None) -> Section:
    value = section.get(name, default)
    if not isinstance(value, Section):
        raise _fault(section.where(name), f"“{name}”应为一组设置", f"`{name}` must be a group of settings")
    return value


def _as_section(item: Any, where: str, name: str) -> Section:
    if not isinstance(item, Section):
        raise _fault(where, f"“{name}”的每一项应为一组设置", f"each item of `{name}` must be a group of settings")
    return item


def _list(section: Section, name: str, *, required: bool = False) -> list[Any]:
    value = section.get(name)
    if value is None and not required:
        return []
    if not isinstance(value, list) or (required and not value):
        raise _fault(
            section.where(name),
            f"“{name}”应为列表",
            f"`{name}` must be a list",
            "每项以 - 开头。",
            "Start items with -.",
        )
    return value


def _only(section: Section, allowed: frozenset[str]) -> None:
    for name in section:
        if name not in allowed:
            raise _fault(section.where(name), f"未知的设置项“{name}”", f"unknown setting `{name}`",
                         f"可用：{'、'.join(sorted(allowed))}。", f"Known here: {', '.join(sorted(allowed))}.")  # fmt: skip


def _fault(where: str, zh: str, en: str, mend_zh: str = "", mend_en: str = "") -> MappingFault:
    return MappingFault(where, zh, en, mend_zh, mend_en)
