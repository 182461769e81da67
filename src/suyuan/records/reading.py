"""Stored rows become readable: unwrapped, decrypted, and checked against their digest on every read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from suyuan import formats
from suyuan.records.digest import Place, header, microseconds, name
from suyuan.records.meanings import Under
from suyuan.vault import envelope
from suyuan.vault.actions import provider
from suyuan.vault.errors import ContentDamaged


@dataclass(frozen=True, slots=True)
class RecordView:
    """One revision of a record as its reader may see it. `content` holds values by field name.

    `digest` is what a reviewer of this revision signs (32 bytes), `release` the one of the catalog it was checked under.
    """

    record_id: UUID
    rev: int
    type: str
    agency: int
    level: int
    valid_from: datetime
    recorded_at: datetime
    author: int
    batch: UUID
    seq: int
    row_no: int
    final: bool
    state: str
    in_force_rev: int | None
    latest_rev: int
    digest: bytes
    content: dict[str, Any]
    release: bytes

    @property
    def in_force(self) -> bool:
        """Whether this very revision is the one in force."""
        return self.rev == self.in_force_rev

    @property
    def under(self) -> Under:
        """By which catalog its codes are read."""
        return Under(self.type, self.release)


def canonical(facets: str) -> bytes:
    """Facets as they were bound: keys in order, no spaces."""
    return formats.canonical(orjson.loads(facets))


def view(row: Sequence[Any], data_key: bytes) -> RecordView:
    """Decrypt one row of the `revisions` statement. Raises `ContentDamaged` if any bound column was changed."""
    (record, rev, kind, agency, level, valid_from, recorded_at, author, batch, seq, row_no, final,
     facets, terms, digest, content, key_id, _, state, in_force_rev, latest_rev, release) = row  # fmt: skip
    head = header(
        Place(record.bytes, rev, kind, agency, level, microseconds(valid_from), microseconds(recorded_at),
              author, batch.bytes, seq, row_no, final)
    )  # fmt: skip
    where = name(record, rev)
    plain, commitment = envelope.decrypt(
        provider().suite(key_id), data_key, bytes(content),
        formats.content_place(head, key_id, canonical(facets), bytes(terms)), where,
    )  # fmt: skip
    if formats.revision(head, commitment) != bytes(digest):
        raise ContentDamaged(where)
    return RecordView(
        record, rev, kind, agency, level, valid_from, recorded_at, author, batch, seq, row_no, final,
        state, in_force_rev, latest_rev, bytes(digest), orjson.loads(plain), bytes(release or b""),
    )  # fmt: skip


def views(rows: Iterable[Sequence[Any]]) -> list[RecordView]:
    """Decrypt rows of the `revisions` statement, their data keys unwrapped together. Raises `VaultSealed`."""
    kept = [row for row in rows if row[17] is not None]
    keys: dict[int, bytes] = {}
    for key_id in {row[16] for row in kept}:
        places = [n for n, row in enumerate(kept) if row[16] == key_id]
        wrapped = [(kept[n][0].bytes, bytes(kept[n][17])) for n in places]
        keys.update(zip(places, provider().unwrap(key_id, wrapped), strict=True))
    return [view(row, keys[n]) for n, row in enumerate(kept)]


def unwrapped(key_id: int, held: Sequence[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Data keys from (record id, wrapped key), by record id; where one of them is damaged, of all the others."""
    try:
        return dict(zip((place for place, _ in held), provider().unwrap(key_id, held), strict=True))
    except ContentDamaged:
        if len(held) == 1:
            return {}
        middle = len(held) // 2
        return unwrapped(key_id, held[:middle]) | unwrapped(key_id, held[middle:])
