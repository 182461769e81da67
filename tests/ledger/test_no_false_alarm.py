"""`verify` says nothing while people work, and one thing that was changed is one line (norm 5.3.1)."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from itertools import count, cycle, islice
from typing import Any

import psycopg
import pytest
from django.db import connection, connections
from django.utils import timezone

from suyuan.access import grounds
from suyuan.errors import SuyuanError
from suyuan.installation import current
from suyuan.ledger import actions as ledger
from suyuan.ledger import sequencer, verify, witness
from suyuan.ledger.acts import Act
from suyuan.ledger.faults import Fault, fold
from suyuan.ledger.witness import Held
from tampered import sequence
from world import World

RUNS = 20


@contextmanager
def at_work(world: World, clients: int) -> Iterator[None]:
    """Clients at their work, and the sequencer that signs what they did, for as long as the context lasts."""
    over = threading.Event()
    works = islice(cycle(_works(world)), clients)
    threads = [threading.Thread(target=_client, args=(over, work)) for work in works]
    threads.append(threading.Thread(target=_sequencer, args=(over,)))
    for one in threads:
        one.start()
    try:
        yield
    finally:
        over.set()
        for one in threads:
            one.join()


def _works(world: World) -> list[Callable[[], None]]:
    """What each client does again and again: two sign in and out, one asks for grounds, one answers at once."""
    until, serial = timezone.localdate() + timedelta(days=9), count(1)

    def ask() -> None:
        with world.collector.acting() as who:
            grounds.ask(who, "case", f"A33010200000020260{next(serial):05}", "办案", until)
        time.sleep(0.02)

    def answer() -> None:
        with world.head.acting() as who:
            for one in grounds.asked(who):
                with suppress(SuyuanError):  # another client was first
                    grounds.answer(who, one.request, True)

    return [lambda: _enter(Act.sign_in), lambda: _enter(Act.sign_out), ask, answer]


def _enter(act: Act) -> None:
    ledger.append(ledger.SYSTEM, act)
    time.sleep(0.01)


def _client(over: threading.Event, work: Callable[[], None]) -> None:
    while not over.is_set():
        work()
    connection.close()


def _sequencer(over: threading.Event) -> None:
    with psycopg.connect(current().database("sequencer"), autocommit=True) as own:
        while not over.is_set():
            sequencer.run_once(own)
            time.sleep(0.02)


def runs(world: World, many: int, clients: int, seconds: float = 3600) -> list[list[Fault]]:
    """What each of so many runs of `verify` says while people work; fewer where the time is over before."""
    sequence()
    until, said = time.monotonic() + seconds, []
    with at_work(world, clients):
        while len(said) < many and time.monotonic() < until:
            said.append(list(verify.verify()))
    return said


@pytest.mark.clause("5.3.1")
@pytest.mark.control("C18")
def test_no_alarm_while_people_work(fresh_world: World) -> None:
    """Twenty runs under four clients; two hundred under eight in `bench/alarms.py`."""
    assert not any(runs(fresh_world, RUNS, 4))


class Late:
    """The witnesses' notes, read where they are used instead of before the log."""

    def __iter__(self) -> Iterator[Held]:
        yield from witness_kept()


witness_kept = witness.kept


def test_notes_read_after_the_log_would_cry_wolf(fresh_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: with the notes read after the snapshot, people at work look like a log that was cut."""
    monkeypatch.setattr(witness, "kept", Late)
    said = runs(fresh_world, 5, 4)
    assert {fault.code for run in said for fault in run} == {"ledger.behind_witness"}


def test_two_entries_of_one_round_are_told_apart_by_their_time(fresh_world: World) -> None:
    """A row that one writer changed after another within a round of the sequencer, where the tree has them the other way."""
    sequence()
    ledger.append(ledger.SYSTEM, Act.sign_in)  # this connection's writer has the lower number, and so comes first
    until = timezone.localdate() + timedelta(days=9)
    asked: list[int] = []

    def ask() -> None:
        with fresh_world.collector.acting() as who:
            asked.append(grounds.ask(who, "case", "A3301020000002026010009", "办案", until))

    _by_another_connection(ask)
    with fresh_world.head.acting() as who:
        grounds.answer(who, asked[0], True)
    sequence()
    assert list(verify.verify()) == []


def _by_another_connection(work: Callable[[], Any]) -> None:
    def alone() -> None:
        work()
        connections.close_all()

    other = threading.Thread(target=alone)
    other.start()
    other.join()


@pytest.mark.clause("5.3.2")
def test_one_changed_entry_is_one_line(fresh_world: World, superuser: Callable[[], psycopg.Connection[Any]]) -> None:
    """An old entry, thirty checkpoints ago: its line comes first, and every root, tile and witness after it is counted."""
    for _ in range(30):
        ledger.append(ledger.SYSTEM, Act.sign_in)
        sequence()
    attacker = superuser()
    attacker.execute("SET session_replication_role = replica")
    changed = (
        "UPDATE ledger_entry SET at = at + 1 WHERE (writer, n) IN (SELECT writer, n FROM ledger_leaf WHERE index = 1)"
    )
    assert attacker.execute(changed).rowcount == 1
    faults = list(verify.verify())
    [only] = fold(faults)
    assert only.fault.code == "ledger.entry_altered"
    assert only.following["ledger.root_differs"] >= 29
    assert sum(only.following.values()) == len(faults) - 1


def test_a_fault_of_its_own_is_never_folded(
    fresh_world: World, superuser: Callable[[], psycopg.Connection[Any]]
) -> None:
    """Beside a changed entry, a duty that was raised and a counter that was moved have lines of their own."""
    sequence()
    attacker = superuser()
    attacker.execute("SET session_replication_role = replica")
    attacker.execute("UPDATE access_duty SET clearance = 2 WHERE duty = 3")
    attacker.execute("UPDATE ledger_writer SET n = n + 5 WHERE writer = (SELECT min(writer) FROM ledger_writer)")
    attacker.execute("DELETE FROM ledger_checkpoint WHERE size = (SELECT min(size) FROM ledger_checkpoint)")
    said = {one.fault.code for one in fold(verify.verify())}
    assert {"row.altered", "ledger.entries_missing"} <= said


def test_verify_says_when_nothing_witnesses_from_outside(
    fresh_world: World, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the own folder, or one inside the data folder, is no witness outside; another folder is."""
    for named, alone in (("", True), (f"folder:{current().data}/copy", True), (f"folder:{tmp_path}/share", False)):
        monkeypatch.setenv("SUYUAN_WITNESSES", named)
        assert witness.alone() is alone
        assert bool(witness.warning()) is alone


def test_the_command_warns_and_counts(fresh_world: World) -> None:
    """`ledger verify` says it in words, and `--json` as a value."""
    sequence()
    command = [sys.executable, "tests/witnessed.py", "ledger", "verify", "--data", str(current().data)]
    plain = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "没有任何见证方位于数据目录之外" in plain.stdout, plain.stderr
    told = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)
    assert json.loads(told.stdout)["witnessed_outside"] is False
