"""The bounds of the norm hold in the shipped catalog and in overlays, whatever things are called (assurance, row 29)."""

from __future__ import annotations

from pathlib import Path

import pytest

from suyuan import catalog
from suyuan.catalog import bounds, disguise
from suyuan.catalog.errors import Mistake
from suyuan.catalog.loader import Loaded, examine
from suyuan.catalog.model import Label

# Words for protected attributes, in the ways people write column names.
PLAIN = (
    "民族", "宗教", "族别", "种族", "宗教信仰", "信仰", "健康状况", "既往病史", "残疾类别", "传染病史", "血型", "性取向", "政治面貌",
    "人脸照片", "指纹编号", "声纹样本", "虹膜编码", "DNA编号", "党派", "教派", "精神病史", "怀孕情况", "艾滋病检测", "诊断结果",
)  # fmt: skip
TRADITIONAL = ("種族", "宗教信仰", "殘疾類別", "診斷結果", "傳染病史", "懷孕", "黨派", "指紋", "聲紋", "人臉")
PINYIN = (
    "minzu", "min_zu", "MinZu", "MINZU", "minzu_dm", "minzuCode", "mz", "MZ", "mzdm", "zongjiao", "zong_jiao", "ZongJiao",
    "zongjiaoxinyang", "zjxy", "xinyang", "xin-yang", "jiankang", "jian_kang", "jiankangzhuangkuang", "bingshi", "bing_shi",
    "jibing", "canji", "can.ji", "canji_lb", "chuanranbing", "xuexing", "zhengzhimianmao", "zhengzhi_mm", "zzmm", "renlian",
    "ren_lian", "zhiwen", "shengwen", "hongmo", "butai", "xingquxiang", "tongxinglian", "zhongzu", "zuqun", "huaiyun",
)  # fmt: skip
ENGLISH = (
    "race", "Race", "RACE", "race_code", "person_race", "personRace", "race1", "ethnic", "ethnicity", "ethnic_group",
    "EthnicOrigin", "ethnicityCd", "nation", "NATION", "folk", "minority_flag", "tribe", "ancestry", "religion", "Religion",
    "religious_belief", "religionCode", "faith", "creed", "beliefs", "muslim_flag", "isIslamic", "christian", "catholic_yn",
    "buddhist", "church", "health", "healthStatus", "health_code", "disease", "disease_name", "illness", "diagnosis",
    "diagnosis_cd", "disability", "disabled", "handicap", "hiv", "HIV_status", "aids", "pregnant", "psychiatric_history",
    "blood_type", "bloodGroup", "genetic_marker", "genome", "dna", "dna_profile", "sexual_orientation", "sexOrientation",
    "lgbt", "gay", "homosexual", "transgender", "political_view", "politics", "ideology", "face", "face_id", "faceVector",
    "facial_features", "fingerprint", "finger_print", "palmprint", "voiceprint", "biometric", "gait", "iris", "retina_scan",
    "skin_color", "skinColour",
)  # fmt: skip
DISGUISED = (
    "ｍｉｎｚｕ", "ＭＩＮＺＵ", "民　族", "民_族", "民.族", "民-族", "民\u200b族", "民\u00ad族", "宗 教", "宗·教", "健/康", "ｒａｃｅ", "ｒeligion",
    "m_i_n_z_u", "m.i.n.z.u", "M I N Z U", "r_a_c_e", "R.A.C.E", "r a c e", "f-a-i-t-h", "d.n.a", "h i v", "rаce", "rасе",
    "еthnicity", "ethniсity", "rеligion", "hеаlth", "fаith", "mіnzu", "míngzú", "mínzú", "mǐnzú", "zōngjiào", "xìnyǎng",
    "jiànkāng", "m1nzu", "minz\u200bu", "r4ce", "ra\u200bce", "3thnicity", "ethn1city", "re1igion", "r3ligion", "hea1th",
    "he4lth", "d1sease", "f4ce", "f@ith", "zongj1ao", "z0ngjiao", "rαce", "𝗋𝖺𝖼𝖾", "𝓻𝓪𝓬𝓮", "ⓡⓐⓒⓔ", "𝐦𝐢𝐧𝐳𝐮", "mınzu", "faⅽe",
)  # fmt: skip
NAMES = (*PLAIN, *TRADITIONAL, *PINYIN, *ENGLISH, *DISGUISED)
# Ordinary names that look a little like them.
INNOCENT = (
    "trace_no", "terrace", "grace_period", "brace", "embrace", "racecourse_no", "surface", "interface", "preface", "facet",
    "typeface", "nationality", "destination", "combination", "international", "donation_amount", "faithful_copy", "secretary",
    "section", "insects", "dnase", "maids", "raids", "aides", "hive", "archive", "achieve",
    "gayle_street", "irish_sea", "gaiters", "folklore", "templates", "contemplate", "churchill_road_no", "sectional",
    "国籍", "地址", "证件号码", "案件名称", "车辆识别代号", "面积", "面额", "族长路", "教室", "教育程度", "信号灯", "信访编号", "病房号",
    "建筑编号", "残值", "指挥中心", "声响", "步行街", "党校路门牌",
)  # fmt: skip
TYPE = """
{id}:
  label: {{zh: {zh}, en: {en}}}
  domain: {domain}
  about: {about}
  title: [item_no]
  key: [item_no]
  level: 1
  groups:
    - {{id: main, label: {{zh: 主要, en: Main}}, fields: [{names}]}}
  fields:
    item_no: {{type: text, label: {{zh: 编号, en: Number}}, required: true, search: exact, max_length: 40, example: A1}}
{fields}
"""


