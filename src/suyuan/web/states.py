"""States of records and batches: the word people read, its colour, and what happens next."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.translation import gettext_noop as _


class State(NamedTuple):
    """How a state is shown. `tone` is one of good, wait, act, bad, rest."""

    word: str
    tone: str
    next: str


STATES = {
    "draft": State(_("草稿"), "rest", _("由采集人补全后提交。")),
    "open": State(_("接收中"), "wait", _("数据仍在接收，完成后自动进入初审。")),
    "first_review": State(_("待初审"), "wait", _("由采集单位初审人审核，通过后进入复审。")),
    "second_review": State(_("待复审"), "wait", _("由复审人（不得与初审人为同一人）审核，通过后生效或进入终审。")),
    "final_review": State(_("待终审"), "wait", _("由上级机关终审人审核，通过后生效。")),
    "in_force": State(_("生效"), "good", _("可依办理事由查询使用；更正须提交新版本并重新审核。")),
    "done": State(_("审核完毕"), "good", _("本批次已办结全部审核。")),
    "returned": State(_("退回"), "act", _("由采集人按退回理由更正后重新提交。")),
    "rejected": State(_("驳回"), "bad", _("不予采用；如需再报，须重新采集。")),
    "empty": State(_("无新记录"), "rest", _("本批次没有可审核的新记录。")),
    "sealed": State(_("封存"), "rest", _("依文书封存，解除封存前不得使用。")),
    "disposed": State(_("已销毁"), "rest", _("密钥已销毁，内容不可恢复。")),
}
