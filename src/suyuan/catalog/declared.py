"""What a record type's YAML may say: the keys, and how each is read. Cross-checks between types are in `loader`."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import get_args

from suyuan.catalog.model import DIVISIONS, Field, FieldType, Group, Label, Place, Protection, Retention, Rule, Search
from suyuan.catalog.yamlfile import Node, Report, Section

NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
DURATION = re.compile(r"P(?:[0-9]+[YMWD])+")
DOMAINS = ("case", "population", "order", "traffic")
DIMENSIONS = ("规范性", "完整性", "准确性", "一致性", "时效性", "可访问性")
ABOUT = ("person", "thing", "place", "event", "organisation")
"""What the records of an agency's own type are about; it must be said."""
KINDS = ("resident_id", "uscc", "plate", "vin", "phone", "passport", "case_no", "driving_licence")
TYPE_KEYS = (
    "label", "domain", "clause", "person", "about", "purpose", "basis", "title", "key", "time", "level", "tracking", "retention",
    "final_review_when", "groups", "fields", "rules",
)  # fmt: skip
ADDED_KEYS = ("groups", "fields", "rules")
"""What an overlay may add to a type that exists."""
FIELD_KEYS = (
    "type", "label", "required", "required_when", "table", "kind", "to", "protection", "facet", "search", "multiple",
    "partial", "unit", "min", "max", "max_length", "pattern", "max_age", "note", "standard", "example",
    "purpose", "basis", "retention",
)  # fmt: skip
RULE_KEYS = ("id", "says", "fields", "message", "severity", "dimension", "source")
_ONLY_FOR: dict[str, tuple[str, ...]] = {
    "table": ("code", "place"), "kind": ("identifier",), "to": ("reference",), "partial": ("date",),
    "min": ("integer", "decimal", "date", "datetime"), "max": ("integer", "decimal", "date", "datetime"),
    "max_length": ("text",), "pattern": ("text",), "unit": ("integer", "decimal", "text"),
    "multiple": ("text", "code", "identifier", "place", "reference"),
}  # fmt: skip
"""Keys that mean something for some types of field only."""
_NEEDED = {"code": "table", "identifier": "kind", "reference": "to"}


@dataclass(slots=True)
class Draft:
    """A type as its files say it, before types are looked at together.

    `own`: an overlay's type; `added`: the fields that an overlay adds to a type that was there.
    """

    id: str
    place: Place
    section: Section
    fields: dict[str, Field] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    retention: Retention | None = None
    own: bool = False
    added: set[str] = field(default_factory=set)


def read_draft(type_id: str, node: Node, report: Report, *, own: bool = False) -> Draft:
    """Read the file of a whole type."""
    if not NAME.fullmatch(type_id):
        _bad_name(type_id, node.place, report)
    section = Section(node, f"类型“{type_id}”", TYPE_KEYS, report)
    draft = Draft(type_id, node.place, section, own=own, retention=read_retention(section, report))
    if section.get("about"):
        section.choice("about", ABOUT)
    for name in ("label", "fields", "groups", "domain"):
        section.need(name) if name != "label" else None
    add_parts(draft, section, report)
    return draft


def add_parts(draft: Draft, section: Section, report: Report) -> None:
    """Read fields, groups and rules of a section into a draft; of its own file or of an overlay."""
    for name, node in _mapping(section, "fields", report).items():
        if name in draft.fields:
            report.add(node.place, "twice", f"字段“{name}”已在 {draft.fields[name].place} 声明，不能改写",
                       f"the field `{name}` is declared at {draft.fields[name].place} and cannot be changed",
                       "请换一个名称。", "Choose another name.")  # fmt: skip
        elif found := read_field(name, node, report):
            draft.fields[name] = found
            if section is not draft.section:
                draft.added.add(name)
    draft.groups += [one for node in _list(section, "groups", report) if (one := _group(node, report))]
    draft.rules += [rule for node in _list(section, "rules", report) if (rule := _rule(node, report))]


def read_field(name: str, node: Node, report: Report) -> Field | None:
    """Read one field; None where it says too little to be one."""
    if not NAME.fullmatch(name):
        _bad_name(name, node.place, report)
    section = Section(node, f"字段“{name}”", FIELD_KEYS, report)
    if node.items is None:
        return None
    kind = section.choice("type", get_args(FieldType))
    label = section.label("label")
    if kind is None or label is None:
        return None
    _fit(section, kind, report)
    return Field(
        name=name, type=kind, label=label, place=node.place,  # type: ignore[arg-type]  # choice() has checked the word
        required=section.flag("required"), required_when=section.text("required_when"),
        table=section.text("table") or (DIVISIONS if kind == "place" else None),
        kind=section.choice("kind", KINDS, default="") or None, to=section.text("to"),
        protection=section.choice("protection", get_args(Protection), "none"),  # type: ignore[arg-type]  # the same
        facet=section.flag("facet"), search=section.choice("search", get_args(Search), "none"),  # type: ignore[arg-type]  # the same
        multiple=section.flag("multiple"), partial=section.flag("partial"), unit=section.text("unit"),
        min=_limit(section, "min", kind), max=_limit(section, "max", kind), max_length=section.number("max_length"),
        pattern=_pattern(section), max_age=_duration(section, "max_age"), note=section.label("note", need=False),
        standard=section.text("standard"), example=section.text("example"),
        purpose=section.text("purpose"), basis=section.text("basis"), retention=read_retention(section, report),
    )  # fmt: skip


