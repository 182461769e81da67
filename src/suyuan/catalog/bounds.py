"""What the catalog may not declare, whoever writes it: the bounds of the norm, held at load.

The words below catch what calls itself by its name. What is disguised as something innocent goes to quarantine, and
what neither catches is for the people who review a catalog: a list of words is a fence, not a judge.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from suyuan.catalog.disguise import Match, protected_name
from suyuan.catalog.model import Catalog, Field, Place, RecordType, Rule
from suyuan.catalog.yamlfile import Report

NAMED = {("resident", "ethnicity")}
"""The protected attributes that the norm names (2.2.1); no other is kept."""
INSTRUMENT = ("instrument_no", "deciding_authority", "starts_on", "ends_on", "review_on")
"""What a control measure must say (Criminal Procedure Law, arts 66 to 79; the bounds of the norm)."""
PERSONAL = frozenset({"resident_id", "driving_licence", "passport", "phone"})
"""Identifiers that a person has."""


class Forbidden(NamedTuple):
    """Something the product does not do. Chinese words count anywhere, English ones as words of a name."""

    code: str
    zh: tuple[str, ...]
    en: tuple[str, ...]
    what_zh: str
    what_en: str
    mend_zh: str
    mend_en: str


RECOGNITION = Forbidden(
    "bounds.recognition",
    ("人脸", "人像比对", "面部特征", "指纹特征", "声纹", "步态", "虹膜", "人证核验", "身份识别结果"),
    ("face", "facial", "faceprint", "gait", "voiceprint", "iris", "biometric", "biometrics", "fingerprint", "recognition"),
    "涉及人脸、步态、声纹等识别", "is about recognising faces, gaits, voices or the like",
    "本产品不做生物识别,删去该字段。", "The product recognises nobody; leave the field out.",
)  # fmt: skip
LOCATION = Forbidden(
    "bounds.location",
    ("轨迹", "实时位置", "实时定位", "定位数据", "信令", "基站", "过车记录", "通行记录", "手机定位", "行踪", "视频流", "录像文件", "抓拍"),
    ("track", "tracks", "trajectory", "geofence", "imei", "imsi", "telemetry", "footage", "livestream", "rtsp", "stream",
     "whereabouts", "sighting", "sightings"),
    "是设备、摄像机或账号的位置或画面", "is a location or a picture from devices, cameras or accounts",
    "本产品不接收位置和画面,删去该字段;视频点位只记设施本身。",
    "The product takes no such feed; leave it out. A video point is an installation only.",
)  # fmt: skip
SCORE = Forbidden(
    "bounds.score",
    ("评分", "打分", "信用分", "风险", "危险性", "危险等级", "高危", "预测", "画像", "排名", "嫌疑度", "可疑度", "重点程度"),
    ("score", "scores", "scoring", "risk", "ranking", "rank", "predicted", "prediction", "profile", "profiling", "suspicion",
     "likelihood", "dangerousness", "propensity"),
    "是对人的评分、排序或预测", "scores, ranks or predicts a person",
    "本产品不给人评分、排序或预测,删去该字段。", "The product scores nobody; leave the field out.",
)  # fmt: skip
PARTICIPANTS = Forbidden(
    "bounds.participants",
    ("参与人", "参加人", "参与者", "参加者", "到场人员", "人员名单", "名单", "组织者姓名"),
    ("participant", "participants", "attendee", "attendees", "attendance", "guests", "members"),
    "是活动的参与人员", "is about who took part in an event",
    "活动只记时间、地点、规模和处置,删去该字段。", "An event has time, place, scale and handling; leave the field out.",
)  # fmt: skip
CONTROL = re.compile(
    r"管控|布控|重点人|稳控|监控对象|列管|watch_?list|control_measure|person_of_interest|blacklist|黑名单",
    re.IGNORECASE,
)
EVENT = re.compile(r"活动|集会|事件|游行|示威|event|gathering|assembly|protest|rally", re.IGNORECASE)
ALLOWED = {("driver", "points_in_cycle"), ("activity_entry", "activity_kind")}
"""Shipped names that read like the above and are not: statutory penalty points, entries under a measure."""


def disguised(field: Field) -> Match | None:
    """Whether a field's name or label is that of a protected attribute."""
    return protected_name(field.name) or protected_name(field.label.zh) or protected_name(field.label.en)


def check_level(level: int | None, place: Place, report: Report) -> None:
    """Levels 3 to 5 are state secrets; no type has one by itself."""
    if level is not None and level not in (1, 2):
        report.add(place, "level", f"类型的密级不能是 {level}", f"a type cannot have the level {level}",
                   "类型只能是 1(内部)或 2(警务工作秘密);3 至 5 级须有经批准的密码提供方。",
                   "Types have level 1 or 2; levels 3 to 5 need an approved cipher provider.")  # fmt: skip


