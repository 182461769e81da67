"""A witness folder for each database: workers of a parallel run share an installation, but a log is witnessed by itself.

Run as a program it is the command line under the same rule, for tests that need a second process.
"""

from __future__ import annotations

import os
from pathlib import Path

from suyuan.installation import Installation


def _witness(self: Installation) -> Path:
    folder = self.data / "witnesses" / os.environ.get("SUYUAN_DATABASE", "own")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def by_database() -> None:
    """Let every database have a witness of its own in this process."""
    Installation.witness = property(_witness)  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    from suyuan.cli.root import main

    by_database()
    main()
