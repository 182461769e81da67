"""Order comes from the tree and not from the clock; a clock that steps is an alarm (assurance, row 24)."""

from __future__ import annotations

import time

import psycopg
import pytest

from suyuan.installation import current
from suyuan.ledger import actions, alarm, sequencer, verify
from suyuan.ledger.acts import Act
from suyuan.ledger.clock import Watch
from world import World

DAY = 86_400


class Clock:
    """A wall clock that can be set, beside a steady one that only goes on."""

    def __init__(self) -> None:
        self.steady, self.set = 1000.0, time.time() - 1000.0

    def wall(self) -> float:
        """What the wall clock says."""
        return self.set + self.steady

    def watch(self) -> Watch:
        """A watch over both."""
        return Watch(self.wall, lambda: self.steady)


@pytest.fixture
def clock(fresh_world: World, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """One whose alarms are all heard."""
    monkeypatch.setattr(alarm, "QUIET", 0)
    return Clock()


def told(kind: str, since: int) -> list[int]:
    """Alarms of a kind raised since there were so many, by their seconds."""
    return [one.detail["seconds"] for one in alarm.latest()[since:] if one.kind == kind]


@pytest.mark.control("C17")
@pytest.mark.clause("5.3.1")
@pytest.mark.parametrize("step", [-DAY, -2, 2, 300])
def test_a_step_of_more_than_a_second_is_alarmed_once(clock: Clock, step: int) -> None:
    """Back a day, back and forth by seconds, forth by five minutes; the passing of time and half a second are none."""
    before, watch = len(alarm.latest()), clock.watch()
    with psycopg.connect(current().database("sequencer"), autocommit=True) as connection:
        for passed, moved in ((0.25, 0.0), (3600.0, 0.0), (0.25, 0.5), (0.25, -0.5), (0.25, step), (0.25, 0.0)):
            clock.steady, clock.set = clock.steady + passed, clock.set + moved
            watch.look(connection)
    assert told("clock_step", before) == [step]


def test_another_time_in_the_database_is_alarmed(clock: Clock) -> None:
    """The program's clock an hour ahead of the database's, from the first look on; the right time is none."""
    before = len(alarm.latest())
    with psycopg.connect(current().database("sequencer"), autocommit=True) as connection:
        clock.watch().look(connection)
        assert told("clock_skew", before) == []
        clock.set += 3600
        clock.watch().look(connection)
    assert told("clock_skew", before) == [-3600]


def test_a_clock_that_was_set_back_while_nothing_ran_is_alarmed(clock: Clock) -> None:
    """At the start the time lies before that of the newest checkpoint."""
    before = len(alarm.latest())
    actions.append(actions.SYSTEM, Act.sign_in)
    with psycopg.connect(current().database("sequencer"), autocommit=True) as connection:
        sequencer.run_once(connection)
        clock.watch().since(connection)
        assert told("clock_step", before) == []
        clock.set -= DAY
        clock.watch().since(connection)
    assert told("clock_step", before) == [-DAY]


@pytest.mark.clause("5.3.1")
def test_order_comes_from_the_tree_whatever_the_clock_says(fresh_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries under a clock that jumps a day back and forth stand in the order of their acts; a hint, and no fault."""
    real, numbers = time.time_ns, []
    for days in (0, -1, 1, 0):
        with monkeypatch.context() as patch:
            patch.setattr("suyuan.ledger.actions.time.time_ns", lambda days=days: real() + days * DAY * 10**9)
            numbers.append(actions.append(actions.SYSTEM, Act.sign_in))
        with psycopg.connect(current().database("sequencer"), autocommit=True) as connection:
            sequencer.run_once(connection)
    with psycopg.connect(current().database("owner")) as owner:
        placed = owner.execute("SELECT writer, n FROM ledger_leaf ORDER BY index").fetchall()
    assert placed[-4:] == [tuple(one) for one in numbers]
    assert list(verify.verify()) == []
    hints = [one.where for one in verify.hints()]
    assert hints == [f"leaf {len(placed) - 4 + n} entry {numbers[n].writer}:{numbers[n].n}" for n in (1, 2)]
