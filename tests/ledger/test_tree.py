"""The tree of the ledger: known answers, tiles against leaves, proofs that hold and those that must not."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suyuan.ledger.merkle import Frontier, inclusion_proof, root, verify_inclusion
from suyuan.ledger.tiles import TileTree, grow

# Published roots of the reference tree (Certificate Transparency test leaves), sizes 0 to 8; RFC 9162 hashes alike.
LEAVES = [
    bytes.fromhex(one)
    for one in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def leaf(data: bytes) -> bytes:
    """RFC 9162 leaf hash of plain bytes."""
    return sha256(b"\0" + data).digest()


@pytest.mark.parametrize("size", range(9))
def test_roots_are_the_published_ones(size: int) -> None:
    """Sizes 0 to 8, whole and by the frontier that keeps only log n hashes."""
    leaves = [leaf(one) for one in LEAVES[:size]]
    frontier = Frontier()
    frontier.extend(leaves)
    assert root(leaves).hex() == frontier.root().hex() == ROOTS[size]


def tiles_of(leaves: list[bytes], cuts: list[int]) -> dict[tuple[int, int], bytes]:
    """Tiles as they grow in the pieces between `cuts`."""
    tiles: dict[tuple[int, int], bytes] = {}
    size = 0
    for end in sorted({min(cut, len(leaves)) for cut in cuts} | {len(leaves)}):
        changed = grow(lambda level, index: tiles.get((level, index), b""), size, leaves[size:end])
        tiles.update({(level, index): hashes for level, index, hashes in changed})
        size = end
    return tiles


@given(st.integers(1, 1500), st.lists(st.integers(1, 1500), max_size=4), st.data())
def test_tiles_give_the_root_and_proofs_of_the_leaves(size: int, cuts: list[int], data: st.DataObject) -> None:
    """However the log grew; and a proof shows one leaf in one tree only."""
    leaves = [leaf(str(number).encode()) for number in range(size)]
    tiles = tiles_of(leaves, cuts)
    tree = TileTree(lambda level, index: tiles.get((level, index), b""), size)
    assert tree.root() == root(leaves)
    index = data.draw(st.integers(0, size - 1))
    proof = tree.inclusion(index)
    assert proof == inclusion_proof(leaves, index)
    assert verify_inclusion(leaves[index], index, size, proof, root(leaves))
    assert not verify_inclusion(leaf(b"another"), index, size, proof, root(leaves))
    if size > 1:
        assert not verify_inclusion(leaves[index], index, size, proof, root(leaves[:-1]))


def test_a_large_tree_is_proved_from_few_tiles() -> None:
    """A root and a proof of 300,000 leaves read about one tile a level, not the leaves."""
    leaves = [number.to_bytes(32, "big") for number in range(300_000)]
    tiles = tiles_of(leaves, [])
    loaded: list[tuple[int, int]] = []

    def load(level: int, index: int) -> bytes:
        loaded.append((level, index))
        return tiles[level, index]

    assert TileTree(load, len(leaves)).root() == root(leaves)
    assert len(loaded) < 20
    loaded.clear()
    TileTree(load, len(leaves)).inclusion(123_456)
    assert len(loaded) < 20
