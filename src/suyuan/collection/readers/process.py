"""Reading a file from outside: start the reading process, hold it to its limits, take its rows."""

from __future__ import annotations

import io
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from suyuan.collection import limited
from suyuan.collection.errors import SourceRefused
from suyuan.collection.readers import limits
from suyuan.collection.readers.options import Options, Report

_REPORT = b"suyuan.report"
_GZIP = b"\x1f\x8b"
_CHILD = "suyuan.collection.readers.child"


class Source(limited.Closing):
    """An open source: its report, and its rows as Arrow batches. Use as a context manager."""

    def __init__(self, file: BinaryIO, options: Options) -> None:
        size = os.fstat(file.fileno()).st_size
        self._budget = limits.seconds(size, packed=os.pread(file.fileno(), 2, 0) == _GZIP)
        faults, tell = os.pipe()
        self._output, write = os.pipe()
        self._faults = os.fdopen(faults, "rb")
        try:
            self._process = _start(file, options, self._budget, write, tell)
        finally:
            os.close(write)
            os.close(tell)
        self._pipe = limited.Pipe(self._output, self._budget * limited.LOADED)
        try:
            self._stream = pa.ipc.open_stream(io.BufferedReader(self._pipe, 1 << 18))
        except (pa.ArrowInvalid, EOFError, TimeoutError) as exc:
            raise self._refusal() from exc
        self.report = Report.from_dict(json.loads(self._stream.schema.metadata[_REPORT]))

    def batches(self, size: int = limits.BATCH) -> Iterator[pa.Table]:
        """Rows in order, `size` at a time. Columns: those of the report, `_row` (int64), `_problem` (string)."""
        held: list[pa.RecordBatch] = []
        rows = 0
        for batch in self._stored():
            held.append(batch)
            rows += len(batch)
            while rows >= size:
                table = pa.Table.from_batches(held)
                yield table.slice(0, size).combine_chunks()
                rest = table.slice(size)
                held, rows = rest.to_batches(), len(rest)
        if rows:
            yield pa.Table.from_batches(held).combine_chunks()

    def _stored(self) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._stream
        except (pa.ArrowInvalid, OSError, EOFError) as exc:
            raise self._refusal() from exc
        if self._process.wait() != 0:
            raise self._refusal()

    def _refusal(self) -> SourceRefused:
        """Why the reading process ended without finishing."""
        if self._pipe.late:
            self.close()
            return SourceRefused("time", {"limit": round(self._budget)})
        code = limited.ended(self._process)
        told = self._faults.read()
        if told:
            fault = json.loads(told)
            return SourceRefused(fault["code"], fault["details"])
        if code == limited.OUT_OF_TIME:
            return SourceRefused("time", {"limit": round(self._budget)})
        if code in limited.OUT_OF_MEMORY:
            return SourceRefused("memory", {"limit": limits.MEMORY >> 20})
        return SourceRefused("died", {"detail": str(code)})

    def close(self) -> None:
        """End the reading process, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        if not self._faults.closed:
            self._faults.close()
            os.close(self._output)


def open_source(file: Path | BinaryIO, options: Options | None = None) -> Source:
    """Open a file for import. It has been read through once when this returns.

    `file` is a path or an open seekable file. Raises `SourceRefused`.
    """
    chosen = options or Options()
    if not isinstance(file, Path):
        file.seek(0)
        return Source(file, chosen)
    try:
        with file.open("rb") as stream:
            return Source(stream, chosen)
    except (FileNotFoundError, IsADirectoryError) as exc:
        raise SourceRefused("missing", {"path": str(file)}) from exc


def _start(file: BinaryIO, options: Options, seconds: float, output: int, tell: int) -> subprocess.Popen[bytes]:
    arguments = json.dumps({**options.as_dict(), "cpu": round(seconds)})
    return limited.start(_CHILD, str(tell), arguments, stdin=file, stdout=output, tell=tell)
