"""Kill -9 of the database while eight clients collect and review (assurance, row 1): nothing acknowledged is lost,
nothing is there twice, no act is without its entry, and the ledger verifies."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from suyuan.installation import Installation
from suyuan.installation.postgres import Server
from suyuan.installation.roles import prepare_embedded
from suyuan.installation.supervisor import Supervisor
from suyuan.ledger import verify
from world import settle

KILLS = 20
CLIENTS = ("collector", "collector", "collector", "collector", "first", "first", "second", "second")
HERE = Path(__file__).parent


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Server]:
    """A server of its own, durable as in use, migrated and staffed."""
    tmp_path.chmod(0o711)
    server = Server(Installation.open(tmp_path / "own"))
    server.make()
    server.start()
    try:
        _furnish(server)
        yield server
    finally:
        (server.installation.data / "stop").touch()
        with contextlib.suppress(Exception):
            server.stop()


def _furnish(server: Server) -> None:
    prepare_embedded(server.installation)
    code = """from suyuan.installation.command import start_django; start_django()
from suyuan.installation import current; from suyuan.installation.migrate import migrate; from suyuan.vault import installed
from suyuan.access import proof
migrate(); installed.settle(current()); installed.enter(); proof.settle()"""
    subprocess.run([sys.executable, "-c", code], env=_environment(server), check=True)
    settle(server.installation, entered=False)
    code = "from suyuan.installation.command import start_django; start_django(); import world; world.enter_powers()"
    subprocess.run([sys.executable, "-c", code], env=_environment(server), check=True)


def _environment(server: Server) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("SUYUAN_", "DATABASE_", "PYTEST_"))}
    paths = os.pathsep.join([str(HERE.parent), *sys.path])
    return kept | {"SUYUAN_DATA": str(server.installation.data), "PYTHONPATH": paths}


@pytest.mark.clause("3.3.1", "5.3.1")
def test_nothing_acknowledged_is_lost_when_the_database_is_killed(own: Server, tmp_path: Path) -> None:
    """Twenty kills of the postmaster or of a backend at random moments, the supervisor bringing it back each time."""
    journals = [tmp_path / f"journal-{number}" for number in range(len(CLIENTS))]
    clients = [
        subprocess.Popen(
            [sys.executable, str(HERE / "client.py"), str(own.installation.data), duty, str(number), str(journal)],
            env=_environment(own),
        )
        for number, (duty, journal) in enumerate(zip(CLIENTS, journals, strict=True))
    ]
    supervisor = Supervisor(own, [], lambda zh, en: None)
    try:
        while not all(journal.exists() and journal.stat().st_size for journal in journals):
            _all_work(clients)
            time.sleep(0.05)
        _kill_again_and_again(own, supervisor, journals, clients)
        (own.installation.data / "stop").touch()
        assert [client.wait(60) for client in clients] == [0] * len(clients)
        _until_back(own, supervisor)
    finally:
        for client in clients:
            client.kill()
            client.wait()
    lines = [line.split() for journal in journals for line in journal.read_text().splitlines()]
    assert len(lines) > KILLS
    assert _missing(own, lines) == []
    assert _doubled(own) == []
    assert _verified(own) == []
    _negative_controls(own, lines)


def _all_work(clients: list[subprocess.Popen[bytes]]) -> None:
    """No client has ended by itself: nobody would write what is waited for."""
    assert [client.poll() for client in clients] == [None] * len(clients)


def _until_back(server: Server, supervisor: Supervisor) -> None:
    """The last kill may still be mending when the clients are through."""
    while not _answers(server):
        supervisor.look()
        time.sleep(0.05)


def _answers(server: Server) -> bool:
    with contextlib.suppress(psycopg.OperationalError), psycopg.connect(server.installation.database("admin")):
        return True
    return False


def _kill_again_and_again(
    server: Server, supervisor: Supervisor, journals: list[Path], clients: list[subprocess.Popen[bytes]]
) -> None:
    chance = random.Random(20)
    for number in range(KILLS):
        time.sleep(chance.uniform(0.1, 0.6))
        victim = _backend(server) if number % 4 == 3 else server.pid()
        if victim is None:
            continue
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
        before = sum(journal.stat().st_size for journal in journals)
        while sum(journal.stat().st_size for journal in journals) == before:  # until work goes on
            supervisor.look()
            _all_work(clients)
            time.sleep(0.05)


def _backend(server: Server) -> int | None:
    """A backend at work: its death takes every connection with it, as a crash would."""
    with contextlib.suppress(psycopg.OperationalError), psycopg.connect(server.installation.database("admin")) as db:
        found = db.execute("SELECT pid FROM pg_stat_activity WHERE usename = 'suyuan_app' LIMIT 1").fetchone()
        return int(found[0]) if found else None
    return None


def _missing(server: Server, lines: list[list[str]]) -> list[str]:
    """Acknowledged acts that the database does not hold."""
    with psycopg.connect(server.installation.database("admin")) as db:
        batches = {
            str(batch) for (batch,) in db.execute("SELECT batch_id FROM records_batch WHERE closed_at IS NOT NULL")
        }
        full = {str(batch) for (batch,) in db.execute("SELECT DISTINCT batch_id FROM records_revision")}
        decided = {(str(batch), str(step)) for batch, step in db.execute("SELECT batch_id, step FROM review_decision")}
    lost = []
    for kind, *rest in lines:
        if kind == "approved":
            lost += [] if (rest[0], rest[1]) in decided else [f"{kind} {rest}"]
        elif rest[1] not in batches or (rest[2] == "new" and rest[1] not in full):
            lost.append(f"{kind} {rest}")
    return lost


def _doubled(server: Server) -> list[object]:
    """Violations that are there more than once: each number was sent until it was acknowledged, and is one record."""
    with psycopg.connect(server.installation.database("admin")) as db:
        return db.execute(
            """SELECT record_id FROM records_revision GROUP BY 1 HAVING count(*) > 1
               UNION ALL SELECT k.record_id FROM records_key k GROUP BY 1 HAVING count(*) > 1
               UNION ALL SELECT r.record_id FROM records_record r
                         WHERE NOT EXISTS (SELECT FROM records_key k WHERE k.record_id = r.record_id)"""
        ).fetchall()  # type: ignore[return-value]


def _verified(server: Server) -> list[verify.Fault]:
    code = (
        "from suyuan.installation.command import start_django; start_django(); import psycopg; "
        "from suyuan.installation import current; from suyuan.ledger import sequencer, verify; "
        "sequencer.run_once(psycopg.connect(current().database('sequencer'), autocommit=True)); "
        "[print(fault.code, fault.where) for fault in verify.verify()]"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=_environment(server), capture_output=True, text=True, check=True
    )
    return [verify.Fault(*line.split(" ", 1), "", "") for line in done.stdout.splitlines()]


def _negative_controls(server: Server, lines: list[list[str]]) -> None:
    """The checks would have seen it: an act without entry, a lost batch."""
    with psycopg.connect(server.installation.database("admin"), autocommit=True) as db:
        db.execute("SET session_replication_role = replica")
        batch = next(rest[1] for kind, *rest in lines if kind == "collected" and rest[2] == "new")
        db.execute("DELETE FROM ledger_entry WHERE act = 1 AND batch = %s", [batch])
        assert _verified(server)
        db.execute("DELETE FROM records_revision WHERE batch_id = %s", [batch])
        assert _missing(server, lines)