def overlay(folder: Path, text: str, name: str = "own.yaml") -> Loaded:
    """The shipped catalog with one overlay file."""
    (folder / "types").mkdir(parents=True, exist_ok=True)
    (folder / "types" / name).write_text(text, encoding="utf-8")
    return examine([folder])


def declared(fields: dict[str, str], **words: str) -> str:
    """A type of its own with fields given as YAML flow maps."""
    said = {"id": "own_item", "zh": "自有事项", "en": "Own item", "domain": "order"} | words
    said["about"] = "person" if words.get("person") == "true" else "thing"
    lines = "\n".join(f"    {name}: {spec}" for name, spec in fields.items())
    return TYPE.format(**said, names=", ".join(["item_no", *fields]), fields=lines)


def text_field(zh: str = "项目", en: str = "Item", more: str = "") -> str:
    """A plain text field."""
    return f'{{type: text, label: {{zh: "{zh}", en: "{en}"}}{more}}}'


def codes_of(loaded: Loaded) -> set[str]:
    """The codes of all mistakes."""
    return {one.code for one in loaded.report.mistakes}


def only(loaded: Loaded, code: str) -> Mistake:
    """The one mistake of a code, which must name its file, line and mend."""
    found = [one for one in loaded.report.mistakes if one.code == code]
    assert found, [f"{one.code} {one.en}" for one in loaded.report.mistakes]
    assert found[0].file.endswith(".yaml")
    assert found[0].line > 0
    assert found[0].mend_zh
    assert found[0].mend_en
    return found[0]


@pytest.mark.clause("bounds")
def test_the_shipped_catalog_keeps_its_bounds() -> None:
    """Nothing forbidden, nothing in quarantine."""
    loaded = examine()
    assert loaded.report.mistakes == []
    assert loaded.catalog.quarantine == ()


@pytest.mark.clause("bounds")
def test_there_are_two_hundred_disguises() -> None:
    """Row 29 asks for 200."""
    assert len(set(NAMES)) >= 200


@pytest.mark.clause("bounds")
@pytest.mark.parametrize("name", sorted(set(NAMES)))
def test_a_disguised_name_is_seen_through(name: str) -> None:
    """In a label or in a name."""
    assert disguise.protected_name(name) is not None


@pytest.mark.clause("bounds")
def test_every_disguised_field_of_an_overlay_goes_to_quarantine(tmp_path: Path) -> None:
    """As labels of an overlay's fields: none is loaded, each is named with the word that gave it away."""
    labels = [name for name in dict.fromkeys(NAMES) if '"' not in name]
    loaded = overlay(tmp_path, declared({f"item_{n}": text_field(label) for n, label in enumerate(labels)}))
    assert len(loaded.catalog.quarantine) == len(labels)
    assert all(one.word and one.attribute.zh and one.place.line for one in loaded.catalog.quarantine)
    assert set(loaded.catalog.types["own_item"].fields) == {"item_no"}


