"""What of an error goes to the log: which kind it was and where in the code, never what it said.

The words of an error can quote what somebody typed or what a row holds, as PostgreSQL's do.
"""

from __future__ import annotations

import logging
import traceback
from types import TracebackType

_Info = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class Line(logging.Formatter):
    """A line a record; below it the places of an error and of those behind it."""

    def formatException(self, ei: _Info) -> str:  # noqa: N802  # the library's name
        """Kinds and places, the innermost error first."""
        return "\n".join(line for error in _chain(ei[1]) for line in _places(error))


def _chain(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return found[::-1]


def _places(error: BaseException) -> list[str]:
    state = getattr(error, "sqlstate", None)
    code = f" {state}" if state else ""
    places = traceback.extract_tb(error.__traceback__)
    return [f"{type(error).__module__}.{type(error).__qualname__}{code}",
            *(f"  {place.filename}:{place.lineno} {place.name}" for place in places)]  # fmt: skip
