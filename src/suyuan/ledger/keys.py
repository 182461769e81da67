"""Where the ledger's keys come from. The vault provides them; the ledger knows only these three calls."""

from __future__ import annotations

from typing import Protocol


class KeySource(Protocol):
    """Keys the database does not have."""

    def mac_key(self) -> bytes:
        """Key of the entries' HMAC."""

    def sign(self, message: bytes) -> bytes:
        """Ed25519 signature of a checkpoint."""

    def public_key(self) -> bytes:
        """Public half of the signing key, 32 bytes."""


_sources: list[KeySource] = []


def provide(source: KeySource) -> None:
    """Make `source` this process's."""
    _sources[:] = [source]


def source() -> KeySource:
    """This process's keys."""
    return _sources[0]
