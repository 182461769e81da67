"""The generations of keys of one level: which one new records get, which one is being left, which are only kept.

A generation is a key-encryption key and how many index layers lie under it (its `depth`): the terms of a record are as deep
as the key it lies under. States follow each other and never go back:

    next ─ current ─ retiring ─ retired ─ destroyed
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from suyuan.vault.errors import RotationUnfinished

LIVE = ("current", "retiring")


@dataclass(frozen=True, slots=True)
class Generation:
    """One key-encryption key as anybody may know it. `holder` says where the key itself lies."""

    id: int
    level: int
    suite: str
    holder: str
    depth: int
    state: str
    created: str

    @property
    def live(self) -> bool:
        """Whether records may lie under it."""
        return self.state in LIVE


def first(key_id: int, level: int, suite: str, holder: str) -> Generation:
    """The generation with which a level begins."""
    return Generation(key_id, level, suite, holder, 1, "current", now())


def now() -> str:
    """The time as key files write it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def current(ring: Iterable[Generation], level: int) -> Generation | None:
    """The generation that new records of a level get."""
    return next((one for one in ring if one.level == level and one.state == "current"), None)


def retiring(ring: Iterable[Generation], level: int) -> Generation | None:
    """The generation that records of a level are being taken out of, if one is."""
    return next((one for one in ring if one.level == level and one.state == "retiring"), None)


def waiting(ring: Iterable[Generation], level: int) -> Generation | None:
    """The generation of a level that is made and not current yet, if one is."""
    return next((one for one in ring if one.level == level and one.state == "next"), None)


def announced(ring: Iterable[Generation], level: int, key_id: int, suite: str, holder: str) -> Generation:
    """The next generation of a level: one announced before and left there, else a new one.

    Raises `RotationUnfinished` while records are still being taken out of the one before.
    """
    kept = [one for one in ring if one.level == level]
    if retiring(kept, level):
        raise RotationUnfinished
    held = current(kept, level)
    depth = held.depth + 1 if held else 1
    return waiting(kept, level) or Generation(key_id, level, suite, holder, depth, "next", now())