def check(catalog: Catalog, report: Report) -> None:
    """Report everything in a catalog that the bounds forbid."""
    for one in catalog.types.values():
        _protection(one, report)
        _subjects(one, report)
        _event(one, report)
        _control(one, report)


def _protection(one: RecordType, report: Report) -> None:
    """Protected fields are kept where the norm names them and used for nothing; identifying ones are no facets."""
    for field in one.fields.values():
        if field.protection == "identifying" and field.facet:
            report.add(field.place, "bounds.identifying_facet", f"字段“{field.name}”能指认个人,不能作为筛选项",
                       f"the field `{field.name}` identifies a person and cannot be a facet",
                       "去掉 facet: true。", "Take facet: true away.")  # fmt: skip
        if field.protection != "protected":
            continue
        if (one.id, field.name) not in NAMED:
            report.add(field.place, "bounds.protected", f"规范没有要求登记字段“{field.name}”这类受保护属性",
                       f"the norm does not name the protected attribute `{field.name}`",
                       "删去该字段。", "Leave the field out.")  # fmt: skip
        for use_zh, use_en, mend in _uses(one, field):
            report.add(field.place, "bounds.protected_use", f"受保护字段“{field.name}”不能{use_zh}",
                       f"the protected field `{field.name}` cannot be {use_en}", f"去掉 {mend}。", f"Take {mend} away.")  # fmt: skip


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


def _subjects(one: RecordType, report: Report) -> None:
    """No recognition, no location feeds anywhere; no scores where a record is about a person."""
    kinds = (RECOGNITION, LOCATION, SCORE) if about_a_person(one) else (RECOGNITION, LOCATION)
    for kind in kinds:
        _refuse(one, kind, report)


def about_a_person(one: RecordType) -> bool:
    """Whether a type's records are about persons: declared so, or naming one by a number or a reference."""
    types = one.catalog.types
    return one.person or any(
        field.kind in PERSONAL or bool(field.to and field.to in types and types[field.to].person)
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
        ]  # fmt: skip
    elif leads and about_a_person(one):
        people = leads
    else:
        return
    for field in people:
        report.add(field.place, PARTICIPANTS.code, f"字段“{field.name}”使活动与具体的人相连",
                   f"the field `{field.name}` ties an event to a person", PARTICIPANTS.mend_zh, PARTICIPANTS.mend_en)  # fmt: skip


def _is_event(one: RecordType) -> bool:
    return one.id == "event" or (one.domain == "order" and not one.person and _named(EVENT, one))


def _control(one: RecordType, report: Report) -> None:
    """A person is under control by a legal instrument with an end, or not at all."""
    if not (_named(CONTROL, one) or any(field.table == "control_measures" for field in one.fields.values())):
        return
    if any(field.to == "control_measure" and field.required for field in one.fields.values()):
        return  # an entry under a measure has the measure's instrument
    missing = [name for name in INSTRUMENT if name not in one.fields or not one.fields[name].required]
    if missing:
        report.add(one.place, "bounds.instrument",
                   f"类型“{one.id}”把人列为管控对象,却没有必填的 {'、'.join(missing)}",
                   f"the type `{one.id}` puts persons under control without required {', '.join(missing)}",
                   "管控措施须有法律文书号、决定机关、起止日期和复核日期,均为必填。",
                   "A measure has its instrument, authority, start, end and review date, all required.")  # fmt: skip


def _named(words: re.Pattern[str], one: RecordType) -> bool:
    return any(words.search(text) for text in (one.id, one.label.zh, one.label.en))


def _refuse(one: RecordType, kind: Forbidden, report: Report) -> None:
    named: Iterable[Field | Rule] = one.fields.values()
    for field in named:
        if isinstance(field, Field) and (one.id, field.name) not in ALLOWED and _says(kind, field):
            report.add(field.place, kind.code, f"字段“{field.name}”{kind.what_zh}", f"the field `{field.name}` {kind.what_en}",
                       kind.mend_zh, kind.mend_en)  # fmt: skip


def _says(kind: Forbidden, field: Field) -> bool:
    words = set(re.findall(r"[a-z]+", f"{field.name} {field.label.en}".replace("_", " ").casefold()))
    return any(word in field.label.zh for word in kind.zh) or not words.isdisjoint(kind.en)


__all__ = ["Match", "about_a_person", "check", "check_level", "disguised", "protected_name"]
