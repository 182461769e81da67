"""Database work of the current transaction done beside the work of this thread: one stores while the other encrypts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

Run = Callable[..., None]


@contextmanager
def beside() -> Iterator[Run]:
    """A `run(work, *arguments)` whose calls happen one after the other on this thread's connection.

    Until the context ends, by which time all of it is done, this thread leaves the connection alone. After the
    first error nothing more is run; it is raised at the end, or by the next `run`.
    """
    here = connections[DEFAULT_DB_ALIAS]
    failed: list[BaseException] = []

    def lend() -> None:
        connections[DEFAULT_DB_ALIAS] = here

    def do(work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        try:
            if not failed:
                work(*arguments)
        except BaseException as exc:
            failed.append(exc)

    def raise_failure() -> None:
        if failed:
            raise failed[0]

    here.inc_thread_sharing()
    try:
        with ThreadPoolExecutor(1, initializer=lend) as other:

            def run(work: Callable[..., None], *arguments: Any) -> None:
                raise_failure()
                other.submit(do, work, arguments)

            yield run
        raise_failure()
    finally:
        here.dec_thread_sharing()
