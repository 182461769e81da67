"""Who uses an installation right now: the one `suyuan up`, and any number of commands beside it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from suyuan.installation import private
from suyuan.installation.errors import AlreadyRunning, DataFolderUnusable, InstallationMissing
from suyuan.installation.model import Installation
from suyuan.installation.postgres import Server


def make_folder(installation: Installation) -> None:
    """Make the data folder, or say why it cannot be used."""
    folder = installation.data
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DataFolderUnusable(folder, error.strerror or str(error)) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise DataFolderUnusable(folder, "不可写 not writable")
    private.close(installation)


@contextmanager
def sole_supervisor(installation: Installation, address: str) -> Iterator[None]:
    """Hold the data folder for one `suyuan up`; a second one is refused and told who holds it.

    The lock is the kernel's (flock), so it goes with its process and cannot become stale.
    """
    with (installation.data / "up.lock").open("a+") as lock:
        if not _lock(lock, fcntl.LOCK_EX):
            raise AlreadyRunning(installation.data, _holder(installation.data / "up.lock"))
        lock.truncate(0)
        lock.write(json.dumps({"pid": os.getpid(), "address": address}))
        lock.flush()
        try:
            yield
        finally:
            lock.truncate(0)


@contextmanager
def server_used(
    installation: Installation, server: Server, notice: Callable[[str, str], None] = lambda zh, en: None
) -> Iterator[Server]:
    """The embedded server, running; whoever uses it last stops it."""
    with (installation.data / "start.lock").open("w") as starting, (installation.data / "use.lock").open("w") as using:
        fcntl.flock(starting, fcntl.LOCK_EX)
        fcntl.flock(using, fcntl.LOCK_SH)
        try:  # a stop in the middle of starting must stop what has just been started
            server.start(notice)
            fcntl.flock(starting, fcntl.LOCK_UN)
            yield server
        finally:
            fcntl.flock(starting, fcntl.LOCK_EX)
            if _lock(using, fcntl.LOCK_EX):
                server.stop()


@contextmanager
def database_running(installation: Installation) -> Iterator[None]:
    """The database of an existing installation, running for as long as a command needs it."""
    if not installation.exists:
        raise InstallationMissing(installation.data)
    if not installation.place.embedded:
        yield
        return
    server = Server(installation)
    server.make()
    with server_used(installation, server):
        yield


def _lock(lock: IO[str], how: int) -> bool:
    try:
        fcntl.flock(lock, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(path: Path) -> str:
    with contextlib.suppress(OSError, ValueError, KeyError):
        told = json.loads(path.read_text())
        return f"pid {told['pid']}, {told['address']}"
    return ""
