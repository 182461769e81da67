"""No waiting for the ledger beyond a few seconds: a locked, slow or hanging database is a refusal, not a pause.

One thread a process watches the connections that write entries. After `SECONDS` it asks the server to cancel; if that
does not help (the server itself hangs), it closes the socket, so that whoever waits is told at once.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SECONDS = 3.5
GRACE = 0.75  # for the server to act on the cancelling
_LOOK = 0.25

_lock = threading.Lock()
_watched: dict[int, list[Any]] = {}  # token: connection, when to act next, whether cancelling was tried
_watcher: list[tuple[int, threading.Thread]] = []


@contextmanager
def within(connection: Any) -> Iterator[None]:
    """Let nothing on this psycopg connection take longer than `SECONDS` while the block runs."""
    with _lock:
        token = max(_watched, default=0) + 1
        _watched[token] = [connection, time.monotonic() + SECONDS, False]
        if not _watcher or _watcher[0][0] != os.getpid() or not _watcher[0][1].is_alive():
            thread = threading.Thread(target=_watch, daemon=True, name="ledger-deadline")
            _watcher[:] = [(os.getpid(), thread)]
            thread.start()
    try:
        yield
    finally:
        with _lock:
            _watched.pop(token, None)


def _watch() -> None:
    while True:
        time.sleep(_LOOK)
        now = time.monotonic()
        with _lock:
            late = [one for one in _watched.values() if one[1] < now]
        for one in late:
            connection, _, cancelled = one
            one[1], one[2] = now + GRACE, True
            with contextlib.suppress(Exception):  # whatever state it is in, the next look closes it
                if cancelled:
                    _close(connection)
                else:
                    connection.cancel_safe(timeout=GRACE / 2)


def _close(connection: Any) -> None:
    with socket.socket(fileno=os.dup(connection.fileno())) as own:
        own.shutdown(socket.SHUT_RDWR)
