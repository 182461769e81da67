"""Two hosts with one database: copies of a data folder, each with processes of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psycopg

import witnessed
from suyuan.installation import Installation
from suyuan.installation.model import write_private


class HostFolder:
    """One host: its folder, and commands and processes in it."""

    def __init__(self, folder: Path, database: str) -> None:
        self.here, self.database = Installation.open(folder), database
        self.started: list[subprocess.Popen[bytes]] = []

    @classmethod
    def copied(cls, of: Installation, keys: Path, folder: Path, database: str) -> HostFolder:
        """What docs/several-hosts.md says is carried over: secrets and keys. The server stays where it is."""
        folder.mkdir(mode=0o700)
        shutil.copytree(of.secrets, folder / "secrets")
        (folder / "vault").mkdir(mode=0o700)
        shutil.copy(keys, folder / "vault" / "keys.sealed")
        place = asdict(of.place) | {"name": database, "embedded": False}
        write_private(folder / "secrets" / "database.json", json.dumps(place))
        return cls(folder, database)

    @property
    def keys(self) -> Path:
        """Its key file."""
        return self.here.data / "vault" / "keys.sealed"

    @property
    def environment(self) -> dict[str, str]:
        """Of its processes."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("SUYUAN_", "PYTEST_"))}
        mine = {"SUYUAN_DATA": str(self.here.data), "SUYUAN_DATABASE": self.database}
        return kept | mine | {"SUYUAN_LANG": "en", "PYTHONPATH": os.pathsep.join(sys.path)}

    def run(self, *words: str, given: str = "") -> tuple[int, str]:
        """A command of ours on this host: exit code, and what it said."""
        done = subprocess.run(
            [sys.executable, witnessed.__file__, *words], env=self.environment, input=given, capture_output=True, text=True,
            check=False, timeout=400,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """A process of ours that stays."""
        return self.python(witnessed.__file__, *words)

    def python(self, *words: str) -> subprocess.Popen[bytes]:
        """Any process on this host."""
        with (self.here.data / "said").open("ab") as said:
            started = subprocess.Popen(
                [sys.executable, *words], env=self.environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said
            )
        self.started.append(started)
        return started

    def stop(self) -> None:
        """End every process that was started here."""
        for one in self.started:
            one.terminate()
        for one in self.started:
            one.wait(30)
        self.started.clear()


@contextmanager
def two(of: Installation, keys: Path, folder: Path, database: str) -> Iterator[tuple[HostFolder, HostFolder]]:
    """Two hosts of one installation."""
    hosts = [HostFolder.copied(of, keys, folder / name, database) for name in ("one", "two")]
    try:
        yield hosts[0], hosts[1]
    finally:
        for one in hosts:
            one.stop()


def until(true: Callable[[], Any], seconds: float = 60.0) -> Any:
    """Wait for something that must come."""
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.1)
    return found


def asked(url: str, statement: str, *values: Any) -> Any:
    """The first column of the first row."""
    with psycopg.connect(url, autocommit=True) as look:
        row = look.execute(statement, values).fetchone()  # type: ignore[arg-type]
    return row[0] if row else None
