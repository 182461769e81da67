"""Keyed search terms: 64-bit digests by which records are found without their names lying in the database.

Identifiers and codes are digested whole, names and addresses by their character bigrams. The keys never
reach the database. From level 2 there are no text terms, and exact ones use a key of their own
(blind indexes leak equality: `assurance.md`, pitfalls).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from functools import cache

from suyuan.vault.actions import provider
from suyuan.vault.custodians import LEVEL
from suyuan.vault.layers import Layer, keyed, moved_on
from suyuan.vault.provider import TERM_BYTES, TERMS

_HEADER = struct.Struct(">iiiii")  # dimensions, nulls, element oid (20 = int8), length, lower bound
_EMPTY = struct.pack(">iii", 0, 0, 20)
_EIGHT = TERM_BYTES.to_bytes(4, "big")

_MOST = 1 << 18  # terms kept; then all are forgotten

Digest = Callable[[str], bytes]


class _Kept(dict[str, bytes]):
    """Digests by term: a look-up in C for terms seen before, which most are."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        super().__init__()
        self._inner, self._outer = keyed(layers[0], TERM_BYTES), layers[1:]

    def __missing__(self, term: str) -> bytes:
        if len(self) >= _MOST:
            self.clear()
        [outer] = moved_on(self._outer, [self._inner(term.encode())], TERM_BYTES)
        digest = self[term] = _EIGHT + outer
        return digest


@cache
def _digester(layers: tuple[Layer, ...]) -> Digest:
    return _Kept(layers).__getitem__


def digester(level: int, depth: int, wanted: Iterable[str] = ()) -> Digest:
    """The keyed digest of a level under so many layers; terms repeat, so results are kept.

    A digest is given as PostgreSQL sends one `int8` array element: its length, then its eight bytes. For level 2 the
    agent is asked once for all the terms `wanted` and nothing is kept. Raises `VaultSealed`.
    """
    if level == LEVEL:
        asked = list(set(wanted))
        digests = provider().second(depth).digests(asked, depth)
        return dict(zip(asked, (_EIGHT + one for one in digests), strict=True)).__getitem__
    return _digester(tuple(provider().layers(TERMS, depth)))


def digests(level: int, depth: int, wanted: Sequence[str]) -> bytes:
    """The keyed digests of many terms of a level under so many layers, 8 bytes each. Raises `VaultSealed`."""
    if level == LEVEL:
        return b"".join(provider().second(depth).digests(wanted, depth))
    first, *outer = provider().layers(TERMS, depth)
    return b"".join(moved_on(outer, map(keyed(first, TERM_BYTES), map(str.encode, wanted)), TERM_BYTES))


def moved_on_to(level: int, depth: int, numbers: Sequence[int]) -> list[int]:
    """Stored terms from one layer less brought to `depth`, in the order in which they are stored."""
    given = [one.to_bytes(TERM_BYTES, "big", signed=True) for one in numbers]
    moved = sorted(set(provider().move_on(level, given, depth)))
    return [int.from_bytes(one, "big", signed=True) for one in moved]


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
    signs = plain(text)
    return list(map(str.__add__, signs, signs[1:])) if len(signs) > 1 else [signs][: len(signs)]


def plain(text: str) -> str:
    """A name or address as its pairs are taken from it: case folded, without spaces."""
    return "".join(text.casefold().split())


def pack(digests: set[bytes]) -> bytes:
    """Digests as PostgreSQL's binary form of `int8[]` (what `array_send` returns)."""
    return head(len(digests)) + b"".join(sorted(digests))


def head(count: int) -> bytes:
    """What stands before so many digests in that form."""
    return _HEADER.pack(1, 0, 20, count, 1) if count else _EMPTY


def packed(numbers: Sequence[int]) -> bytes:
    """Stored terms as PostgreSQL's binary form of `int8[]`."""
    return pack({_EIGHT + one.to_bytes(TERM_BYTES, "big", signed=True) for one in numbers})
