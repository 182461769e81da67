"""Checks in DuckDB, inside this process, over Arrow.

Every statement is prepared once for a session and reads whatever rows stand behind a fixed name, so that a single row
pays for no planning. Planning with the optimiser would cost ten times more than judging a row, so it is off.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from suyuan.catalog.codes import FIRST_DAY, LAST_DAY, CodeTable
from suyuan.catalog.expressions import literal, on_day, quoted
from suyuan.catalog.kinds.coded import bound, known
from suyuan.catalog.kinds.resident_id import birth, sex
from suyuan.catalog.model import Catalog
from suyuan.catalog.plan import Plan
from suyuan.catalog.pool import Pool

FEW = 64
"""Up to this many codes are looked up one by one."""
PIECE = 8_192
"""Rows that a thread takes at a time."""
_NEVER = (LAST_DAY, FIRST_DAY)
_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "autoload_known_extensions": "false",
    "memory_limit": "2GB",
    "temp_directory": "",  # nothing of a row is put on disk
}
_MACROS = (
    f"CREATE MACRO id_birth(n) AS {birth('n')}",
    f"CREATE MACRO id_sex(n) AS {sex('n')}",
    "CREATE MACRO region_of(code, n) AS CASE WHEN n >= 6 THEN code ELSE rpad(substr(code, 1, n), 6, '0') END",
)


class Rows:
    """Rows that a prepared statement reads: the name stays, what stands behind it changes."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)


class Session:
    """A connection for one call at a time, with what has been prepared on it."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con
        self.rows: dict[str, Rows] = {}
        self.prepared: set[str] = set()
        self.tables: set[str] = set()
        con.execute("PRAGMA disable_optimizer")

    @contextmanager
    def holding(self, name: str, table: pa.Table) -> Iterator[None]:
        """Let `name` stand for these rows."""
        if name in self.rows:
            self.rows[name].table = table
        else:
            self.rows[name] = Rows(table)
            self.con.register(name, self.rows[name])
        try:
            yield
        finally:
            self.rows[name].table = table.schema.empty_table()  # a slice would keep the buffers of the rows

    def run(self, name: str, sql: str) -> pa.Table:
        """Run a statement, preparing it if it is new here."""
        if name not in self.prepared:
            self.con.execute(f"PREPARE {quoted(name)} AS {sql}")
            self.prepared.add(name)
        return self.con.sql(f"EXECUTE {quoted(name)}").to_arrow_table()


class DuckEngine:
    """One in-memory database for a catalog, sessions that calls borrow."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._lock = threading.Lock()
        self._tables: set[str] = set()
        self._validity: dict[str, Days] = {}
        self._main = duckdb.connect(config=_SETTINGS)
        for macro in _MACROS:
            self._main.execute(macro)
        self._sessions = Pool(self._new)

    def run(self, plan: Plan, rows: pa.Table, today: dt.date) -> pa.Table:
        """See `Engine.run`."""
        if len(rows) <= FEW:
            rows = _whole(plan, rows)  # one statement for all forms of a type, whatever they leave empty
        given = [name for name in plan.type.fields if f"c:{name}" in rows.column_names]
        absent = [name for name in plan.type.fields if name not in given]
        name = " without ".join([plan.type.id, *absent])
        with self._session(plan) as session:
            with session.holding(name, _pieces(rows, today)):
                [[dirty]] = session.run(f"look {name}", plan.look(quoted(name), given)).to_pydict().values()
            wanted = [field for field, is_dirty in zip(given, dirty, strict=True) if is_dirty]
            rows = self._cleaned(session, plan, rows, wanted)
            with session.holding(name, _pieces(self._with_days(plan, rows), today)):
                return session.run(f"check {name}", plan.statement(quoted(name), absent))

    def _with_days(self, plan: Plan, rows: pa.Table) -> pa.Table:
        """The rows with the days between which their codes were in use; looked up here, since SQL would plan each anew."""
        for name, kind in plan.kinds.items():
            if kind.spans and f"c:{name}" in rows.column_names:
                codes = rows[f"c:{name}"]
                if kind.code_signs:
                    codes = pc.utf8_slice_codeunits(codes, 0, kind.code_signs)
                for end, column in self._days(kind.spans).of(codes).items():
                    rows = rows.append_column(f"{kind.span}{end}", column)
        return rows

    def _days(self, table: str) -> Days:
        if table not in self._validity:
            self._validity[table] = Days(self._catalog.codes[table])
        return self._validity[table]

    def _cleaned(self, session: Session, plan: Plan, rows: pa.Table, wanted: list[str]) -> pa.Table:
        for field in wanted:
            at = rows.column_names.index(f"c:{field}")
            with session.holding("x", pa.Table.from_batches(rows.select([at]).rename_columns(["x"]).to_batches(PIECE))):
                cleaned = session.run(f"clean {plan.type.id} {field}", plan.clean(field, "x"))
            rows = rows.set_column(at, f"c:{field}", cleaned["x"])
        return rows

    def index(self, plan: Plan, field: str, text: str) -> str | None:
        """See `Engine.index`."""
        with self._session(plan) as session, session.holding("x", pa.table({"x": [text]})):
            found = session.run(f"index {plan.type.id} {field}", plan.index(field, "x"))
        value: str | None = found["x"][0].as_py()
        return value

    def explain(self, plan: Plan) -> str | None:
        """See `Engine.explain`."""
        with self._session(plan) as session, session.holding(plan.type.id, self._nothing(plan)):
            try:
                session.run(f"check {plan.type.id}", plan.statement(quoted(plan.type.id)))
            except duckdb.Error as exc:
                return str(exc)
        return None

    def condition(self, plan: Plan, says: str) -> str | None:
        """What is wrong with one condition over a plan's typed columns; None where it holds."""
        typed = plan.typed_only(quoted(plan.type.id))
        with self._session(plan) as session, session.holding(plan.type.id, self._nothing(plan)):
            try:
                kind = session.con.sql(f"SELECT (\n{on_day(says, '_today')}\n) AS says FROM {typed}").types[0]
            except duckdb.Error as exc:
                return str(exc).splitlines()[0]
        return None if str(kind) == "BOOLEAN" else f"{kind}, not BOOLEAN"

    def _nothing(self, plan: Plan) -> pa.Table:
        """One row without values."""
        return _pieces(self._with_days(plan, _whole(plan, pa.table({"_row": pa.array([0], pa.int64())}))), FIRST_DAY)

    def _new(self) -> Session:
        with self._lock:  # another thread may be loading a code table over the same connection
            return Session(self._main.cursor())

    @contextmanager
    def _session(self, plan: Plan) -> Iterator[Session]:
        """Lend a session that knows the code tables of a plan."""
        with self._sessions.one() as session:
            self._teach(session, [name for name in plan.tables if name not in session.tables])
            yield session

    def _teach(self, session: Session, missing: list[str]) -> None:
        if not missing:
            return
        with self._lock:
            for name in set(missing) - self._tables:
                _load(self._main, self._catalog.codes[name])
                self._tables.add(name)
        for name in missing:
            _remember(session.con, self._catalog.codes[name])
            session.tables.add(name)


