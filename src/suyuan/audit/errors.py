"""Errors of the audit room.

SuyuanError
├── NotSequenced     what is to be proved has no place in the tree yet; shown to whoever asks for the proof
└── ContentUnproved  content goes out only with a recipient and from a reader of it; shown to whoever asks
"""

from __future__ import annotations

from suyuan.errors import SuyuanError


class NotSequenced(SuyuanError):
    """An entry that the proof rests on waits for its place in the ledger's tree."""

    def __init__(self) -> None:
        super().__init__(
            "audit.not_sequenced",
            "该记录的账目还没有编入账本哈希树,暂不能出具证明。",
            "Entries about this record have no place in the ledger's tree yet, so there is nothing to prove it by.",
            "系统运行时(suyuan up)数秒内即编入,请稍后再试。",
            "While `suyuan up` runs they are placed within seconds; try again.",
        )


class ContentUnproved(SuyuanError):
    """Content in a proof is a disclosure: it has a recipient, and comes from somebody who reads records."""

    def __init__(self) -> None:
        super().__init__(
            "audit.content_unproved",
            "证明包含内容即为对外提供:须写明接收方,并由能查阅该记录的部门负责人以具体事由办理。",
            "A proof with content is a disclosure: it needs a recipient and a head of department who may open the record.",
            "填写接收方;安全审计员出具的证明不含内容。",
            "Name the recipient; a proof issued by the security auditor holds no content.",
        )