def test_ordinary_names_are_left_alone() -> None:
    """Neither look-alikes nor any name or label of the shipped catalog is taken for a protected attribute."""
    shipped = [
        word
        for one in catalog.load().types.values()
        for field in one.fields.values()
        if field.protection != "protected"
        for word in (field.name, field.label.zh, field.label.en)
    ]
    assert len(shipped) > 600
    assert [name for name in (*INNOCENT, *shipped) if disguise.protected_name(name)] == []


def test_without_the_look_the_disguise_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: a name that is not looked at gets in."""
    monkeypatch.setattr(bounds, "protected_name", lambda name: None)
    loaded = overlay(tmp_path, declared({"minzu": text_field("民族")}))
    assert "minzu" in loaded.catalog.types["own_item"].fields


@pytest.mark.clause("bounds")
def test_a_quarantined_field_works_once_a_person_cleared_it(tmp_path: Path) -> None:
    """With who, when and why; not with less."""
    text = declared({"race_kind": text_field("赛事种类", "Kind of race")})
    assert [one.field for one in overlay(tmp_path, text).catalog.quarantine] == ["race_kind"]
    entry = "- {type: own_item, field: race_kind, who: 王某 数据标准岗, when: 2026-03-01, why: 赛事种类}\n"
    (tmp_path / "cleared.yaml").write_text(entry.replace("why: 赛事种类", "why: ''"), encoding="utf-8")
    assert "race_kind" not in overlay(tmp_path, text).catalog.types["own_item"].fields
    (tmp_path / "cleared.yaml").write_text(entry, encoding="utf-8")
    loaded = overlay(tmp_path, text)
    assert "race_kind" in loaded.catalog.types["own_item"].fields
    assert loaded.catalog.quarantine == ()


FORBIDDEN = {
    "a score of a person": ("bounds.score", {"risk_score": text_field("风险评分", "Risk score")}, {"person": "true"}),
    "a rank of a person": ("bounds.score", {"item_rank": text_field("排名", "Rank")}, {"person": "true"}),
    "a prediction": ("bounds.score", {"later": text_field("再犯预测", "Later")}, {"person": "true"}),
    "a score beside an ID number": (
        "bounds.score",
        {"id_no": "{type: identifier, kind: resident_id, label: {zh: 公民身份号码, en: ID}, protection: identifying, search: exact}",
         "rating": text_field("信用分", "Rating")}, {},
    ),
    "recognition": ("bounds.recognition", {"match_result": text_field("人像比对结果", "Match")}, {}),
    "a track": ("bounds.location", {"phone_track": text_field("手机轨迹", "Track")}, {}),
    "cell data": ("bounds.location", {"cell": text_field("基站信令", "Cell data")}, {}),
    "passing cars": ("bounds.location", {"passes": text_field("过车记录", "Passes")}, {}),
    "footage": ("bounds.location", {"footage_url": text_field("录像地址", "Footage")}, {}),
    "participants of an event": ("bounds.participants", {"who_came": text_field("参加人员", "Who came")}, {"zh": "集会活动", "en": "Gathering"}),
    "persons tied to an event": (
        "bounds.participants",
        {"event_no": "{type: reference, to: event, label: {zh: 活动, en: Event}}",
         "resident_no": "{type: reference, to: resident, label: {zh: 人员, en: Resident}}"}, {},
    ),
    "a watch list": ("bounds.instrument", {"since": text_field("起始", "Since")}, {"id": "watchlist", "zh": "重点人员", "en": "Watch list", "person": "true"}),
    "a protected attribute nobody named": ("bounds.protected", {"faith_kind": text_field("信仰", "Faith", ", protection: protected")}, {}),
    "a protected attribute that is searched": (
        "bounds.protected_use", {"faith_kind": text_field("信仰", "Faith", ", protection: protected, search: exact")}, {},
    ),
    "an identifying facet": (
        "bounds.identifying_facet",
        {"kind": "{type: code, table: sexes, label: {zh: 类, en: Kind}, protection: identifying, facet: true}"}, {},
    ),
}  # fmt: skip


@pytest.mark.clause("bounds")
@pytest.mark.parametrize("what", FORBIDDEN)
@pytest.mark.control("C32", "C36")
def test_what_the_bounds_forbid_does_not_load(tmp_path: Path, what: str) -> None:
    """As a type of an overlay: refused with file, line and mend."""
    code, fields, words = FORBIDDEN[what]
    only(overlay(tmp_path, declared(fields, **words)), code)


ADDED = {
    "a score on residents": ("resident", "risk_level_no", text_field("风险等级", "Risk level"), "bounds.score"),
    "participants on events": ("event", "people", text_field("参与人名单", "People"), "bounds.participants"),
    "ID numbers on events": (
        "event", "host_id", "{type: identifier, kind: resident_id, label: {zh: 证件号, en: ID}, protection: identifying, search: exact}",
        "bounds.participants",
    ),
    "persons on events": ("event", "host", "{type: reference, to: resident, label: {zh: 主办, en: Host}}", "bounds.participants"),
    "a stream of a video point": ("video_point", "stream_address", text_field("视频流地址", "Stream"), "bounds.location"),
    "a track of a control measure": ("control_measure", "daily_track", text_field("行踪轨迹", "Track"), "bounds.location"),
}  # fmt: skip


@pytest.mark.clause("bounds")
@pytest.mark.parametrize("what", ADDED)
def test_an_overlay_adds_nothing_forbidden_to_a_shipped_type(tmp_path: Path, what: str) -> None:
    """The same for fields added to shipped types."""
    type_id, name, spec, code = ADDED[what]
    text = f"{type_id}:\n  groups:\n    - {{id: own, label: {{zh: 自有, en: Own}}, fields: [{name}]}}\n  fields:\n    {name}: {spec}\n"
    mistake = only(overlay(tmp_path, text), code)
    assert f"{tmp_path.name}/types/own.yaml" == mistake.file


@pytest.mark.clause("bounds")
def test_a_rule_may_not_look_at_a_protected_field(tmp_path: Path) -> None:
    """Not even a rule of an overlay on the field that the norm names."""
    text = """resident:
  rules:
    - {id: resident.own, says: "ethnicity <> '01'", fields: [ethnicity], message: {zh: 不, en: no}, severity: warn, dimension: 准确性}
