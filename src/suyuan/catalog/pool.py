"""Native objects that threads lend each other, so that none is freed at the end of a thread.

A thread that a server of another language ends gives up its last hold of Python while its thread-local values are freed.
A buffer of Arrow that asks for Python in that moment brings the whole process to a stop; here nothing belongs to a thread.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")


class Pool(Generic[T]):
    """Things of which each serves one call at a time; there are as many as calls have met at once."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._free: deque[T] = deque()

    @contextmanager
    def one(self) -> Iterator[T]:
        """Lend the one given back last, or a new one where all are lent."""
        try:
            lent = self._free.pop()
        except IndexError:
            lent = self._make()
        try:
            yield lent
        finally:
            self._free.append(lent)
