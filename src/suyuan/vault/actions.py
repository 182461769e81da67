"""What other rooms may ask of the vault: open it, seal small things, make keyed digests."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from hashlib import blake2b
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from suyuan.installation import Installation, current
from suyuan.vault import keyfile
from suyuan.vault.agent import Client
from suyuan.vault.errors import ContentDamaged
from suyuan.vault.keyfile import KeyFile
from suyuan.vault.provider import ByLevel
from suyuan.vault.suites import NONCE


def key_path(installation: Installation) -> Path:
    """Where the sealed key file of an installation lies."""
    return installation.data / "vault" / "keys.sealed"


def create(installation: Installation, suite: str = "aes-256-gcm") -> None:
    """Make the installation's keys, sealed under its passphrase. Raises `FileExistsError` if it has some."""
    keyfile.create(key_path(installation), installation.passphrase, suite)


@cache
def provider() -> ByLevel:
    """This process's open key provider. Raises `VaultLocked` or `WrongPassphrase`.

    What it does for level 2 the agent does, and raises `VaultSealed` until enough custodians were there.
    """
    installation = current()
    return ByLevel(KeyFile(key_path(installation), installation.passphrase), Client(installation.data))


def level_open() -> bool:
    """Whether level 2 can be read and written now."""
    return Client(current().data).status().open


def seal(purpose: str, place: bytes, plain: bytes) -> bytes:
    """Encrypt a small thing that is not a record (draft, upload, label), bound to its purpose and place."""
    nonce = os.urandom(NONCE)
    return nonce + AESGCM(provider().secret("blobs")).encrypt(nonce, plain, purpose.encode() + b"\0" + place)


def open_sealed(purpose: str, place: bytes, sealed: bytes) -> bytes:
    """Undo `seal`. Raises `ContentDamaged` when it was changed or belongs elsewhere."""
    cipher = AESGCM(provider().secret("blobs"))
    try:
        return cipher.decrypt(sealed[:NONCE], sealed[NONCE:], purpose.encode() + b"\0" + place)
    except (InvalidTag, ValueError) as exc:
        raise ContentDamaged(purpose) from exc


def keyed_digest(purpose: str, value: bytes) -> bytes:
    """16-byte keyed digest (BLAKE2b, RFC 7693) for uniqueness tables: equal values meet, nothing else shows."""
    return keyed_digester(purpose)(value)


def keyed_digester(purpose: str) -> Callable[[bytes], bytes]:
    """`keyed_digest` for many values of one purpose."""
    person = purpose.encode()[:16].ljust(16, b"\0")
    begun = blake2b(digest_size=16, key=provider().secret("terms.1"), person=person)

    def digest(value: bytes) -> bytes:
        state = begun.copy()
        state.update(value)
        return state.digest()

    return digest


class LedgerKeys:
    """The ledger's view of the vault: the key its entries are bound with, and the checkpoint signer."""

    def mac_key(self) -> bytes:
        """The 32-byte key of the entries' HMAC."""
        return provider().secret("ledger")

    def sign(self, message: bytes) -> bytes:
        """Ed25519 signature of a checkpoint."""
        return provider().sign(message)

    def public_key(self) -> bytes:
        """Public half of the signing key."""
        return provider().public_key()