"""
    only(overlay(tmp_path, text), "bounds.protected_use")


def test_an_overlay_adds_a_field_and_a_type(tmp_path: Path) -> None:
    """What one agency needs: an innocent field on a shipped type, and a type of its own, checked like the rest."""
    text = declared({"colour": text_field("颜色", "Colour")}) + (
        "video_point:\n  groups:\n    - {id: own, label: {zh: 自有, en: Own}, fields: [desk_no]}\n"
        f"  fields:\n    desk_no: {text_field('承办台号', 'Desk number')}\n"
    )
    loaded = overlay(tmp_path, text)
    assert loaded.report.mistakes == []
    assert loaded.catalog.types["video_point"].fields["desk_no"].label == Label("承办台号", "Desk number")
    assert "own_item" in loaded.catalog.types
    assert loaded.catalog.release != examine().catalog.release


MISTAKES = {
    "an unknown key": ("{type: text, label: {zh: 甲, en: A}, colour: red}", 12),
    "an unknown type": ("{type: words, label: {zh: 甲, en: A}}", 12),
    "an unknown code table": ("{type: code, table: colours, label: {zh: 甲, en: A}}", 12),
    "an unknown kind of identifier": ("{type: identifier, kind: shoe_size, label: {zh: 甲, en: A}}", 12),
    "a reference to nowhere": ("{type: reference, to: nowhere, label: {zh: 甲, en: A}}", 12),
    "no label": ("{type: text}", 12),
    "a label in one language": ("{type: text, label: {zh: 甲}}", 12),
}


@pytest.mark.parametrize("what", MISTAKES)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, what: str) -> None:
    """File, line, what is wrong in both languages."""
    spec, line = MISTAKES[what]
    loaded = overlay(tmp_path, declared({"own_field": spec}).lstrip("\n"))
    assert loaded.report.mistakes
    assert {(one.file, one.line) for one in loaded.report.mistakes} >= {(f"{tmp_path.name}/types/own.yaml", line)}
    assert all(one.zh and one.en for one in loaded.report.mistakes)


def test_yaml_that_cannot_be_read_is_told_with_its_line(tmp_path: Path) -> None:
    """A tab, as spreadsheets leave them."""
    loaded = overlay(tmp_path, "own_item:\n\tlabel: x\n")
    assert [(one.file, one.line) for one in loaded.report.mistakes] == [(f"{tmp_path.name}/types/own.yaml", 2)]
