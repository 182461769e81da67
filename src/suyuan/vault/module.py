"""A PKCS#11 module in this process: one thread makes its calls, one after another, so that waiting for it can end.

A call into the module cannot be interrupted, and `python-pkcs11` starts modules without locks of their own. So whoever
wants something of a token hands it to the thread, and waits as long as it gets on. A forked process starts anew.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

import pkcs11

T = TypeVar("T")


class Module:
    """One loaded module. `starts` counts how often it was started; sessions of an earlier start are void."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.starts = 0
        self._moved = 0.0
        self._jobs: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        threading.Thread(target=self._work, name="pkcs11", daemon=True).start()

    def within(self, seconds: float, job: Callable[[], T]) -> T:
        """What `job` gives, done in the module's thread. Raises `TimeoutError` after `seconds` without progress."""
        future: Future[T] = Future()
        asked = time.monotonic()
        self._jobs.put((future, job))
        while True:
            until = max(asked, self._moved) + seconds
            try:
                return future.result(max(until - time.monotonic(), 0))
            except TimeoutError:
                if self._moved + seconds < time.monotonic():
                    future.cancel()
                    raise

    def progress(self) -> None:
        """Say from within a job that it gets on."""
        self._moved = time.monotonic()

    def restart(self) -> None:
        """Start the module, anew if it runs: after a fork it must be, and after its token was away."""
        pkcs11.lib(self.path).reinitialize()
        self.starts += 1

    def _work(self) -> None:
        while True:
            future, job = self._jobs.get()
            if not future.set_running_or_notify_cancel():
                continue  # nobody waits any more
            self.progress()
            try:
                future.set_result(job())
            except BaseException as exc:
                future.set_exception(exc)


_opened: dict[str, Module] = {}
_alone = threading.Lock()


def module(path: str) -> Module:
    """This process's one `Module` for the library at `path`."""
    with _alone:
        if path not in _opened:
            _opened[path] = Module(path)
        return _opened[path]


def _forget() -> None:
    global _alone
    _alone = threading.Lock()
    _opened.clear()


os.register_at_fork(after_in_child=_forget)
