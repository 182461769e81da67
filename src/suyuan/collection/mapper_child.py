"""The process that runs a mapping's expressions. It gets them as SQL and rows as Arrow, and gives rows back.

It reads frames from standard input and writes frames to standard output: eight bytes of length, then so many bytes. The
first frame is the mapping as JSON, each further one a chunk of rows. An answer is a frame of JSON, then one with an
Arrow stream for each table it announces: the rows skipped, the faults, and the rows of each record. It runs with little
memory and, for each chunk, little time; what it gives back may not be much larger than what it got.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from typing import Any, BinaryIO

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from suyuan.collection import limited
from suyuan.collection.nested import python_to_json
from suyuan.collection.readers import limits
from suyuan.collection.readers.refusals import BLANK

HEAD = 8
NOTHING = -1
"""In place of a skip rule: the row holds nothing, or nothing came of it."""
WHITE = " \t\n\v\f\r\u00a0\u3000\ufeff"
_ENGINE_MB = 256
SKIPPED = pa.schema([("row", pa.int64()), ("skip", pa.int32())])
FAULTS = pa.schema([("row", pa.int64()), ("field", pa.string()), ("rule", pa.string()), ("value", pa.string())])


class TooLarge(Exception):
    """What comes of a chunk is far larger than the chunk."""


def sandbox(threads: int = 2, memory_mb: int = _ENGINE_MB) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection that reaches nothing outside itself and whose settings are locked."""
    con = duckdb.connect(
        config={
            "threads": threads,
            "memory_limit": f"{memory_mb}MB",
            "preserve_insertion_order": True,
            "temp_directory": "",
        }
    )
    con.execute("SET TimeZone = 'Asia/Shanghai'")
    con.execute("SET enable_external_access = false")
    con.execute("SET lock_configuration = true")
    return con


class Runner:
    """A mapping as SQL, run over rows. `job` is what `plan.Plan` writes for it."""

    def __init__(self, job: dict[str, Any]) -> None:
        self._job = job
        self._con = sandbox()

    def attempt(self) -> int | None:
        """Run over no rows; which record's expressions do not fit their columns, if any."""
        nothing = {f"c{position}": pa.array([], pa.string()) for position in range(len(self._job["used"]))}
        self._base(pa.table({**nothing, "_problem": pa.array([], pa.string()), "_row": pa.array([], pa.int64())}))
        for number, part in enumerate(self._job["parts"]):
            try:
                self._con.sql(part["plain"]).to_arrow_table()
            except (duckdb.InterruptException, duckdb.OutOfMemoryException):
                raise
            except duckdb.Error as exc:
                self.said = str(exc).splitlines()[0]
                return number
        return None

    def run(self, chunk: pa.Table) -> list[pa.Table]:
        """Rows skipped, faults, and the rows of each record. Rows that fail an expression are faults and nothing else."""
        self._base(chunk)
        skipped, faults = self._set_aside()
        parts, failed = [], set[int]()
        for part in self._job["parts"]:
            rows, failures = self._record(part)
            parts.append(rows)
            failed |= failures
            _bound(parts, chunk)
        if failed:
            keep = [pc.invert(pc.is_in(rows["_row"], value_set=pa.array(sorted(failed), pa.int64()))) for rows in parts]
            parts = [rows.filter(kept) for rows, kept in zip(parts, keep, strict=True)]
            faults += [(row, "", "source.expression", None) for row in sorted(failed)]
        return [_table(skipped.items(), SKIPPED), _table(faults, FAULTS), *parts]

    def _base(self, chunk: pa.Table) -> None:
        """Create `base`: the used columns cleaned, with `_skip`, `_problem`, `_bad`."""
        literals = set(self._job["literals"])
        arrays: dict[str, Any] = {}
        for position, name in enumerate(self._job["used"]):
            column = chunk.column(f"c{position}")
            text = python_to_json(self._con, column) if name in literals else column
            arrays[f"c{position}"] = self._cells(text)
        arrays.update(_row=chunk.column("_row"), _problem=chunk.column("_problem"))
        self._con.register("chunk", pa.table(arrays))
        self._con.execute(self._job["base"])
        self._con.unregister("chunk")

    def _cells(self, column: Any) -> Any:
        """The cells without outer white space, NULL where one stands for nothing; in SQL this took ten times as long."""
        trimmed = pc.utf8_trim(column, characters=WHITE)
        nothing = pa.array(["", *self._job["nulls"]], pa.string())
        return pc.if_else(pc.is_in(trimmed, value_set=nothing), None, trimmed)

    def _set_aside(self) -> tuple[dict[int, int], list[tuple[Any, ...]]]:
        """Take out rows the reader or a list faults, and rows a skip rule leaves out."""
        blank, faults = [], list[tuple[Any, ...]]()
        for row, problem in self._rows("SELECT _row, _problem FROM base WHERE _problem IS NOT NULL"):
            if problem == BLANK:
                blank.append(row)
            else:
                faults.append((row, "", f"source.{problem}", None))
        for name, query in self._job["bad"]:
            faults += [(row, name, "source.nested", value) for row, value in self._rows(query)]
        skipped = dict(self._rows("SELECT _row, _skip FROM base WHERE _problem IS NULL AND _skip IS NOT NULL"))
        skipped.update(dict.fromkeys(blank, NOTHING))
        self._con.execute("DELETE FROM base WHERE _problem IS NOT NULL OR _skip IS NOT NULL OR _bad")
        return skipped, faults

    def _record(self, part: dict[str, str]) -> tuple[pa.Table, set[int]]:
        """The rows of one record and those that failed: tried all at once, and row by row where one fails."""
        try:
            return self._con.sql(part["plain"]).to_arrow_table(), set()
        except (duckdb.InterruptException, duckdb.OutOfMemoryException):
            raise
        except duckdb.Error:
            rows = self._con.sql(part["safe"]).to_arrow_table()
        failed = {row for row, bad in zip(rows["_row"].to_pylist(), rows["_failed"].to_pylist(), strict=True) if bad}
        return rows.drop_columns(["_failed"]), failed

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self._con.execute(query).fetchall()
        return rows


