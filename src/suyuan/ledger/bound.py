"""Rows that say who may do what, and what auditors did: their digests stand in the entry of the act that changed them.

A trigger (`audit/sql/evidence.sql`) remembers the rows that a transaction writes; `append(…, changes=True)` takes their digests into
its entry, and `verify_rows` holds every row against the last entry that names it. The digest is worked out here, from
the stored columns, so that no function of the database is trusted for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import psycopg
from django.db import connection
from psycopg import sql

from suyuan import formats
from suyuan.installation import current
from suyuan.ledger.acts import Act
from suyuan.ledger.faults import Fault


class Bound(NamedTuple):
    """A table whose rows are bound: its key, and the columns that count, written out: a new column changes no digest.

    Attributes:
        loose: the other columns, each with the reason why nothing covers it.
        order: where several rows have one key they are bound together, in the order of these columns.
        source: SQL of the rows where they are not simply those of the table.
        when: SQL condition on a row `t` from which on it must be bound; before that it may still change.
        appended: no row of it ever changes or goes.
        adopted: bound since a later release: what an older one left behind is entered at its first start under this one.
    """

    table: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    loose: Mapping[str, str] = MappingProxyType({})
    order: tuple[str, ...] = ()
    source: str = ""
    when: str = "true"
    appended: bool = False
    adopted: bool = False

    def name(self, row: dict[str, Any]) -> str:
        """What entries and faults call a row: the table and its key."""
        return " ".join([self.table, *(str(row[column]) for column in self.key)])

    def digest(self, rows: Sequence[dict[str, Any]]) -> str:
        """SHA-256 in hexadecimal over the row, or the rows of one key in their order, as canonical JSON."""
        counted = [{column: row[column] for column in self.columns} for row in rows]
        said = sorted(counted, key=self._place) if self.order else counted[-1]
        return formats.row(said)

    def _place(self, row: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(row[column] for column in self.order)


GONE = "gone"
"""In place of a digest: the row was taken away by the act of this entry."""
_bound: dict[str, Bound] = {}
_WORDS = {
    "row.altered": ("授权、事由或审计登记被改动", "a grant, a ground or an audit's record was changed"),
    "row.missing": ("账本登记的授权、事由或审计登记已不存在", "a grant, a ground or an audit's record entered in the ledger is gone"),
    "row.not_in_ledger": ("授权、事由或审计登记在账本中没有登记", "a grant, a ground or an audit's record has no ledger entry"),
}  # fmt: skip


def register(tables: Iterable[Bound]) -> None:
    """Let a higher room's tables be bound; each needs the trigger `ledger_changed`."""
    _bound.update({one.table: one for one in tables})


def table(name: str) -> Bound | None:
    """How a table is bound, if it is."""
    return _bound.get(name)


