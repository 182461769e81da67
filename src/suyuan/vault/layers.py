"""Keyed digests in layers: how an index gets a new key without anybody seeing what it was made from.

The first layer digests a value; each later one digests the digest below it under a key of its own. What is stored can so be
moved on by one layer as it lies, and whoever learned an older key can still try nothing without the newest one.
Algorithms: BLAKE2b (RFC 7693) beside AES, HMAC-SM3 (GB/T 32905, RFC 2104) beside SM4.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from hashlib import blake2b
from typing import NamedTuple

from cryptography.hazmat.primitives.hashes import SM3
from cryptography.hazmat.primitives.hmac import HMAC

KEY_BYTES = 32
Keyed = Callable[[bytes], bytes]


class Layer(NamedTuple):
    """One key of an index. `algorithm` is "blake2b" or "sm3"."""

    algorithm: str
    key: bytes

    @classmethod
    def new(cls, algorithm: str) -> Layer:
        """A layer under a fresh key."""
        return cls(algorithm, os.urandom(KEY_BYTES))

    def written(self) -> dict[str, str]:
        """As it stands in a key file."""
        return {"algorithm": self.algorithm, "key": base64.b64encode(self.key).decode()}

    @classmethod
    def read(cls, written: dict[str, str]) -> Layer:
        """What `written` wrote."""
        return cls(written["algorithm"], base64.b64decode(written["key"]))


@cache
def keyed(layer: Layer, size: int, purpose: bytes = b"") -> Keyed:
    """The keyed digest of one layer, `size` bytes long, for values of one purpose (16 bytes at most)."""
    if layer.algorithm == "sm3":
        return _sm3(layer.key, size, purpose)
    begun = blake2b(digest_size=size, key=layer.key, person=purpose.ljust(16, b"\0"))

    def digest(value: bytes) -> bytes:
        state = begun.copy()
        state.update(value)
        return state.digest()

    return digest


def _sm3(key: bytes, size: int, purpose: bytes) -> Keyed:
    begun = HMAC(key, SM3())
    begun.update(purpose.ljust(16, b"\0"))

    def digest(value: bytes) -> bytes:
        state = begun.copy()
        state.update(value)
        return state.finalize()[:size]

    return digest


def moved_on(layers: Sequence[Layer], digests: Iterable[bytes], size: int) -> list[bytes]:
    """Digests with some more layers over them."""
    found = list(digests)
    for layer in layers:
        found = list(map(keyed(layer, size), found))
    return found
