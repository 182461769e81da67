"""The JSON body of a call: read strictly, with the digits of its numbers kept as they were written."""

from __future__ import annotations

import json
from typing import Any, Self

from django.http import HttpRequest
from ninja.parser import Parser


class Number(float):
    """A number that is written again as it was written: 0.10 is not 0.1 to whoever checks it."""

    text: str

    def __new__(cls, text: str) -> Self:
        """From its text."""
        made = super().__new__(cls, text)
        made.text = text
        return made

    def __str__(self) -> str:
        return self.text


class WrongType(Exception):
    """The body is not announced as JSON."""


class Body(Parser):
    """The parser of all operations."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The body as JSON values.

        Raises `WrongType`, and `ValueError` for what is no JSON, for a name twice, for NaN, and for text that is not Unicode
        or holds NUL, which no database keeps.
        """
        if request.content_type != "application/json":
            raise WrongType
        found = json.loads(request.body, parse_float=Number, parse_constant=_no_number, object_pairs_hook=_object)
        _refuse_unstorable(found)
        return found


def _no_number(name: str) -> Any:
    raise ValueError(name)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name twice")
    return found


def _refuse_unstorable(value: Any) -> None:
    if isinstance(value, str) and ("\0" in value or any("\ud800" <= sign <= "\udfff" for sign in value)):
        raise ValueError("not storable")
    for inner in [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else ():
        _refuse_unstorable(inner)
