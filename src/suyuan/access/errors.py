"""Errors of access.

SuyuanError
├── NoGround       no live ground of one's own; shown to the person
├── NoPurpose      the ground is that of a duty only; shown to the person, with the way to one
├── LimitReached   too much in too short a time; shown to the person
├── GroundRefused  a rule of grounds refuses; shown to the person
├── NotSigned      the secrecy undertaking in force is not signed; shown to the person, with the way to it
├── NotAllowed     the duty does not cover the act; shown to the person
├── Unknown        no such account, person or agency; shown to administrators and on the command line
├── Conflict       a constraint of duties or numbers refuses; shown to administrators
├── Incomplete     what lies in quarantine does not say what it must; shown to administrators
├── NotHeld        nothing of that name lies in quarantine; shown to administrators
├── BadCode        the activation code is wrong or used; shown to whoever activates
├── BadHalves      no account opens by that code; shown to whoever tries
├── NoToken        no such token of one's own; shown to its owner
└── BadToken       no token came with the request, or one that is worth nothing; shown to programs
"""

from __future__ import annotations

from suyuan.catalog.clearing import lacking
from suyuan.catalog.model import Quarantined
from suyuan.errors import SuyuanError


class NoGround(SuyuanError):
    """The person has no live ground, or names one that is not theirs."""

    def __init__(self) -> None:
        super().__init__(
            "access.no_ground",
            "没有有效的办理事由，不能查阅或办理。",
            "There is no live ground to act under.",
            "请安全管理员核对您的岗位职责及起止日期；岗位生效后系统自动给出办理事由。",
            "Ask the security administrator to check your duty and its dates; a live duty brings its ground.",
        )


class Unproven(NoGround):
    """What proved who acts is worth nothing any more: the session was ended, is too old, or its person left."""

    def __init__(self) -> None:
        SuyuanError.__init__(
            self,
            "access.session_over",
            "会话已结束，这项操作没有办理。",
            "The session is over; this act was not done.",
            "请重新登录后再办理；令牌已失效的，请换用新的令牌。",
            "Sign in again and repeat it; replace a token that is dead.",
        )


class NoPurpose(SuyuanError):
    """Records about people need a ground that somebody assigned: a case, a task, a survey, a request, an audit, a shift."""

    command = "suyuan ground request"

    def __init__(self) -> None:
        super().__init__(
            "access.no_purpose",
            "查阅、检索或导出涉及人员的记录，须先选定具体的办理事由（案件、追踪任务、现场采集、协查、审计或值班）。",
            "Opening, searching or exporting records about people needs a ground: a case, a task, a survey, a request, "
            "an audit or a shift.",
            "在顶栏选择已指派给您的事由；没有的，在“办理事由”页向本部门负责人申请。",
            "Choose one of your grounds in the bar at the top; if you have none, ask your head of department for one "
            "on the page of grounds.",
        )


class NotSigned(SuyuanError):
    """Nobody works on records without a signature on the secrecy undertaking in force (norm 5.2.2)."""

    command = "suyuan undertaking sign"

    def __init__(self) -> None:
        super().__init__(
            "access.not_signed",
            "您尚未签署现行版本的保密承诺书，签署前不能接触记录。",
            "You have not signed the secrecy undertaking in force; until you do, no record is open to you.",
            "在“保密承诺书”页阅读并签署。",
            "Read and sign it on the page of the undertaking.",
        )


class LimitReached(SuyuanError):
    """More looks, searches, reveals or exports than one person may make under one ground in this time."""

    def __init__(self) -> None:
        super().__init__(
            "access.limit_reached",
            "本事由下的查阅、检索或导出已达上限，已记入审计账本并告警。",
            "The limit of looks, searches or exports under this ground is reached; this is entered in the ledger and alarmed.",
            "稍后再试（按小时或按天计）；确有大量工作需要的，请部门负责人与安全审计员说明情况。",
            "Try again later (limits count by the hour or the day); if the work needs more, let the head of department "
            "explain it to the security auditor.",
        )