def _bound(parts: list[pa.Table], chunk: pa.Table) -> None:
    if sum(rows.nbytes for rows in parts) > limits.mapped(chunk.nbytes):
        raise TooLarge


def _table(rows: Iterable[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pa.table([pa.array(column, one.type) for column, one in zip(columns, schema, strict=True)], schema=schema)


def read_frame(source: BinaryIO) -> bytes | None:
    """The next frame, or None at the end."""
    head = source.read(HEAD)
    return source.read(int.from_bytes(head, "big")) if len(head) == HEAD else None


def write_frame(out: BinaryIO, data: bytes | pa.Buffer) -> None:
    """Write one frame."""
    out.write(len(data).to_bytes(HEAD, "big"))
    out.write(data)


def packed(table: pa.Table) -> pa.Buffer:
    """A table as an Arrow stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def _answer(out: BinaryIO, work: Callable[[], tuple[dict[str, Any], list[pa.Table]]]) -> bool:
    """Write what comes of the work, or what went wrong; whether it went well."""
    tables: list[pa.Table] = []
    try:
        said, tables = work()
    except (duckdb.InterruptException, duckdb.OutOfMemoryException, pa.ArrowMemoryError, MemoryError, TooLarge):
        said = {"fault": "cost"}
    except duckdb.Error as exc:
        said = {"fault": "sql", "part": None, "text": type(exc).__name__}
    write_frame(out, json.dumps({**said, "tables": len(tables)}).encode())
    for table in tables:
        write_frame(out, packed(table))
    out.flush()
    return "fault" not in said


def _attempted(job: bytes) -> tuple[Runner, dict[str, Any]]:
    runner = Runner(json.loads(job))
    part = runner.attempt()
    return runner, {} if part is None else {"fault": "sql", "part": part, "text": runner.said}


def main() -> int:
    """Serve the mapping on standard input until it ends."""
    limited.hold(limits.MAPPING_MEMORY)
    limited.allow(limits.mapping_seconds(0))
    pa.set_cpu_count(1)
    source, out = sys.stdin.buffer, sys.stdout.buffer
    job = read_frame(source)
    runners: list[Runner] = []

    def attempt() -> tuple[dict[str, Any], list[pa.Table]]:
        runner, said = _attempted(job or b"")
        runners.append(runner)
        return said, []

    going = _answer(out, attempt)
    while going and (frame := read_frame(source)) is not None:
        chunk = pa.ipc.open_stream(frame).read_all()
        limited.allow(limits.mapping_seconds(len(chunk)))
        going = _answer(out, lambda rows=chunk: ({}, runners[0].run(rows)))  # type: ignore[misc]
    return 0
