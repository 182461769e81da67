"""Retention: what need not be kept any longer loses its row, and an entry says so (`sql/pruning.sql` holds the rules).

The tree keeps the hash of every leaf, so that roots and checkpoints stand as before. `ledger verify` takes a leaf's hash
in place of its entry only where a pruning names the leaf and an entry, bound like any other, names the pruning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import psycopg
from django.db import connection, transaction

from suyuan import formats
from suyuan.ledger.actions import Actor, append
from suyuan.ledger.acts import Act
from suyuan.ledger.faults import Fault

MOST = 200_000  # entries that go in one transaction
YEAR = 365 * 86_400 * 1_000_000  # microseconds: the floor, which no policy lowers
_WORDS = {
    "ledger.pruning_unsigned": (
        "清理没有相应的条目，或与条目不符，按删除论", "a pruning has no entry, or differs from it: what it names counts as deleted"),
    "ledger.pruning_missing": ("账本登记的清理已不存在", "a pruning entered in the ledger is gone"),
    "ledger.pruned_early": ("清理了不满一年的条目", "entries younger than a year were pruned"),
}  # fmt: skip


class Pruned(NamedTuple):
    """What one pruning took out: its number, how many entries, and the leaves they had, as PostgreSQL writes ranges."""

    pruning: int
    entries: int
    leaves: str


Within = Callable[[], AbstractContextManager[None]]


def prune(who: Actor, most: int = MOST, within: Within = transaction.atomic) -> list[Pruned]:
    """Take out everything that may go, in as many prunings as it needs, each with its entry; gives them.

    `within` is the transaction of each: of whoever acts, or of the process by the clock.
    """
    done: list[Pruned] = []
    while not done or done[-1].entries == most:
        one = _prune(who, most, within)
        if one is None:
            break
        done.append(one)
    return done


def _prune(who: Actor, most: int, within: Within) -> Pruned | None:
    with within(), connection.cursor() as cursor:
        cursor.execute("SELECT pruning, before, leaves::text, entries, size, root FROM ledger_prune(%s)", [most])
        row = cursor.fetchone()
        if row is None:
            return None
        number, before, leaves, entries, size, root = row
        detail = {"pruning": number, "entries": entries, "before": before, "size": size}
        append(who, Act.prune, digest=formats.pruning(before, leaves, entries, size, bytes(root)), detail=detail)
    return Pruned(number, entries, leaves)


def lawful(connection: psycopg.Connection) -> tuple[list[int], list[Fault]]:
    """Prunings that their entries bear out, and faults in the others."""
    rows = connection.execute(
        """SELECT coalesce(p.pruning, e.pruning), p.before, p.leaves::text, p.entries, p.size, p.root, e.digest, e.at
           FROM ledger_pruning p FULL JOIN (
               SELECT CASE WHEN detail->>'pruning' ~ '^[0-9]{1,18}$' THEN (detail->>'pruning')::bigint END AS pruning,
                      digest, at FROM ledger_entry WHERE act = %s) e
             ON e.pruning = p.pruning ORDER BY 1""",
        [int(Act.prune)],
    ).fetchall()
    good, faults = [], []
    for number, *columns in rows:
        found = list(_wrong(columns))
        faults += [Fault(code, f"pruning {number}", *_WORDS[code]) for code in found]
        good += [] if found else [number]
    return good, faults


def _wrong(columns: list[Any]) -> Iterator[str]:
    before, leaves, entries, size, root, entered, at = columns
    if leaves is None:
        yield "ledger.pruning_missing"
    elif entered is None or bytes(entered) != formats.pruning(before, leaves, entries, size, bytes(root)):
        yield "ledger.pruning_unsigned"
    elif at - before < YEAR:
        yield "ledger.pruned_early"
