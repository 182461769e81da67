"""Authenticated ciphers the vault can use: AES-256-GCM (NIST SP 800-38D) or SM4-GCM (GB/T 32907, RFC 8998)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 12
TAG = 16


class Aead(Protocol):
    """The two calls every authenticated cipher has; both take a 12-byte nonce."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """Ciphertext with its 16-byte tag appended."""

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """Plaintext, or `cryptography.exceptions.InvalidTag`."""


class Sm4Gcm:
    """SM4 in GCM with the shape of `AESGCM`, which `cryptography` offers for AES only."""

    def __init__(self, key: bytes) -> None:
        self._key = algorithms.SM4(key)

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """See `Aead.encrypt`."""
        encryptor = Cipher(self._key, modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(associated_data or b"")
        return encryptor.update(data) + encryptor.finalize() + encryptor.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """See `Aead.decrypt`."""
        if len(data) < TAG:
            raise InvalidTag
        decryptor = Cipher(self._key, modes.GCM(nonce, data[-TAG:])).decryptor()
        decryptor.authenticate_additional_data(associated_data or b"")
        return decryptor.update(data[:-TAG]) + decryptor.finalize()


@dataclass(frozen=True, slots=True)
class Suite:
    """A cipher by name, with its key length in bytes and the keyed digest that indexes use beside it."""

    name: str
    key_bytes: int
    open: Callable[[bytes], Aead]
    index: str


SUITES = {
    suite.name: suite for suite in (Suite("aes-256-gcm", 32, AESGCM, "blake2b"), Suite("sm4-gcm", 16, Sm4Gcm, "sm3"))
}
