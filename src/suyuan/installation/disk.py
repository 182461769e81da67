"""Room on the disk where an installation lies."""

from __future__ import annotations

import shutil
from pathlib import Path

from suyuan.installation.errors import DiskFull

LEAST_FREE_MB = 64
DISK_WARNING = 0.8  # share in use from which people are told


def _usage(folder: Path) -> tuple[int, int, int]:
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder)


def free_mb(folder: Path) -> int:
    """Free space where `folder` lies (or would lie), in MB."""
    return _usage(folder)[2] // (1024 * 1024)


def used_share(folder: Path) -> float:
    """Share of that disk in use, 0 to 1."""
    total, _, free = _usage(folder)
    return 1 - free / total


def check_room(folder: Path) -> None:
    """Refuse to start with no room on the disk."""
    free = free_mb(folder)
    if free < LEAST_FREE_MB:
        raise DiskFull(folder, free)
