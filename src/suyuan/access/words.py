"""Names of duties and kinds of agency and ground, for pages and messages."""

from __future__ import annotations

# Marks a text for translation. Django's own mark asks for settings, which a command that only starts has not.
_ = str

DUTIES = {
    "collector": _("采集人"),
    "first_reviewer": _("初审人"),
    "second_reviewer": _("复审人"),
    "final_reviewer": _("终审人"),
    "department_head": _("部门负责人"),
    "storage_custodian": _("存储管理员"),
    "analyst": _("研判人员"),
    "security_auditor": _("安全审计员"),
    "system_administrator": _("系统管理员"),
    "security_administrator": _("安全管理员"),
    "training_manager": _("培训管理员"),
}
# Powers that one person never holds together; the database holds the same list in `access_duty_powers_apart`.
POWERS = {
    "records": _("数据业务"),
    "system_administrator": _("系统管理"),
    "security_administrator": _("安全管理"),
    "security_auditor": _("安全审计"),
}
# Duties whose work is with the content of records; the database holds the same list in `access_reads`.
READERS = ("collector", "first_reviewer", "second_reviewer", "final_reviewer", "department_head", "analyst")
# Duties that need to see who works in their range, and as what; everybody else sees themselves.
STAFF_READERS = ("department_head", "system_administrator", "security_administrator", "security_auditor")
GROUNDS = {
    "duty": _("岗位日常"),
    "case": _("案件"),
    "review": _("审核任务"),
    "tracking": _("追踪任务"),
    "survey": _("现场采集"),
    "request": _("协查"),
    "audit": _("审计"),
    "shift": _("值班"),
    "emergency": _("紧急查阅"),
}
PROPOSALS = {
    "grant": _("授予岗位"),
    "clearance": _("提高可接触级别"),
    "limit": _("变更限额"),
    "undertaking": _("发布保密承诺书新版本"),
}
WAYS_IN = {
    "account": _("建立账号"),
    "password": _("重置密码"),
    "factors": _("清除第二因素"),
    "unlock": _("解除锁定"),
}
WAY_STATES = {
    "asked": ("act", _("待确认")),
    "confirmed": ("wait", _("待本人激活")),
    "used": ("wait", _("待本人登录")),
    "done": ("good", _("已完成")),
    "refused": ("bad", _("未确认或已撤回")),
    "lapsed": ("rest", _("已失效")),
}
LIMITS = {
    "look": _("打开记录"),
    "list": _("列表浏览"),
    "search": _("检索"),
    "reveal": _("显示完整的标识信息"),
    "export": _("导出"),
    "password": _("密码规则"),
    "second_factor": _("第二因素"),
    "ledger_years": _("审计账本保存年数"),
}
STRETCHES = {"hour": _("每小时"), "day": _("每天"), "standing": _("长期")}
# What a standing policy is set to.
SETTINGS = {
    "password": {1: _("等级保护：复杂度要求，定期更换"), 2: _("ASVS：长密码，不要求定期更换")},
    "second_factor": {1: _("自愿启用"), 2: _("全员必须启用")},
}
AGENCY_KINDS = {
    "ministry": _("部级"),
    "province": _("省级"),
    "city": _("市级"),
    "county": _("县级"),
    "station": _("派出所"),
}
