"""Keeps the processes of an installation alive until told to stop.

The children hold the reading end of a pipe whose other end is the supervisor's: when it goes, however it goes, they see
the end of the pipe and leave too. The database outlives it on purpose; the next start takes it over.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from suyuan.errors import SuyuanError
from suyuan.installation.disk import DISK_WARNING, used_share
from suyuan.installation.postgres import Server

Notice = Callable[[str, str], None]
LIFELINE = "SUYUAN_LIFELINE"
SUPERVISED = "SUYUAN_SUPERVISED"
ORPHAN_PATIENCE = 15.0  # seconds in which a child without a supervisor may close what it has open
LONGEST_PAUSE = 5.0  # seconds between two starts of a child that keeps dying
DATABASE_PAUSE = 2.0  # seconds between two starts of a database that cannot come back


@dataclass
class Child:
    """One process to keep: its name, its command line, where its words go, seconds to wait for its leaving."""

    name: str
    arguments: list[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    failures: int = 0
    not_before: float = 0.0
    patience: float = 10.0

    def start(self, lifeline: int) -> None:
        """Start it in a session of its own, so that Ctrl-C reaches the supervisor alone."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.arguments,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=[lifeline],
                env=os.environ | {LIFELINE: str(lifeline), SUPERVISED: "1"},
            )

    def died(self) -> bool:
        """Whether it was started and is gone; then whatever it had started goes too."""
        if self.process is None or self.process.poll() is None:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        return True

    def stop(self) -> None:
        """Ask it to leave, wait, then make it."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        try:
            self.process.wait(self.patience)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@dataclass
class Supervisor:
    """Watches the embedded server (if there is one) and the children.

    Args:
        server: the embedded PostgreSQL, or None with a server of one's own.
        children: started in order, stopped in reverse.
        notice: told (zh, en) what happens.
    """

    server: Server | None
    children: list[Child]
    notice: Notice
    stopping: threading.Event = field(default_factory=threading.Event)
    _pipe: tuple[int, int] = field(default_factory=os.pipe)
    _trouble: str = ""
    _database_not_before: float = 0.0
    _disk_not_before: float = 0.0
    _disk_warned: bool = False

    def start(self) -> None:
        """Start every child."""
        for child in self.children:
            child.start(self._pipe[0])

    def watch(self) -> None:
        """Until told to stop: bring back whatever dies."""
        while not self.stopping.wait(0.2):
            self.look()

    def look(self) -> None:
        """One round."""
        if self.server is not None:
            self._keep_database(self.server)
            self._watch_disk(self.server.installation.data)
        for child in self.children:
            self._bring_back(child)

    def stop(self) -> None:
        """Stop the children, last first."""
        for child in reversed(self.children):
            child.stop()

    def _keep_database(self, server: Server) -> None:
        """Bring it back; while that fails (a full disk) say why once and try again in the next rounds."""
        if server.alive() or time.monotonic() < self._database_not_before:
            return
        if not self._trouble:
            self.notice("数据库进程中断，正在恢复…", "The database process is gone; bringing it back…")
        try:
            server.start(self.notice)
        except SuyuanError as error:
            if error.code != self._trouble:
                self.notice(f"{error.zh}{error.mend_zh}", f"{error.en} {error.mend_en}")
            self._trouble = error.code
            self._database_not_before = time.monotonic() + DATABASE_PAUSE
            return
        self._trouble = ""
        self.notice("数据库已恢复。", "The database is back.")

    def _watch_disk(self, folder: Path) -> None:
        now = time.monotonic()
        if now < self._disk_not_before:
            return
        self._disk_not_before = now + 60
        used = used_share(folder)
        if used > DISK_WARNING and not self._disk_warned:
            self.notice(
                f"注意：磁盘已用 {used:.0%}，请尽快清理。", f"Note: the disk is {used:.0%} full; make room soon."
            )
        self._disk_warned = used > DISK_WARNING

    def _bring_back(self, child: Child) -> None:
        now = time.monotonic()
        if child.died():
            child.process = None
            child.failures = child.failures + 1 if now < child.not_before + 30 else 0
            child.not_before = now + min(LONGEST_PAUSE, child.failures * 0.5)
            self.notice(f"{child.name} 进程中断，正在重启…", f"The {child.name} process is gone; starting it again…")
        if child.process is None and now >= child.not_before:
            child.start(self._pipe[0])


def leave_with_supervisor() -> None:
    """Starts a thread that ends this child and what it started when the supervisor is gone: SIGTERM, then SIGKILL."""
    lifeline = os.environ.pop(LIFELINE, None)
    if lifeline is not None:
        threading.Thread(target=_wait_for_end, args=[int(lifeline)], daemon=True).start()


def _wait_for_end(lifeline: int) -> None:
    os.read(lifeline, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(ORPHAN_PATIENCE)
    os.killpg(0, signal.SIGKILL)  # the supervisor gave it a group of its own


def leave_with_parent() -> None:
    """In a process that a supervised child started: a thread that ends it when that child is gone, freeing the port."""
    if os.environ.get(SUPERVISED) != "1":
        return
    threading.Thread(target=_wait_for_orphanhood, args=[os.getppid()], daemon=True).start()


def _wait_for_orphanhood(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGKILL)
