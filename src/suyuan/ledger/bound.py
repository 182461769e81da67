"""Rows that say who may do what, and what auditors did: their digests stand in the entry of the act that changed them.

A trigger (`sql/bound.sql`) remembers the rows that a transaction writes; `append(…, changes=True)` takes their digests into
its entry, and `verify_rows` holds every row against the last entry that names it. The digest is worked out here, from
the stored columns, so that no function of the database is trusted for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any, NamedTuple

import orjson
import psycopg
from django.db import connection
from psycopg import sql

from suyuan.installation import current
from suyuan.ledger.faults import Fault


class Bound(NamedTuple):
    """A table whose rows are bound: its key, and the columns that count (all of them, unless said)."""

    table: str
    key: tuple[str, ...]
    columns: tuple[str, ...] = ()

    def name(self, row: dict[str, Any]) -> str:
        """What entries and faults call a row: the table and its key."""
        return " ".join([self.table, *(str(row[column]) for column in self.key)])

    def digest(self, row: dict[str, Any]) -> str:
        """SHA-256 in hexadecimal over the row as canonical JSON."""
        counted = {column: row[column] for column in self.columns} if self.columns else row
        return sha256(orjson.dumps(counted, option=orjson.OPT_SORT_KEYS)).hexdigest()


_bound: dict[str, Bound] = {}
_WORDS = {
    "row.altered": ("授权、事由或审计登记被改动", "a grant, a ground or an audit's record was changed"),
    "row.missing": ("账本登记的授权、事由或审计登记已不存在", "a grant, a ground or an audit's record entered in the ledger is gone"),
    "row.not_in_ledger": ("授权、事由或审计登记在账本中没有登记", "a grant, a ground or an audit's record has no ledger entry"),
}  # fmt: skip


def register(tables: Iterable[Bound]) -> None:
    """Let a higher room's tables be bound; each needs the trigger `ledger_changed`."""
    _bound.update({one.table: one for one in tables})


def changes() -> dict[str, dict[str, str]]:
    """The rows this transaction changed since they were last asked for, name by name with their digests, for `detail`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('suyuan.changed', true), set_config('suyuan.changed', '', true)")
        lines = (cursor.fetchone()[0] or "").splitlines()
    found = [json.loads(line) for line in lines]
    return _named((_bound[one["table"]], one["row"]) for one in found)


def existing() -> dict[str, dict[str, str]]:
    """Every bound row there is, in the same form: an installation begins by entering what its tables came with."""
    with psycopg.connect(current().database("owner")) as owner:
        return _named((one, row) for one in _bound.values() for row, _ in _rows(owner, one) if row is not None)


def verify_rows() -> Iterator[Fault]:
    """Faults in bound rows: altered, gone, or put there without an entry."""
    with psycopg.connect(current().database("owner")) as owner:
        for one in _bound.values():
            for row, entered in _rows(owner, one):
                code = _code(one, row, entered and entered["digest"])
                if code:
                    yield Fault(code, one.name(row) if row is not None else entered["name"], *_WORDS[code])


def _code(one: Bound, row: dict[str, Any] | None, digest: str | None) -> str | None:
    if row is None:
        return "row.missing"
    if digest is None:
        return "row.not_in_ledger"
    return None if one.digest(row) == digest else "row.altered"


def _named(rows: Iterable[tuple[Bound, dict[str, Any]]]) -> dict[str, dict[str, str]]:
    named = {one.name(row): one.digest(row) for one, row in rows}
    return {"rows": named} if named else {}


def _rows(owner: psycopg.Connection, one: Bound) -> Iterator[tuple[Any, Any]]:
    """Each row as JSON beside the name and digest of the last entry about it; either may be missing.

    What two writers enter within one round of the sequencer stands in the tree by writer and not by time. The row was
    locked by the first until its end, so of such two the later time is the later entry.
    """
    owner.execute("SET LOCAL TimeZone = 'UTC'")
    key = sql.SQL(" || ' ' || ").join([
        sql.Literal(one.table), *(sql.SQL("(to_jsonb(t)->>{})").format(sql.Literal(column)) for column in one.key)
    ])  # fmt: skip
    statement = sql.SQL(
        """SELECT r.row, CASE WHEN e.name IS NOT NULL THEN jsonb_build_object('name', e.name, 'digest', e.digest) END
           FROM (SELECT {key} AS name, to_jsonb(t) AS row FROM {table} t) r
           FULL JOIN (SELECT DISTINCT ON (x.key) x.key AS name, x.value AS digest
                      FROM ledger_entry e LEFT JOIN ledger_leaf l USING (writer, n) LEFT JOIN LATERAL (
                          SELECT min(c.size) AS size FROM ledger_checkpoint c WHERE c.size > l.index) r ON true, jsonb_each_text(
                          CASE jsonb_typeof(e.detail->'rows') WHEN 'object' THEN e.detail->'rows' END) x
                      WHERE e.detail ? 'rows' AND split_part(x.key, ' ', 1) = {name}
                      ORDER BY x.key, r.size DESC NULLS FIRST, e.at DESC, e.n DESC) e ON e.name = r.name"""
    ).format(key=key, table=sql.Identifier(one.table), name=sql.Literal(one.table))
    with owner.cursor(f"bound_{one.table}") as cursor:
        cursor.execute(statement)
        yield from cursor
