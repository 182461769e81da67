"""Errors of access.

SuyuanError
├── NoGround       no live ground of one's own; shown to the person
├── NotAllowed     the duty does not cover the act; shown to the person
├── Unknown        no such account, person or agency; shown to administrators and on the command line
├── Conflict       a constraint of duties or numbers refuses; shown to administrators
└── BadCode        the activation code is wrong or used; shown to whoever activates
"""

from __future__ import annotations

from suyuan.errors import SuyuanError


class NoGround(SuyuanError):
    """The person has no live ground, or names one that is not theirs."""

    def __init__(self) -> None:
        super().__init__(
            "access.no_ground",
            "没有有效的办理事由,不能查阅或办理。",
            "There is no live ground to act under.",
            "请安全管理员核对您的岗位职责及起止日期;岗位生效后系统自动给出办理事由。",
            "Ask the security administrator to check your duty and its dates; a live duty brings its ground.",
        )


class NotAllowed(SuyuanError):
    """The duty does not cover the act."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(
            "access.not_allowed", zh, en,
            "请由担任相应岗位的人员办理,或切换办理事由。",
            "Somebody who holds that duty can do it, or switch to another ground.",
        )  # fmt: skip


class Unknown(SuyuanError):
    """Nothing by that name."""

    def __init__(self, what: str) -> None:
        super().__init__(
            "access.unknown", f"没有这个账号、人员或机构:{what}", f"No such account, person or agency: {what}",
            "用 suyuan user list 或 suyuan agency list 查看。", "See `suyuan user list` or `suyuan agency list`.",
        )  # fmt: skip


_CONFLICTS = {
    "access_duty_powers_apart": (
        "系统管理、安全管理、安全审计与数据业务四类岗位不得由一人同时担任",
        "System, security and audit administration and work on records are never held by one person at a time",
    ),
    "access_duty_granted_by_another": ("不能给自己授予岗位", "Nobody grants a duty to themselves"),
    "access_person_staff_no_key": ("警号(工号)已被使用", "The staff number is taken"),
    "access_account_username_key": ("账号名已被使用", "The user name is taken"),
    "access_agency_parent_name_key": ("上级机构下已有同名机构", "The superior agency has one of that name"),
}


class Conflict(SuyuanError):
    """A rule of the database refuses the change."""

    def __init__(self, constraint: str) -> None:
        zh, en = _CONFLICTS.get(constraint, ("与已有数据冲突", "It conflicts with what is there"))
        super().__init__("access.conflict", zh + "。", en + ".", "核对后重新填写。", "Check and enter it again.")


class BadCode(SuyuanError):
    """The activation code is wrong or was used."""

    def __init__(self) -> None:
        super().__init__(
            "access.bad_code", "激活码不正确或已使用。", "The activation code is wrong or was used.",
            "核对 suyuan up 打印的激活码;已使用的,请由该管理员登录。",
            "Check the code that `suyuan up` printed; if it was used, that administrator signs in.",
        )  # fmt: skip
