"""The clock is watched and never trusted: order comes from the tree, and a clock that steps is an alarm.

A step is told from the passing of time by the clock that nobody sets. What was entered under a wrong time stays as it
was written; `ledger verify` says which entries those may be, as a hint: a wrong clock is no fault of the log.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import psycopg

from suyuan.ledger import alarm
from suyuan.ledger.faults import Fault

SKEW = 1.0  # seconds
_DATABASE_EVERY = 10.0  # seconds between two looks at the database's clock
_LONG = 3_600_000_000  # microseconds that an act may take, an import for example, before it is committed
_SHOWN = 20


def _steady() -> float:
    """Seconds since the machine started, sleep included where the system counts it; nobody can set them."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Watch:
    """Compares the wall clock with the steady one, and with the database's."""

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = _steady) -> None:
        self._wall, self._steady = wall, steady
        self._apart = wall() - steady()
        self._next = float("-inf")

    def look(self, connection: psycopg.Connection) -> None:
        """Raise the alarm for a step since the last look; now and then, for a database that has another time."""
        apart = self._wall() - self._steady()
        if abs(apart - self._apart) > SKEW:
            alarm.raise_alarm("clock_step", {"seconds": round(apart - self._apart)})
            self._apart = apart
        if self._steady() >= self._next:
            self._compare(connection)
            self._next = self._steady() + _DATABASE_EVERY

    def _compare(self, connection: psycopg.Connection) -> None:
        begun = self._wall()
        row = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone()
        there, ended = (row or (begun,))[0], self._wall()
        if not begun - SKEW <= there <= ended + SKEW:
            alarm.raise_alarm("clock_skew", {"seconds": round(there - ended)})

    def since(self, connection: psycopg.Connection) -> None:
        """At the start: a time before that of the newest checkpoint means that the clock was set back meanwhile."""
        row = connection.execute("SELECT extract(epoch FROM max(at))::float8 FROM ledger_checkpoint").fetchone()
        if row and row[0] is not None and self._wall() < row[0] - SKEW:
            alarm.raise_alarm("clock_step", {"seconds": round(self._wall() - row[0])})


def doubtful(connection: psycopg.Connection) -> Iterator[Fault]:
    """Entries whose time does not fit the checkpoints around them: after the one that holds them, or long before the last."""
    rows = connection.execute(
        """SELECT l.index, e.writer, e.n FROM (
               SELECT size, lag(size, 1, 0) OVER w AS begun, (extract(epoch FROM at) * 1000000)::bigint AS at,
                      (extract(epoch FROM lag(at) OVER w) * 1000000)::bigint AS before
               FROM ledger_checkpoint WINDOW w AS (ORDER BY size)) p
           JOIN ledger_leaf l ON l.index >= p.begun AND l.index < p.size JOIN ledger_entry e USING (writer, n)
           WHERE e.at > p.at + %s OR e.at < p.before - %s ORDER BY 1 LIMIT %s""",
        [int(SKEW * 1_000_000), _LONG, _SHOWN],
    )
    zh, en = (
        "条目的时间与前后检查点不合，当时的时钟可能有误",
        "its time does not fit the checkpoints around it: the clock may have been wrong",
    )
    for index, writer, number in rows.fetchall():
        yield Fault("ledger.time_doubtful", f"leaf {index} entry {writer}:{number}", zh, en)