_GROUNDS = {
    "access_ground_dates": (
        "事由的结束日期须晚于当前日期，且不超过一年", "A ground ends after today and within a year"
    ),
    "access_ground_answered": ("该申请已有答复", "That request has been answered"),
    "access_ground_assigned_by_another": (
        "不能给自己指派办理事由", "Nobody assigns a ground to themselves"
    ),
    "access_ground_content": (
        "事由中不得写入证件号码或电话号码，请写案件编号、文号或工作内容",
        "A ground must not hold identity or telephone numbers; write a case or document number, or the work",
    ),
    "access_emergency_unreviewed": (
        "您有超过 24 小时未经复核的紧急查阅，复核前不能再次启用",
        "An emergency access of yours has not been reviewed for over 24 hours; until it is there is no other",
    ),
    "access_emergency_open": ("您的紧急查阅仍在有效期内", "Your emergency access is still open"),
    "access_emergency_reviewed": ("该次紧急查阅已复核", "That emergency access has been reviewed"),
    "access_emergency_reviewed_by_another": (
        "不能复核自己的紧急查阅", "Nobody reviews their own emergency access"
    ),
}  # fmt: skip


class GroundRefused(SuyuanError):
    """A rule of grounds or of emergency access refuses."""

    def __init__(self, rule: str) -> None:
        zh, en = _GROUNDS.get(rule, ("办理事由不符合规定", "The ground breaks a rule"))
        super().__init__(
            "access.ground_refused", zh + "。", en + ".", "请核对后重新填写。", "Check and enter it again."
        )


