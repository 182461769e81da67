"""What an agency adds about persons lies in quarantine until two persons cleared it, whatever it is called.

A name can always be disguised, so the default is the bound: a field that an overlay adds to a type about persons, and a
type about persons that it adds, is not loaded until its declaration was cleared (`access.clearings`). The declaration says
what it is for, by which article, and how long it is kept; a changed one has another digest and is in quarantine again.
Words only decide what nobody can clear: grades, indexes and scores of a person, and protected attributes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from suyuan import formats
from suyuan.catalog import bounds
from suyuan.catalog.codes import Codes
from suyuan.catalog.declared import Draft
from suyuan.catalog.expressions import Refused, columns_of
from suyuan.catalog.model import Field, Group, Label, Quarantined
from suyuan.catalog.release import plain
from suyuan.catalog.yamlfile import Report

ARTICLE = re.compile(r"第[〇零一二三四五六七八九十百千0-9]+条|\b[Aa]rt(?:icle)?s?\.? ?[0-9]+")
"""A legal basis names the article."""
PERSONS = Label("人员信息", "something about persons")
_TRUE = ("true", "yes")
_WANTED = (
    ("purpose", "用途"),
    ("basis", "依据（须写明条款）"),
    ("retention", "保存期限"),
    ("about", "关于什么（about）"),
)
"""What a declaration must say, and the word for it."""


def names_persons(draft: Draft, drafts: Mapping[str, Draft]) -> bool:
    """Whether its records are about particular persons: declared so, or naming one by number, name or reference."""
    return _declared(draft) or any(
        one.kind in bounds.PERSONAL
        or "姓名" in one.label.zh
        or bool(one.to and one.to in drafts and _declared(drafts[one.to]))
        for one in draft.fields.values()
    )


def about_persons(draft: Draft, drafts: Mapping[str, Draft]) -> bool:
    """Whether its records say anything of a person, whatever the type says of itself."""
    undeclared = draft.own and not _word(draft, "about")
    return undeclared or names_persons(draft, drafts) or any(one.protection != "none" for one in draft.fields.values())


def _declared(draft: Draft) -> bool:
    return (
        _word(draft, "person") in _TRUE or _word(draft, "about") == "person" or _word(draft, "domain") == "population"
    )


def _word(draft: Draft, key: str) -> str:
    node = draft.section.get(key)
    return (node.text or "").strip().lower() if node else ""


def added(drafts: Mapping[str, Draft]) -> Iterator[tuple[Draft, Field]]:
    """Every field that comes from an overlay, with its type."""
    for draft in drafts.values():
        for name, field in draft.fields.items():
            if draft.own or name in draft.added:
                yield draft, field


def quarantined(drafts: Mapping[str, Draft], codes: Codes, own: Collection[str]) -> list[Quarantined]:
    """What needs clearing: each type about persons, each field on one. `own` are the overlay's code tables."""
    found = []
    for draft in drafts.values():
        if not about_persons(draft, drafts):
            continue
        if draft.own:
            found.append(_of_type(draft, codes, own))
        else:
            found += [_of_field(draft, draft.fields[name], codes, own) for name in draft.fields if name in draft.added]
    return found


def _of_type(draft: Draft, codes: Codes, own: Collection[str]) -> Quarantined:
    section = draft.section
    said = {"purpose": _text(section, "purpose"), "basis": _text(section, "basis"), "retention": draft.retention}
    declared = {
        "head": {key: _plain(node) for key, node in sorted((section.node.items or {}).items()) if key not in _PARTS},
        "groups": [plain(one) for one in draft.groups], "rules": [plain(one) for one in draft.rules],
        "fields": {name: plain(one) for name, one in draft.fields.items()},
    }  # fmt: skip
    lacks = [*_lacking(said), *([] if _word(draft, "about") else ["about"])]
    return _item(draft, "", said, declared, _tables(draft.fields.values(), codes, own), lacks)


_PARTS = ("groups", "fields", "rules")


def _of_field(draft: Draft, field: Field, codes: Codes, own: Collection[str]) -> Quarantined:
    said = {"purpose": field.purpose, "basis": field.basis, "retention": field.retention}
    return _item(draft, field.name, said, plain(field), _tables([field], codes, own), _lacking(said))


def _item(
    draft: Draft, field: str, said: dict[str, Any], declared: Any, tables: dict[str, Any], lacks: list[str]
) -> Quarantined:
    subject = f"{draft.id}.{field}" if field else draft.id
    data = {
        "subject": subject,
        **{key: plain(value) for key, value in said.items()},
        "declared": declared,
        "codes": tables,
    }
    text = formats.DECLARATION.to_bytes(data).decode()
    place = draft.fields[field].place if field else draft.place
    return Quarantined(
        draft.id, field, subject, PERSONS, place, text, formats.fingerprint(text.encode()).hex(), tuple(lacks)
    )


