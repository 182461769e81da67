"""Where each table of the database stands: what `verify` can say of it, or why it is not evidence.

Every room declares its tables in its `rows.py`; a test compares the declarations with the schema, so that a new table
or column is red until it is placed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from suyuan.ledger import bound
from suyuan.ledger.bound import Bound


class How(StrEnum):
    """What `verify` does with a table."""

    RECOMPUTED = "recomputed"
    """Worked out again from what it rests on: contents, entries, signatures."""
    BOUND = "bound"
    """Each row against the last entry that names it; rows may change, by an act that makes an entry."""
    APPENDED = "appended"
    """Bound, and no row ever changes or goes."""
    NOT = "not evidence"


class Placed(NamedTuple):
    """One table. `zh` and `en` say why it is not evidence; `loose` names the columns that nothing covers, and why."""

    table: str
    how: How
    zh: str = ""
    en: str = ""
    loose: Mapping[str, str] = MappingProxyType({})


_placed: dict[str, Placed] = {}


def place(tables: Iterable[Placed | Bound]) -> None:
    """Place the tables of a room; those that are bound are checked from now on."""
    for one in tables:
        if isinstance(one, Bound):
            bound.register([one])
            one = Placed(one.table, How.APPENDED if one.appended else How.BOUND, loose=one.loose)
        _placed[one.table] = one


def recomputed(table: str, **loose: str) -> Placed:
    """A table that a check works out again; `loose` are the columns that it does not reach, and why."""
    return Placed(table, How.RECOMPUTED, loose=loose)


def not_evidence(zh: str, en: str, *tables: str) -> list[Placed]:
    """Tables that say nothing anybody has to believe, for one reason."""
    return [Placed(table, How.NOT, zh, en) for table in tables]


def placed() -> dict[str, Placed]:
    """Every table that is placed, by name."""
    return dict(_placed)


def unverified() -> dict[tuple[str, str], list[str]]:
    """The tables that are not evidence, by the reason in both languages."""
    found: dict[tuple[str, str], list[str]] = {}
    for one in _placed.values():
        if one.how is How.NOT:
            found.setdefault((one.zh, one.en), []).append(one.table)
    return found
