"""The embedded server: killed, locked out, of another version, and still there."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from suyuan.installation import Installation
from suyuan.installation import postgres as postgres_module
from suyuan.installation.errors import DiskFull, ServerFailed, StaleLock, VersionUnknown
from suyuan.installation.postgres import Server, anyone_in, belongs_to, running
from suyuan.installation.supervisor import Supervisor


def until(true: Callable[[], bool]) -> None:
    """Wait for something that must come; a hang is ended by the test run itself."""
    while not true():
        time.sleep(0.02)


def silent(zh: str, en: str) -> None:
    """Hear notices without repeating them."""


@pytest.mark.clause("3.3.1")
def test_a_killed_server_comes_back_with_every_committed_row(own_server: Server) -> None:
    """Kill -9 of the postmaster three times under a supervisor: what was acknowledged is there, and nothing twice."""
    supervisor = Supervisor(own_server, [], silent)
    conninfo = own_server.installation.database("owner")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("CREATE TABLE acknowledged (n int)")
    for n in range(3):
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute("INSERT INTO acknowledged VALUES (%s)", [n])
        pid = own_server.pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        until(lambda pid=pid: not running(pid))
        supervisor.look()
    with psycopg.connect(conninfo) as connection:
        assert connection.execute("SELECT n FROM acknowledged ORDER BY n").fetchall() == [(0,), (1,), (2,)]


def test_a_start_waits_for_the_orphans_of_a_killed_server(own_server: Server) -> None:
    """Backends that outlive their postmaster hold the shared memory; the start retries and tells so."""
    busy = psycopg.connect(own_server.installation.database("app"), autocommit=True)
    backend = busy.info.backend_pid
    os.kill(backend, signal.SIGSTOP)
    postmaster = own_server.pid()
    assert postmaster is not None
    os.kill(postmaster, signal.SIGKILL)
    until(lambda: not running(postmaster))
    notices: list[str] = []
    threading.Timer(0.5, os.kill, [backend, signal.SIGKILL]).start()
    own_server.start(lambda zh, en: notices.append(en))
    assert own_server.alive()
    assert len(notices) == 1
    busy.close()


def test_a_lock_of_some_other_program_is_set_aside_not_deleted(own_server: Server) -> None:
    """The process id in the lock has gone to another program, as after a restart of the machine."""
    own_server.stop()
    stranger = subprocess.Popen(own_server.user.command(["sleep", "60"]))
    lines = [str(stranger.pid), str(own_server.cluster), "0", "5432", str(own_server.socket_folder), "", "", "ready"]
    own_server.lock.write_text("\n".join(lines))
    os.chown(own_server.lock, own_server.user.uid, own_server.user.gid)
    until(lambda: Path(f"/proc/{stranger.pid}/cmdline").read_bytes().startswith(b"sleep"))
    assert not belongs_to(stranger.pid, own_server.cluster)
    own_server.start()
    stranger.kill()
    stranger.wait()
    assert own_server.alive()
    assert len(list(own_server.cluster.glob("postmaster.pid.stale-*"))) == 1


@pytest.mark.parametrize("name", ["pg/postmaster.pid", "run/.s.PGSQL.5432.lock"])
def test_a_lock_left_empty_by_a_full_disk_is_set_aside(own_server: Server, name: str) -> None:
    """PostgreSQL leaves such a lock to a person; with nobody in the cluster it is proven to be a remnant."""
    own_server.stop()
    lock = own_server.installation.data / name
    lock.touch()
    os.chown(lock, own_server.user.uid, own_server.user.gid)
    own_server.start()
    assert own_server.alive()
    assert len(list(own_server.cluster.glob(f"{lock.name}.stale-*"))) >= 1


def test_a_lock_that_will_not_go_ends_in_a_message_with_a_way_out(
    own_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Orphans that never leave: after the time allowed the message names lock and process, and what to do."""
    busy = psycopg.connect(own_server.installation.database("app"), autocommit=True)
    os.kill(busy.info.backend_pid, signal.SIGSTOP)
    postmaster = own_server.pid()
    assert postmaster is not None
    os.kill(postmaster, signal.SIGKILL)
    until(lambda: not running(postmaster))
    monkeypatch.setattr(postgres_module, "RETRY_SECONDS", 0.3)
    with pytest.raises(StaleLock) as refused:
        own_server.start()
    assert anyone_in(own_server.cluster)
    assert str(own_server.lock) in refused.value.zh
    assert "ps -fp" in refused.value.mend_en
    assert own_server.lock.exists()
    monkeypatch.undo()
    os.kill(busy.info.backend_pid, signal.SIGKILL)
    own_server.start()
    busy.close()


