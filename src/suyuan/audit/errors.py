"""Errors of the audit room.

SuyuanError
├── NotSequenced     what is to be proved has no place in the tree yet; shown to whoever asks for the proof
├── AuditRefused     a rule of samples, findings or weeks refuses; shown to auditors and heads
└── ContentUnproved  content goes out only with a recipient and from a reader of it; shown to whoever asks
"""

from __future__ import annotations

from suyuan.errors import SuyuanError


class NotSequenced(SuyuanError):
    """An entry that the proof rests on waits for its place in the ledger's tree."""

    def __init__(self) -> None:
        super().__init__(
            "audit.not_sequenced",
            "该记录的条目尚未编入账本哈希树，暂不能出具证明。",
            "Entries about this record have no place in the ledger's tree yet, so there is nothing to prove it by.",
            "系统运行时数秒内即编入，请稍后再试。",
            "While the system runs they are placed within seconds; try again.",
        )


_RULES = {
    "audit_draw_refused": ("该周尚未结束，或种子与账本登记的不符", "The week is not over, or the seed is not the one in the ledger"),
    "audit_purpose": ("查询账本须先选定四项法定用途之一", "The ledger is read for one of the four lawful purposes"),
    "audit_item_answered": ("该项已答复", "That item has been answered"),
    "audit_item_not_ones_own": ("不能核查自己的查阅", "Nobody answers for their own accesses"),
    "audit_item_two_persons": ("部门负责人与安全审计员不得为同一人", "Head and auditor are two persons"),
    "audit_finding_closed": ("该问题已办结或不在职责范围内", "That finding is closed or out of range"),
    "audit_finding_not_by_its_subject": (
        "不能由被核查人办理", "Nobody deals with a finding about themselves"
    ),
    "audit_finding_form": ("问题须写明事项、责任人（警号）和期限", "A finding needs its matter, an owner (staff number) and a day"),
    "audit_week_open": (
        "抽查尚未完成，或没有写明结论，或该周已办结",
        "The sample is not answered, the conclusion is missing, or the week is concluded",
    ),
}  # fmt: skip


class AuditRefused(SuyuanError):
    """A rule of weekly reviews, samples or findings refuses."""

    def __init__(self, rule: str) -> None:
        zh, en = _RULES.get(rule, ("审计操作不符合规定", "The audit act breaks a rule"))
        super().__init__("audit.refused", zh + "。", en + ".", "核对后重试。", "Check and try again.")


class ContentUnproved(SuyuanError):
    """Content in a proof is a disclosure: it has a recipient, and comes from somebody who reads records."""

    def __init__(self) -> None:
        super().__init__(
            "audit.content_unproved",
            "证明包含内容即为对外提供：须写明接收方，并由能查阅该记录的部门负责人以具体事由办理。",
            "A proof with content is a disclosure: it needs a recipient and a head of department who may open the record.",
            "填写接收方；安全审计员出具的证明不含内容。",
            "Name the recipient; a proof issued by the security auditor holds no content.",
        )
