"""Ways round the bounds that need no forbidden word in a field's name: codes, tables, types, rules, spelling."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from catalog.test_bounds import declared, only, overlay, text_field
from suyuan.catalog.loader import SHIPPED, Loaded, examine

HEADING = "code,name,name_en,valid_from,valid_to,parent\n"
REGISTER = (
    "{name}:\n  label: {{zh: 组别, en: Groups}}\n  standard: own\n  edition: '1'\n  source: own\n  licence: own\n"
)
CODED = "{{type: code, table: {table}, label: {{zh: 类别, en: Category}}{more}}}"


def tables(folder: Path, **names: str) -> None:
    """Code tables of an overlay: the names of their codes, separated by blanks."""
    (folder / "codes").mkdir(parents=True)
    register = "".join(REGISTER.format(name=name) for name in names)
    (folder / "codes" / "tables.yaml").write_text(register, encoding="utf-8")
    for name, codes in names.items():
        rows = "".join(f"{number},{code},,,,\n" for number, code in enumerate(codes.split(), 1))
        (folder / "codes" / f"{name}.csv").write_text(HEADING + rows, encoding="utf-8")


def held(loaded: Loaded) -> list[str]:
    """Names of the fields in quarantine."""
    return [one.field for one in loaded.catalog.quarantine]


PEOPLES = {
    "the shipped table of peoples": ("ethnicities", ""),
    "a table of peoples": ("kinds_own", "汉族 回族 维吾尔族 其他"),
    "peoples without the last sign": ("kinds_own", "汉 回 维吾尔 藏"),
    "a table of religions": ("kinds_own", "佛教 道教 伊斯兰教 无"),
    "a table of illnesses": ("kinds_own", "精神病 传染病 无"),
    "a table of political standing": ("kinds_own", "中共党员 民主党派 群众"),
}


@pytest.mark.clause("bounds")
@pytest.mark.parametrize("what", PEOPLES)
def test_an_innocent_name_hides_no_table_of_attributes(tmp_path: Path, what: str) -> None:
    """`category` with the codes of peoples is ethnicity."""
    table, codes = PEOPLES[what]
    if codes:
        tables(tmp_path, **{table: codes})
    assert held(overlay(tmp_path, declared({"category": CODED.format(table=table, more="")}))) == ["category"]


def test_a_table_with_one_such_word_is_left_alone(tmp_path: Path) -> None:
    """Kinds of venues name one of religion; that is a kind of venue."""
    tables(tmp_path, kinds_own="宾馆 酒吧 网吧 宗教场所 书店")
    assert held(overlay(tmp_path, declared({"category": CODED.format(table="kinds_own", more="")}))) == []


@pytest.mark.clause("bounds")
def test_no_clearing_makes_the_codes_of_peoples_innocent(tmp_path: Path) -> None:
    """They are no look-alike."""
    entry = "- {type: own_item, field: category, who: 王某, when: 2026-03-01, why: 分类}\n"
    (tmp_path / "cleared.yaml").write_text(entry, encoding="utf-8")
    spec = CODED.format(table="ethnicities", more=", facet: true")
    assert "放行" in only(overlay(tmp_path, declared({"category": spec})), "bounds.protected_use").mend_zh


@pytest.mark.clause("bounds")
def test_a_standard_gives_it_away(tmp_path: Path) -> None:
    """GB/T 3304 is the standard of ethnicities."""
    assert held(overlay(tmp_path, declared({"kind_no": text_field(more=", standard: GB/T 3304-1991")}))) == ["kind_no"]


@pytest.mark.clause("bounds", "2.2.3")
@pytest.mark.parametrize("table", ["control_measures", "activity_kinds", "ethnicities"])
def test_an_overlay_adds_no_measure_that_no_law_knows(tmp_path: Path, table: str) -> None:
    """The statutory tables are not replaced."""
    tables(tmp_path, **{table: "重点关注"})
    found = [one for one in overlay(tmp_path, "").report.mistakes if one.code == "bounds.statutory"]
    assert [one.file for one in found] == [f"{tmp_path.name}/codes/{table}.csv"]
    assert found[0].mend_zh and found[0].mend_en


@pytest.mark.clause("bounds")
@pytest.mark.parametrize(
    ("words", "heading"),
    [({"id": "believers", "zh": "信教人员", "en": "Believers"}, "主要"), ({"id": "own_list"}, "宗教信仰")],
)
def test_no_type_is_a_register_of_persons_by_attribute(tmp_path: Path, words: dict[str, str], heading: str) -> None:
    """Neither by its name nor by a heading."""
    text = declared({"name": text_field("姓名", "Name")}, **words).replace("主要", heading)
    only(overlay(tmp_path, text), "bounds.protected_type")


@pytest.mark.clause("bounds")
@pytest.mark.parametrize("pattern", ["%维吾尔%", "%清真%", "%艾滋%", "%同性恋%"])
def test_no_rule_looks_for_an_attribute_in_a_text(tmp_path: Path, pattern: str) -> None:
    """In names, addresses or descriptions."""
    rule = (
        f"  rules:\n    - {{id: own_item.own, says: \"remark NOT LIKE '{pattern}'\", fields: [remark], "
        "message: {zh: 请核对, en: Look}, severity: warn, dimension: 准确性}\n"
    )
    only(overlay(tmp_path, declared({"remark": text_field("备注", "Remark")}) + rule), "bounds.protected_rule")


SPELLED = {
    "a score in pinyin": ("fengxian_dj", "等级", "Level", "bounds.score"),
    "a score spelled out": ("s_c_o_r_e", "等级", "Level", "bounds.score"),
    "a score in capitals run together": ("level_no", "等级", "personRiskScore", "bounds.score"),
    "a score in full width": ("level_no", "等级", "ｒｉｓｋ", "bounds.score"),
    "a score with blanks": ("level_no", "风 险 等 级", "Level", "bounds.score"),
    "a track in pinyin": ("guiji", "项目", "Item", "bounds.location"),
    "a position of a person": ("gps_x", "项目", "Item", "bounds.location"),
    "coordinates of a person": ("x_value", "所在坐标", "Item", "bounds.location"),
    "recognition in figures": ("f4ce_match", "项目", "Item", "bounds.recognition"),
}


@pytest.mark.clause("bounds")
@pytest.mark.parametrize("what", SPELLED)
def test_spelling_helps_no_score_and_no_track(tmp_path: Path, what: str) -> None:
    """Refused, or in quarantine where the word is a protected attribute too."""
    name, zh, en, code = SPELLED[what]
    text = declared({"name": text_field("姓名", "Name"), name: text_field(zh, en)}, person="true")
    loaded = overlay(tmp_path, text)
    assert name in held(loaded) or only(loaded, code)


@pytest.mark.clause("bounds")
@pytest.mark.parametrize("zh", ["民\u200b族", "普通\u2060项目", "расa", "минцзу", "ㄇㄧㄣㄗㄨ", "ᎡᎪᏟᎬ"])
def test_letters_that_no_honest_label_has_are_looked_at(tmp_path: Path, zh: str) -> None:
    """Other alphabets and signs that do not show."""
    assert held(overlay(tmp_path, declared({"item_kind": text_field(zh)}))) == ["item_kind"]


def test_a_greek_letter_alone_is_a_quantity(tmp_path: Path) -> None:
    """Units and angles."""
    fields = {"a_angle": text_field("倾角 α", "Angle α"), "dust": text_field("浓度(μg)", "Dust in μg")}
    assert held(overlay(tmp_path, declared(fields))) == []


@pytest.mark.clause("bounds")
@pytest.mark.control("C36")
def test_a_score_beside_a_name_is_about_a_person(tmp_path: Path) -> None:
    """Whatever the type says of itself."""
    fields = {"name": text_field("姓名", "Name"), "level_no": text_field("危险等级", "Level")}
    only(overlay(tmp_path, declared(fields)), "bounds.score")


@pytest.mark.clause("bounds")
def test_a_score_of_a_place_is_allowed(tmp_path: Path) -> None:
    """Analysis speaks of places."""
    loaded = overlay(tmp_path, declared({"fire_risk": text_field("火灾风险", "Fire risk")}))
    assert loaded.report.mistakes == []


@pytest.mark.clause("bounds", "2.2.3")
def test_control_needs_a_measure_of_the_law_with_dates(tmp_path: Path) -> None:
    """Required texts that are called like dates and a table of one's own do not do."""
    tables(tmp_path, kinds_own="关注 重点")
    names = ("instrument_no", "deciding_authority", "starts_on", "ends_on", "review_on")
    fields = {name: text_field("项目", "Item", ", required: true") for name in names}
    fields["measure"] = CODED.format(table="kinds_own", more=", required: true")
    said = only(overlay(tmp_path, declared(fields, zh="管控人员", person="true")), "bounds.instrument").en
    assert all(word in said for word in ("control_measures", "starts_on", "ends_on", "review_on"))


