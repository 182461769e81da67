"""The RFC 9162 Merkle tree: roots, inclusion and consistency proofs. Knows neither Django nor a database."""

from __future__ import annotations

from collections.abc import Sequence

from suyuan.formats import fingerprint, node_hash

EMPTY_ROOT = fingerprint(b"")


def root(leaves: Sequence[bytes]) -> bytes:
    """Root over leaf hashes."""
    tree = Frontier()
    tree.extend(leaves)
    return tree.root()


class Frontier:
    """A growing tree that keeps only the roots of its complete subtrees: at most 64 hashes."""

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        """`hashes` are the complete subtrees of a tree of `size`, largest first."""
        self.size = size
        self.hashes = list(hashes)

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Append leaf hashes."""
        for leaf in leaves:
            carried, size = leaf, self.size
            while size & 1:
                carried = node_hash(self.hashes.pop(), carried)
                size >>= 1
            self.hashes.append(carried)
            self.size += 1

    def root(self) -> bytes:
        """Root of the tree as it stands."""
        if not self.hashes:
            return EMPTY_ROOT
        result = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            result = node_hash(left, result)
        return result


def _split(size: int) -> int:
    return 1 << (size - 1).bit_length() - 1


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Proof that leaf `index` is in the tree over `leaves` (RFC 9162, 2.1.3.1)."""
    if len(leaves) <= 1:
        return []
    k = _split(len(leaves))
    if index < k:
        return [*inclusion_proof(leaves[:k], index), root(leaves[k:])]
    return [*inclusion_proof(leaves[k:], index - k), root(leaves[:k])]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected: bytes) -> bool:
    """Whether `proof` leads from `leaf` at `index` to the root of a tree of `size` (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    fn, sn, result = index, size - 1, leaf
    for step in proof:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            result = node_hash(step, result)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            result = node_hash(result, step)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and result == expected
