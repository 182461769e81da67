"""What the catalog may not declare, whoever writes it: the bounds of the norm, held at load.

The words below catch what calls itself by its name. What is disguised as something innocent goes to quarantine, and
what neither catches is for the people who review a catalog: a list of words is a fence, not a judge.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from suyuan.catalog.codes import Codes, CodeTable
from suyuan.catalog.disguise import ATTRIBUTES, Match, hidden_name, protected_name, readings
from suyuan.catalog.model import Catalog, Field, Place, RecordType, Rule
from suyuan.catalog.yamlfile import Report

NAMED = {("resident", "ethnicity")}
"""The protected attributes that the norm names (2.2.1); no other is kept."""
INSTRUMENT = ("instrument_no", "deciding_authority", "starts_on", "ends_on", "review_on")
"""What a control measure must say (Criminal Procedure Law, arts 66 to 79; the bounds of the norm)."""
MEASURES = "control_measures"
PEOPLES = "ethnicities"
STATUTORY = (MEASURES, "activity_kinds", PEOPLES)
"""Code tables that law or standard close: what is no measure of the law is none by being put into the table."""
SEVERAL = 2
"""So many protected words, a quarter of all, make a table of codes one of a protected attribute; one is there by chance."""
MOST = 400
"""Codes of a table that are looked at; tables of attributes are shorter."""
PERSONAL = frozenset({"resident_id", "driving_licence", "passport", "phone"})
"""Identifiers that a person has."""


class Forbidden(NamedTuple):
    """Something the product does not do. `zh` (Chinese and pinyin) counts anywhere in a name, `en` as a word of it."""

    code: str
    zh: tuple[str, ...]
    en: tuple[str, ...]
    what_zh: str
    what_en: str
    mend_zh: str
    mend_en: str


RECOGNITION = Forbidden(
    "bounds.recognition",
    ("人脸", "人像比对", "面部特征", "指纹特征", "声纹", "步态", "虹膜", "人证核验", "身份识别结果", "renlian", "shengwen", "hongmo"),
    ("face", "facial", "faceprint", "gait", "voiceprint", "iris", "biometric", "biometrics", "fingerprint", "recognition",
     "recognised", "recognized"),
    "涉及人脸、步态、声纹等生物识别", "is about recognising faces, gaits, voices or the like",
    "本产品不进行生物识别，请删除该字段。", "The product recognises nobody; leave the field out.",
)  # fmt: skip
LOCATION = Forbidden(
    "bounds.location",
    ("轨迹", "实时位置", "实时定位", "定位数据", "信令", "基站", "过车记录", "通行记录", "手机定位", "行踪", "视频流", "录像文件", "抓拍", "最后出现",
     "电子围栏", "卫星定位", "过卡口", "卡口记录", "guiji", "dingwei", "xingzong", "xinling", "jizhan"),
    ("track", "tracks", "trajectory", "geofence", "imei", "imsi", "telemetry", "footage", "livestream", "rtsp", "stream",
     "whereabouts", "sighting", "sightings", "gps", "geolocation", "anpr", "alpr", "lastseen", "celltower", "wifi", "bluetooth"),
    "是设备、摄像机或账号的位置或画面", "is a location or a picture from devices, cameras or accounts",
    "本产品不接收位置和画面，删去该字段；视频点位只记设施本身。",
    "The product takes no such feed; leave it out. A video point is an installation only.",
)  # fmt: skip
SCORE = Forbidden(
    "bounds.score",
    ("评分", "打分", "信用分", "风险", "危险性", "危险等级", "高危", "预测", "画像", "排名", "嫌疑度", "可疑度", "重点程度",
     "积分等级", "分级预警", "fengxian", "pingfen", "xinyongfen", "gaowei", "yuce", "huaxiang", "paiming", "xianyidu"),
    ("score", "scores", "scoring", "risk", "ranking", "rank", "predicted", "prediction", "profile", "profiling", "suspicion",
     "likelihood", "dangerousness", "propensity", "riskscore", "risklevel", "threat"),
    "是对人的评分、排序或预测", "scores, ranks or predicts a person",
    "本产品不对人员评分、排序或预测，请删除该字段。", "The product scores nobody; leave the field out.",
)  # fmt: skip
GRADE = SCORE._replace(
    zh=("等级", "级别", "指数", "分值", "得分", "评级", "评定", "积分", "计分", "打分", "星级", "档次", "档位", "梯次", "分级", "定级", "等次", "权重",
        "系数", "名次", "危险程度", "重点程度", "关注程度", "稳定程度", "信用", "红黄蓝", "三色", "颜色标识", "预警",
        "dengji", "jibie", "zhishu", "fenzhi", "defen", "pingji", "jifen", "xingji", "fenji", "quanzhong", "xishu", "dengci"),
    en=("level", "levels", "grade", "grades", "graded", "grading", "index", "indices", "indexes", "rank", "ranks", "ranking", "rating",
        "ratings", "rated", "tier", "tiers", "points", "score", "scores", "scoring", "percentile", "quotient", "coefficient",
        "weight", "weighting", "severity", "priority", "stars", "band", "quantile", "decile"),
)  # fmt: skip
"""Words of scales. On a type about persons nobody clears them; on things and places they are ordinary."""
STEP = re.compile(
    r"[特高中低极较很]+(?:级|度|危|风险)?|[红橙黄蓝绿黑灰]色?|[一二三四五六七八九十甲乙丙丁0-9a-eA-E]+[级等类档星]|[级等类档][一二三四五0-9a-eA-E]+|重点|一般|关注|普通|"
    r"优秀?|良好?|差|合格|(?i:high|medium|low|red|orange|amber|yellow|blue|green|critical|severe|moderate|normal|level ?[0-9]+|[a-e][+-]?)"
)
"""Names of the steps of a scale."""
UNITS_OF_GRADES = frozenset({"分", "级", "星", "档", "点", "%", "points", "stars"})
COORDINATES = LOCATION._replace(
    zh=("经度", "纬度", "经纬", "坐标", "当前位置", "所在位置", "zuobiao"),
    en=("longitude", "latitude", "lat", "lon", "lng", "latlon", "coordinates", "position"),
    what_zh="是人的位置", what_en="is the location of a person",
    mend_zh="人的记录只写住址；地点写在案件、事件、场所上。", mend_en="A record of a person has addresses; cases, events and venues have places.",
)  # fmt: skip
PARTICIPANTS = Forbidden(
    "bounds.participants",
    ("参与人", "参加人", "参与者", "参加者", "到场人员", "人员名单", "名单", "组织者姓名", "到场者", "在场人员",
     "canjiaren", "canyuren", "mingdan"),
    ("participant", "participants", "attendee", "attendees", "attendance", "guests", "members"),
    "涉及活动的参与人员", "is about who took part in an event",
    "活动只记时间、地点、规模和处置，删去该字段。", "An event has time, place, scale and handling; leave the field out.",
)  # fmt: skip
CONTROL = re.compile(
    r"管控|布控|重点人|稳控|监控对象|列管|watch_?list|control_measure|person_of_interest|blacklist|黑名单|"
    r"guankong|bukong|zhongdian_?ren|heimingdan|under_control|people_of_interest|关注人员|关注对象|在控",
    re.IGNORECASE,
)
OFFICERS = "officers"
"""Those who handled an event; the only persons it names."""
EVENT = re.compile(r"活动|集会|事件|游行|示威|event|gathering|assembly|protest|rally", re.IGNORECASE)
ALLOWED = {("driver", "points_in_cycle"), ("activity_entry", "activity_kind")}
"""Shipped names that read like the above and are not: statutory penalty points, entries under a measure."""


def disguised(field: Field, codes: Codes) -> Match | None:
    """Whether a field is a protected attribute by its name, its labels, its standard, or what its codes stand for."""
    for said in (field.name, field.label.zh, field.label.en):
        if found := hidden_name(said) or protected_name(said):
            return found
    if field.standard and re.search(r"GB/?T?\s*3304\b", field.standard):
        return Match(ATTRIBUTES[0].label, field.standard)
    table = codes.get(field.table or "")
    return _by_codes(table, codes) if table else None


def _by_codes(table: CodeTable, codes: Codes) -> Match | None:
    """Whether a code table lists peoples, religions or the like, whatever it calls itself."""
    for said in (table.name, table.label.zh, table.label.en):
        if found := protected_name(said):
            return found
    entries = table.codes[:MOST]
    peoples = (
        {_people(one.name) for one in codes[PEOPLES].codes if one.name.endswith("族")} if PEOPLES in codes else set()
    )
    matches = [
        Match(ATTRIBUTES[0].label, one.name) if _people(one.name) in peoples else protected_name(one.name)
        for one in entries
    ]  # fmt: skip
    found_all = [one for one in matches if one]
    return found_all[0] if len(found_all) >= SEVERAL and 4 * len(found_all) >= len(entries) else None


def _people(name: str) -> str:
    return name.removesuffix("族")


def check_level(level: int | None, place: Place, report: Report) -> None:
    """Levels 3 to 5 are state secrets; no type has one by itself."""
    if level is not None and level not in (1, 2):
        report.add(place, "level", f"类型的保密级别不能是 {level}", f"a type cannot have the level {level}",
                   "类型只能是 1（内部）或 2（警务工作秘密）；3 至 5 级属国家秘密，须配备经核准的密码设备。",
                   "Types have level 1 or 2; levels 3 to 5 need an approved cipher provider.")  # fmt: skip


def check(catalog: Catalog, report: Report) -> None:
    """Report everything in a catalog that the bounds forbid."""
    for one in catalog.types.values():
        _protection(one, report)
        _about(one, report)
        _rules(one, report)
        _subjects(one, report)
        _event(one, report)
        _control(one, report)


def _protection(one: RecordType, report: Report) -> None:
    """Protected fields are kept where the norm names them and used for nothing; identifying ones are no facets."""
    for field in one.fields.values():
        if field.protection == "identifying" and field.facet:
            report.add(field.place, "bounds.identifying_facet", f"字段“{field.name}”能识别个人，不能作为筛选项",
                       f"the field `{field.name}` identifies a person and cannot be a facet",
                       "删除 facet: true。", "Take facet: true away.")  # fmt: skip
        if field.protection != "protected":
            if field.table == PEOPLES:
                report.add(field.place, "bounds.protected_use", f"字段“{field.name}”用民族代码表，却没有声明为受保护",
                           f"the field `{field.name}` has the codes of ethnicities and is not declared protected",
                           "删去该字段；放行不适用于此。", "Leave the field out; no clearing helps here.")  # fmt: skip
            continue
        if (one.id, field.name) not in NAMED:
            report.add(field.place, "bounds.protected", f"规范没有要求登记字段“{field.name}”这类受保护属性",
                       f"the norm does not name the protected attribute `{field.name}`",
                       "删去该字段。", "Leave the field out.")  # fmt: skip
        for use_zh, use_en, mend in _uses(one, field):
            report.add(field.place, "bounds.protected_use", f"受保护字段“{field.name}”不能{use_zh}",
                       f"the protected field `{field.name}` cannot be {use_en}", f"删除 {mend}。", f"Take {mend} away.")  # fmt: skip


def _uses(one: RecordType, field: Field) -> Iterator[tuple[str, str, str]]:
    if field.search != "none":
        yield "用于检索", "searched", f"search: {field.search}"
    if field.facet:
        yield "用于筛选或统计", "a facet", "facet: true"
    if field.name in one.title or field.name in one.key:
        yield "出现在标题或编号中", "part of the title or the key", "title/key"
    if one.final_review_when and _mentions(one.final_review_when, field.name):
        yield "决定是否终审", "what decides on the final review", "final_review_when"
    for rule in one.rules:
        if field.name in rule.fields or _mentions(rule.says, field.name):
            yield f"用于规则“{rule.id}”", f"used by the rule `{rule.id}`", rule.id


def _mentions(says: str, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", says) is not None


def check_tables(names: Iterable[str], shown: str, report: Report) -> None:
    """An overlay leaves the tables alone that the law closes."""
    for name in names:
        if name in STATUTORY:
            report.add(Place(f"{shown}/{name}.csv", 1), "bounds.statutory", f"代码表“{name}”由法律规定，补充目录不能改写",
                       f"the law says what is in the code table `{name}`; an overlay cannot replace it",
                       "删去该代码表；法律修改后随产品更新。", "Leave the table out; it changes with the law, in the product.")  # fmt: skip


def _about(one: RecordType, report: Report) -> None:
    """No type is a register of persons by a protected attribute."""
    if not about_a_person(one):
        return
    for said in (one.id, *one.label, *(text for group in one.groups for text in group.label)):
        if found := protected_name(said):
            report.add(one.place, "bounds.protected_type", f"类型“{one.id}”按{found.attribute.zh}（“{found.word}”）登记人员",
                       f"the type `{one.id}` is a register of persons by {found.attribute.en} ({found.word!r})",
                       "删去该类型，或改去分组名称。", "Leave the type out, or the heading.")  # fmt: skip
            return


def _rules(one: RecordType, report: Report) -> None:
    """No condition looks for a protected attribute in what is written elsewhere: in names, descriptions, addresses."""
    conditions = [(rule.id, rule.says, rule.place) for rule in one.rules]
    conditions += [(name, f.required_when, f.place) for name, f in one.fields.items() if f.required_when]
    conditions += [("final_review_when", one.final_review_when, one.place)] if one.final_review_when else []
    for name, says, place in conditions:
        quoted = (text for text in re.findall(r"'((?:[^']|'')*)'", says) if not text.isascii() or len(text) > SEVERAL)
        found = next((match for text in quoted if (match := protected_name(text))), None)
        if found:
            report.add(place, "bounds.protected_rule", f"条件“{name}”查找{found.attribute.zh}（“{found.word}”）",
                       f"the condition `{name}` looks for {found.attribute.en} ({found.word!r})",
                       "删去该条件。", "Leave the condition out.")  # fmt: skip


def _subjects(one: RecordType, report: Report) -> None:
    """No recognition, no location feeds anywhere; no scores where a record is about a person."""
    kinds = (RECOGNITION, LOCATION, SCORE) if about_a_person(one) else (RECOGNITION, LOCATION)
    for kind in kinds:
        _refuse(one, kind, report)
    for field in one.fields.values() if one.person else ():
        if _says(COORDINATES, field):
            report.add(field.place, LOCATION.code, f"字段“{field.name}”{COORDINATES.what_zh}",
                       f"the field `{field.name}` {COORDINATES.what_en}", COORDINATES.mend_zh, COORDINATES.mend_en)  # fmt: skip


def grades(field: Field) -> bool:
    """Whether a field grades by its name, its labels or its unit."""
    said = (field.name, field.label.zh, field.label.en)
    return any(map(grade_word, said)) or (field.unit or "").strip() in UNITS_OF_GRADES


def grade_word(said: str) -> bool:
    """Whether a name is a word of scales, however it is spelled."""
    return _calls(GRADE, said) or _calls(SCORE, said)


def about_a_person(one: RecordType) -> bool:
    """Whether a type's records are about persons: declared so, or naming one by number, by name or by reference."""
    types = one.catalog.types
    return one.person or any(
        field.kind in PERSONAL
        or "姓名" in field.label.zh
        or bool(field.to and field.to in types and types[field.to].person)
        for field in one.fields.values()
    )


