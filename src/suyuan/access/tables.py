"""Rows as a terminal shows them to people: headings and values in words. Programs take `--json`, which gives what is stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext, override

from suyuan.access import decide, queries, words
from suyuan.access.common_cli import aligned
from suyuan.i18n import language, say

WIDEST = 8
"""Rows of more columns are said line by line, what is empty left out."""
HEADINGS = {
    "active": ("是否在岗", "active"), "after": ("变更为", "after"), "agencies": ("管辖机构", "agencies"),
    "agency": ("机构", "agency"), "apart": ("不得兼任", "never together with"), "approved": ("是否批准", "approved"),
    "asked_at": ("申请时间", "asked at"), "asked_by": ("提请人", "asked by"), "before": ("现行", "before"),
    "body": ("全文", "text"), "clearance": ("可接触级别", "clearance"), "decided_at": ("决定时间", "decided at"),
    "decided_by": ("决定人", "decided by"), "declaration": ("声明", "declaration"), "digest": ("摘要", "digest"),
    "division_code": ("区划代码", "division code"), "done_at": ("办结时间", "done at"), "duty": ("岗位", "duty"),
    "ends_at": ("到期时间", "ends at"), "ends_on": ("结束日期（不含）", "until"), "expires_at": ("到期时间", "expires at"),
    "gains": ("将得到", "gains"), "kind": ("类别", "kind"), "live": ("是否有效", "in force"), "loses": ("将失去", "loses"),
    "made_at": ("建立时间", "made at"), "more": ("是否还有更多", "more"), "most": ("最多", "at most"),
    "name": ("名称", "name"), "name_en": ("英文名称", "English name"), "parent": ("上级机构", "parent"),
    "people": ("涉及人数", "people"), "person": ("人员", "person"), "proposed_at": ("提请时间", "proposed at"),
    "proposed_by": ("提请人", "proposed by"), "reason": ("依据或事项", "reason"), "records": ("可及记录", "records in reach"),
    "reference": ("案件编号或文号", "reference"), "revoked_at": ("撤销时间", "revoked at"), "signed_at": ("签署时间", "signed at"),
    "staff_no": ("警号（工号）", "staff number"), "starts_on": ("开始日期", "from"), "state": ("状态", "state"),
    "stretch": ("期间", "stretch"), "subject": ("字段或类型", "field or type"), "used_at": ("使用时间", "used at"),
    "username": ("账号名", "user name"), "version": ("版本", "version"), "what": ("事项", "matter"), "width": ("号段宽度", "width"),
}  # fmt: skip
NUMBER = ("编号", "number")
"""Heading of a row's own number, by which commands name it: the first column, where it holds one."""
_DECIDED = {"waiting": "待批准", "approved": "已批准", "refused": "未批准", "lapsed": "已失效"}
WORDS: Mapping[str, Mapping[Any, str]] = {
    "Agency.kind": words.AGENCY_KINDS, "Asked.duty": words.DUTIES, "Asked.kind": words.GROUNDS,
    "Clearing.state": _DECIDED, "Duty.kind": words.DUTIES, "Effect.apart": words.POWERS, "Ground.duty": words.DUTIES,
    "Ground.kind": words.GROUNDS, "Limit.kind": words.LIMITS, "Limit.stretch": words.STRETCHES,
    "Proposal.kind": words.DUTIES | words.LIMITS, "Proposal.state": _DECIDED, "Proposal.what": words.PROPOSALS,
    "Way.kind": words.WAYS_IN, "Way.state": {state: word for state, (_, word) in words.WAY_STATES.items()},
}  # fmt: skip
_PERSONS = ("asked_by", "decided_by", "person", "proposed_by")


def in_words(rows: Sequence[tuple[Any, ...]]) -> list[str]:
    """Lines that say what some rows hold: a table, or of wide rows a paragraph each."""
    with override("en" if language() == "en" else "zh-hans"):
        said = [[(heading(row, name), cell(row, name)) for name in row._fields] for row in rows]  # type: ignore[attr-defined]
    if said and len(said[0]) > WIDEST:
        return [line for one in said for line in [*(say(f"{head}：{text}", f"{head}: {text}")
                                                    for head, text in one if text), ""]]  # fmt: skip
    return aligned([[head for head, _ in said[0]], *([text for _, text in one] for one in said)]) if said else []


def heading(row: tuple[Any, ...], name: str) -> str:
    """What a column holds."""
    own = name == row._fields[0] and isinstance(row[0], int)  # type: ignore[attr-defined]  # a named tuple
    return say(*(NUMBER if own else HEADINGS[name]))


def cell(row: tuple[Any, ...], name: str) -> str:
    """One value in words; of a person or agency the number too, by which commands name them."""
    value, known = getattr(row, name), WORDS.get(f"{type(row).__name__}.{name}")
    if value is None or value == "":
        return ""
    if name in ("gains", "loses"):
        return say("、", ", ").join(say(*decide.action_word(one)) for one in value)
    if isinstance(value, tuple):
        return say("、", ", ").join(gettext(known[one]) if known else one for one in value)
    if known is not None:
        return gettext(known.get(value, str(value)))
    if name == row._fields[0]:  # type: ignore[attr-defined]
        return str(value)
    return _named(name, value) or _plain(value)


def _named(name: str, value: Any) -> str:
    names: dict[str, Callable[[int], str]] = {"agency": queries.agency_name, "parent": queries.agency_name}
    names |= dict.fromkeys(_PERSONS, queries.person_name)
    return say(f"{names[name](value)}（{value}）", f"{names[name](value)} ({value})") if name in names else ""


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return say("是", "yes") if value else say("否", "no")
    if isinstance(value, datetime):
        return timezone.localtime(value).strftime("%Y-%m-%d %H:%M")
    return value.isoformat() if isinstance(value, date) else str(value)
