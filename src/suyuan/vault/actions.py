"""What other rooms may ask of the vault: open it, seal small things, make keyed digests."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from suyuan.formats import PLACE
from suyuan.installation import Installation, current
from suyuan.ledger.keys import Signer
from suyuan.vault import book, installed, keyfile
from suyuan.vault.agent import Client
from suyuan.vault.errors import ContentDamaged
from suyuan.vault.keyfile import KeyFile
from suyuan.vault.layers import Keyed
from suyuan.vault.provider import Provider
from suyuan.vault.suites import NONCE

_SALT = 16


def key_path(installation: Installation) -> Path:
    """Where the sealed key file of an installation lies."""
    return installation.data / "vault" / "keys.sealed"


def create(installation: Installation, suite: str = "aes-256-gcm") -> None:
    """Make the installation's keys, sealed under its passphrase. Raises `FileExistsError` if it has some."""
    keyfile.create(key_path(installation), installation.passphrase, suite)


@cache
def provider() -> Provider:
    """This process's open key provider, whose keys are the database's.

    Raises `VaultLocked`, `WrongPassphrase`, `InstallationUnnamed`, `KeysOfAnother`.

    What it does for level 2 the agent does, and raises `VaultSealed` until enough custodians were there.
    """
    installation = current()
    file = KeyFile(key_path(installation), installation.passphrase)
    installed.compare(installation, file)
    return Provider(file, Client(installation.data), book.Database())


def ring_pinned() -> AbstractContextManager[None]:
    """The ring of keys read once, by a caller who holds the lock under which it does not change."""
    return book.pinned()


def level_open() -> bool:
    """Whether level 2 can be read and written now."""
    return Client(current().data).status().open


def seal(purpose: str, place: bytes, plain: bytes) -> bytes:
    """Encrypt a small thing that is not a record (draft, upload, label), bound to its purpose and place.

    Each has a key of its own, so that no key comes near the number of uses that GCM allows (NIST SP 800-38D, 8.3).
    """
    salt, nonce = os.urandom(_SALT), os.urandom(NONCE)
    return salt + nonce + _small(salt).encrypt(nonce, plain, PLACE.to_bytes(purpose.encode(), b"\0", place))


def open_sealed(purpose: str, place: bytes, sealed: bytes) -> bytes:
    """Undo `seal`. Raises `ContentDamaged` when it was changed or belongs elsewhere."""
    salt, nonce, rest = sealed[:_SALT], sealed[_SALT : _SALT + NONCE], sealed[_SALT + NONCE :]
    try:
        return _small(salt).decrypt(nonce, rest, PLACE.to_bytes(purpose.encode(), b"\0", place))
    except (InvalidTag, ValueError) as exc:
        raise ContentDamaged(purpose) from exc


def _small(salt: bytes) -> AESGCM:
    return AESGCM(blake2b(salt, digest_size=32, key=provider().secret("blobs"), person=b"small thing").digest())


class Identities(NamedTuple):
    """Digests of identities as they are stored now, and as rows may still hold them that a rotation has not reached."""

    now: list[bytes]
    before: list[bytes] | None


def identity_digester(purpose: str) -> Keyed:
    """The innermost 16-byte keyed digest for uniqueness tables: equal values meet, nothing else shows."""
    return provider().identity(purpose.encode()[:16])


def identities(inner: Sequence[bytes]) -> Identities:
    """Innermost digests under all the layers that the index has now."""
    depth, *older = identity_depths()
    before = provider().identities(inner, older[0]) if older else None
    if before is not None:
        return Identities(provider().identities(before, depth, above=older[0]), before)
    return Identities(list(inner) if depth == 1 else provider().identities(inner, depth), None)


def identity_depths() -> list[int]:
    """How many layers stored identities have: one number, and during a rotation the one before it."""
    return provider().depths(1)


def identity_moved_on(digests: Sequence[bytes]) -> list[bytes]:
    """Stored identities of the depth before brought to that of now."""
    depth = identity_depths()[0]
    return provider().identities(digests, depth, above=depth - 1)


class LedgerKeys:
    """The ledger's view of the vault: the key its entries are bound with, and the checkpoint signer."""

    def mac_key(self) -> bytes:
        """The 32-byte key of the entries' HMAC."""
        return provider().secret("ledger")

    def sign(self, message: bytes) -> bytes:
        """Ed25519 signature of a checkpoint."""
        return provider().sign(message)

    def signers(self) -> list[Signer]:
        """The signing keys that followed each other, oldest first."""
        return [Signer(one.public, one.since) for one in provider().signing()]
