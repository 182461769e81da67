"""What a record is recognised by, worked out again from its contents: `records_key` may not lead to another record.

A revision is found under the digest of its natural key, or of its content and how often that stood in its delivery
(`identity.py`); the row under that digest holds the mark of the latest content that had it, and its batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import orjson

from suyuan import catalog
from suyuan.catalog.model import RecordType
from suyuan.catalog.plan import plan_of
from suyuan.vault.actions import identity_depths, identity_digester, provider

if TYPE_CHECKING:
    from suyuan.records.verify import Stored

_ORDINALS = 1_000
"""Equal rows of one delivery that are tried first; more only where there is no other explanation."""


class _Under(NamedTuple):
    """The newest revision that was found under one key of a record: its number, batch and mark."""

    rev: int
    batch: bytes
    mark: bytes


class Recognised:
    """Holds the identities of records against their contents as revisions pass, in whatever order.

    Memory stays flat: a record with one revision and one identity, as nearly all are, is settled at once.
    """

    def __init__(self) -> None:
        self._depths = range(1, max(identity_depths()) + 1)
        self._open: dict[bytes, tuple[Stored, dict[bytes, _Under]]] = {}

    def by(self, row: Stored, plain: bytes) -> bool:
        """Whether a revision with this content is found under an identity of its record."""
        scope = f"{row.type}\x1f{row.agency}\x1f".encode()
        mark = identity_digester("content")(scope + plain)
        stored = zip(row.keys or (), row.depths or (), strict=True)
        # Where a rotation has left an older row beside it, the newer one counts.
        known = sorted((one for one in stored if one[1] in self._depths), key=lambda one: -one[1])
        found = _found(row, plain, scope, mark, known)
        if found is None:
            return False
        if row.latest_rev > 1 or len(known) > 1:
            under = self._open.setdefault(row.record, (row, {}))[1]
            if found not in under or under[found].rev < row.rev:
                under[found] = _Under(row.rev, row.batch, mark)
            return True
        return _agrees(row, 0, _Under(row.rev, row.batch, mark))

    def altered(self) -> Iterator[tuple[str, str]]:
        """Once all have passed: records with an identity that none of their revisions has, or with the wrong mark."""
        for record, (row, under) in self._open.items():
            for place, key in enumerate(row.keys or ()):
                if _left_behind(row, place):
                    continue
                if key not in under or not _agrees(row, place, under[key]):
                    yield "record.key_altered", str(UUID(bytes=record))
                    break


def _left_behind(row: Stored, place: int) -> bool:
    """During a rotation: the row of before, where an amendment has written the one of now beside it."""
    depths, keys = row.depths or [], row.keys or []
    newest = max(depths)
    return depths[place] < newest and _moved(keys[place], depths[place], newest) in keys


def _agrees(row: Stored, place: int, under: _Under) -> bool:
    marks, batches, depths = row.marks or [], row.batches or [], row.depths or []
    return batches[place] == under.batch and marks[place] == _moved(under.mark, 1, depths[place])


def _moved(digest: bytes, depth: int, to: int) -> bytes:
    """A stored digest brought from one depth to a later one."""
    return digest if depth == to else provider().identities([digest], to, above=depth)[0]


def _found(row: Stored, plain: bytes, scope: bytes, mark: bytes, known: Sequence[tuple[bytes, int]]) -> bytes | None:
    """The stored identity that this content has, if there is one."""
    natural = natural_key(row.type, orjson.loads(plain))
    if natural is not None:
        inner = identity_digester("key")(scope + natural.encode())
        return next((key for key, depth in known if _moved(inner, 1, depth) == key), None)
    ordinal = identity_digester("ordinal")
    for number in range(1, max(_ORDINALS, row.row_no) + 1):
        inner = ordinal(mark + number.to_bytes(8, "big"))
        for key, depth in known:
            if _moved(inner, 1, depth) == key:
                return key
    return None


def natural_key(type_id: str, content: dict[str, Any]) -> str | None:
    """The natural key of a stored content, as the check worked it out; None where the type has none, or it is not filled in."""
    found = catalog.current().types.get(type_id)
    parts = [_part(found, name, content.get(name)) for name in found.key] if found else []
    if not parts or None in parts:
        return None
    if len(parts) == 1:
        return parts[0]
    return "|".join(str(part).replace("|", "\\|") for part in parts)


def _part(of: RecordType, name: str, value: Any) -> str | None:
    return None if value is None else plan_of(of).kinds[name].index_form(str(value))
