"""Errors of collection.

SuyuanError
├── SourceRefused    a file cannot be read; says what, where and how to mend it; shown to the collector
├── MappingFault     a mapping file has a mistake, with file and line; shown to whoever wrote it
├── ImportRefused    the import cannot start or go on; shown to the collector
├── DraftClosed      a draft that was sent or discarded; shown to the collector
├── DraftChanged     a draft that another window saved meanwhile; shown to the collector with both contents
├── ImportMissing    no such import of one's own; shown to the collector
└── KeyReused        the key of another delivery; shown to programs
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from suyuan.collection.readers.refusals import words
from suyuan.errors import SuyuanError


class SourceRefused(SuyuanError):
    """A file cannot be read. `reason` is the code of `readers.refusals`, `details` its particulars."""

    def __init__(self, reason: str, details: Mapping[str, object]) -> None:
        known: defaultdict[str, object] = defaultdict(lambda: "?", details)
        super().__init__(f"collection.source.{reason}", *words(reason, known))
        self.reason, self.details = reason, dict(details)


class MappingFault(SuyuanError):
    """A mistake in a mapping. `where` is `file:line`."""

    def __init__(self, where: str, zh: str, en: str, mend_zh: str = "", mend_en: str = "") -> None:
        super().__init__("collection.mapping", f"{where}:{zh}", f"{where}: {en}", mend_zh, mend_en)
        self.where = where


class ImportRefused(SuyuanError):
    """An import that cannot start or go on."""


class DraftClosed(SuyuanError):
    """A draft that was sent (as `record`) or discarded takes nothing more."""

    def __init__(self, record: UUID | None) -> None:
        sent = ("这份草稿已经提交，没有再次保存或提交。", "This draft was sent already; nothing was saved or sent again.",
                "请打开已提交的记录查看；需要改动的，从记录页提交更正。", "Open the record; what is to change is amended from its page.")  # fmt: skip
        gone = ("这份草稿已经删除，没有保存。", "This draft was discarded; nothing was saved.",
                "请从“录入”新开一份。", "Begin a new one from the entry page.")  # fmt: skip
        super().__init__("collection.draft_closed", *(sent if record else gone))
        self.record = record


class DraftChanged(SuyuanError):
    """Another window saved the draft since this one read it; `values` is what it saved, as `version`."""

    def __init__(self, version: int, at: datetime, values: dict[str, str]) -> None:
        super().__init__(
            "collection.draft_changed", "这份草稿已在另一个窗口改动，本页的内容没有保存。",
            "Another window has changed this draft; this page was not saved.",
            "请比较两处内容，选定一处。", "Compare the two and choose one.",
        )  # fmt: skip
        self.version, self.at, self.values = version, at, values


class ImportMissing(SuyuanError):
    """No such import, draft or upload of one's own."""

    def __init__(self) -> None:
        super().__init__(
            "collection.missing", "未找到该次导入，或该导入不属于您。", "No such import, or it is not yours.",
            "请从“导入文件”页面重新打开。", "Open it again from the import page.",
        )  # fmt: skip


class KeyReused(SuyuanError):
    """A key that makes sending again safe came with another delivery before."""

    def __init__(self) -> None:
        super().__init__(
            "collection.key_reused", "这个 Idempotency-Key 已用于另一次报送。",
            "This Idempotency-Key came with another delivery.",
            "新的报送用新的键；重发时内容须与上次完全相同。", "A new delivery takes a new key; what is sent again must be the same.",
        )  # fmt: skip
