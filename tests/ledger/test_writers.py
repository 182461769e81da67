"""Counters are lent to sessions and taken over: as many as ever wrote at once, however many connections come and go."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from multiprocessing import get_context
from typing import Any

import psycopg
import pytest
from django.db import connection, connections, transaction

from suyuan.installation import Installation, current
from suyuan.installation.sql import statements
from suyuan.ledger import actions as ledger
from suyuan.ledger import sequencer, verify
from suyuan.ledger.acts import Act
from suyuan.ledger.errors import LedgerGap, LedgerUnavailable
from world import World

Superuser = Callable[[], psycopg.Connection[Any]]
MANY = 1_000_000


def enter(count: int = 1) -> int:
    """Some entries on this thread's connection; gives their writer."""
    return [ledger.append(ledger.SYSTEM, Act.sign_in).writer for _ in range(count)][-1]


def writers(look: psycopg.Connection[Any]) -> dict[int, int]:
    """Every counter."""
    return dict(look.execute("SELECT writer, n FROM ledger_writer").fetchall())


def sequenced() -> int:
    """Give every waiting entry its place; how many there were."""
    with psycopg.connect(current().database("sequencer"), autocommit=True) as connection:
        return sequencer.run_once(connection)


@pytest.mark.clause("5.3.1")
def test_connections_that_come_and_go_share_one_counter(fresh_world: World, superuser: Superuser) -> None:
    """Twenty connections one after the other: no new counter, no gap, and a rolled back act leaves none either."""
    enter()
    look = superuser()
    before = writers(look)
    for _ in range(20):
        connection.close()
        _ended(look)
        enter(3)
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            enter(2)
            raise ZeroDivisionError
    after = writers(look)
    assert set(after) == set(before)
    assert sum(after.values()) == sum(before.values()) + 60
    sequenced()
    assert list(verify.verify()) == []


def _ended(look: psycopg.Connection[Any]) -> None:
    """Wait until the sessions of the application are gone, which the server notices a moment later."""
    while look.execute(
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND usename = 'suyuan_app'"
    ).fetchone():
        pass


@pytest.mark.clause("5.3.1")
def test_writers_at_once_and_killed_ones_keep_their_numbers_apart(fresh_world: World, superuser: Superuser) -> None:
    """Six processes write at once, again after all were killed in the middle: six counters, no gap, no double."""
    connections.close_all()
    for _ in range(3):
        children = [get_context("fork").Process(target=_write_until_killed) for _ in range(6)]
        for one in children:
            one.start()
        entries = _entries(superuser())
        while _entries(superuser()) < entries + 60:
            pass
        for one in children:
            assert one.pid
            os.kill(one.pid, signal.SIGKILL)
            one.join()
        _ended(superuser())
    assert len(writers(superuser())) <= 8
    sequenced()
    assert list(verify.verify()) == []


def _write_until_killed() -> None:
    while True:
        with transaction.atomic():
            enter(2)


def _entries(look: psycopg.Connection[Any]) -> int:
    found = look.execute("SELECT count(*) FROM ledger_entry").fetchone()
    return int(found[0]) if found else 0


def test_two_sessions_never_hold_one_counter(fresh_world: World) -> None:
    """While one session has a counter another gets another; once it has ended the counter goes on under the next."""
    mine, others = enter(), list[int]()

    def beside() -> None:
        others.append(enter())
        connection.close()

    for _ in range(2):
        thread = threading.Thread(target=beside)
        thread.start()
        thread.join()
    assert mine not in others
    assert enter() == mine


