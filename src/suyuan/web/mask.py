"""Identifying values in lists: enough to tell rows apart, not enough to copy a register from the screen."""

from __future__ import annotations

from functools import lru_cache

from suyuan import catalog
from suyuan.catalog import kinds
from suyuan.catalog.kinds.base import DOT, Kind
from suyuan.catalog.model import Field

NAME = 4  # a text so short is a name: its first sign stays; of a longer one, an address, the beginning does
BEGINNING = 6


def mask(field: Field, value: str) -> str:
    """The value with its middle hidden; a protected one hidden whole."""
    if field.protection == "protected":
        return DOT * 4
    if field.type == "identifier":
        return _kind(field).mask(value)
    begin = 1 if len(value) <= NAME else BEGINNING
    return value[:begin] + DOT * min(max(len(value) - begin, 1), BEGINNING)


@lru_cache(maxsize=4096)
def _kind(field: Field) -> Kind:
    return kinds.single(field, catalog.current())