def _fit(section: Section, kind: str, report: Report) -> None:
    """Keys that this type of field does not know, and the one it needs."""
    for key, kinds in _ONLY_FOR.items():
        node = section.get(key)
        if node is not None and kind not in kinds and node.text != "false":
            report.add(node.place, "misplaced", f"{kind} 字段不能有“{key}”", f"a {kind} field has no `{key}`",
                       f"“{key}”只用于 {'、'.join(kinds)} 字段。", f"`{key}` is for {', '.join(kinds)} fields.")  # fmt: skip
    if kind in _NEEDED:
        section.need(_NEEDED[kind])


def _limit(section: Section, name: str, kind: str) -> str | None:
    said = section.text(name)
    if said is None or kind not in _ONLY_FOR["min"]:
        return None
    read: Callable[[str], object] = dt.date.fromisoformat if kind in ("date", "datetime") else float
    try:
        read(said)
    except ValueError:
        wanted = ("日期，如 2000-01-01", "a date such as 2000-01-01") if "date" in kind else ("数字", "a number")
        section.report.add(
            section.place(name),
            "limit",
            f"“{name}”应为{wanted[0]}",
            f"`{name}` must be {wanted[1]}",
            "请改成这样的值。",
            "Write such a value.",
        )
        return None
    return said


def _pattern(section: Section) -> str | None:
    said = section.text("pattern")
    if said is None:
        return None
    try:
        re.compile(said)
    except re.error as exc:
        section.report.add(
            section.place("pattern"),
            "pattern",
            f"正则表达式有误：{exc}",
            f"no regular expression: {exc}",
            "请检查括号和反斜杠；正则表达式要加引号。",
            "Look at brackets and backslashes; put the expression in quotes.",
        )
        return None
    return said


def _duration(section: Section, name: str) -> str | None:
    said = section.text(name)
    if said is not None and not DURATION.fullmatch(said):
        section.report.add(section.place(name), "duration", f"“{name}”应为时长，如 P1Y、P6M、P30D",
                           f"`{name}` must be a duration such as P1Y, P6M or P30D",
                           "请写成 P1Y、P6M 或 P30D 这样的时长。", "Write a duration such as P1Y, P6M or P30D.")  # fmt: skip
        return None
    return said


def _group(node: Node, report: Report) -> Group | None:
    section = Section(node, "分组", ("id", "label", "fields"), report)
    name, label = section.text("id", need=True), section.label("label")
    fields = section.words("fields", need=True)
    return Group(name, label, tuple(word for word, _ in fields)) if name and label else None


def _rule(node: Node, report: Report) -> Rule | None:
    section = Section(node, "规则", RULE_KEYS, report)
    name, says, message = section.text("id", need=True), section.text("says", need=True), section.label("message")
    fields = section.words("fields", need=True)
    severity, dimension = section.choice("severity", ("reject", "warn")), section.choice("dimension", DIMENSIONS)
    if not (name and says and message and fields and severity and dimension):
        return None
    return Rule(name, says, tuple(word for word, _ in fields), message, severity, dimension,  # type: ignore[arg-type]  # choice() has checked the word
                section.text("source"), node.place)  # fmt: skip


def read_retention(section: Section, report: Report) -> Retention | None:
    """How long records are kept."""
    node = section.get("retention")
    if node is None:
        return None
    inner = Section(node, "retention", ("years", "source"), report)
    years, source = inner.number("years", need=True), inner.text("source", need=True)
    return Retention(years, source) if years is not None and source else None


def read_cycle(section: Section, report: Report) -> str | None:
    """How often records are looked at again."""
    node = section.get("tracking")
    return _duration(Section(node, "tracking", ("cycle",), report), "cycle") if node else None


def words(pairs: Iterable[tuple[str, Place]]) -> tuple[str, ...]:
    """The words without their places."""
    return tuple(word for word, _ in pairs)


def _mapping(section: Section, name: str, report: Report) -> dict[str, Node]:
    node = section.get(name)
    if node is not None and node.items is None:
        report.add(
            node.place,
            "shape",
            f"“{name}”应为一组“name: value”",
            f"`{name}` must be a mapping",
            "请写成缩进的“name: value”。",
            "Write indented lines of `name: value`.",
        )
    return (node.items or {}) if node else {}


def _list(section: Section, name: str, report: Report) -> tuple[Node, ...]:
    node = section.get(name)
    if node is not None and node.values is None:
        report.add(
            node.place,
            "shape",
            f"“{name}”应为列表",
            f"`{name}` must be a list",
            "每一项另起一行，以“- ”开头。",
            "Give each entry a line that begins with `- `.",
        )
    return (node.values or ()) if node else ()


def _bad_name(name: str, place: Place, report: Report) -> None:
    report.add(place, "name", f"“{name}”不能用作名称", f"`{name}` cannot be a name",
               "名称由小写字母、数字和下划线组成，如 occurred_on。",
               "Names are small letters, digits and underscores, such as occurred_on.")  # fmt: skip


__all__ = ["Draft", "Label", "add_parts", "read_cycle", "read_draft", "read_field", "read_retention", "words"]