class NotAllowed(SuyuanError):
    """The duty does not cover the act."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(
            "access.not_allowed", zh, en,
            "请由担任相应岗位的人员办理，或切换办理事由。",
            "Somebody who holds that duty can do it, or switch to another ground.",
        )  # fmt: skip


class Unknown(SuyuanError):
    """Nothing by that name."""

    def __init__(self, what: str) -> None:
        super().__init__(
            "access.unknown", f"没有该账号、人员或机构：{what}", f"No such account, person or agency: {what}",
            "用 suyuan user list 或 suyuan agency list 查看。", "See `suyuan user list` or `suyuan agency list`.",
        )  # fmt: skip


_CONFLICTS = {
    "access_duty_powers_apart": (
        "系统管理、安全管理、安全审计、数据业务四类岗位不得由同一人兼任",
        "System, security and audit administration and work on records are never held by one person at a time",
    ),
    "access_staff_no": (
        "警号（工号）应为 2～20 位字母或数字，没有空格和符号",
        "A staff number has 2 to 20 letters or digits, no spaces or signs",
    ),
    "access_division_code": ("行政区划代码应为 6 位数字", "A division code has 6 digits"),
    "access_duty_granted_by_another": ("不能给自己授予岗位", "Nobody grants a duty to themselves"),
    "access_clearing_by_another": (
        "提请人不能批准，须由另一名安全管理员批准",
        "Whoever proposed it does not approve it; another security administrator can",
    ),
    "access_clearing_once": (
        "这一声明已放行，或已有待批准的提请",
        "This declaration is cleared, or a proposal of it waits",
    ),
    "access_clearing_decided": ("该提请已有结论", "That proposal has been decided"),
    "access_clearing_says": (
        "声明须写明用途、依据（条款）和保存期限",
        "A declaration says its purpose, its basis with the article, and how long it is kept",
    ),
    "access_proposal_by_another": ("不能为自己提请授权", "Nobody proposes power for themselves"),
    "access_proposal_approved_by_another": (
        "提请人和当事人都不能批准，须由另一名安全管理员批准",
        "Neither whoever proposed it nor whom it concerns may approve it; another security administrator can",
    ),
    "access_proposal_decided": ("该提请已有决定", "That proposal has been decided"),
    "access_proposal_once": (
        "同一事项已有提请待批准，没有重复提请；需要改动的，请提请人先撤回原提请",
        "The same is proposed already and waits; whoever wants it otherwise has the first one withdrawn",
    ),
    "access_proposal_lapsed": ("该提请已超过 7 天，自动失效", "That proposal lapsed after 7 days"),
    "access_proposal_proposer_left": (
        "提请人已不再担任安全管理员，该提请不能再批准",
        "Whoever proposed it is a security administrator no longer, so it cannot be approved",
    ),
    "access_proposal_person_left": ("该人员已停用", "That person has been disabled"),
    "access_proposal_raises_nothing": (
        "该岗位现有的可接触级别已不低于所提级别",
        "The clearance of that duty is as high already",
    ),
    "access_undertaking_name": ("签署的姓名与登记的姓名不一致", "The name is not the one that is registered"),
    "access_undertaking_changed": (
        "承诺书已更新，请阅读现行版本后再签署",
        "The undertaking has changed; read the version in force and sign that",
    ),
    "access_undertaking_signature_pkey": ("您已签署这一版本", "You have signed this version"),
    "access_proposal_body_check": ("承诺书须为 20 至 20,000 字", "An undertaking has 20 to 20,000 characters"),
    "access_proposal_unknown_limit": ("没有这项限额", "There is no such limit"),
    "access_duty_kind_check": ("没有该岗位", "There is no such duty"),
    "access_duty_check": ("结束日期不得早于开始日期", "A duty does not end before it starts"),
    "access_person_staff_no_key": ("警号（工号）已被使用", "The staff number is taken"),
    "access_way_in_account": ("该人员没有这个账号", "That person has no such account"),
    "access_way_in_username": (
        "账号名为 2 至 60 个字母、数字、下划线、点或短横",
        "An account name has 2 to 60 letters, figures, underscores, dots or hyphens",
    ),
    "access_way_in_reason_check": ("须写明依据，不超过 200 字", "State a reason of at most 200 characters"),
    "access_way_in_by_another": ("不能为自己提请", "Nobody asks for a way in of their own"),
    "access_way_in_confirmed_by_another": (
        "提请人和当事人都不能确认，须由另一名管理员确认",
        "Neither whoever asked nor whom it concerns may confirm it; another administrator can",
    ),
    "access_way_in_decided": ("该提请已有决定", "That has been decided"),
    "access_way_in_lapsed": ("该提请已超过 7 天，自动失效", "That lapsed after 7 days"),
    "access_way_in_superseded": (
        "该账号其后另有提请，这一件不能再确认；请办理最新的一件，或重新提请",
        "A newer one was asked for that account, so this is not confirmed; confirm the newest, or ask anew",
    ),
    "access_way_in_asker_left": (
        "提请人已不再担任管理员，该提请不能再确认",
        "Whoever asked is an administrator no longer, so it cannot be confirmed",
    ),
    "access_person_department_here": ("部门不属于该机构", "The department is none of that agency"),
    "access_duty_department_here": ("部门不属于该机构", "The department is none of that agency"),
    "access_account_username_key": ("账号名已被使用", "The user name is taken"),
    "access_proposal_retention": (
        "审计账本保存 1 至 30 年，不得少于 1 年",
        "The ledger is kept for 1 to 30 years, never for less than one",
    ),
    "access_proposal_policy": ("这项策略只能设为 1 或 2", "This policy is set to 1 or 2"),
    "access_token_name": ("令牌须有名称，不超过 60 字", "A token needs a name of at most 60 characters"),
    "access_token_days": ("令牌有效期为 1 至 90 天", "A token lasts 1 to 90 days"),
    "access_token_many": ("有效令牌已达 10 个，请先撤销不再使用的令牌", "There are ten live tokens; revoke one first"),
    "access_token_account": (
        "账号已停用或须先修改密码，不能建立令牌",
        "The account is disabled or its password must be changed first; it gets no token",
    ),
    "access_agency_parent_name_key": ("上级机构下已有同名机构", "The superior agency has one of that name"),
}


class Conflict(SuyuanError):
    """A rule of the database refuses the change."""

    def __init__(self, constraint: str) -> None:
        zh, en = _CONFLICTS.get(constraint, ("与已有数据冲突", "It conflicts with what is there"))
        super().__init__("access.conflict", zh + "。", en + ".", "请核对后重新填写。", "Check and enter it again.")


class Incomplete(SuyuanError):
    """What lies in quarantine does not say what it must."""

    def __init__(self, held: Quarantined) -> None:
        super().__init__(
            "access.clearing_incomplete",
            f"“{held.subject}”的声明不完整，不能提请放行；缺少：{lacking(held, zh=True)}。",
            f"The declaration of `{held.subject}` is incomplete and cannot be proposed; it lacks: {lacking(held, zh=False)}.",
            "在目录文件中补全后重试。", "Complete it in the catalog's file and try again.",
        )  # fmt: skip


class NotHeld(SuyuanError):
    """Nothing of that name lies in quarantine."""

    command = "suyuan catalog quarantine"

    def __init__(self, subject: str) -> None:
        super().__init__(
            "access.not_held", f"隔离中没有“{subject}”。", f"Nothing called `{subject}` lies in quarantine.",
            "核对名称。", "Check the name.",
        )  # fmt: skip


class BadCode(SuyuanError):
    """The activation code is wrong or was used."""

    def __init__(self) -> None:
        super().__init__(
            "access.bad_code", "激活码不正确或已使用。", "The activation code is wrong or was used.",
            "核对 suyuan up 打印的激活码；已使用的，请由该管理员登录；错 5 次须等 15 分钟。",
            "Check the code that `suyuan up` printed; if it was used, that administrator signs in. After five wrong ones wait 15 minutes.",
        )  # fmt: skip


class BadHalves(SuyuanError):
    """No account opens by these two halves: wrong, used, lapsed, or no such account. Which of them is not said."""

    def __init__(self) -> None:
        super().__init__(
            "access.bad_halves",
            "未能设置密码：账号名或激活码不正确，或激活码已使用、已失效。",
            "No password was set: the account name or the code is wrong, or the code was used or has lapsed.",
            "核对两张激活单；7 天内有效、只能用一次，错 5 次作废。作废的，请系统管理员重新提请。",
            "Check both slips; a code lasts 7 days, opens once and ends after 5 wrong tries. Then a system administrator "
            "asks for another.",
        )


class NoToken(SuyuanError):
    """No such token of one's own, or it was revoked before."""

    def __init__(self) -> None:
        super().__init__(
            "access.no_token", "没有该令牌，或该令牌已撤销。", "No such token, or it was revoked before.",
            "用 suyuan token list 查看。", "See `suyuan token list`.",
        )  # fmt: skip


class BadToken(SuyuanError):
    """The request came without a token, or with one that is wrong, expired or revoked: which of them is not said."""

    def __init__(self) -> None:
        super().__init__(
            "access.bad_token",
            "没有有效的接口令牌。",
            "There is no valid API token.",
            "请求须带 Authorization: Bearer 令牌；令牌在“我的账号”页建立，可能已过期、撤销或账号已停用。",
            "Send Authorization: Bearer TOKEN. Tokens are made on the page of one's account; this one may be "
            "expired or revoked, or its account disabled.",
        )


class ProviderOpen(SuyuanError):
    """The settings of the identity provider hold a secret that others may read."""

    def __init__(self, path: str) -> None:
        super().__init__(
            "access.provider_open", f"{path} 他人也能读取，其中有统一认证的密钥，没有启动。",
            f"Others can read {path}, which holds the secret of the identity provider; nothing was started.",
            f"执行 chmod 600 {path}。", f"chmod 600 {path}",
        )  # fmt: skip
