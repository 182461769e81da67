"""The clone that this program runs from, for the commands that need its tests and benches."""

from __future__ import annotations

from pathlib import Path

import click


def source_folder(needed: str) -> Path:
    """The root of the clone, which has a folder `needed`; a usage error where there is none."""
    root = Path(__file__).parents[3]
    if not (root / needed).is_dir() or not (root / "pyproject.toml").exists():
        raise click.UsageError(
            "此命令需要源码目录：git clone 后用 ./suyuan 执行。This command needs a clone: run ./suyuan in it."
        )
    return root
