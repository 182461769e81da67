"""The tree as tiles of 256 hashes (C2SP tlog-tiles): what is stored, and proofs from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from suyuan.formats import node_hash
from suyuan.ledger.merkle import root

WIDTH = 256
HASH = 32
Load = Callable[[int, int], bytes]


def grow(load: Load, size: int, leaves: Sequence[bytes]) -> Iterator[tuple[int, int, bytes]]:
    """The (level, index, hashes) of every tile that changes when `leaves` follow a tree of `size`."""
    level, start, new = 0, size, list(leaves)
    while new:
        index, filled = divmod(start, WIDTH)
        held = load(level, index)[: filled * HASH] if filled else b""
        everything = held + b"".join(new)
        full: list[bytes] = []
        for offset in range(0, len(everything), WIDTH * HASH):
            tile = everything[offset : offset + WIDTH * HASH]
            yield level, index + offset // (WIDTH * HASH), tile
            if len(tile) == WIDTH * HASH:
                full.append(root(split(tile)))
        level, start, new = level + 1, start // WIDTH, full


def split(tile: bytes) -> list[bytes]:
    """The hashes of a tile."""
    return [tile[i : i + HASH] for i in range(0, len(tile), HASH)]


class TileTree:
    """Any subtree's root, from tiles that are loaded once."""

    def __init__(self, load: Load, size: int) -> None:
        """`load(level, index)` gives a tile's bytes, empty when there is none."""
        self._load, self.size = load, size
        self._tiles: dict[tuple[int, int], list[bytes]] = {}

    def range_root(self, start: int, end: int) -> bytes:
        """Root over leaves `start` to `end` (exclusive), where that is a subtree of the tree."""
        count = end - start
        if count == 1:
            return self._hash(0, start)
        if count >= WIDTH and count & (count - 1) == 0:
            level = (count.bit_length() - 1) // 8  # a full subtree: its root follows from the highest tiles it fills
            step = WIDTH**level
            return root([self._hash(level, i) for i in range(start // step, end // step)])
        k = 1 << (count - 1).bit_length() - 1
        return node_hash(self.range_root(start, start + k), self.range_root(start + k, end))

    def root(self) -> bytes:
        """Root of the whole tree."""
        return self.range_root(0, self.size) if self.size else root([])

    def head(self, size: int) -> bytes:
        """Root of the first `size` leaves: what the tree's root was when it was that long."""
        parts, start = [], 0
        for bit in reversed(range(size.bit_length())):
            if size >> bit & 1:
                parts.append(self.range_root(start, start + (1 << bit)))
                start += 1 << bit
        result = parts.pop()
        while parts:
            result = node_hash(parts.pop(), result)
        return result

    def inclusion(self, index: int) -> list[bytes]:
        """Inclusion proof of leaf `index`, nearest sibling first (RFC 9162, 2.1.3)."""
        proof: list[bytes] = []
        start, end = 0, self.size
        while end - start > 1:
            middle = start + (1 << (end - start - 1).bit_length() - 1)
            if index < middle:
                proof.append(self.range_root(middle, end))
                end = middle
            else:
                proof.append(self.range_root(start, middle))
                start = middle
        return proof[::-1]

    def _hash(self, level: int, index: int) -> bytes:
        tile, place = divmod(index, WIDTH)
        if (level, tile) not in self._tiles:
            self._tiles[level, tile] = split(self._load(level, tile))
        return self._tiles[level, tile][place]