CHANGED = {
    "a measure without an end": ("control_measure", "ends_on: {", "ends_on: {required: false, ", "bounds.instrument"),
    "a measure without its instrument": ("control_measure", "instrument_no:", "instrument_nr:", "bounds.instrument"),
    "ethnicity searched": ("resident", "ethnicity: {", "ethnicity: {search: exact, ", "bounds.protected_use"),
    "ethnicity as a facet": ("resident", "ethnicity: {", "ethnicity: {facet: true, ", "bounds.protected_use"),
    "ethnicity undeclared": ("resident", "protection: protected", "protection: none", None),
    "an ID number as a facet": ("resident", "id_no: {", "id_no: {facet: true, ", "bounds.identifying_facet"),
    "footage of a video point": ("video_point", "point_name:", "footage_url:", "bounds.location"),
    "a list at an event": ("event", "headcount_estimate: {", "attendees: {", "bounds.participants"),
    "a state secret": ("case", "level: 1", "level: 3", "level"),
}  # fmt: skip


@pytest.mark.clause("bounds")
@pytest.mark.parametrize("what", CHANGED)
def test_the_shipped_types_are_held_to_the_bounds_too(tmp_path: Path, what: str) -> None:
    """One word changed in a copy of them."""
    type_id, old, new, code = CHANGED[what]
    shutil.copytree(SHIPPED / "types", tmp_path / "types")
    shutil.copytree(SHIPPED / "codes", tmp_path / "codes")
    path = tmp_path / "types" / f"{type_id}.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    if "required: false" in new:
        line = next(line for line in text.splitlines() if line.strip().startswith(old))
        text = text.replace(line, line.replace(", required: true", ""))
    else:
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    loaded = examine(shipped=tmp_path)
    if code is None:
        assert held(loaded) == ["ethnicity"]
    else:
        mistake = only(loaded, code)
        assert mistake.file == f"types/{type_id}.yaml"
