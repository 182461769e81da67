"""Which duty may do what: one table, and a reason in words for every answer."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

from suyuan.access import queries
from suyuan.access.acting import Acting
from suyuan.access.errors import NotAllowed
from suyuan.access.words import DUTIES, READERS

_ACTIONS = {
    "collect": ("采集数据", "collect data"),
    "read": ("查阅记录", "read records"),
    "reveal": ("显示完整的标识信息", "reveal identifying values"),
    "export": ("导出记录", "export records"),
    "assign": ("指派办理事由", "assign grounds"),
    "prove": ("出具记录的证明包", "issue the proof of a record"),
    "confirm_sample": ("核查抽中的查阅", "confirm sampled accesses"),
    "dispose": ("提请销毁记录", "ask for records to be erased"),
    "keys": ("管理密钥", "manage keys"),
    "first_review": ("初审", "do the first review"),
    "second_review": ("复审", "do the second review"),
    "final_review": ("终审", "do the final review"),
    "administer": ("管理机构、人员和账号", "administer agencies, people and accounts"),
    "enable": ("停用或恢复人员", "let people in or shut them out"),
    "end_duty": ("终止岗位或降低可接触级别", "end duties and lower clearances"),
    "break_glass": ("启用紧急查阅", "open records in an emergency"),
    "review_emergency": ("复核紧急查阅", "review emergency accesses"),
    "erase": ("销毁提请销毁的记录", "erase records as asked"),
    "read_draft": ("查看自己的草稿", "read drafts of one's own"),
    "open_level": ("开启或封闭二级数据", "open or seal level 2"),
    "ask_account": ("提请建立账号", "ask for an account"),
    "ask_reset": ("提请重置密码、清除第二因素或解除锁定", "ask for a new password, removed factors or unlocking"),
    "confirm_way_in": ("确认他人提请的账号事项", "confirm what another asked about an account"),
    "see_ways_in": ("查看账号事项", "see what was asked about accounts"),
    "grant": ("提请、批准或终止授权", "propose, approve or end what others may do"),
    "undertakings": ("查看保密承诺书签署情况", "see who has signed the secrecy undertaking"),
    "audit": ("审计", "audit"),
}

# Actions on what a record says: these alone look at its level and at the clearance of the duty.
ON_CONTENT = frozenset(
    {"collect", "read", "read_draft", "reveal", "export", "prove", "dispose"}
    | {"first_review", "second_review", "final_review"}
)
# What is done for one's own agency only: collecting (norm 4.1), its drafts, and the entering side's review (3.2.1).
ON_ONES_OWN = frozenset({"collect", "read_draft", "first_review"})
# What takes a record out of the system, or its content away: an emergency opens records to be looked at, and no more.
NEVER_IN_AN_EMERGENCY = frozenset({"export", "prove", "dispose"})
# What belongs to the installation and not to an agency: whoever does it holds the duty at the root.
INSTALLATIONS = frozenset({"keys"})
ROOT = 0
# States in which an action makes sense; every state for what is not named here. A disposed record has no content left.
_STATES = {
    "collect": frozenset({"draft", "in_force", "returned", "rejected"}),
    "read": frozenset(
        {"draft", "first_review", "second_review", "final_review", "in_force", "returned", "rejected", "sealed"}
    ),
    "reveal": frozenset({"draft", "first_review", "second_review", "final_review", "in_force", "returned", "rejected"}),
    "export": frozenset({"in_force"}),
    "dispose": frozenset({"in_force", "returned", "rejected", "sealed"}),
    "erase": frozenset({"in_force", "returned", "rejected", "sealed"}),
    "read_draft": frozenset({"draft"}),
    "first_review": frozenset({"first_review"}),
    "second_review": frozenset({"second_review"}),
    "final_review": frozenset({"final_review"}),
}


class Decision(NamedTuple):
    """Whether an act is allowed, and why, in both languages."""

    allowed: bool
    reason_zh: str
    reason_en: str


@cache
def table() -> frozenset[tuple[str, str]]:
    """The (duty, action) pairs that are allowed; everything else is not."""
    with Path(__file__).with_name("decisions.csv").open(encoding="utf-8", newline="") as file:
        return frozenset((row["duty"], row["action"]) for row in csv.DictReader(file))


def actions_of(duty: str) -> frozenset[str]:
    """What a duty may do."""
    return frozenset(action for held, action in table() if held == duty)


def power_of(duty: str) -> str:
    """Which of the separate powers a duty belongs to: its own for an administrator, else work on records."""
    return duty if duty in ("system_administrator", "security_administrator", "security_auditor") else "records"


def action_word(action: str) -> tuple[str, str]:
    """An action in both languages."""
    return _ACTIONS[action]


def decide(
    who: Acting, action: str, *, agency: int | None = None, level: int = 1, state: str | None = None
) -> Decision:
    """Whether `who` may do `action` to something of an agency, level and state; None means no particular one."""
    duty, (zh, en) = _duty(who.duty), _ACTIONS[action]
    if (who.duty, action) not in table():
        return Decision(False, f"{duty[0]}不能{zh}", f"A {duty[1]} may not {en}")
    if action in NEVER_IN_AN_EMERGENCY and who.purpose == "emergency":
        return Decision(False, f"紧急查阅中不能{zh}", f"In an emergency nobody may {en}")
    if action in INSTALLATIONS:
        agency = ROOT
    if agency is not None and not _reaches(who, action, agency):
        return Decision(False, "不在当前办理事由的管辖范围内", "It lies outside the scope of the current ground")
    if action in ON_CONTENT and who.duty in READERS and level > who.clearance:
        return Decision(False, "超出当前岗位的可接触级别", "Its level is above the clearance of the current duty")
    if state is not None and state not in _STATES.get(action, (state,)):
        return Decision(False, f"记录处于当前状态时不能{zh}", f"In its present state nobody may {en}")
    if action == "read" and state == "sealed" and not (who.duty == "department_head" and who.purposeful):
        return Decision(
            False,
            "记录已封存，只有部门负责人凭指派的办理事由才能查阅",
            "The record is sealed: only a head of department reads it, under a ground that somebody assigned",
        )
    return Decision(True, f"{duty[0]}可以{zh}", f"A {duty[1]} may {en}")


def _reaches(who: Acting, action: str, agency: int) -> bool:
    # Administrators reach no record, and administer the agencies of their range.
    lo, hi = (who.scope_lo, who.scope_hi) if who.duty in READERS else queries.range_of(who.agency)
    if not lo <= agency < hi:
        return False
    if action in ON_ONES_OWN:
        return agency == who.agency
    # The final review is the superior agency's (norm 3.2.3), never that of the agency whose data it is; the root has none
    # above it, and another department's leader there does it (`review_may` compares the departments).
    return not (action == "final_review" and agency == who.agency != ROOT)


def require(who: Acting, action: str, *, agency: int | None = None, level: int = 1, state: str | None = None) -> None:
    """Raise `NotAllowed`, with its reason, unless `decide` allows the act."""
    decision = decide(who, action, agency=agency, level=level, state=state)
    if not decision.allowed:
        raise NotAllowed(decision.reason_zh + "。", decision.reason_en + ".")


def _duty(kind: str) -> tuple[str, str]:
    return DUTIES[kind], kind.replace("_", " ")
