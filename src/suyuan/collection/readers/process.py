"""Reading a file from outside: start the reading process, hold it to its limits, take its rows."""

from __future__ import annotations

import io
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import pyarrow as pa

from suyuan.collection.errors import SourceRefused
from suyuan.collection.readers import limits
from suyuan.collection.readers.options import Options, Report

_REPORT = b"suyuan.report"
_GZIP = b"\x1f\x8b"
_PACKAGES = Path(__file__).parents[3]
_BOOT = (
    # Everything is written when main() returns. Taking the interpreter down would only race with Arrow's threads.
    "import os, sys; sys.path.insert(0, sys.argv[1]); from suyuan.collection.readers.child import main; os._exit(main())"
)
_ENVIRONMENT = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_ARENA_MAX": "1",
    "OMP_NUM_THREADS": "1",
    "LC_ALL": "C.UTF-8",
}


class Source:
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
        self._pipe = _Pipe(self._output, self._budget * limits.LOADED)
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
        code = self._ended()
        told = self._faults.read()
        if told:
            fault = json.loads(told)
            return SourceRefused(fault["code"], fault["details"])
        if code == -signal.SIGXCPU:
            return SourceRefused("time", {"limit": round(self._budget)})
        if code in (-signal.SIGABRT, -signal.SIGSEGV, -signal.SIGBUS):
            return SourceRefused("memory", {"limit": limits.MEMORY >> 20})
        return SourceRefused("died", {"detail": str(code)})

    def _ended(self) -> int:
        """Exit code of a process that has closed its output, so is about to end."""
        try:
            return self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def close(self) -> None:
        """End the reading process, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        if not self._faults.closed:
            self._faults.close()
            os.close(self._output)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


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
    return subprocess.Popen(
        [sys.executable, "-I", "-c", _BOOT, str(_PACKAGES), str(tell), arguments],
        stdin=file, stdout=output, stderr=subprocess.DEVNULL, pass_fds=(tell,),
        env=_ENVIRONMENT, start_new_session=True,
    )  # fmt: skip


class _Pipe(io.RawIOBase):
    """The reading process's output, with a limit on the time spent waiting for it."""

    def __init__(self, descriptor: int, seconds: float) -> None:
        self._descriptor = descriptor
        self._left = seconds
        self.late = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # RawIOBase's stub takes any buffer
        started = time.monotonic()
        ready, _, _ = select.select([self._descriptor], [], [], max(0.0, self._left))
        self._left -= time.monotonic() - started
        if not ready:
            self.late = True
            raise TimeoutError
        data = os.read(self._descriptor, len(buffer))
        buffer[: len(data)] = data
        return len(data)
