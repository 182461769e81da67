"""Keyed search terms: 64-bit digests by which records are found without their names lying in the database.

Identifiers and codes are digested whole, names and addresses by their character bigrams. The keys never
reach the database. From level 2 there are no text terms, and exact ones use a key of their own
(blind indexes leak equality: `assurance.md`, pitfalls).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from functools import cache
from hashlib import blake2b

from suyuan.vault.actions import provider

_HEADER = struct.Struct(">iiiii")  # dimensions, nulls, element oid (20 = int8), length, lower bound
_EMPTY = struct.pack(">iii", 0, 0, 20)
_EIGHT = (8).to_bytes(4, "big")

_MOST = 1 << 18  # terms kept; then all are forgotten

Digest = Callable[[str], bytes]


class _Kept(dict[str, bytes]):
    """Digests by term: a look-up in C for terms seen before, which most are."""

    def __init__(self, key: bytes) -> None:
        super().__init__()
        self._key = key

    def __missing__(self, term: str) -> bytes:
        if len(self) >= _MOST:
            self.clear()
        digest = self[term] = _EIGHT + blake2b(term.encode(), digest_size=8, key=self._key).digest()
        return digest


@cache
def _digester(key: bytes) -> Digest:
    return _Kept(key).__getitem__


def digester(level: int, wanted: Iterable[str] = ()) -> Digest:
    """The keyed digest for records of one level; terms repeat, so results are kept.

    A digest is given as PostgreSQL sends one `int8` array element: its length, then its eight bytes. From level 2 the
    agent is asked once for all the terms `wanted` and nothing is kept. Raises `VaultSealed`.
    """
    if level > 1:
        asked = list(set(wanted))
        return dict(zip(asked, (_EIGHT + one for one in provider().digests(asked)), strict=True)).__getitem__
    return _digester(provider().secret(f"terms.{level}"))


def number(digest: bytes) -> int:
    """A digest as the `int8` that is stored."""
    return int.from_bytes(digest[4:], "big", signed=True)


def exact(value: str) -> str:
    """Term of an identifier given as "kind\\x1fvalue"."""
    return f"x{value}"


def code(value: str) -> str:
    """Term of a coded field given as "field\\x1fcode"."""
    return f"c{value}"


def bigrams(text: str) -> list[str]:
    """Terms of a name or address: its character pairs without spaces, or the one character it has.

    Case is folded, so that 'Market St' is found by 'market st'. Identifiers and codes have longer terms, so
    pairs need no mark of their own.
    """
    plain = "".join(text.casefold().split())
    return list(map(str.__add__, plain, plain[1:])) if len(plain) > 1 else [plain][: len(plain)]


def pack(digests: set[bytes]) -> bytes:
    """Digests as PostgreSQL's binary form of `int8[]` (what `array_send` returns)."""
    if not digests:
        return _EMPTY
    return _HEADER.pack(1, 0, 20, len(digests), 1) + b"".join(sorted(digests))