@pytest.mark.parametrize("version", ["17", "19"])
def test_a_data_folder_of_another_major_version_is_refused(empty: Installation, version: str) -> None:
    """Older and newer alike: the message says which version wrote it."""
    server = Server(empty)
    server.cluster.mkdir(parents=True)
    (server.cluster / "PG_VERSION").write_text(f"{version}\n")
    with pytest.raises(VersionUnknown) as refused:
        server.make()
    assert version in refused.value.en
    assert "pg_upgrade" in refused.value.mend_zh


def test_a_server_that_cannot_start_says_its_own_last_words(empty: Installation) -> None:
    """A wrong setting ends at once, with PostgreSQL's reason and the place of the log."""
    server = Server(empty, extra={"shared_buffers": "nonsense"})
    server.make()
    with pytest.raises(ServerFailed) as refused:
        server.start()
    assert "shared_buffers" in refused.value.en
    assert str(server.log) in refused.value.mend_en


def test_a_full_disk_is_said_before_anything_is_started(empty: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """With next to no room left the start is refused, and says how much to free."""
    monkeypatch.setattr("suyuan.installation.disk.shutil.disk_usage", lambda folder: (10**12, 10**12, 10**6))
    with pytest.raises(DiskFull) as refused:
        Server(empty).make()
    assert "500 MB" in refused.value.mend_zh
    assert not Server(empty).cluster.exists()


def test_a_path_too_long_for_a_socket_gets_a_short_one(tmp_path: Path) -> None:
    """Unix sockets hold 108 bytes; a deep data folder must not fail for that."""
    server = Server(Installation.open(tmp_path / ("深" * 20) / ("x" * 60)))
    assert len(os.fsencode(server.socket_folder / ".s.PGSQL.5432")) <= postgres_module.LONGEST_SOCKET


@pytest.mark.control("C40")
def test_the_log_of_the_server_holds_no_row_values(own_server: Server) -> None:
    """A violated constraint is logged without its DETAIL line and without the statement."""
    with psycopg.connect(own_server.installation.database("owner"), autocommit=True) as connection:
        connection.execute("CREATE TABLE named (name text PRIMARY KEY)")
        connection.execute("INSERT INTO named VALUES ('canary-王小明')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO named VALUES ('canary-王小明')")
    assert "duplicate key" in own_server.log.read_text()
    assert "canary" not in own_server.log.read_text()


def test_a_database_that_cannot_come_back_is_tried_again_until_it_can(
    own_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with a full disk: the reason is told once, serving goes on trying, and needs no repair afterwards."""
    notices: list[str] = []
    supervisor = Supervisor(own_server, [], lambda zh, en: notices.append(en))
    own_server.stop()
    own_server.extra["shared_buffers"] = "nonsense"
    monkeypatch.setattr("suyuan.installation.supervisor.DATABASE_PAUSE", 0.0)
    for _ in range(3):
        supervisor.look()
    assert len([said for said in notices if "shared_buffers" in said]) == 1
    own_server.extra["shared_buffers"] = "16MB"
    supervisor.look()
    assert own_server.alive()
    assert notices[-1] == "The database is back."
