"""Identifying values in lists: enough to tell rows apart, not enough to copy a register from the screen."""

from __future__ import annotations

from functools import lru_cache

from suyuan import catalog
from suyuan.catalog import kinds
from suyuan.catalog.kinds.base import DOT, Kind
from suyuan.catalog.model import Field

BEGINNING = 6  # signs that stay of a long text, an address; of a shorter one, a name, a third of them


def mask(field: Field, value: str) -> str:
    """The value with its middle hidden; a protected one hidden whole."""
    if field.protection == "protected":
        return DOT * 4
    if field.type == "identifier":
        return _kind(field).mask(value)
    begin = min(max(len(value) // 3, 1), BEGINNING)
    return value[:begin] + DOT * min(max(len(value) - begin, 1), BEGINNING)


@lru_cache(maxsize=4096)
def _kind(field: Field) -> Kind:
    return kinds.single(field, catalog.current())
