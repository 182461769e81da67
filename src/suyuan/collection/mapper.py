"""Running a mapping: start the process that does it, hold it to its limits, give it chunks and take what comes of them."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
from typing import Any

import pyarrow as pa

from suyuan.collection import limited
from suyuan.collection.errors import ImportRefused
from suyuan.collection.mapper_child import HEAD, packed
from suyuan.collection.readers import limits

_CHILD = "suyuan.collection.mapper_child"
_WORDS = 1 << 16
"""Bytes that an answer's head may have."""


class Unfit(Exception):
    """An expression does not fit its columns. `part` is the record's place, or None for a skip rule."""

    def __init__(self, part: int | None, text: str) -> None:
        super().__init__(text)
        self.part = part


class Mapper(limited.Closing):
    """The process of one mapping. Use as a context manager; one serves one thread.

    Raises `Unfit` when an expression does not fit, `ImportRefused` when one takes too much time or memory.
    """

    def __init__(self, job: dict[str, Any]) -> None:
        self._output, write = os.pipe()
        try:
            self._process = limited.start(_CHILD, stdin=subprocess.PIPE, stdout=write)
        finally:
            os.close(write)
        self._pipe = limited.Pipe(self._output, 0)
        self._answers = io.BufferedReader(self._pipe, 1 << 18)
        self._closed = False
        try:
            self._ask(json.dumps(job).encode(), 0, 0)
        except BaseException:
            self.close()
            raise

    def run(self, chunk: pa.Table) -> list[pa.Table]:
        """Rows skipped, faults, and the rows of each record."""
        return self._ask(packed(chunk), len(chunk), chunk.nbytes)

    def _ask(self, data: bytes | pa.Buffer, rows: int, size: int) -> list[pa.Table]:
        self._pipe.left = limits.mapping_seconds(rows) * limited.LOADED
        try:
            self._send(data)
            said = json.loads(self._frame(_WORDS))
            tables = [self._frame(2 * limits.mapped(size)) for _ in range(said["tables"])]
        except (OSError, EOFError, ValueError, TimeoutError) as exc:
            self.close()
            raise too_costly() from exc
        if "fault" in said:
            self.close()
            raise Unfit(said["part"], said["text"]) if said["fault"] == "sql" else too_costly()
        return [pa.ipc.open_stream(table).read_all() for table in tables]

    def _send(self, data: bytes | pa.Buffer) -> None:
        assert self._process.stdin  # noqa: S101 - a pipe was asked for
        self._process.stdin.write(len(data).to_bytes(HEAD, "big"))
        self._process.stdin.write(data)
        self._process.stdin.flush()

    def _frame(self, most: int) -> bytes:
        head = self._answers.read(HEAD)
        size = int.from_bytes(head, "big")
        if len(head) < HEAD or size > most:
            raise EOFError
        data = self._answers.read(size)
        if len(data) < size:
            raise EOFError
        return data

    def close(self) -> None:
        """End the process, whatever it is doing."""
        if self._closed:
            return
        self._closed = True
        self._process.kill()
        self._process.wait()
        os.close(self._output)
        if self._process.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()


def too_costly() -> ImportRefused:
    """What is said of an expression that runs away."""
    return ImportRefused(
        "collection.mapping_cost", "映射中的表达式耗时或占用内存过多，已停止，没有继续导入。",
        "An expression of the mapping takes too much time or memory; it was stopped and nothing more was imported.",
        "请简化表达式，尤其是嵌套的替换和拼接。", "Simplify the expression, above all nested replacing and joining.",
    )  # fmt: skip
