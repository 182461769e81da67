"""The web server as it is run: `suyuan serve` in a process of its own, over the test's database."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg.conninfo

from suyuan.installation import Installation
from suyuan.installation.supervisor import SUPERVISED

SECONDS = 60


@dataclass
class Served:
    """A running server: its port on 127.0.0.1 and its processes."""

    port: int
    pid: int

    def workers(self) -> list[int]:
        """The processes that answer."""
        return [int(one) for one in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def serving(
    installation: Installation, database: str, *arguments: str, first: str = "", **environment: str
) -> Iterator[Served]:
    """Serve the database with one worker until left; `first` is Python that runs before the command."""
    port = free_port()
    assert psycopg.conninfo.conninfo_to_dict(installation.database("app"))["dbname"] == database
    kept = {
        key: value for key, value in os.environ.items() if key not in ("SUYUAN_TLS", "SUYUAN_HOSTS", "SUYUAN_PROXIES")
    }
    process = subprocess.Popen(
        [sys.executable, "-c", f"{first}\nfrom suyuan.cli.root import main\nmain()", "serve", "--port", str(port), "--workers", "1", *arguments],
        # As under `suyuan up`: no agent of its own, which would take the place of that of another test in this folder.
        env=kept | {"SUYUAN_DATA": str(installation.data), "SUYUAN_DATABASE": database, SUPERVISED: "1"} | environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for(port, process)
        yield Served(port, process.pid)
    finally:
        process.terminate()
        process.wait(20)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until something listens on the port. Raises `TimeoutError`."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as trial:
            if trial.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError(f"nothing listens on {port}: exit code {process.poll()}")
