"""Mistakes in YAML and code tables: each is told with file, line and mend, and none of them is a trace."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.test_bounds import declared, overlay, text_field
from catalog.test_ways_round import tables
from suyuan.catalog.errors import CatalogFaulty, Mistake
from suyuan.catalog.loader import Loaded, examine, load

RULE = "  rules:\n    - {id: own_item.own, says: '%s', fields: [remark], message: {zh: 请核对, en: Look}, severity: warn, dimension: 准确性}\n"
BASE = declared({"remark": text_field("备注", "Remark")}).lstrip("\n")


def field(spec: str) -> str:
    """A type whose second field, on line 12, is as given."""
    return declared({"own_field": spec}).lstrip("\n")


def first(loaded: Loaded, code: str = "") -> Mistake:
    """The first mistake, or the first of a code; all of them are whole."""
    for one in loaded.report.mistakes:
        assert one.file and one.line > 0 and one.zh and one.en and one.mend_zh and one.mend_en, one
    return next(one for one in loaded.report.mistakes if one.code == code or not code)


FILES = {
    "an unknown key": (field("{type: text, label: {zh: 甲, en: A}, requird: true}"), 12, "unknown_key", "required"),
    "a tab": (BASE + "\tlevel: 1\n", 13, "yaml", "indentation"),
    "no blank after a colon": (BASE.replace("level: 1", "level:1"), 8, "yaml", "colons"),
    "an unknown type of field": (field("{type: txt, label: {zh: 甲, en: A}}"), 12, "unknown_word", "text"),
    "an unknown code table": (field("{type: code, table: sexs, label: {zh: 甲, en: A}}"), 12, "no_table", "sexes"),
    "an unknown kind of number": (field("{type: identifier, kind: plat, label: {zh: 甲, en: A}}"), 12, "unknown_word", "plate"),
    "a code without a table": (field("{type: code, label: {zh: 甲, en: A}}"), 12, "missing_key", "table"),
    "a key of another type": (field("{type: date, label: {zh: 甲, en: A}, max_length: 3}"), 12, "misplaced", "text"),
    "a word for a number": (field("{type: text, label: {zh: 甲, en: A}, max_length: ten}"), 12, "shape", "value"),
    "a word for a yes": (field("{type: text, label: {zh: 甲, en: A}, required: maybe}"), 12, "shape", "value"),
    "a list for a text": (field("{type: text, label: {zh: 甲, en: A}, example: [a]}"), 12, "shape", "value"),
    "a text for fields": ("own_item:\n  label: {zh: 甲, en: A}\n  fields: none\n", 3, "shape", "name: value"),
    "a broken pattern": (field("{type: text, label: {zh: 甲, en: A}, pattern: '('}"), 12, "pattern", "brackets"),
    "a limit that is no number": (field("{type: integer, label: {zh: 甲, en: A}, min: low}"), 12, "limit", "value"),
    "a duration in words": (field("{type: text, label: {zh: 甲, en: A}, max_age: a year}"), 12, "duration", "P1Y"),
    "a label in one language": (field("{type: text, label: {zh: 甲}}"), 12, "twin", "en"),
    "a name in capitals": (BASE.replace("remark", "Remark"), 12, "name", "small letters"),
    "a reference to nowhere": (field("{type: reference, to: residnt, label: {zh: 甲, en: A}}"), 12, "no_type", "resident"),
    "a reference to a type without key": (
        field("{type: reference, to: other, label: {zh: 甲, en: A}}") + BASE.replace("own_item", "other").replace("  key: [item_no]\n", ""),
        12, "no_key", "key",
    ),
    "a rule with an unknown column": (BASE + RULE % "remrk IS NOT NULL", 14, "no_field", "remark"),
    "a rule that is no SQL": (BASE + RULE % "remark IS NOT", 14, "condition", "expression"),
    "a rule that is a query": (BASE + RULE % "(SELECT 1) = 1", 14, "condition", "expression"),
    "a rule that reads a file": (BASE + RULE % "read_text(remark) IS NULL", 14, "condition", "expression"),
    "a rule over unlike types": (BASE + RULE % "remark + 1 > 2", 14, "sql", "types"),
    "a rule of another type": (BASE + RULE.replace("own_item.own", "case.own") % "remark IS NULL", 14, "rule_id", "id"),
    "a field twice": (BASE + f"    remark: {text_field()}\n", 13, "twice", "Remove"),
    "a field in no group": (BASE + f"    other: {text_field()}\n", 13, "grouping", "groups"),
    "a field that is there already": (f"case:\n  fields:\n    case_no: {text_field()}\n", 3, "twice", "another"),
    "a key that an overlay cannot change": ("case:\n  level: 2\n", 2, "unknown_key", "fields"),
    "a title of no field": (BASE.replace("title: [item_no]", "title: [itm_no]"), 1, "no_field", "item_no"),
    "an alias": (BASE.replace("{zh: 主要, en: Main}", "&a {zh: 主要, en: Main}") + "    other: {type: text, label: *a}\n", 9, "alias", "out"),
    "a list of types": ("- case\n", 1, "shape", "case:"),
    "brackets without end": ("own_item: " + "[" * 3000 + "]" * 3000, 1, "nested", "brackets"),
}  # fmt: skip


@pytest.mark.parametrize("what", FILES)
def test_a_mistake_in_a_type_has_file_line_and_mend(tmp_path: Path, what: str) -> None:
    """In the words of both languages; the mend names the way out."""
    text, line, code, mend = FILES[what]
    said = first(overlay(tmp_path, text), code)
    assert (said.file, said.line) == (f"{tmp_path.name}/types/own.yaml", line)
    assert mend in said.mend_en


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """Not one at a time, and the error that `load` raises holds them all."""
    text = BASE.replace("level: 1", "levl: 1").replace("domain: order", "domain: orders") + RULE % "remrk IS NULL"
    found = overlay(tmp_path, text).report.mistakes
    assert {one.code for one in found} >= {"unknown_key", "missing_key", "unknown_word"}
    with pytest.raises(CatalogFaulty) as caught:
        load([tmp_path])
    assert caught.value.mistakes == tuple(found)
    assert all(f"{one.file}:{one.line}" in str(caught.value) for one in found)


@pytest.mark.parametrize("name", ["types/own.yaml", "codes/tables.yaml", "codes/kinds_own.csv", "cleared.yaml"])
def test_a_file_in_another_encoding_is_told(tmp_path: Path, name: str) -> None:
    """GBK, as office programs save it."""
    tables(tmp_path, kinds_own="甲 乙")
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    old = path.read_text(encoding="utf-8") if path.exists() else "# 放行\n"
    path.write_bytes((old if name.startswith("codes") else f"# a\n# 类型\n{old}").encode("gbk"))
    said = first(examine([tmp_path]))
    assert (said.file, said.code) == (f"{tmp_path.name}/{name}", "encoding")
    assert said.line == (1 if name == "codes/tables.yaml" and "组别" in old.splitlines()[0] else 2)


def test_a_mark_at_the_beginning_is_no_mistake(tmp_path: Path) -> None:
    """A byte order mark and the line ends of Windows."""
    (tmp_path / "types").mkdir()
    (tmp_path / "types" / "own.yaml").write_bytes(b"\xef\xbb\xbf" + BASE.replace("\n", "\r\n").encode())
    assert examine([tmp_path]).report.mistakes == []


@pytest.mark.parametrize("name", ["own.yaml", "types/own.yml", "types/own.xlsx", "codes/tables.yml", "case.csv"])
def test_a_file_that_nobody_reads_is_told(tmp_path: Path, name: str) -> None:
    """Rather than an overlay that does nothing."""
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(BASE, encoding="utf-8")
    said = first(examine([tmp_path]))
    assert (said.file, said.code) == (f"{tmp_path.name}/{name}", "not_read")


ROWS = {
    "a code without a name": ("1,,,,,", "row"),
    "too many cells": ("1,甲,,,,,,", "row"),
    "a day that is none": ("1,甲,,2016,,", "day"),
    "an end before the beginning": ("1,甲,,2016-07-01,2015-01-01,", "span"),
    "a parent that is not there": ("1,甲,,,,9", "parent"),
    "a code twice": ("1,甲,,,,\n1,乙,,,,", None),
}


@pytest.mark.parametrize("what", ROWS)
def test_a_mistake_in_a_code_table_has_its_line(tmp_path: Path, what: str) -> None:
    """The line of the row."""
    row, code = ROWS[what]
    tables(tmp_path, kinds_own="")
    with (tmp_path / "codes" / "kinds_own.csv").open("a", encoding="utf-8") as file:
        file.write(row + "\n")
    said = first(examine([tmp_path]))
    assert said.file == f"{tmp_path.name}/codes/kinds_own.csv"
    assert said.line == (2 if code else 3)
    assert code in (said.code, None)


CLEARED = {
    "no reason": "- {type: own_item, field: remark, who: 王某, when: 2026-03-01}\n",
    "nobody": "- {type: own_item, field: remark, who: '', when: 2026-03-01, why: x}\n",
    "no day": "- {type: own_item, field: remark, who: 王某, when: last week, why: x}\n",
    "a field that is not there": "- {type: own_item, field: later, who: 王某, when: 2026-03-01, why: x}\n",
    "a word": "remark\n",
}


@pytest.mark.clause("bounds")
@pytest.mark.parametrize("what", CLEARED)
def test_a_clearing_says_who_when_why_and_of_what(tmp_path: Path, what: str) -> None:
    """And nobody clears a field beforehand."""
    (tmp_path / "cleared.yaml").write_text(CLEARED[what], encoding="utf-8")
    said = first(overlay(tmp_path, BASE))
    assert (said.file, said.line) == (f"{tmp_path.name}/cleared.yaml", 1)