def _lacking(said: Mapping[str, Any]) -> list[str]:
    """Which of purpose, basis with its article, and retention are not stated."""
    lacks = [key for key in ("purpose", "basis", "retention") if not said[key]]
    if said["basis"] and not ARTICLE.search(said["basis"]):
        lacks.append("basis")
    return lacks


def lacking(one: Quarantined, *, zh: bool) -> str:
    """What a declaration does not say, in words."""
    return ("、" if zh else ", ").join(words if zh else key for key, words in _WANTED if key in one.lacks)


def _text(section: Any, key: str) -> str | None:
    node = section.get(key)
    return (node.text or "").strip() or None if node else None


def _plain(node: Any) -> Any:
    if node.items is not None:
        return {key: _plain(one) for key, one in node.items.items()}
    return [_plain(one) for one in node.values] if node.values is not None else node.text


def _tables(fields: Any, codes: Codes, own: Collection[str]) -> dict[str, Any]:
    """The overlay's own tables that fields have codes of: what a code means belongs to the declaration."""
    names = {one.table for one in fields if one.table in own and one.table in codes}
    return {name: formats.fingerprint(formats.TABLE.to_bytes(plain(codes[name]))).hex() for name in sorted(names)}


def take_out(drafts: dict[str, Draft], held: Collection[Quarantined]) -> None:
    """Leave out what is held, and what cannot be without it: rules that look at it, references to it, empty headings."""
    types = {one.type for one in held if not one.field}
    fields = {(one.type, one.field) for one in held if one.field}
    for type_id in types:
        drafts.pop(type_id, None)
    while True:
        more = {pair for draft in drafts.values() for pair in _dependent(draft, types, fields)} - fields
        if not more:
            break
        fields |= more
    for draft in drafts.values():
        gone = {name for type_id, name in fields if type_id == draft.id}
        draft.rules = [rule for rule in draft.rules if not (gone & {*rule.fields, *_columns(rule.says)})]
        draft.fields = {name: one for name, one in draft.fields.items() if name not in gone}
        draft.groups = [
            Group(one.id, one.label, tuple(name for name in one.fields if name not in gone))
            for one in draft.groups if not one.fields or set(one.fields) - gone
        ]  # fmt: skip


def _dependent(draft: Draft, types: Collection[str], fields: Collection[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for name, one in draft.fields.items():
        needs = _columns(one.required_when) if one.required_when else set()
        if one.to in types or any((draft.id, other) in fields for other in needs):
            yield draft.id, name


def _columns(says: str) -> set[str]:
    try:
        return columns_of(says)
    except Refused:
        return set()


def refuse(drafts: Mapping[str, Draft], codes: Codes, own: Collection[str], report: Report) -> None:
    """Report what an overlay adds about persons and nobody can clear."""
    for draft, field in added(drafts):
        if not names_persons(draft, drafts):
            continue
        if bounds.grades(field) or _graded(field, codes, own):
            report.add(field.place, bounds.SCORE.code, f"字段“{field.name}”是对人的等级、指数或评分，任何人都不能放行",
                       f"the field `{field.name}` grades, indexes or scores a person; nobody can clear that",
                       bounds.SCORE.mend_zh, bounds.SCORE.mend_en)  # fmt: skip
        elif field.protection != "protected" and (found := bounds.disguised(field, codes)):
            report.add(field.place, "bounds.protected_field",
                       f"字段“{field.name}”像是{found.attribute.zh}（“{found.word}”），人员类型不能登记，任何人都不能放行",
                       f"the field `{field.name}` looks like {found.attribute.en} ({found.word!r}); no type about persons "
                       "keeps it and nobody can clear it",
                       "删去该字段；名称确属巧合的，请改用别的名称。",
                       "Leave the field out; choose another name where it only sounds so.")  # fmt: skip
    for draft in drafts.values():
        if draft.own and names_persons(draft, drafts) and (said := _heading(draft)):
            report.add(draft.place, bounds.SCORE.code, f"类型“{draft.id}”按等级、指数或评分登记人员（“{said}”）",
                       f"the type `{draft.id}` is a register of persons by grade, index or score ({said!r})",
                       "删去该类型。", "Leave the type out.")  # fmt: skip


def _heading(draft: Draft) -> str | None:
    label = draft.section.get("label")
    words = [one.text or "" for one in (label.items or {}).values()] if label else []
    words += [draft.id, *(text for group in draft.groups for text in group.label)]
    return next((said for said in words if bounds.grade_word(said)), None)


def _graded(field: Field, codes: Codes, own: Collection[str]) -> bool:
    """Whether its codes are steps of a scale, whatever they are called."""
    if not field.table or field.table not in own or field.table not in codes:
        return False
    names = [one.name for one in codes[field.table].codes[: bounds.MOST]]
    steps = sum(bool(bounds.STEP.fullmatch(name.strip())) for name in names)
    return steps >= bounds.SEVERAL and 2 * steps >= len(names)


__all__ = ["PERSONS", "about_persons", "lacking", "quarantined", "refuse", "take_out"]
