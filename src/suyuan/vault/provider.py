"""What a holder of keys can do for the vault: the one seam behind which key providers differ."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from suyuan.vault import custodians, ring
from suyuan.vault.agent import Client
from suyuan.vault.errors import KeyInUse, LevelRefused, NoCustodians
from suyuan.vault.holder import KeyHolder, holder
from suyuan.vault.keyfile import HOLDER, KeyFile
from suyuan.vault.layers import Keyed, keyed, moved_on
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

    It is a `KeyProvider` for all of them. For level 2 every call may raise `VaultSealed`, for a key in a holder
    `KeyHolderUnreachable` and `KeySettingsWrong`.
    """

    def __init__(self, file: KeyFile, agent: Client) -> None:
        self.file = file
        self.agent = agent
        self._told: tuple[tuple[int, int] | None, list[Generation]] = (None, [])

    def ring(self) -> list[Generation]:
        """Every generation of keys, of both levels."""
        return [*self.file.ring(), *self._second()]

    def current_key(self, level: int) -> int:
        """Id of the key-encryption key for new records of `level`.

        Raises `NoCustodians` where nobody was appointed for level 2, `LevelRefused` for levels 3 to 5.
        """
        found = ring.current(self.ring(), level)
        if found is None:
            raise NoCustodians if level == custodians.LEVEL else LevelRefused(level)
        return found.id

    def generation(self, key_id: int) -> Generation:
        """What is known of one key. Raises `KeyInUse` for a number that no key has."""
        found = next((one for one in self.ring() if one.id == key_id), None)
        if found is None:
            raise KeyInUse(key_id)
        return found

    def depths(self, level: int) -> list[int]:
        """How deep the terms of a level's records may be: one depth, and during a rotation the one before it too."""
        return sorted((one.depth for one in self.ring() if one.level == level and one.live), reverse=True)

    def suite(self, key_id: int) -> str:
        """See `KeyProvider.suite`."""
        return self.generation(key_id).suite

    def wrap(self, key_id: int, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """See `KeyProvider.wrap`."""
        return self._holder(key_id).wrap(key_id, items)

    def unwrap(self, key_id: int, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """See `KeyProvider.unwrap`."""
        return self._holder(key_id).unwrap(key_id, items)

    def move_on(self, level: int, digests: Sequence[bytes], depth: int) -> list[bytes]:
        """Search terms (8 bytes each) of a level from one layer less brought to `depth`. Raises `VaultSealed`."""
        if level == custodians.LEVEL:
            return self.agent.move_on(digests, depth)
        return moved_on(self.file.index(TERMS)[depth - 1 : depth], digests, TERM_BYTES)

    def identity(self, purpose: bytes) -> Keyed:
        """The innermost identity digest (16 bytes) of one purpose."""
        return keyed(self.file.index(IDENTITY)[0], IDENTITY_BYTES, purpose)

    def identities(self, digests: Iterable[bytes], depth: int, *, above: int = 1) -> list[bytes]:
        """Identity digests that lie under `above` layers brought to `depth`."""
        return moved_on(self.file.index(IDENTITY)[above:depth], digests, IDENTITY_BYTES)

    def secret(self, purpose: str) -> bytes:
        """The 32-byte secret for one purpose: "ledger", "blobs"."""
        return self.file.secret(purpose)

    def signing(self) -> list[SigningKey]:
        """The keys that signed checkpoints, oldest first; the last one signs."""
        return self.file.signing()

    def sign(self, message: bytes) -> bytes:
        """Ed25519 signature (64 bytes, RFC 8032) of a checkpoint."""
        last = self.signing()[-1]
        return self.file.sign(message) if last.holder == HOLDER else holder(last.holder).sign(last.number, message)

    def hand_over(self, since: int, place: str | None = None) -> SigningKey:
        """A new signing key for checkpoints longer than `since` entries, signed by the one before it.

        Args:
            since: entries of the longest checkpoint that the old key signs.
            place: "file" or the name of a holder; by default where the old one lies.
        """
        place = place or self.signing()[-1].holder
        public = None if place == HOLDER else holder(place).make_signing(len(self.signing()) + 1)
        return self.file.hand_over(since, place, public, self.sign)

    def next_number(self) -> int:
        """A number that no key of either level has."""
        return max(custodians.KEY_ID, *(one.id for one in self.ring())) + 1

    def _holder(self, key_id: int) -> KeyFile | Client | KeyHolder:
        if any(one.id == key_id for one in self._second()):
            return self.agent
        place = next((one.holder for one in self.file.ring() if one.id == key_id), HOLDER)
        return self.file if place == HOLDER else holder(place)

    def _second(self) -> list[Generation]:
        """Level 2's generations, read again where their file is another one than before."""
        try:
            found = self.agent.path.stat()
        except FileNotFoundError:
            return []
        seen = (found.st_ino, found.st_mtime_ns)
        if self._told[0] != seen:
            self._told = (seen, custodians.generations(custodians.read(self.agent.path)))
        return self._told[1]