def _event(one: RecordType, report: Report) -> None:
    """An event names nobody, and no record of a person leads to an event."""
    leads = [
        field
        for field in one.fields.values()
        if field.to and field.to in one.catalog.types and _is_event(one.catalog.types[field.to])
    ]
    if _is_event(one):
        _refuse(one, PARTICIPANTS, report)
        people = [
            field for field in one.fields.values()
            if field.kind in ("resident_id", "driving_licence", "passport")
            or (field.to and field.to in one.catalog.types and one.catalog.types[field.to].person)
            or "姓名" in field.label.zh
            or (field.multiple and field.protection == "identifying" and field.name != OFFICERS)
        ]  # fmt: skip
    elif leads and about_a_person(one):
        people = leads
    else:
        return
    for field in people:
        report.add(field.place, PARTICIPANTS.code, f"字段“{field.name}”将活动与具体人员关联",
                   f"the field `{field.name}` ties an event to a person", PARTICIPANTS.mend_zh, PARTICIPANTS.mend_en)  # fmt: skip


def _is_event(one: RecordType) -> bool:
    return one.id == "event" or (one.domain == "order" and not one.person and _named(EVENT, one))


def _control(one: RecordType, report: Report) -> None:
    """A person is under control by a legal instrument with an end, or not at all."""
    if not (_named(CONTROL, one) or any(field.table == MEASURES for field in one.fields.values())):
        return
    if any(field.to == "control_measure" and field.required for field in one.fields.values()):
        return  # an entry under a measure has the measure's instrument
    missing = [name for name in INSTRUMENT if not _stated(one, name)]
    if not any(field.table == MEASURES and field.required for field in one.fields.values()):
        missing.insert(0, f"measure({MEASURES})")
    if missing:
        report.add(one.place, "bounds.instrument",
                   f"类型“{one.id}”把人列为管控对象，却没有必填的 {'、'.join(missing)}",
                   f"the type `{one.id}` puts persons under control without required {', '.join(missing)}",
                   "管控措施须写明法定措施（代码表 control_measures）、法律文书号、决定机关、起止日期和复核日期，均为必填。",
                   "A measure is one of `control_measures`, with instrument, authority, and start, end and review dates, all required.")  # fmt: skip


