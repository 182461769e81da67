"""The default key provider: every key in one file, sealed under a passphrase (scrypt, RFC 7914)."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from suyuan.installation.model import write_private
from suyuan.vault.errors import ContentDamaged, LevelRefused, VaultLocked, WrongPassphrase
from suyuan.vault.suites import NONCE, SUITES, Aead

# 32 MiB and about 0.1 s a guess: slow for an attacker with the file, unnoticed at start.
SCRYPT = {"n": 2**15, "r": 8, "p": 1}
# Level 2 has its keys under the custodians' shares (see `custodians.py`), not under the passphrase.
LEVELS = (1,)
PURPOSES = ("ledger", "blobs", "terms.1")


def create(path: Path, passphrase: str, suite: str = "aes-256-gcm") -> None:
    """Make new keys for every level and purpose and write them, sealed, to `path` (mode 0600).

    Raises `FileExistsError` rather than overwrite keys that records depend on.
    """
    key_bytes = SUITES[suite].key_bytes
    now = datetime.now(UTC).isoformat(timespec="seconds")
    keys = [
        {"id": level, "level": level, "suite": suite, "created": now, "key": _b64(os.urandom(key_bytes))}
        for level in LEVELS
    ]
    secrets = {purpose: _b64(os.urandom(32)) for purpose in PURPOSES}
    body = {"keys": keys, "secrets": secrets, "signing": _b64(os.urandom(32)), "created": now}
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        json.dump(_seal(body, passphrase), out)
        out.flush()
        os.fsync(out.fileno())


def withdraw(path: Path, passphrase: str, level: int) -> None:
    """Write the key file anew without a level's keys and index secret, once they lie elsewhere."""
    body = _open(json.loads(path.read_text()), passphrase)
    body["keys"] = [entry for entry in body["keys"] if entry["level"] != level]
    body["secrets"].pop(f"terms.{level}", None)
    write_private(path, json.dumps(_seal(body, passphrase)))


def held(path: Path, passphrase: str, level: int) -> dict[str, str] | None:
    """A level's key and index secret ("key", "terms", base64) where an older key file still holds them."""
    body = _open(json.loads(path.read_text()), passphrase)
    for entry in body["keys"]:
        if entry["level"] == level:
            return {"key": entry["key"], "suite": entry["suite"], "terms": body["secrets"][f"terms.{level}"]}
    return None


class KeyFile:
    """An open key file. Keys live in this process's memory only."""

    def __init__(self, path: Path, passphrase: str) -> None:
        """Open `path`. Raises `VaultLocked` when it is missing, `WrongPassphrase` when it does not open."""
        if not path.exists():
            raise VaultLocked
        body = _open(json.loads(path.read_text()), passphrase)
        self._suite = {entry["id"]: SUITES[entry["suite"]] for entry in body["keys"]}
        self._wrapping: dict[int, Aead] = {
            entry["id"]: SUITES[entry["suite"]].open(_raw(entry["key"])) for entry in body["keys"]
        }
        self._current = {entry["level"]: entry["id"] for entry in body["keys"]}
        self._secrets = {purpose: _raw(secret) for purpose, secret in body["secrets"].items()}
        self._signing = Ed25519PrivateKey.from_private_bytes(_raw(body["signing"]))

    def current_key(self, level: int) -> int:
        """See `KeyProvider.current_key`. Raises `LevelRefused` for levels 3 to 5."""
        if level not in self._current:
            raise LevelRefused(level)
        return int(self._current[level])

    def suite(self, key_id: int) -> str:
        """Name of the cipher that records under this key use."""
        return self._suite[key_id].name

    def wrap(self, key_id: int, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """See `KeyProvider.wrap`."""
        encrypt = self._wrapping[key_id].encrypt
        nonces = os.urandom(NONCE * len(items))
        out = []
        for start, (place, key) in zip(range(0, len(nonces), NONCE), items, strict=True):
            nonce = nonces[start : start + NONCE]
            out.append(nonce + encrypt(nonce, key, place))
        return out

    def unwrap(self, key_id: int, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """See `KeyProvider.unwrap`."""
        if key_id not in self._wrapping:
            raise ContentDamaged(f"key {key_id}")
        decrypt = self._wrapping[key_id].decrypt
        try:
            return [decrypt(wrapped[:NONCE], wrapped[NONCE:], place) for place, wrapped in items]
        except (InvalidTag, ValueError) as exc:
            raise ContentDamaged(f"key {key_id}") from exc

    def secret(self, purpose: str) -> bytes:
        """See `KeyProvider.secret`."""
        return self._secrets[purpose]

    def sign(self, message: bytes) -> bytes:
        """See `KeyProvider.sign`."""
        return self._signing.sign(message)

    def public_key(self) -> bytes:
        """See `KeyProvider.public_key`."""
        return self._signing.public_key().public_bytes_raw()


def _seal(body: dict[str, Any], passphrase: str) -> dict[str, Any]:
    salt, nonce = os.urandom(16), os.urandom(NONCE)
    cipher = AESGCM(Scrypt(salt=salt, length=32, **SCRYPT).derive(passphrase.encode()))
    sealed = cipher.encrypt(nonce, json.dumps(body).encode(), b"suyuan-keys-1")
    return {"format": "suyuan-keys-1", "scrypt": SCRYPT, "salt": _b64(salt), "nonce": _b64(nonce), "keys": _b64(sealed)}


def _open(sealed: dict[str, Any], passphrase: str) -> dict[str, Any]:
    try:
        derived = Scrypt(salt=_raw(sealed["salt"]), length=32, **sealed["scrypt"]).derive(passphrase.encode())
        plain = AESGCM(derived).decrypt(_raw(sealed["nonce"]), _raw(sealed["keys"]), b"suyuan-keys-1")
    except (InvalidTag, KeyError, ValueError) as exc:
        raise WrongPassphrase from exc
    body: dict[str, Any] = json.loads(plain)
    return body


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _raw(text: str) -> bytes:
    return base64.b64decode(text)
