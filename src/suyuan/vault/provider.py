"""What a holder of keys can do for the vault: the one seam behind which key providers differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from suyuan.vault import custodians
from suyuan.vault.agent import Client
from suyuan.vault.errors import NoCustodians


class KeyProvider(Protocol):
    """Holds key-encryption keys and secrets; nothing outside the vault talks to it.

    The sealed key file is the default. A transit service or a PKCS#11 token fits behind the same
    calls, because no call gives a key-encryption key away.
    """

    def current_key(self, level: int) -> int:
        """Id of the key-encryption key for new records of `level` (1 or 2)."""

    def suite(self, key_id: int) -> str:
        """Name of the cipher ("aes-256-gcm", "sm4-gcm") that records under this key use."""

    def wrap(self, key_id: int, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """Wrap data keys. `items` are (place, data key); the place is bound into each result."""

    def unwrap(self, key_id: int, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """Unwrap data keys. `items` are (place, wrapped key).

        Raises `ContentDamaged` when a wrapped key was changed or belongs to another place.
        """

    def secret(self, purpose: str) -> bytes:
        """The 32-byte secret for one purpose: "ledger", "blobs", "terms.1"."""

    def sign(self, message: bytes) -> bytes:
        """Ed25519 signature (64 bytes, RFC 8032) of a checkpoint."""

    def public_key(self) -> bytes:
        """The 32-byte public half of the signing key."""


class ByLevel:
    """One provider for level 1, the agent for level 2: callers do not see the difference until it is sealed."""

    def __init__(self, first: KeyProvider, agent: Client) -> None:
        self._first = first
        self._agent = agent
        self._suites: dict[int, str] = {}

    def current_key(self, level: int) -> int:
        """See `KeyProvider.current_key`. Raises `NoCustodians`; `LevelRefused` for levels 3 to 5."""
        if level != custodians.LEVEL:
            return self._first.current_key(level)
        if not self._agent.path.exists():
            raise NoCustodians
        return max(self._second())

    def suite(self, key_id: int) -> str:
        """See `KeyProvider.suite`."""
        return self._second().get(key_id) or self._first.suite(key_id)

    def wrap(self, key_id: int, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """See `KeyProvider.wrap`. Raises `VaultSealed`."""
        return self._holder(key_id).wrap(key_id, items)

    def unwrap(self, key_id: int, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """See `KeyProvider.unwrap`. Raises `VaultSealed`."""
        return self._holder(key_id).unwrap(key_id, items)

    def digests(self, terms: Sequence[str]) -> list[bytes]:
        """Level 2's keyed digests (8 bytes each) of search terms. Raises `VaultSealed`."""
        return self._agent.digests(terms)

    def secret(self, purpose: str) -> bytes:
        """See `KeyProvider.secret`."""
        return self._first.secret(purpose)

    def sign(self, message: bytes) -> bytes:
        """See `KeyProvider.sign`."""
        return self._first.sign(message)

    def public_key(self) -> bytes:
        """See `KeyProvider.public_key`."""
        return self._first.public_key()

    def _holder(self, key_id: int) -> KeyProvider | Client:
        return self._agent if key_id in self._second() else self._first

    def _second(self) -> dict[int, str]:
        """Key numbers and suites of level 2, which do not change once there are any."""
        if not self._suites and self._agent.path.exists():
            keys: list[dict[str, Any]] = custodians.read(self._agent.path)["keys"]
            self._suites = {one["id"]: one["suite"] for one in keys}
        return self._suites
