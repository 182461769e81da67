"""Alarms: what somebody must look at. Written to a file that needs no database, since a dead database is one of them."""

from __future__ import annotations

import json
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from suyuan.installation import current

QUIET = 300  # seconds in which the same alarm about the same thing is not said again

WORDS = {
    "witness_unreachable": ("检查点未能送达见证方", "a witness could not be reached"),
    "ledger_unavailable": ("审计账本无法写入，已停止提供数据", "the ledger could not be written; no data was served"),
    "ledger_gap": ("审计账本缺少条目，已停止推进", "entries are missing from the ledger; it does not advance"),
    "entry_unreadable": ("审计账本中有无法读取的条目", "the ledger has an entry that cannot be read"),
    "signing_away": ("签名密钥不可用，检查点暂未签发", "the signing key cannot be used; no checkpoint is signed"),
    "clock_step": ("系统时钟跳变超过 1 秒", "the clock stepped by more than one second"),
    "clock_skew": (
        "数据库与程序的时钟相差超过 1 秒",
        "the clocks of the database and of the program are more than one second apart",
    ),
    "limit_reached": ("查阅达到上限", "a limit of looks was reached"),
    "break_glass": ("启用紧急查阅", "emergency access was opened"),
}


class Alarm(NamedTuple):
    """One alarm. `detail` holds ids and numbers only."""

    id: str
    at: datetime
    kind: str
    detail: dict[str, Any]

    @property
    def words(self) -> tuple[str, str]:
        """What it says, in Chinese and English."""
        return WORDS.get(self.kind, (self.kind, self.kind))


def raise_alarm(kind: str, detail: dict[str, Any] | None = None) -> None:
    """Raise an alarm, once in five minutes for the same thing. On disk when this returns."""
    now, about = datetime.now(UTC), detail or {}
    for one in reversed(latest(50)):
        if (one.kind, one.detail) == (kind, about) and (now - one.at).total_seconds() < QUIET:
            return
    _write({"id": secrets.token_hex(8), "at": now.isoformat(), "kind": kind, "detail": about})


def latest(limit: int = 200) -> list[Alarm]:
    """The last alarms, oldest first."""
    path = _path()
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()[-limit:]
    return [
        Alarm(one["id"], datetime.fromisoformat(one["at"]), one["kind"], one["detail"])
        for one in map(_read, lines)
        if one
    ]


def _read(line: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(line)
    except ValueError:  # cut off by a kill in the middle
        return None
    return found


def _write(entry: dict[str, Any]) -> None:
    with os.fdopen(os.open(_path(), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w", encoding="utf-8") as out:
        out.write(json.dumps(entry, ensure_ascii=False) + "\n")
        out.flush()
        os.fsync(out.fileno())


def _path() -> Path:
    return current().data / "alarms.jsonl"
