"""One `up` a data folder, children that come back, children that leave with their supervisor."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from suyuan.cli.root import data_folder, main
from suyuan.cli.up import refuse_used_port
from suyuan.installation import Installation
from suyuan.installation.errors import AlreadyRunning, NewerData, PortInUse
from suyuan.installation.migrate import migrate
from suyuan.installation.postgres import Server, running
from suyuan.installation.serving import make_folder, server_used, sole_supervisor
from suyuan.installation.supervisor import Child, Supervisor

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]


def silent(zh: str, en: str) -> None:
    """Hear notices without repeating them."""


def test_a_port_in_use_is_said_before_anything_starts(empty: Installation) -> None:
    """The message proposes the next port."""
    make_folder(empty)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortInUse) as refused:
            refuse_used_port(empty, port)
    assert str(port + 1) in refused.value.mend_zh


def test_a_second_up_is_refused_and_told_who_is_first(empty: Installation) -> None:
    """The message names the process and its address, in both languages."""
    make_folder(empty)
    address = "http://127.0.0.1:8000/"
    with sole_supervisor(empty, address), pytest.raises(AlreadyRunning) as refused, sole_supervisor(empty, "x"):
        pass
    assert str(os.getpid()) in refused.value.zh
    assert address in refused.value.en
    with sole_supervisor(empty, address):
        pass


def test_whoever_uses_the_server_last_stops_it(own_server: Server) -> None:
    """Two commands beside each other: the first to end leaves the server to the second."""
    here = own_server.installation
    own_server.stop()
    with server_used(here, own_server):
        with server_used(here, Server(here)):
            pass
        assert own_server.alive()
    assert not own_server.alive()
    own_server.start()


def test_a_dead_child_is_started_again(tmp_path: Path) -> None:
    """The supervisor sees the death in its next round."""
    child = Child("sleeper", SLEEPER, tmp_path / "log")
    supervisor = Supervisor(None, [child], silent)
    supervisor.start()
    assert child.process is not None
    first = child.process.pid
    child.process.kill()
    child.process.wait()
    supervisor.look()
    assert child.process is not None
    assert child.process.pid != first
    supervisor.stop()
    assert child.died()


def test_children_leave_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    """Kill -9 of the supervisor leaves no process behind that would hold the port."""
    log = tmp_path / "child"
    inner = (
        "import os, time; from suyuan.installation.supervisor import leave_with_supervisor as l; l();"
        "print(os.getpid(), flush=True); time.sleep(60)"
    )
    outer = (
        "import sys, time; from pathlib import Path; from suyuan.installation.supervisor import Child, Supervisor;"
        f"Supervisor(None, [Child('c', [sys.executable, '-c', {inner!r}], Path({str(log)!r}))], print).start();"
        "time.sleep(60)"
    )
    paths = {"PYTHONPATH": os.pathsep.join(sys.path)}
    supervisor = subprocess.Popen([sys.executable, "-c", outer], env=os.environ | paths)
    while not (log.exists() and log.read_text().strip()):
        time.sleep(0.05)
    child = int(log.read_text())
    supervisor.kill()
    supervisor.wait()
    while running(child):
        time.sleep(0.05)


def test_a_secret_is_made_once_however_many_ask(empty: Installation) -> None:
    """Sixteen threads at first use get one and the same whole secret, which only its owner may read."""
    with ThreadPoolExecutor(16) as pool:
        got = set(pool.map(lambda _: empty.secret("once"), range(64)))
    assert len(got) == 1
    assert len(got.pop()) > 40
    assert [path.name for path in empty.secrets.iterdir()] == ["once"]
    assert (empty.secrets / "once").stat().st_mode & 0o077 == 0


def test_a_database_of_a_later_version_is_refused(fresh_database: str, installation: Installation) -> None:
    """A migration that this program does not know stops the start; a second start of the same version does nothing."""
    assert migrate() is False
    with psycopg.connect(installation.database("owner"), autocommit=True) as connection:
        connection.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('records', '9999_of_tomorrow', now())"
        )
    with pytest.raises(NewerData) as refused:
        migrate()
    assert "records.9999_of_tomorrow" in refused.value.en


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["up", "--data", "there"], Path("there")),
        (["import", "x.csv", "--data=there"], Path("there")),
        (["up"], None),
        (["up", "--data"], None),
    ],
)
def test_the_data_folder_is_read_before_the_command(arguments: list[str], expected: Path | None) -> None:
    """Settings need it when rooms are loaded, which is before the command's own options are parsed."""
    assert data_folder(arguments) == expected


@pytest.mark.control("C40")
def test_an_error_is_a_message_a_way_out_and_exit_code_2(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """No traceback; with `--json` both languages, for scripts."""
    command = [sys.executable, "-m", "suyuan", "doctor", "--data", str(tmp_path / "nothing")]
    paths = {"PYTHONPATH": os.pathsep.join(sys.path), "SUYUAN_LANG": "en"}
    plain = subprocess.run(command, env=os.environ | paths, capture_output=True, text=True, check=False)
    assert plain.returncode == 2
    assert "There is no installation" in plain.stderr
    assert "suyuan up" in plain.stderr
    assert "Traceback" not in plain.stderr
    scripted = subprocess.run([*command, "--json"], env=os.environ | paths, capture_output=True, text=True, check=False)
    assert json.loads(scripted.stdout)["error"]["code"] == "installation.missing"
    assert not (tmp_path / "nothing").exists()


def test_every_command_of_every_room_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    """`suyuan --help` loads all rooms and lists their commands."""
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    assert "doctor" in capsys.readouterr().out


def test_ctrl_c_is_signal_enough(tmp_path: Path) -> None:
    """A child that ignores the first request is made to leave, and the stop still returns."""
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on', flush=True); time.sleep(60)"
    )
    child = Child("stubborn", [sys.executable, "-c", stubborn], tmp_path / "log", patience=0.3)
    supervisor = Supervisor(None, [child], silent)
    supervisor.start()
    while not (tmp_path / "log").read_text():
        time.sleep(0.02)
    supervisor.stop()
    assert child.process is not None
    assert child.process.returncode == -signal.SIGKILL
