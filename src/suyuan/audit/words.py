"""Words of the audit room: purposes, signals, sources of findings."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

# The purposes for which a log may be read (directive 2016/680, art. 25(2); UK DPA 2018, s. 62(4)).
PURPOSES = {
    "lawfulness": _("核查处理是否合法"),
    "monitoring": _("内部监督与执纪"),
    "integrity": _("保障数据完整与安全"),
    "criminal": _("刑事诉讼"),
}
SIGNALS = {
    "self": (_("查阅本人的记录"), _("该民警查阅了本人的记录。是工作需要，还是私人原因？")),
    "colleague": (_("查阅同单位人员的记录"), _("所查的是同单位人员。是否有案件或任务涉及此人？")),
    "kin": (
        _("查阅与本人同址或同姓名者的记录"),
        _("所查记录与该民警本人的记录多处相同（姓名或住址）。是否与本人有关系？应否回避？"),
    ),
    "off_hours": (_("非值班时间查阅"), _("7 时前或 21 时后、且不在值班事由下查阅。当时在办什么？")),
    "absent": (_("休假或调离期间查阅"), _("登记为休假或调离，期间仍有查阅。账号是否由本人使用？")),
    "far": (_("查阅本市以外的记录"), _("所查记录由外市采集。事由是否涉及外市？")),
    "many": (_("查阅量异常"), _("当日查阅远多于本人平常。是否有集中办理的任务？")),
    "repeated": (
        _("反复查阅同一记录而无新的工作"),
        _("分五天以上反复查阅同一记录，同一事由下没有采集、更正或审核。为何反复查阅？"),
    ),
}
SOURCES = {"sample": _("抽查"), "signal": _("疑点"), "auditor": _("审计员")}
# What the short codes in an entry's detail mean; a code that is not here is shown as it is.
DETAILS = {
    "records.not_found": _("记录不存在或不在职责范围内"),
    "access.no_purpose": _("没有选定具体事由"),
    "access.limit_reached": _("超过限额"),
    "access.not_allowed": _("岗位不允许"),
    "access.ground_refused": _("办理事由不符合规定"),
    "web.not_found": _("地址不存在"),
    "web.refused": _("岗位不允许"),
    "add_agency": _("增加机构"),
    "add_department": _("增加部门"),
    "add_person": _("登记人员"),
    "add_account": _("建立账号"),
    "ask_account": _("提请建立账号"),
    "ask_password": _("提请重置密码"),
    "ask_factors": _("提请清除第二因素"),
    "ask_unlock": _("提请解除锁定"),
    "confirm_way_in": _("确认账号事项"),
    "refuse_way_in": _("不确认或撤回账号事项"),
    "use_way_in": _("凭激活码设置密码"),
    "finish_way_in": _("激活后首次登录"),
    "set_active": _("停用或恢复人员"),
    "reset_factors": _("取消第二因素"),
    "disable_idle": _("停用久未登录的账号"),
    "propose_duty": _("提请授予岗位"),
    "propose_clearance": _("提请提高涉密等级"),
    "propose_limit": _("提请调整限额"),
    "propose_undertaking": _("提请修订承诺书"),
    "approve_proposal": _("批准提请"),
    "refuse_proposal": _("不批准或撤回提请"),
    "lower_clearance": _("降低涉密等级"),
    "sign_undertaking": _("签署承诺书"),
    "accept_restore": _("认可恢复的数据库"),
    "grant": _("授予岗位"),
    "end_duty": _("终止岗位"),
    "unlock": _("解除锁定"),
    "install": _("安装"),
    "activate": _("首次激活"),
    "ask_ground": _("申请事由"),
    "assign_ground": _("指派事由"),
    "grant_ground": _("同意事由申请"),
    "refuse_ground": _("不同意事由申请"),
    "end_ground": _("终止事由"),
    "break_glass": _("启用紧急查阅"),
    "review_emergency": _("复核紧急查阅"),
    "change_password": _("修改密码"),
    "show_pass": _("查看通行码"),
    "use_pass": _("用通行码登记浏览器"),
    "issue_token": _("建立接口令牌"),
    "revoke_token": _("撤销接口令牌"),
    "review.duty_missing": _("岗位不审核该批次的这一环节"),
    "access.no_ground": _("没有有效的办理事由"),
    "take_review": _("领取审核任务"),
    "note_staff": _("登记人员本人记录"),
    "note_absence": _("登记休假或调离"),
    "ask_disposal": _("提请销毁记录"),
    "conclude": _("每周审计办结"),
    "open_finding": _("登记问题"),
    "close_finding": _("问题办结"),
    "read_exports": _("查看导出登记"),
}
OPERATIONS = ("collect", "amend", "consult", "list", "search", "reveal", "disclose", "export", "combine", "seal", "erase",
              "review", "sign_in", "sign_out", "sign_in_failed", "denied", "administer", "audit", "prune")  # fmt: skip
