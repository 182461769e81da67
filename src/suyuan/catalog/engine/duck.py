"""Checks in DuckDB, inside this process, over Arrow: batches as they are, few rows by a statement prepared once."""

from __future__ import annotations

import datetime as dt
import threading
from weakref import WeakKeyDictionary

import duckdb
import pyarrow as pa

from suyuan.catalog.codes import FIRST_DAY, LAST_DAY, CodeTable
from suyuan.catalog.expressions import literal, on_day, quoted
from suyuan.catalog.kinds.coded import bound, known, spans
from suyuan.catalog.kinds.resident_id import birth, sex
from suyuan.catalog.model import Catalog
from suyuan.catalog.plan import Plan

FEW = 256
"""Up to this many rows go by the prepared statement; beyond, planning costs less than copying."""
_NEVER = (LAST_DAY, FIRST_DAY)
_MACROS = (
    f"CREATE MACRO id_birth(n) AS {birth('n')}",
    f"CREATE MACRO id_sex(n) AS {sex('n')}",
    "CREATE MACRO region_of(code, n) AS CASE WHEN n >= 6 THEN code ELSE rpad(substr(code, 1, n), 6, '0') END",
)


class DuckEngine:
    """One in-memory database for a catalog, one connection for every thread."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._lock = threading.Lock()
        self._tables: set[str] = set()
        self._threads = threading.local()
        self._main = duckdb.connect(
            config={"enable_external_access": "false", "autoload_known_extensions": "false", "memory_limit": "2GB"}
        )
        for macro in _MACROS:
            self._main.execute(macro)

    def run(self, plan: Plan, rows: pa.Table, today: dt.date) -> pa.Table:
        """See `Engine.run`."""
        con = self._prepared(plan)
        return self._few(con, plan, rows, today) if 0 < len(rows) <= FEW else self._many(con, plan, rows, today)

    def explain(self, plan: Plan) -> str | None:
        """See `Engine.explain`."""
        try:
            self._prepared(plan)
        except duckdb.Error as exc:
            return str(exc)
        return None

    def condition(self, plan: Plan, says: str) -> str | None:
        """What is wrong with one condition over a plan's typed columns; None where it holds."""
        con = self._connection()
        self._bring(con, plan)
        typed = plan.typed_only(f"(SELECT {plan.nothing()})")
        try:
            kind = con.sql(f"SELECT (\n{on_day(says, '_today')}\n) AS says FROM {typed}").types[0]
        except duckdb.Error as exc:
            return str(exc).splitlines()[0]
        return None if str(kind) == "BOOLEAN" else f"{kind}, not BOOLEAN"

    def _many(self, con: duckdb.DuckDBPyConnection, plan: Plan, rows: pa.Table, today: dt.date) -> pa.Table:
        con.register("given", rows)
        try:
            source = f"(SELECT *, row_number() OVER () AS _nth, DATE {literal(today.isoformat())} AS _today FROM given)"
            return con.sql(plan.statement(source)).to_arrow_table()
        finally:
            con.unregister("given")

    def _few(self, con: duckdb.DuckDBPyConnection, plan: Plan, rows: pa.Table, today: dt.date) -> pa.Table:
        table = quoted(f"few {plan.type.id}")
        columns = rows.to_pydict()
        cells = list(zip(*columns.values(), range(len(rows)), [today] * len(rows), strict=True))
        con.execute(f"TRUNCATE {table}")
        marks = ", ".join("?" * (len(columns) + 2))
        names = ", ".join(map(quoted, [*columns, "_nth", "_today"]))
        con.execute(
            f"INSERT INTO {table} ({names}) VALUES " + ", ".join([f"({marks})"] * len(cells)),
            [cell for line in cells for cell in line],
        )
        return con.execute(f"EXECUTE {quoted(f'check {plan.type.id}')}").to_arrow_table()

    def _prepared(self, plan: Plan) -> duckdb.DuckDBPyConnection:
        """This thread's connection, with the plan prepared."""
        con = self._connection()
        ready: set[str] = self._threads.__dict__.setdefault("ready", set())
        if plan.type.id not in ready:
            self._prepare(con, plan)
            ready.add(plan.type.id)
        return con

    def _connection(self) -> duckdb.DuckDBPyConnection:
        if not hasattr(self._threads, "con"):
            self._threads.con = self._main.cursor()
        con: duckdb.DuckDBPyConnection = self._threads.con
        return con

    def _prepare(self, con: duckdb.DuckDBPyConnection, plan: Plan) -> None:
        self._bring(con, plan)
        table = quoted(f"few {plan.type.id}")
        columns = ", ".join(f"{quoted(f'x:{name}')} VARCHAR" for name in plan.type.fields)
        con.execute(f"CREATE TEMP TABLE {table} (_row BIGINT, {columns}, _nth BIGINT, _today DATE)")
        con.execute(f"PREPARE {quoted(f'check {plan.type.id}')} AS {plan.statement(table)}")

    def _bring(self, con: duckdb.DuckDBPyConnection, plan: Plan) -> None:
        """Make the code tables of a plan known to a connection."""
        with self._lock:
            for name in set(plan.tables) - self._tables:
                _load(self._main, self._catalog.codes[name])
                self._tables.add(name)
        known_here: set[str] = self._threads.__dict__.setdefault("tables", set())
        for name in set(plan.tables) - known_here:
            _remember(con, self._catalog.codes[name])
            known_here.add(name)


def _load(con: duckdb.DuckDBPyConnection, table: CodeTable) -> None:
    """Make the type whose values are the codes of a table."""
    con.execute(f"CREATE TYPE {known(table.name)} AS ENUM ({', '.join(map(literal, table.by_code)) or literal('')})")


def _remember(con: duckdb.DuckDBPyConnection, table: CodeTable) -> None:
    """Set the lists of days between which each code was in use, in the order of the type's values."""
    periods = [table.periods(code) for code in table.by_code]
    count = spans(table)
    for span in range(count):
        pairs = [one[span] if span < len(one) else _NEVER for one in periods]
        _set(con, bound(table.name, span, "first"), [first for first, _ in pairs])
        _set(con, bound(table.name, span, "last"), [last for _, last in pairs])
    if count:
        _set(con, bound(table.name, 0, "latest"), [one[-1][1] for one in periods])


def _set(con: duckdb.DuckDBPyConnection, name: str, days: list[dt.date]) -> None:
    con.register("days", pa.table({"day": pa.array(days, pa.date32()), "nth": range(len(days))}))
    con.execute(f"SET VARIABLE {quoted(name)} = (SELECT list(day ORDER BY nth) FROM days)")
    con.unregister("days")


_engines: WeakKeyDictionary[Catalog, DuckEngine] = WeakKeyDictionary()
_making = threading.Lock()


def engine_of(catalog: Catalog) -> DuckEngine:
    """The engine of a catalog, made when first needed."""
    with _making:
        found = _engines.get(catalog)
        if found is None:
            found = _engines[catalog] = DuckEngine(catalog)
        return found
