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
OPERATIONS = ("collect", "amend", "consult", "list", "search", "reveal", "disclose", "export", "combine", "seal", "erase",
              "review", "sign_in", "sign_out", "sign_in_failed", "denied", "administer", "audit")  # fmt: skip
