"""What makes a row this record: its natural key, or its content and how often it came before in the delivery.

Two rows of a source that look the same can be two facts (eleven anti-social incidents in one street in
one month), so rows without a natural key are told apart by their ordinal: the second of two equal rows is
always the second, however often the file is sent.
"""

from __future__ import annotations

from typing import NamedTuple

import duckdb
import pyarrow as pa

from suyuan.vault.actions import identities, identity_digester


class Mark(NamedTuple):
    """Identity of one row. `repeat`: its natural key stood earlier in this delivery already.

    `before` is the key digest under which a row may still lie that a rotation of keys has not reached.
    """

    key_digest: bytes
    content_mark: bytes
    repeat: bool
    before: bytes | None


class Counted(NamedTuple):
    """Rows of a delivery once their turn has come: the innermost digests of their keys and contents, and which repeat a key."""

    keys: list[bytes]
    contents: list[bytes]
    repeats: list[bool]


class Delivery:
    """Counts the rows of one delivery as its chunks pass in order; memory is 24 bytes a distinct row."""

    def __init__(self, agency: int) -> None:
        self._agency = agency
        self._seen = duckdb.connect()
        self._seen.execute("SET threads = 1; CREATE TABLE seen (h BLOB, n INTEGER)")

    def count(self, record_type: str, keys: list[str | None], contents: list[bytes]) -> Counted:
        """The next rows. `keys` are natural keys or None, `contents` canonical JSON.

        Needs no transaction: nothing here depends on the layers that a rotation of keys adds.
        """
        scope = f"{record_type}\x1f{self._agency}\x1f".encode()
        of_content, of_key = identity_digester("content"), identity_digester("key")
        marks = [of_content(scope + content) for content in contents]
        bases = [
            of_key(scope + key.encode()) if key is not None else mark for key, mark in zip(keys, marks, strict=True)
        ]
        ordinals = self._ordinals(bases)
        repeats = [key is not None and ordinal > 1 for key, ordinal in zip(keys, ordinals, strict=True)]
        return Counted(list(map(_key, bases, keys, ordinals)), marks, repeats)

    def _ordinals(self, bases: list[bytes]) -> list[int]:
        arrived = pa.table({"h": pa.array(bases, pa.binary()), "i": range(len(bases))})
        self._seen.register("arrived", arrived)
        rows = self._seen.sql(
            """SELECT coalesce(s.n, 0) + row_number() OVER (PARTITION BY a.h ORDER BY a.i) AS ordinal
               FROM arrived a LEFT JOIN (SELECT h, sum(n) AS n FROM seen GROUP BY h) s ON s.h = a.h ORDER BY a.i"""
        ).to_arrow_table()
        self._seen.execute("INSERT INTO seen SELECT h, count(*) FROM arrived GROUP BY h")
        self._seen.unregister("arrived")
        ordinals: list[int] = rows["ordinal"].to_pylist()
        return ordinals


def marks(counted: Counted) -> list[Mark]:
    """The identities of rows by the keys of now, which must not change until the transaction ends."""
    found = identities(counted.keys)
    before: list[bytes] | list[None] = found.before or [None] * len(counted.keys)
    return list(map(Mark, found.now, identities(counted.contents).now, counted.repeats, before))


def _key(base: bytes, key: str | None, ordinal: int) -> bytes:
    if key is not None:
        return base
    return identity_digester("ordinal")(base + int(ordinal).to_bytes(8, "big"))