def _pieces(rows: pa.Table, today: dt.date) -> pa.Table:
    """The rows with the day of the check, in pieces that threads share out among themselves."""
    day = pa.repeat(pa.scalar(today, pa.date32()), len(rows))
    return pa.Table.from_batches(
        rows.append_column("_today", day).to_batches(PIECE), rows.schema.append(pa.field("_today", pa.date32()))
    )


def _whole(plan: Plan, rows: pa.Table) -> pa.Table:
    """The rows with a column for every field."""
    empty = pa.nulls(len(rows), pa.string())
    names = [f"c:{name}" for name in plan.type.fields]
    columns = {name: rows[name] if name in rows.column_names else empty for name in names}
    return pa.table({"_row": rows["_row"], **columns})


def _load(con: duckdb.DuckDBPyConnection, table: CodeTable) -> None:
    """Make the type whose values are the codes of a table."""
    con.execute(f"CREATE TYPE {known(table.name)} AS ENUM ({', '.join(map(literal, table.by_code)) or literal('')})")


class Days:
    """When the codes of a table were in use: a column of days for each end of each span, in the order of the codes."""

    def __init__(self, table: CodeTable) -> None:
        self.codes = pa.array(list(table.by_code), pa.string())
        self.place = {code: place for place, code in enumerate(table.by_code)}
        periods = [table.periods(code) for code in table.by_code]
        days: dict[str, list[dt.date]] = {"latest": [one[-1][1] for one in periods]}
        for span in range(table.spans):
            pairs = [one[span] if span < len(one) else _NEVER for one in periods]
            days |= {f"first{span}": [first for first, _ in pairs], f"last{span}": [last for _, last in pairs]}
        self.columns = {name: pa.array(one, pa.date32()) for name, one in days.items()}

    def of(self, codes: pa.ChunkedArray) -> dict[str, pa.ChunkedArray]:
        """The columns of days for a column of codes; empty where the table does not know one."""
        places = self._few(codes) if len(codes) <= FEW else pc.index_in(codes, value_set=self.codes)
        return {name: column.take(places) for name, column in self.columns.items()}

    def _few(self, codes: pa.ChunkedArray) -> pa.Array:
        return pa.array([self.place.get(code) for code in codes.to_pylist()], pa.int32())


def _remember(con: duckdb.DuckDBPyConnection, table: CodeTable) -> None:
    """Set the lists of days between which each code was in use, in the order of the type's values, for fields of many."""
    periods = [table.periods(code) for code in table.by_code]
    count = table.spans
    for span in range(count):
        pairs = [one[span] if span < len(one) else _NEVER for one in periods]
        _set(con, bound(table.name, span, "first"), [first for first, _ in pairs])
        _set(con, bound(table.name, span, "last"), [last for _, last in pairs])


def _set(con: duckdb.DuckDBPyConnection, name: str, days: list[dt.date]) -> None:
    con.register("days", pa.table({"day": pa.array(days, pa.date32()), "nth": range(len(days))}))
    con.execute(f"SET VARIABLE {quoted(name)} = (SELECT list(day ORDER BY nth) FROM days)")
    con.unregister("days")


_making = threading.Lock()


def engine_of(catalog: Catalog) -> DuckEngine:
    """The engine of a catalog, made when first needed and kept with it."""
    with _making:
        found: DuckEngine | None = catalog.__dict__.get("_engine")
        if found is None:
            found = catalog.__dict__["_engine"] = DuckEngine(catalog)
        return found
