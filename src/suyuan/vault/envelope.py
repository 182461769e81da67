"""Envelope encryption: one data key a record, each revision one ciphertext under it.

Layout of a stored content: 12-byte nonce, then ciphertext with its tag. The plaintext is 16 random
bytes and the canonical JSON, so that its SHA-256 can stand in a public ledger without giving a guesser
anything to try. The associated data binds every plain column of the revision: a moved, swapped or
edited column makes the content unreadable, and loudly.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

from cryptography.exceptions import InvalidTag

from suyuan.formats import commitment
from suyuan.vault.errors import ContentDamaged
from suyuan.vault.provider import KeyProvider
from suyuan.vault.suites import NONCE, SUITES

SALT = 16


class Encrypted(NamedTuple):
    """A content ready to store: the bytes, and the salted SHA-256 of its plaintext."""

    content: bytes
    commitment: bytes


def new_keys(provider: KeyProvider, key_id: int, places: Sequence[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Fresh data keys for records at `places` (their 16-byte ids), and the same keys wrapped."""
    size = SUITES[provider.suite(key_id)].key_bytes
    pool = os.urandom(size * len(places))
    keys = [pool[start : start + size] for start in range(0, len(pool), size)]
    return keys, provider.wrap(key_id, list(zip(places, keys, strict=True)))


def encrypt(suite: str, keys: Sequence[bytes], plains: Sequence[bytes], places: Sequence[bytes]) -> list[Encrypted]:
    """Encrypt each of `plains` under its key; `places` are the associated data."""
    cipher = SUITES[suite].open
    pool = os.urandom((SALT + NONCE) * len(keys))
    out, start = [], 0
    for key, plain, place in zip(keys, plains, places, strict=True):
        salted = pool[start : start + SALT] + plain
        nonce = pool[start + SALT : start + SALT + NONCE]
        start += SALT + NONCE
        out.append(Encrypted(nonce + cipher(key).encrypt(nonce, salted, place), commitment(salted)))
    return out


def encrypt_salted(suite: str, key: bytes, salted: bytes, place: bytes) -> bytes:
    """Encrypt what `open_salted` gave, with the salt it had: its commitment stays what it was."""
    nonce = os.urandom(NONCE)
    return nonce + SUITES[suite].open(key).encrypt(nonce, salted, place)


def decrypt(suite: str, key: bytes, content: bytes, place: bytes, where: str) -> tuple[bytes, bytes]:
    """The JSON bytes of a content and its commitment. Raises `ContentDamaged`, naming `where`."""
    salted, committed = open_salted(suite, key, content, place, where)
    return salted[SALT:], committed


def open_salted(suite: str, key: bytes, content: bytes, place: bytes, where: str) -> tuple[bytes, bytes]:
    """The salt and JSON bytes of a content, which open its commitment, and that. Raises `ContentDamaged`."""
    try:
        salted = SUITES[suite].open(key).decrypt(content[:NONCE], content[NONCE:], place)
    except (InvalidTag, ValueError) as exc:
        raise ContentDamaged(where) from exc
    return salted, commitment(salted)
