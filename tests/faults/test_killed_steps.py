"""A process that dies between any two statements leaves the whole act or none of it (assurance, row 2)."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper

from delivered import deliver, rows_of
from suyuan.access import grounds, proposals
from suyuan.ledger import actions as ledger
from suyuan.ledger import verify
from suyuan.review import actions as review
from suyuan.review.actions import GivenBack
from world import STATION, World

pytestmark = pytest.mark.usefixtures("database")
Work = Callable[[], object]


def killed(work: Work, at: int) -> bool:
    """Do the work in a process of its own that kills itself at a statement, or before or after a commit."""
    connection.close()
    child = os.fork()
    if child == 0:
        _die_at(at)
        work()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 0
    return os.WIFSIGNALED(status)


def _die_at(at: int) -> None:
    steps = count(1)

    def step() -> None:
        if next(steps) == at:
            os.kill(os.getpid(), signal.SIGKILL)

    def before_each(execute: Callable[..., Any], *arguments: Any) -> Any:
        step()
        return execute(*arguments)

    commit = DatabaseWrapper._commit  # type: ignore[attr-defined]

    def around(self: DatabaseWrapper) -> None:
        step()
        commit(self)
        step()

    DatabaseWrapper._commit = around  # type: ignore[attr-defined]
    connection.execute_wrappers.append(before_each)


def _delivery(world: World) -> Work:
    rows = [row | {"notice_no": f"K{row['notice_no']}"} for row in rows_of("violation", 5)]
    return lambda: deliver(world.collector, "violation", rows)


def _decision(world: World) -> Work:
    rows = [row | {"notice_no": f"L{row['notice_no']}"} for row in rows_of("violation", 3)]
    batch, result, receipt = deliver(world.collector, "violation", rows)

    def work() -> None:
        with world.first.acting() as who:
            back = [GivenBack(result.records[1], 1, "place", "wrong", "地点有误")]
            review.decide(who, batch, 1, "approve", receipt.digest or b"", returns=back)

    return work


def _grant(world: World) -> Work:
    with world.security.acting() as who:
        proposal = proposals.propose_duty(who, world.trainer.person, "training_manager", STATION, reason="令")

    def work() -> None:
        with world.security2.acting() as who:
            proposals.approve(who, proposal)

    return work


def _emergency(world: World) -> Work:
    def work() -> None:
        with world.collector.acting() as who:
            grounds.break_glass(who, "人命关天")

    return work


ACTS = {"a delivery": _delivery, "a decision with a return": _decision, "a grant": _grant, "an emergency": _emergency}


@pytest.mark.control("C11", "C40")
@pytest.mark.clause("3.2.1", "5.3.1")
@pytest.mark.parametrize("act", ACTS)
def test_an_act_is_whole_or_was_not_wherever_its_process_dies(fresh_world: World, act: str) -> None:
    """Killed at its first step, its second, and so on: after each, everything agrees with the log; at last it is done."""
    work, before = ACTS[act](fresh_world), _entries()
    for at in count(1):
        if not killed(work, at):
            break
        assert list(verify.verify()) == []
        if _entries() > before:  # it died after its commit: all of it is there
            break
    assert at > 5
    assert _entries() > before
    assert list(verify.verify()) == []


def _entries() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(n) FROM ledger_writer")
        return int(cursor.fetchone()[0])


def test_an_act_in_two_transactions_would_be_torn(fresh_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: with the entry left out of the act's transaction, a death between them is seen."""
    monkeypatch.setattr(ledger, "append", lambda *_, **__: None)
    work = _grant(fresh_world)
    assert not killed(work, 10_000)
    assert {fault.code for fault in verify.verify()} == {"row.not_in_ledger"}
