"""`suyuan up` as a person runs it: one terminal, real processes, killed and stopped."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from suyuan.cli.up import answers
from suyuan.installation import Installation
from suyuan.installation.postgres import Server, anyone_in

ENVIRONMENT = {key: value for key, value in os.environ.items() if key not in ("SUYUAN_DATA", "SUYUAN_DATABASE")}


def free_port() -> int:
    """A port that nothing listens on at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def until(true: Callable[[], bool], up: subprocess.Popen[str]) -> None:
    """Wait for something that must come while `up` runs."""
    while not true():
        assert up.poll() is None, up.communicate()
        time.sleep(0.1)


class Running:
    """One `suyuan up` and where it serves."""

    def __init__(self, data: Path, *options: str) -> None:
        self.port = free_port()
        self.data = data
        self.said = data.with_suffix(f".{self.port}")
        command = [sys.executable, "-m", "suyuan", "up", "--port", str(self.port), "--data", str(data), *options]
        language = {"SUYUAN_LANG": "en", "PYTHONPATH": os.pathsep.join(sys.path)}
        with self.said.open("w") as said:
            self.process = subprocess.Popen(
                command, env=ENVIRONMENT | language, stdout=said, stderr=said, text=True, start_new_session=True
            )

    def ready(self) -> str:
        """Wait for the welcome; gives everything said."""
        until(lambda: "Ctrl-C stops it" in self.said.read_text(), self.process)
        return self.said.read_text()

    def stop(self, how: signal.Signals) -> int:
        """Stop it as Ctrl-C or a service manager would; gives its exit code."""
        self.process.send_signal(how)
        return self.process.wait()


def processes_of(data: Path) -> list[int]:
    """Processes whose command line names the data folder, or that inherited it."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if f"SUYUAN_DATA={data}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def web_processes(data: Path) -> list[int]:
    """The processes that answer: children of `suyuan serve`."""
    found = []
    for process in processes_of(data):
        command = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
        parent = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
        if b"serve" in command and parent in processes_of(data):
            found.append(process)
    return found


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder that the tests of this file use one after another."""
    folder = tmp_path_factory.mktemp("up") / "data"
    yield folder
    Server(Installation.open(folder)).stop()


@pytest.mark.control("C1")
def test_an_empty_installation_prints_its_address_and_a_one_time_code(data: Path) -> None:
    """First start, then Ctrl-C: nothing is left running, and the exit code says that all went well."""
    up = Running(data)
    said = up.ready()
    assert f"http://127.0.0.1:{up.port}/" in said
    assert re.search(r"activation codes for the first administrators:\n +system administrator +[0-9a-f]{16}\n", said)
    assert f"http://127.0.0.1:{up.port}/activate/" in said
    assert answers(up.port)
    assert up.stop(signal.SIGINT) == 0
    assert processes_of(data) == []
    assert not anyone_in(data / "pg")


@pytest.mark.clause("5.1.2")
def test_what_is_secret_is_readable_by_its_owner_alone(data: Path) -> None:
    """Every file of `secrets/`, and the keys."""
    files = [*(data / "secrets").iterdir(), *(data / "vault").iterdir()]
    assert len(files) > 4
    assert [path.name for path in files if path.stat().st_mode & 0o077] == []


def test_whatever_is_killed_comes_back(data: Path) -> None:
    """The postmaster, then each child, by kill -9: the pages answer again without a hand laid on."""
    up = Running(data)
    up.ready()
    server = Server(Installation.open(data))
    postmaster = server.pid()
    assert postmaster is not None
    os.kill(postmaster, signal.SIGKILL)
    until(lambda: "The database is back" in up.said.read_text() and answers(up.port), up.process)
    children = Path(f"/proc/{up.process.pid}/task/{up.process.pid}/children").read_text().split()
    for child in children:
        if int(child) != server.pid():
            os.kill(int(child), signal.SIGKILL)
    until(lambda: up.said.read_text().count("starting it again") == 2, up.process)
    until(lambda: answers(up.port), up.process)
    assert up.stop(signal.SIGTERM) == 0
    assert processes_of(data) == []


def test_after_a_kill_of_the_supervisor_the_next_start_takes_over(data: Path) -> None:
    """The database stays; a second start finds it and serves."""
    up = Running(data)
    up.ready()
    up.process.kill()
    up.process.wait()
    again = Running(data)
    again.ready()
    assert again.stop(signal.SIGINT) == 0
    assert not anyone_in(data / "pg")


def test_whatever_the_supervisor_started_leaves_with_it(data: Path) -> None:
    """Also a web process that does not hear that it is to stop; only the database stays."""
    up = Running(data)
    up.ready()
    deaf = web_processes(data)
    assert deaf
    for process in deaf:
        os.kill(process, signal.SIGSTOP)
    up.process.kill()
    up.process.wait()
    while processes_of(data):
        time.sleep(0.1)
    Server(Installation.open(data)).stop()


def test_a_stop_in_the_middle_of_starting_leaves_nothing_behind(data: Path) -> None:
    """Ctrl-C before the pages answer."""
    up = Running(data)
    until(lambda: bool(processes_of(data)) or Server(Installation.open(data)).alive(), up.process)
    assert up.stop(signal.SIGINT) == 0
    assert processes_of(data) == []
    assert not anyone_in(data / "pg")
