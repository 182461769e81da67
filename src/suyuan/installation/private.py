"""A data folder is its owner's alone, and no process leaves its memory behind: keys lie in it.

PostgreSQL keeps `pg` and its socket itself, as a user of its own where root runs the installation; that user only has to
pass through the data folder.
"""

from __future__ import annotations

import os
import resource
import stat
from collections.abc import Iterator
from pathlib import Path

from suyuan.installation.model import Installation

OTHERS = 0o077
_OF_THE_SERVER = ("pg", "run")


def keep_private() -> None:
    """For a process that is starting: what it makes is its owner's alone, and it writes no core file."""
    os.umask(OTHERS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def is_open(path: Path) -> bool:
    """Whether anybody but its owner may read, enter or change it."""
    return bool(stat.S_IMODE(path.stat().st_mode) & OTHERS)


def open_to_others(installation: Installation) -> Iterator[Path]:
    """What lies open in a data folder; what lies in a closed folder is closed too."""
    if stat.S_IMODE(installation.data.stat().st_mode) & (OTHERS & ~_passing()):
        yield installation.data
    for path in sorted(installation.data.iterdir()):
        if path.name not in _OF_THE_SERVER and not path.is_symlink() and is_open(path):
            yield path


def close(installation: Installation) -> None:
    """Close what an earlier release left open, the files in it included."""
    installation.data.chmod(0o700 | _passing())
    for path in list(open_to_others(installation)):
        for one in (path, *path.rglob("*")):
            if not one.is_symlink():
                one.chmod(stat.S_IMODE(one.stat().st_mode) & ~OTHERS)


def _passing() -> int:
    return 0o011 if os.geteuid() == 0 else 0
