"""What changed between two catalogs, and whether records stored under the old one can still be read under the new."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from suyuan.catalog.model import Catalog, Field, RecordType
from suyuan.catalog.release import plain

READ_BY = ("type", "kind", "to", "multiple", "table")
"""What of a field decides how its stored values are read."""


class Difference(NamedTuple):
    """One thing that is new, gone or other.

    `breaking`: what was stored or is yet sent under the old catalog does not do under the new one. `readable`: what was
    stored keeps its meaning all the same, as when a field becomes required.
    """

    what: str
    where: str
    change: str
    breaking: bool
    readable: bool
    detail: str = ""


def diff(before: Catalog, after: Catalog) -> Iterator[Difference]:
    """Types, their fields and rules, then code tables."""
    for name, old, new in _pairs(before.types, after.types):
        if old is None or new is None:
            yield Difference("type", name, "removed" if new is None else "added", new is None, new is not None)
        else:
            yield from _type(old, new)
    for name, one, other in _pairs(before.codes, after.codes):
        if one is None or other is None:
            yield Difference("table", name, "removed" if other is None else "added", other is None, other is not None)
        elif plain(one) != plain(other):
            gone = sorted(set(one.by_code) - set(other.by_code))
            detail = f"+{len(set(other.by_code) - set(one.by_code))} -{len(gone)}"
            yield Difference("table", name, "changed", bool(gone), not gone, detail)


def _type(old: RecordType, new: RecordType) -> Iterator[Difference]:
    for name, one, other in _pairs(old.fields, new.fields):
        where = f"{old.id}.{name}"
        if one is None or other is None:
            newly_needed = other is not None and other.required
            change = "removed" if other is None else "added"
            yield Difference("field", where, change, other is None or newly_needed, other is not None)
        elif plain(one) != plain(other):
            yield _field(where, one, other)
    for name, was, now in _pairs({r.id: r for r in old.rules}, {r.id: r for r in new.rules}):
        if was is None or now is None:
            yield Difference("rule", name, "removed" if now is None else "added", False, True)
        elif plain(was) != plain(now):
            yield Difference("rule", name, "changed", False, True, _names(plain(was), plain(now)))
    apart = _names(_head(old), _head(new))
    if apart:
        yield Difference("type", old.id, "changed", bool({"key", "level"} & set(apart.split(", "))), True, apart)


def _field(where: str, one: Field, other: Field) -> Difference:
    readable = all(getattr(one, name) == getattr(other, name) for name in READ_BY)
    breaking = not readable or (other.required and not one.required)
    return Difference("field", where, "changed", breaking, readable, _names(plain(one), plain(other)))


def _head(one: RecordType) -> dict[str, Any]:
    return {name: value for name, value in plain(one).items() if name not in ("fields", "rules")}


def _names(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    return ", ".join(name for name in old if old[name] != new.get(name))


def _pairs(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for name in sorted(old.keys() | new.keys()):
        yield name, old.get(name), new.get(name)
