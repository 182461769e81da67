"""Errors of the ledger.

SuyuanError
├── LedgerRolledBack  the database is older than what this process wrote; shown to operators
└── LedgerGap         an entry is missing before it was sequenced; shown to operators
"""

from __future__ import annotations

from suyuan.errors import SuyuanError


class LedgerRolledBack(SuyuanError):
    """The writer's counter stands below what this process has committed: an older database was put back."""

    def __init__(self, writer: int, expected: int, found: int | None) -> None:
        super().__init__(
            "ledger.rolled_back",
            f"审计账本计数器倒退(写入者 {writer}:应为 {expected},实为 {found}),已停止写入。",
            f"The ledger's counter went back (writer {writer}: expected {expected}, found {found}); writing stops.",
            "数据库可能被恢复到旧版本。请执行 suyuan ledger verify 并通知安全审计员。",
            "An older database may have been put back. Run `suyuan ledger verify` and call the security auditor.",
        )


class LedgerGap(SuyuanError):
    """Entries that were counted are gone."""

    def __init__(self, writer: int, after: int, upto: int) -> None:
        super().__init__(
            "ledger.gap",
            f"审计账本缺少条目:写入者 {writer},第 {after} 至 {upto} 号之间。",
            f"Entries are missing from the ledger: writer {writer}, between {after} and {upto}.",
            "请执行 suyuan ledger verify 并通知安全审计员;在查明前不再推进账本。",
            "Run `suyuan ledger verify` and call the security auditor; the log does not advance until this is cleared.",
        )
