"""Errors of records.

SuyuanError
├── NotFound        hidden and missing alike; shown to anyone
├── BatchClosed     the batch no longer takes rows; shown to its collector
├── ExportRefused   nothing to export, or no recipient and purpose; shown to whoever exports
├── DisposalRefused a record that cannot be erased now; shown to whoever asks or does it
├── CatalogChanged  files of the catalog are not of the recorded release; `up`, `serve` and `worker` refuse to start
├── TooManyToExport more than one file may hold; shown to whoever exports
├── DestructionByAnother a key that one asked to destroy; shown to that custodian
└── UnderReview     an amendment while the last one still waits; shown to the collector
"""

from __future__ import annotations

from collections.abc import Sequence

from suyuan.errors import SuyuanError


class NotFound(SuyuanError):
    """No such record within reach. Says the same whether it is missing or hidden."""

    def __init__(self) -> None:
        super().__init__(
            "records.not_found",
            "未找到该记录，或当前办理事由无权查看。",
            "No such record, or the current ground does not reach it.",
            "核对编号；确需查看的，请向本部门负责人申请相应的办理事由。",
            "Check the id; if you need it, ask your head of department for a ground that covers it.",
        )


class BatchClosed(SuyuanError):
    """The batch is closed or belongs to somebody else."""

    def __init__(self) -> None:
        super().__init__(
            "records.batch_closed",
            "该批次已提交审核或不属于本人，不能再追加数据。",
            "This batch is closed or not yours; it takes no more rows.",
            "请新建一个批次提交。",
            "Submit the rows in a new batch.",
        )


_EXPORTS = {
    "empty": ("没有生效的记录可导出。", "There is no record in force to export.",
              "放宽查询条件；在审、退回、封存的记录不能导出。", "Widen the query; records under review, returned or sealed are not exported."),
    "words": ("须写明接收方和用途。", "Recipient and purpose are missing.",
              "写清谁将使用、用于什么工作。", "Say who is going to use it and what for."),
    "format": ("只能导出为 .xlsx 或 .csv。", "A file of records ends in .xlsx or .csv.", "更改文件名。", "Change the name of the file."),
}  # fmt: skip


class ExportRefused(SuyuanError):
    """Nothing leaves without a recipient, a purpose, and records in force."""

    def __init__(self, why: str) -> None:
        super().__init__("records.export_refused", *_EXPORTS[why])


_DISPOSALS = {
    "records_disposal_basis": ("须写明销毁的依据。", "The basis for erasing is missing.",
                               "写明保存期限届满、法院决定或当事人请求等依据及文号。", "Name the rule, order or request, with its number."),
    "records_disposal_missing": ("没有该项待办理的销毁。", "No such erasure waits.",
                                 "由部门负责人先在记录页提请销毁。", "A head of department asks for it on the record's page first."),
    "records_disposal_state": ("记录正在审核或已销毁，不能提请销毁。", "The record is under review, or erased already.",
                               "待审核办结后再提请。", "Ask once its review is over."),
    "records_disposal_pkey": ("已提请销毁，待存储管理员办理。", "Erasing is asked for already and waits for a custodian.",
                              "无须重复提请。", "There is nothing more to ask."),
    "records_disposal_two_persons": ("提请人不能自己办理销毁。", "Whoever asked cannot erase it themselves.",
                                     "由另一名存储管理员办理。", "Another custodian does it."),
}  # fmt: skip


class DisposalRefused(SuyuanError):
    """Erasing takes a basis, a record that no review holds, and two persons."""

    def __init__(self, why: str) -> None:
        super().__init__("records.disposal_refused", *_DISPOSALS.get(why, _DISPOSALS["records_disposal_missing"]))


class TooManyToExport(SuyuanError):
    """More records than one file may hold."""

    def __init__(self, most: int) -> None:
        super().__init__(
            "records.export_too_many",
            f"符合条件的记录超过一次导出的上限 {most:,} 条，没有导出。",
            f"More than {most:,} records match, which is the most that one file may hold; nothing was exported.",
            "缩小查询条件后分次导出；大批量提供须走共享程序。",
            "Narrow the query and export in parts; larger amounts are shared under an agreement.",
        )


class CatalogChanged(SuyuanError):
    """The catalog's files are not those of the release that was recorded last."""

    def __init__(self, files: Sequence[str], lines: Sequence[str], many: int) -> None:
        named, shown = ", ".join(files) or "—", "; ".join(lines)
        more = f" (+{many - len(lines)})" if many > len(lines) else ""
        super().__init__(
            "catalog.changed",
            f"目录文件与最近登记的发布不符，未启动：{named}。改动：{shown}{more}。",
            f"Not started: files of the catalog differ from the release recorded last: {named}. What changed: {shown}{more}.",
            "确属应有的修改（含软件升级），由管理员执行 suyuan catalog release --as 用户名 --reason 依据；否则请恢复这些文件。",
            "If the change is meant (an upgrade too), an administrator runs `suyuan catalog release --as USER --reason WHY`; "
            "otherwise put the files back.",
        )


class DestructionByAnother(SuyuanError):
    """Whoever asked that a key be destroyed does not do it as well."""

    def __init__(self) -> None:
        super().__init__(
            "records.destruction_by_another",
            "未销毁：销毁密钥须两人，您是提请人。",
            "Nothing was destroyed: it takes two persons, and you asked for it.",
            "请根机构的另一名存储管理员在 7 天内办理。",
            "Another storage custodian at the root does it within 7 days.",
        )