def changes() -> dict[str, dict[str, str]]:
    """The rows this transaction changed since they were last asked for, name by name with their digests, for `detail`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_take_note()")
        lines = cursor.fetchone()[0].split("\n")[:-1]
    named: dict[str, list[dict[str, Any]]] = {}
    gone: dict[str, bool] = {}
    for one in map(json.loads, lines):
        name = _bound[one["table"]].name(one["row"])
        named.setdefault(name, []).append(one["row"])
        gone[name] = "gone" in one
    rows = {name: GONE if gone[name] else _bound[name.partition(" ")[0]].digest(found) for name, found in named.items()}
    return {"rows": rows} if rows else {}


def digest_of(table: str, rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """Rows of one key as `changes` would give them, for a table too large for a trigger."""
    one = _bound[table]
    return {"rows": {one.name(rows[0]): one.digest(rows)}}


def existing() -> dict[str, Any]:
    """Every bound row there is, in the same form: an installation begins by entering what its tables came with.

    `tables` names the tables that are bound from here on, so that nothing is entered this way twice.
    """
    with psycopg.connect(current().database("owner")) as owner:
        return _found(owner, list(_bound.values()))


def adopt() -> dict[str, Any]:
    """What an older release left in tables that are bound since, once for each table; nothing where there is no such table."""
    with psycopg.connect(current().database("owner")) as owner:
        known = owner.execute(
            """SELECT jsonb_array_elements_text(detail->'tables') FROM ledger_entry
               WHERE person = 0 AND act = %s AND detail ? 'tables'""",
            [int(Act.administer)],
        )
        done = {name for (name,) in known}
        wanted = [one for one in _bound.values() if one.adopted and one.table not in done]
        return _found(owner, wanted, entered=False) if wanted else {}


def _found(owner: psycopg.Connection, tables: list[Bound], *, entered: bool = True) -> dict[str, Any]:
    """The names of tables and the digests of their rows; without `entered`, of those rows only that no entry names."""
    rows = {
        one.name(found[0]): one.digest(found)
        for one in tables
        for found, entry, due in _rows(owner, one)
        if found is not None and due and (entered or entry is None)
    }
    return {"tables": [one.table for one in tables]} | ({"rows": rows} if rows else {})


def verify_rows() -> Iterator[Fault]:
    """Faults in bound rows: altered, gone, or put there without an entry."""
    with psycopg.connect(current().database("owner")) as owner:
        for one in _bound.values():
            for found, entered, due in _rows(owner, one):
                code = _code(one, found, entered and entered["digest"], due)
                if code:
                    yield Fault(code, one.name(found[0]) if found is not None else entered["name"], *_WORDS[code])


def _code(one: Bound, rows: list[dict[str, Any]] | None, digest: str | None, due: bool) -> str | None:
    if rows is None:
        return None if digest == GONE else "row.missing"
    if digest is None:
        return "row.not_in_ledger" if due else None
    return None if one.digest(rows) == digest else "row.altered"


def _rows(owner: psycopg.Connection, one: Bound) -> Iterator[tuple[Any, Any, bool]]:
    """The rows of each key as JSON, the name and digest of the last entry about them, and whether they must have one.

    Either may be missing. What two writers enter within one round of the sequencer stands in the tree by writer and not
    by time. The row was locked by the first until its end, so of such two the later time is the later entry.
    """
    owner.execute("SET LOCAL TimeZone = 'UTC'")
    key = sql.SQL(" || ' ' || ").join([
        sql.Literal(one.table), *(sql.SQL("(to_jsonb(t)->>{})").format(sql.Literal(column)) for column in one.key)
    ])  # fmt: skip
    statement = sql.SQL(
        """SELECT r.rows, CASE WHEN e.name IS NOT NULL THEN jsonb_build_object('name', e.name, 'digest', e.digest) END, r.due
           FROM (SELECT {key} AS name, jsonb_agg(to_jsonb(t)) AS rows, bool_or({when}) AS due FROM {source} t GROUP BY 1) r
           FULL JOIN (SELECT DISTINCT ON (x.key) x.key AS name, x.value AS digest
                      FROM ledger_entry e LEFT JOIN ledger_leaf l USING (writer, n) LEFT JOIN LATERAL (
                          SELECT min(c.size) AS size FROM ledger_checkpoint c WHERE c.size > l.index) r ON true, jsonb_each_text(
                          CASE jsonb_typeof(e.detail->'rows') WHEN 'object' THEN e.detail->'rows' END) x
                      WHERE e.detail ? 'rows' AND split_part(x.key, ' ', 1) = {name}
                      ORDER BY x.key, r.size DESC NULLS FIRST, e.at DESC, e.n DESC) e ON e.name = r.name"""
    ).format(
        key=key,
        when=sql.SQL(one.when),
        source=sql.SQL(one.source) if one.source else sql.Identifier(one.table),
        name=sql.Literal(one.table),
    )
    with owner.cursor(f"bound_{one.table}") as cursor:
        cursor.execute(statement)
        yield from cursor
