"""Errors of records.

SuyuanError
├── NotFound        hidden and missing alike; shown to anyone
├── BatchClosed     the batch no longer takes rows; shown to its collector
└── UnderReview     an amendment while the last one still waits; shown to the collector
"""

from __future__ import annotations

from suyuan.errors import SuyuanError


class NotFound(SuyuanError):
    """No such record within reach. Says the same whether it is missing or hidden."""

    def __init__(self) -> None:
        super().__init__(
            "records.not_found",
            "没有找到这条记录,或当前办理事由无权查看。",
            "No such record, or the current ground does not reach it.",
            "核对编号;确需查看的,请向本部门负责人申请相应的办理事由。",
            "Check the id; if you need it, ask your head of department for a ground that covers it.",
        )


class BatchClosed(SuyuanError):
    """The batch is closed or belongs to somebody else."""

    def __init__(self) -> None:
        super().__init__(
            "records.batch_closed",
            "该批次已提交审核或不属于本人,不能再追加数据。",
            "This batch is closed or not yours; it takes no more rows.",
            "请新建一个批次提交。",
            "Submit the rows in a new batch.",
        )
