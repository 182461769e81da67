"""A data folder is its owner's alone, and no process leaves its memory on the disk."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from suyuan.installation import Installation, private
from suyuan.installation.findings import in_folder
from suyuan.installation.serving import make_folder, sole_supervisor

SHOWS = """
import os, resource, sys
from suyuan.cli import root
def show(*_, **__):
    print(oct(os.umask(0)), resource.getrlimit(resource.RLIMIT_CORE))
root.root.main = show
root.main(sys.argv[1:])
"""


@pytest.fixture(autouse=True)
def started() -> Iterator[None]:
    """This process as one that was started by a command; the limit of core files stays, nobody needs one."""
    before = os.umask(0)
    private.keep_private()
    yield
    os.umask(before)


def mode(path: Path) -> int:
    """The permissions of a file or folder."""
    return stat.S_IMODE(path.stat().st_mode)


def found(here: Installation) -> set[str]:
    """What the doctor finds open, by name."""
    return {one.en.split("/")[-1].split(" ")[0] for one in in_folder(here) if one.id == "SY022"}


@pytest.mark.control("C31")
@pytest.mark.parametrize("command", ["up", "serve", "worker", "vault", "doctor", "record"])
def test_whatever_is_started_keeps_to_itself(command: str, tmp_path: Path) -> None:
    """Before anything else: what it makes is closed to others, and it writes no core file."""
    environment = os.environ | {"SUYUAN_DATA": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", SHOWS, command], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "0o77 (0, 0)\n"


@pytest.mark.control("C31")
def test_a_folder_that_an_earlier_release_left_open_is_closed(empty: Installation) -> None:
    """Doctor names each thing that is open; the next start closes them. PostgreSQL's own is left to it."""
    empty.data.mkdir(mode=0o755)
    (empty.data / "pg").mkdir()
    (empty.data / "pg").chmod(0o750)
    for name in ("log", "witness"):
        (empty.data / name).mkdir()
        (empty.data / name).chmod(0o755)
        (empty.data / name / "file").write_text("GET /record/…")
        (empty.data / name / "file").chmod(0o644)
    (empty.data / "up.lock").touch()
    (empty.data / "up.lock").chmod(0o644)
    empty.data.chmod(0o755)
    assert found(empty) == {"data", "log", "witness", "up.lock"}
    make_folder(empty)
    assert found(empty) == set()
    assert mode(empty.data) & ~0o011 == 0o700
    assert {mode(empty.data / name) for name in ("log", "witness")} == {0o700}
    assert {mode(empty.data / name / "file") for name in ("log", "witness")} == {0o600}
    assert mode(empty.data / "up.lock") == 0o600
    assert mode(empty.data / "pg") == 0o750


def test_a_new_folder_is_closed(empty: Installation) -> None:
    """Also what comes later: logs, locks, secrets."""
    make_folder(empty)
    with sole_supervisor(empty, "x"):
        (empty.logs / "serve.log").touch()
        assert found(empty) == set()
        assert mode(empty.logs / "serve.log") == 0o600
        assert mode(empty.data / "up.lock") == 0o600
