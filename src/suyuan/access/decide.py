"""Which duty may do what: one table, and a reason in words for every answer."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

from suyuan.access.acting import Acting
from suyuan.access.errors import NotAllowed
from suyuan.access.words import DUTIES

_ACTIONS = {
    "collect": ("采集数据", "collect data"),
    "read": ("查阅记录", "read records"),
    "reveal": ("显示完整的标识信息", "reveal identifying values"),
    "export": ("导出记录", "export records"),
    "assign": ("指派办理事由", "assign grounds"),
    "prove": ("出具记录的证明包", "issue the proof of a record"),
    "confirm_sample": ("核对抽查的查阅", "confirm sampled accesses"),
    "keys": ("管理密钥", "manage keys"),
    "first_review": ("初审", "do the first review"),
    "second_review": ("复审", "do the second review"),
    "final_review": ("终审", "do the final review"),
    "administer": ("管理机构、人员和账号", "administer agencies, people and accounts"),
    "grant": ("授予或终止岗位", "grant or end duties"),
    "audit": ("审计", "audit"),
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


def decide(who: Acting, action: str, *, agency: int | None = None, level: int = 1) -> Decision:
    """Whether `who` may do `action` to something of an agency and level; None means no particular thing."""
    duty, (zh, en) = _duty(who.duty), _ACTIONS[action]
    if (who.duty, action) not in table():
        return Decision(False, f"{duty[0]}不能{zh}", f"A {duty[1]} may not {en}")
    if agency is not None and not who.scope_lo <= agency < who.scope_hi:
        return Decision(False, "不在当前办理事由的管辖范围内", "It lies outside the scope of the current ground")
    if level > who.clearance:
        return Decision(False, "超过当前岗位可接触的密级", "Its level is above the clearance of the current duty")
    return Decision(True, f"{duty[0]}可以{zh}", f"A {duty[1]} may {en}")


def require(who: Acting, action: str, *, agency: int | None = None, level: int = 1) -> None:
    """Raise `NotAllowed`, with its reason, unless `decide` allows the act."""
    decision = decide(who, action, agency=agency, level=level)
    if not decision.allowed:
        raise NotAllowed(decision.reason_zh + "。", decision.reason_en + ".")


def _duty(kind: str) -> tuple[str, str]:
    return DUTIES[kind], kind.replace("_", " ")
