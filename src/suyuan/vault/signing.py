"""Signing keys follow each other by hand-over: the old one signs the new one and the length from which it signs.

Who holds any earlier public key can so follow to the newest, and a checkpoint by a key whose time was over is refused.
"""

from __future__ import annotations

import base64
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from suyuan.formats import HANDOVER


class SigningKey(NamedTuple):
    """The public half of one signing key (Ed25519, 32 bytes). It signs checkpoints longer than `since` entries.

    `signature` is the hand-over by the key before it, empty for the first.
    """

    number: int
    holder: str
    created: str
    since: int
    public: bytes
    signature: bytes

    @staticmethod
    def handover(before: bytes, after: bytes, since: int) -> bytes:
        """What the old key signs."""
        return HANDOVER.to_bytes(before, after, since)

    def hands_over_to(self, after: SigningKey) -> bool:
        """Whether the next key is signed by this one."""
        handed = self.handover(self.public, after.public, after.since)
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(after.signature, handed)
        except InvalidSignature:
            return False
        return after.number == self.number + 1

    def written(self) -> dict[str, Any]:
        """As it stands in a key file."""
        return self._asdict() | {"public": _b64(self.public), "signature": _b64(self.signature)}

    @classmethod
    def read(cls, written: dict[str, Any]) -> SigningKey:
        """What `written` wrote."""
        values = {name: written[name] for name in cls._fields}
        return cls(**values | {name: base64.b64decode(values[name]) for name in ("public", "signature")})


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
