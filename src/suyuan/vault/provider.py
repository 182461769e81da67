"""What a holder of keys can do for the vault: the one seam behind which key providers differ."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from suyuan.vault import custodians, ring
from suyuan.vault.agent import Client
from suyuan.vault.book import Book
from suyuan.vault.errors import (
    ContentDamaged,
    GenerationMissing,
    KeyInUse,
    LevelRefused,
    NoCustodians,
    SigningKeyMissing,
)  # fmt: skip
from suyuan.vault.holder import KeyHolder, holder
from suyuan.vault.keyfile import HOLDER, KeyFile
from suyuan.vault.layers import Keyed, Layer, keyed, moved_on
from suyuan.vault.ring import Generation
from suyuan.vault.signing import SigningKey

TERMS, IDENTITY = "terms.1", "identity"
TERM_BYTES, IDENTITY_BYTES = custodians.TERM_BYTES, 16


class KeyProvider(Protocol):
    """What encrypting needs of whoever holds key-encryption keys. No call gives one away."""

    def suite(self, key_id: int) -> str:
        """Name of the cipher ("aes-256-gcm", "sm4-gcm") that records under this key use."""

    def wrap(self, key_id: int, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """Wrap data keys. `items` are (place, data key); the place is bound into each result."""

    def unwrap(self, key_id: int, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """Unwrap data keys. `items` are (place, wrapped key).

        Raises `ContentDamaged` when a wrapped key was changed or belongs to another place.
        """


class Provider:
    """Every key of an installation: level 1's in the key file or in a holder, level 2's with the agent until it is sealed.

    Which there are, and which is current, the `book` says, for every host alike; what lies under a key that this host does
    not hold is neither read nor written (`GenerationMissing`). It is a `KeyProvider` for all of them. For level 2 every
    call may raise `VaultSealed`, for a key in a holder `KeyHolderUnreachable` and `KeySettingsWrong`.
    """

    def __init__(self, file: KeyFile, agent: Client, book: Book) -> None:
        self.file = file
        self.agent = agent
        self.book = book
        self._told: tuple[tuple[int, int] | None, set[int]] = (None, set())
        self._known: dict[int, Generation] = {}

    def ring(self) -> list[Generation]:
        """Every generation of keys, of both levels."""
        found = self.book.ring()
        self._known.update((one.id, one) for one in found)
        return found

    def current_key(self, level: int) -> int:
        """Id of the key-encryption key for new records of `level`.

        Raises `NoCustodians` where nobody was appointed for level 2, `LevelRefused` for levels 3 to 5, and
        `GenerationMissing` where this host does not hold it.
        """
        found = ring.current(self.ring(), level)
        if found is None:
            raise NoCustodians if level == custodians.LEVEL else LevelRefused(level)
        self.must_hold(found)
        return found.id

    def generation(self, key_id: int) -> Generation:
        """What is known of one key now. Raises `KeyInUse` for a number that no key has."""
        found = next((one for one in self.ring() if one.id == key_id), None)
        if found is None:
            raise KeyInUse(key_id)
        return found

    def depth(self, key_id: int) -> int:
        """How deep the terms under a key are."""
        return self._lasting(key_id).depth

    def depths(self, level: int) -> list[int]:
        """How deep the terms of a level's records may be: one depth, and during a rotation the one before it too."""
        return sorted((one.depth for one in self.ring() if one.level == level and one.live), reverse=True)

    def suite(self, key_id: int) -> str:
        """See `KeyProvider.suite`."""
        return self._lasting(key_id).suite

    def holds(self, key_id: int) -> bool:
        """Whether this host has that key, or the way to it."""
        return key_id in self.file.held() or key_id in self._second()

    def wrap(self, key_id: int, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """See `KeyProvider.wrap`."""
        return self._holder(key_id).wrap(key_id, items)

    def unwrap(self, key_id: int, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """See `KeyProvider.unwrap`."""
        return self._holder(key_id).unwrap(key_id, items)

    def layers(self, index: str, depth: int) -> list[Layer]:
        """So many layers of one index, the innermost first. Raises `GenerationMissing`."""
        found = self.file.index(index)
        if len(found) < depth:
            raise GenerationMissing(max(one.id for one in self.ring() if one.level == 1 and one.depth == depth))
        return found[:depth]

    def move_on(self, level: int, digests: Sequence[bytes], depth: int) -> list[bytes]:
        """Search terms (8 bytes each) of a level from one layer less brought to `depth`. Raises `VaultSealed`."""
        if level == custodians.LEVEL:
            return self.second(depth).move_on(digests, depth)
        return moved_on(self.layers(TERMS, depth)[depth - 1 :], digests, TERM_BYTES)

    def second(self, depth: int) -> Client:
        """The agent, for terms of level 2 under so many layers. Raises `GenerationMissing`."""
        for one in self.ring():
            if one.level == custodians.LEVEL and one.depth == depth and one.live:
                self.must_hold(one)
        return self.agent

    def identity(self, purpose: bytes) -> Keyed:
        """The innermost identity digest (16 bytes) of one purpose."""
        return keyed(self.layers(IDENTITY, 1)[0], IDENTITY_BYTES, purpose)

    def identities(self, digests: Iterable[bytes], depth: int, *, above: int = 1) -> list[bytes]:
        """Identity digests that lie under `above` layers brought to `depth`."""
        return moved_on(self.layers(IDENTITY, depth)[above:], digests, IDENTITY_BYTES)

    def secret(self, purpose: str) -> bytes:
        """The 32-byte secret for one purpose: "ledger", "blobs"."""
        return self.file.secret(purpose)

    def signing(self) -> list[SigningKey]:
        """The keys that signed checkpoints, oldest first; the last one signs.

        Each is handed over by the one before, the first is this host's own: the book vouches for none.
        Raises `ContentDamaged`.
        """
        found, mine = self.book.signing(), {one.number: one for one in self.file.signing()}
        for before, one in zip([None, *found], found, strict=False):
            if one != mine.get(one.number, one) or not (before.hands_over_to(one) if before else one.number in mine):
                raise ContentDamaged(f"signing key {one.number}")
        return found

    def sign(self, message: bytes) -> bytes:
        """Ed25519 signature (64 bytes, RFC 8032) of a checkpoint by the newest key. Raises `SigningKeyMissing`."""
        last = self.signing()[-1]
        if self.file.signing_held().get(last.number) != last.public:
            raise SigningKeyMissing(last.number)
        if last.holder == HOLDER:
            return self.file.sign(last.number, message)
        return holder(last.holder).sign(last.number, message)

    def next_signing(self, since: int, place: str | None = None) -> SigningKey:
        """A new signing key for checkpoints longer than `since` entries, signed by the one before it.

        It signs once the book has it.

        Args:
            since: entries of the longest checkpoint that the old key signs.
            place: "file" or the name of a holder; by default where the old one lies.
        """
        last = self.signing()[-1]
        place = place or last.holder
        public = None if place == HOLDER else holder(place).make_signing(last.number + 1)
        return self.file.next_signing(last, since, place, public, self.sign)

    def next_number(self) -> int:
        """A number that no key of either level has, here or in the book."""
        known = {one.id for one in self.ring()} | self.file.held() | self._second()
        return max(custodians.KEY_ID, *known) + 1

    def _lasting(self, key_id: int) -> Generation:
        """What of a generation never changes, asked for once."""
        if key_id not in self._known:
            self.ring()
        if key_id not in self._known:
            raise ContentDamaged(f"key {key_id}")
        return self._known[key_id]

    def must_hold(self, one: Generation) -> None:
        """Raise `GenerationMissing` where this host lacks a key."""
        if not self.holds(one.id):
            raise GenerationMissing(one.id)

    def _holder(self, key_id: int) -> KeyFile | Client | KeyHolder:
        one = self._lasting(key_id)
        self.must_hold(one)
        if one.level == custodians.LEVEL:
            return self.agent
        return self.file if one.holder == HOLDER else holder(one.holder)

    def _second(self) -> set[int]:
        """Numbers of level 2's generations that this host has, read again where their file is another one than before."""
        try:
            found = self.agent.path.stat()
        except FileNotFoundError:
            return set()
        seen = (found.st_ino, found.st_mtime_ns)
        if self._told[0] != seen:
            held = custodians.generations(custodians.read(self.agent.path))
            self._told = (seen, {one.id for one in held})
        return self._told[1]
