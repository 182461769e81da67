"""Errors of the ledger.

SuyuanError
├── LedgerRolledBack  the database is older than what this process wrote; shown to operators
├── LedgerGap            an entry is missing before it was sequenced; shown to operators
├── LedgerBehindWitness  the log is not the one a witness saw; `suyuan up` refuses to serve
├── NothingWitnessed     there is no checkpoint to print yet
└── LedgerUnavailable    no entry can be written, so no data is given; shown to everybody
"""

from __future__ import annotations

from suyuan.errors import SuyuanError


class LedgerRolledBack(SuyuanError):
    """The writer's counter stands below what this process has committed: an older database was put back."""

    def __init__(self, writer: int, expected: int, found: int | None) -> None:
        super().__init__(
            "ledger.rolled_back",
            f"审计账本计数器倒退（写入者 {writer}：应为 {expected}，实为 {found}），已停止写入。",
            f"The ledger's counter went back (writer {writer}: expected {expected}, found {found}); writing stops.",
            "数据库可能被恢复到旧版本。请执行 suyuan ledger verify 并通知安全审计员。",
            "An older database may have been put back. Run `suyuan ledger verify` and call the security auditor.",
        )


class LedgerGap(SuyuanError):
    """Entries that were counted are gone."""

    def __init__(self, writer: int, after: int, upto: int) -> None:
        super().__init__(
            "ledger.gap",
            f"审计账本缺少条目：写入者 {writer}，第 {after} 至 {upto} 号之间。",
            f"Entries are missing from the ledger: writer {writer}, between {after} and {upto}.",
            "请执行 suyuan ledger verify 并通知安全审计员；在查明前不再推进账本。",
            "Run `suyuan ledger verify` and call the security auditor; the log does not advance until this is cleared.",
        )


_BEHIND = {
    "behind": ("账本短于见证过的检查点", "the log is shorter than a witnessed checkpoint"),
    "fork": ("账本与见证过的检查点不一致", "the log disagrees with a witnessed checkpoint"),
    "altered": (
        "见证的检查点被改动或由另一把密钥签名",
        "the witnessed checkpoint was changed or is signed by another key",
    ),
}


class LedgerBehindWitness(SuyuanError):
    """The log is not the one that a witness saw: cut, put back, forked, or the witness itself was changed."""

    def __init__(self, where: str, how: str, witnessed: int, size: int) -> None:
        zh, en = _BEHIND[how]
        super().__init__(
            f"ledger.{how}",
            f"{zh}（{where}：见证 {witnessed} 条，现有 {size} 条），不能提供服务。",
            f"Not serving: {en} ({where}: witnessed {witnessed}, here {size}).",
            "数据库可能被截断、替换或恢复到旧版本。请保留现场并通知安全审计员；确属已知恢复的，由安全审计员执行 suyuan ledger witness accept。",
            "The database may have been cut, replaced or put back. Keep everything as it is and call the security auditor; for a "
            "restore that is known, the auditor runs `suyuan ledger witness accept`.",
        )


class LedgerUnavailable(SuyuanError):
    """The ledger cannot be written just now: without an entry there is no act."""

    def __init__(self) -> None:
        super().__init__(
            "ledger.unavailable",
            "审计账本暂时无法写入，没有提供任何数据，操作也没有生效。",
            "The ledger cannot be written just now; no data was given and nothing was done.",
            "稍候重试；持续不能使用的，请告知系统管理员。",
            "Try again in a while; if it stays like this, tell the system administrator.",
        )


class NothingWitnessed(SuyuanError):
    """No checkpoint has been signed yet."""

    def __init__(self) -> None:
        super().__init__(
            "ledger.nothing_witnessed",
            "尚未签发检查点。",
            "No checkpoint has been signed yet.",
            "先执行 suyuan up，账本有条目后数秒内即签发。",
            "Run `suyuan up`; a checkpoint is signed within seconds of the first entry.",
        )