def test_the_sequencer_reads_open_counters_only(
    fresh_world: World, installation: Installation, superuser: Superuser
) -> None:
    """A million counters that have ended lie beside: both queries go by the index of open ones."""
    enter()
    attacker = superuser()
    attacker.execute(f"INSERT INTO ledger_writer (n, open) SELECT 0, false FROM generate_series(1, {MANY})")
    attacker.execute("ANALYZE ledger_writer")
    plan = "\n".join(
        row[0] for row in attacker.execute("EXPLAIN " + statements("ledger", "append")["waiting"]).fetchall()
    )
    assert "ledger_writer_open" in plan, plan
    assert "Seq Scan on ledger_writer" not in plan
    wide = statements("ledger", "append")["waiting"].replace("w.open AND", "")
    control = "\n".join(row[0] for row in attacker.execute("EXPLAIN " + wide).fetchall())
    assert "ledger_writer_open" not in control
    connection.close()
    enter()
    assert sequenced() >= 1
    assert list(verify.verify_log()) == []


def test_nobody_closes_a_counter_whose_entries_wait(fresh_world: World, superuser: Superuser) -> None:
    """The application cannot close one, nobody moves a closed one, and one closed by force is named."""
    enter()
    with pytest.raises(Exception, match="permission denied"), connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_writer SET open = false")
    connection.close()
    attacker = superuser()
    with pytest.raises(psycopg.errors.CheckViolation):
        attacker.execute("UPDATE ledger_writer SET open = false")
    assert list(verify.verify_log()) == []
    attacker.execute("SET session_replication_role = replica")
    attacker.execute("UPDATE ledger_writer SET open = false")
    assert {one.code for one in verify.verify_log()} == {"ledger.writer_closed"}


STRAY = "INSERT INTO ledger_entry (writer, n, at, act, person, ground, agency, mac) VALUES (%s, %s, 1, 3, 0, 0, 0, '')"


def moved(writer: int, by: int, *entries: int) -> None:
    """A counter moved by plain SQL under the application role, with entries of these numbers beyond it, and committed."""
    with psycopg.connect(current().database("app")) as raw:
        [(before,)] = raw.execute("SELECT n FROM ledger_writer WHERE writer = %s", [writer]).fetchall()
        raw.execute("UPDATE ledger_writer SET n = n + %s WHERE writer = %s", [by, writer])
        for one in entries:
            raw.execute(STRAY, [writer, before + one])


@pytest.mark.clause("5.3.1")
@pytest.mark.control("C19")
def test_no_counter_moves_without_its_entries(fresh_world: World, superuser: Superuser) -> None:
    """By SQL alone the log cannot be stopped with a number that is missing; without the rule it is."""
    writer = enter()
    sequenced()
    for by, entries in ((1, ()), (2, (2,)), (2, (1, 3)), (10**12, (1,))):
        with pytest.raises(psycopg.errors.CheckViolation, match="ledger_writer_entered"):
            moved(writer, by, *entries)
    with pytest.raises(psycopg.errors.InsufficientPrivilege), psycopg.connect(current().database("app")) as raw:
        raw.execute("INSERT INTO ledger_writer (n) VALUES (9)")
    enter(3)
    assert sequenced() == 3
    superuser().execute("DROP TRIGGER ledger_writer_entered ON ledger_writer")
    moved(writer, 1)
    with pytest.raises(LedgerGap):
        sequenced()


@pytest.mark.clause("5.3.1")
@pytest.mark.control("C19")
def test_an_entry_in_the_way_stops_one_act_and_no_other(fresh_world: World, superuser: Superuser) -> None:
    """Whoever puts an entry before a counter is named by verify; the next act, and the next connection, take another counter."""
    writer = enter()
    number = writers(superuser())[writer]
    with psycopg.connect(current().database("app"), autocommit=True) as raw:
        raw.execute(STRAY, [writer, number + 1])
    with pytest.raises(LedgerUnavailable):
        enter()
    other = enter()
    assert other != writer
    connection.close()
    _ended(superuser())
    assert enter() == other
    sequenced()
    assert {fault.code for fault in verify.verify()} & {
        "ledger.entry_unsequenced",
        "ledger.entries_missing",
        "ledger.mac_wrong",
    }
