"""A process of our own with little memory and time, no files to write and no environment. It parses and computes what
came from outside, so that a hostile file or expression costs that process and nothing else."""

from __future__ import annotations

import io
import math
import os
import resource
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_PACKAGES = Path(__file__).parents[2]
_BOOT = (
    # Everything is written when main() returns. Taking the interpreter down would only race with Arrow's threads.
    "import os, sys; sys.path.insert(0, sys.argv[1]); from {module} import main; os._exit(main())"
)
_ENVIRONMENT = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_ARENA_MAX": "1",
    "OMP_NUM_THREADS": "1",
    "LC_ALL": "C.UTF-8",
}
OUT_OF_MEMORY = (-signal.SIGABRT, -signal.SIGSEGV, -signal.SIGBUS)
"""How a process ends that could not take more memory and could not say so."""
OUT_OF_TIME = -signal.SIGXCPU
LOADED = 4
"""A busy machine may give a process as little as one second in so many."""


def start(module: str, *arguments: str, stdin: Any, stdout: int, tell: int | None = None) -> subprocess.Popen[bytes]:
    """Start `main` of a module in a process of its own. It gets the arguments from `sys.argv[2]` on."""
    return subprocess.Popen(
        [sys.executable, "-I", "-c", _BOOT.format(module=module), str(_PACKAGES), *arguments],
        stdin=stdin, stdout=stdout, stderr=subprocess.DEVNULL, pass_fds=() if tell is None else (tell,),
        env=_ENVIRONMENT, start_new_session=True,
    )  # fmt: skip


def hold(memory: int) -> None:
    """In the process: take no more address space than that, write no file, leave no core."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def allow(seconds: float) -> None:
    """In the process: end it once it has computed for so many seconds more."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    until = math.ceil(usage.ru_utime + usage.ru_stime + seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.RLIM_INFINITY))


class Closing:
    """What holds a process and is closed at the end of a `with` block."""

    def close(self) -> None:
        """End the process, whatever it is doing."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Pipe(io.RawIOBase):
    """A process's output, with a limit on the time spent waiting for it."""

    def __init__(self, descriptor: int, seconds: float) -> None:
        self._descriptor = descriptor
        self.left = seconds
        self.late = False

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # RawIOBase's stub takes any buffer
        """Read what is there, or wait for it. Raises `TimeoutError` when the time is up."""
        started = time.monotonic()
        ready, _, _ = select.select([self._descriptor], [], [], max(0.0, self.left))
        self.left -= time.monotonic() - started
        if not ready:
            self.late = True
            raise TimeoutError
        data = os.read(self._descriptor, len(buffer))
        buffer[: len(data)] = data
        return len(data)


def ended(process: subprocess.Popen[bytes]) -> int:
    """Exit code of a process that has closed its output, so is about to end."""
    try:
        return process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