def _stated(one: RecordType, name: str) -> bool:
    """Whether a type has a required field of that name, a date where it is a day."""
    field = one.fields.get(name)
    return bool(field and field.required and (field.type == "date" or not name.endswith("_on")))


def _named(words: re.Pattern[str], one: RecordType) -> bool:
    return any(words.search(text) for text in (one.id, one.label.zh, one.label.en))


def _refuse(one: RecordType, kind: Forbidden, report: Report) -> None:
    for field in one.fields.values():
        if (one.id, field.name) not in ALLOWED and _says(kind, field):
            report.add(field.place, kind.code, f"字段“{field.name}”{kind.what_zh}", f"the field `{field.name}` {kind.what_en}",
                       kind.mend_zh, kind.mend_en)  # fmt: skip
    for rule in one.rules:
        if _rule_says(kind, rule):
            report.add(rule.place, kind.code, f"规则“{rule.id}”{kind.what_zh}", f"the rule `{rule.id}` {kind.what_en}",
                       "删去该规则。", "Leave the rule out.")  # fmt: skip


def _says(kind: Forbidden, field: Field) -> bool:
    """Whether a field is called so, however it is spelled."""
    return any(_calls(kind, said) for said in (field.name, field.label.zh, field.label.en))


def _rule_says(kind: Forbidden, rule: Rule) -> bool:
    return any(_calls(kind, said) for said in (rule.id.partition(".")[2], rule.message.zh))


def _calls(kind: Forbidden, said: str) -> bool:
    return any(
        any(word in reading.plain for word in kind.zh) or not set(kind.en).isdisjoint(reading.words)
        for reading in readings(said)
    )


__all__ = ["Match", "about_a_person", "check", "check_level", "check_tables", "disguised", "protected_name"]
