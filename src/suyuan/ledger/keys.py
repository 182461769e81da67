"""Where the ledger's keys come from. The vault provides them; the ledger knows only these three calls."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Signer(NamedTuple):
    """The public half (32 bytes) of a signing key, and after how many entries it began to sign."""

    public: bytes
    since: int


class KeySource(Protocol):
    """Keys the database does not have."""

    def mac_key(self) -> bytes:
        """Key of the entries' HMAC."""

    def sign(self, message: bytes) -> bytes:
        """Ed25519 signature of a checkpoint."""

    def signers(self) -> list[Signer]:
        """The signing keys that followed each other, oldest first; the last one signs."""


_sources: list[KeySource] = []


def provide(source: KeySource) -> None:
    """Make `source` this process's."""
    _sources[:] = [source]


def source() -> KeySource:
    """This process's keys."""
    return _sources[0]
