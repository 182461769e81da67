"""What a holder of keys can do for the vault: the one seam behind which key providers differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


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
        """The 32-byte secret for one purpose: "ledger", "blobs", "terms.1", "terms.2"."""

    def sign(self, message: bytes) -> bytes:
        """Ed25519 signature (64 bytes, RFC 8032) of a checkpoint."""

    def public_key(self) -> bytes:
        """The 32-byte public half of the signing key."""
