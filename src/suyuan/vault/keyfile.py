"""The default key provider: every key in one file, sealed under a passphrase (scrypt, RFC 7914).

The file may change while processes have it open (rotation): each looks, before it uses a key, whether it did.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from suyuan.installation.model import write_private
from suyuan.vault import ring
from suyuan.vault.errors import ContentDamaged, VaultLocked, WrongPassphrase
from suyuan.vault.layers import Layer
from suyuan.vault.ring import Generation
from suyuan.vault.signing import SigningKey
from suyuan.vault.suites import NONCE, SUITES, Aead

# 32 MiB and about 0.1 s a guess: slow for an attacker with the file, unnoticed at start.
SCRYPT = {"n": 2**15, "r": 8, "p": 1}
# Level 2 has its keys under the custodians' shares (see `custodians.py`), not under the passphrase.
LEVEL = 1
HOLDER = "file"
INDEXES = ("terms.1", "identity")
SECRETS = ("ledger", "blobs")
_BINDING = b"suyuan-keys-2"
_GENERATION = tuple(Generation.__dataclass_fields__)

Body = dict[str, Any]


def create(path: Path, passphrase: str, suite: str = "aes-256-gcm") -> None:
    """Make new keys for level 1 and every purpose and write them, sealed, to `path` (mode 0600).

    Raises `FileExistsError` rather than overwrite keys that records depend on.
    """
    begun = asdict(ring.first(1, LEVEL, suite, HOLDER)) | {"key": _fresh(suite)}
    body = {
        "keys": [begun],
        "index": {name: [Layer.new(SUITES[suite].index).written()] for name in INDEXES},
        "secrets": {purpose: _b64(os.urandom(32)) for purpose in SECRETS},
        "signing": [_signing(SigningKey(1, HOLDER, ring.now(), 0, b"", b""), Ed25519PrivateKey.generate())],
    }
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        json.dump(_seal(body, passphrase), out)
        out.flush()
        os.fsync(out.fileno())


class KeyFile:
    """An open key file. Keys live in this process's memory only."""

    def __init__(self, path: Path, passphrase: str) -> None:
        """Open `path`. Raises `VaultLocked` when it is missing, `WrongPassphrase` when it does not open."""
        self._path, self._passphrase = path, passphrase
        self._seen: tuple[int, int, int] | None = None
        self._renew()

    def ring(self) -> list[Generation]:
        """Every generation of level 1, the destroyed ones too."""
        self._renew()
        return self._ring

    def index(self, name: str) -> list[Layer]:
        """The layers of one index ("terms.1", "identity"), the innermost first."""
        self._renew()
        return self._index[name]

    def secret(self, purpose: str) -> bytes:
        """See `KeyProvider.secret`."""
        return self._secrets[purpose]

    def signing(self) -> list[SigningKey]:
        """The signing keys, oldest first; the last one signs."""
        self._renew()
        return self._signers

    def sign(self, message: bytes) -> bytes:
        """Ed25519 signature by the newest signing key that lies in this file."""
        return self._private[self.signing()[-1].number].sign(message)

    def suite(self, key_id: int) -> str:
        """See `KeyProvider.suite`."""
        return next(one.suite for one in self.ring() if one.id == key_id)

    def wrap(self, key_id: int, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """See `KeyProvider.wrap`."""
        encrypt = self._cipher(key_id).encrypt
        nonces = os.urandom(NONCE * len(items))
        out = []
        for start, (place, key) in zip(range(0, len(nonces), NONCE), items, strict=True):
            nonce = nonces[start : start + NONCE]
            out.append(nonce + encrypt(nonce, key, place))
        return out

    def unwrap(self, key_id: int, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """See `KeyProvider.unwrap`."""
        decrypt = self._cipher(key_id).decrypt
        try:
            return [decrypt(wrapped[:NONCE], wrapped[NONCE:], place) for place, wrapped in items]
        except (InvalidTag, ValueError) as exc:
            raise ContentDamaged(f"key {key_id}") from exc

    def announce(self, key_id: int, suite: str, holder: str) -> Generation:
        """Make the next generation known, with a new layer of each index; nothing lies under it yet.

        Raises `RotationUnfinished`.
        """
        made: list[Generation] = []

        def edit(body: Body) -> None:
            coming = ring.announced(_generations(body), LEVEL, key_id, suite, holder)
            made.append(coming)
            if all(one["id"] != coming.id for one in body["keys"]):
                body["keys"].append(asdict(coming) | ({"key": _fresh(suite)} if holder == HOLDER else {}))
                for layers in body["index"].values():
                    layers.append(Layer.new(SUITES[suite].index).written())

        self._change(edit)
        return made[0]

    def promote(self, key_id: int) -> None:
        """New records lie under this generation from now on."""
        self._change(lambda body: _written(body, ring.promoted(_generations(body), key_id)))

    def move(self, key_id: int, state: str) -> None:
        """A generation is "retired" (kept for old backups) or "destroyed" (its key forgotten)."""

        def edit(body: Body) -> None:
            _written(body, ring.moved(_generations(body), key_id, state))
            if state == "destroyed":
                next(one for one in body["keys"] if one["id"] == key_id).pop("key", None)

        self._change(edit)

    def hand_over(self, since: int, place: str, public: bytes | None, sign: Callable[[bytes], bytes]) -> SigningKey:
        """See `Provider.hand_over`. `public` is the new key's where it lies elsewhere, `sign` is by the old one."""

        def edit(body: Body) -> None:
            key = Ed25519PrivateKey.generate()
            made = public or key.public_key().public_bytes_raw()
            signed = sign(SigningKey.handover(self._signers[-1].public, made, since))
            one = SigningKey(len(body["signing"]) + 1, place, ring.now(), since, made, signed)
            body["signing"].append(one.written() if public else _signing(one, key))

        self._change(edit)
        return self._signers[-1]

    def _cipher(self, key_id: int) -> Aead:
        if key_id not in self._wrapping:
            self._renew()
        if key_id not in self._wrapping:
            raise ContentDamaged(f"key {key_id}")
        return self._wrapping[key_id]

    def _renew(self) -> None:
        """Read the file again where it is another one than before."""
        try:
            found = self._path.stat()
        except FileNotFoundError as exc:
            raise VaultLocked from exc
        seen = (found.st_ino, found.st_mtime_ns, found.st_size)
        if seen != self._seen:
            self._take(_open(json.loads(self._path.read_text()), self._passphrase))
            self._seen = seen

    def _take(self, body: Body) -> None:
        self._ring = _generations(body)
        self._wrapping = {
            one["id"]: SUITES[one["suite"]].open(_raw(one["key"])) for one in body["keys"] if "key" in one
        }
        self._index = {name: [Layer.read(one) for one in layers] for name, layers in body["index"].items()}
        self._secrets = {purpose: _raw(secret) for purpose, secret in body["secrets"].items()}
        self._signers = [SigningKey.read(one) for one in body["signing"]]
        self._private = {
            one["number"]: Ed25519PrivateKey.from_private_bytes(_raw(one["private"]))
            for one in body["signing"]
            if "private" in one
        }

    def _change(self, edit: Callable[[Body], None]) -> None:
        """Write the file anew, whole or not at all, one process at a time."""
        with _alone(self._path):
            body = _open(json.loads(self._path.read_text()), self._passphrase)
            edit(body)
            write_private(self._path, json.dumps(_seal(body, self._passphrase)))
        self._renew()


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _generations(body: Body) -> list[Generation]:
    return [Generation(**{name: one[name] for name in _GENERATION}) for one in body["keys"]]


def _written(body: Body, generations: Sequence[Generation]) -> None:
    for one, generation in zip(body["keys"], generations, strict=True):
        one |= asdict(generation)


def _signing(one: SigningKey, key: Ed25519PrivateKey) -> Body:
    public = key.public_key().public_bytes_raw()
    return one._replace(public=public).written() | {"private": _b64(key.private_bytes_raw())}


def _fresh(suite: str) -> str:
    return _b64(os.urandom(SUITES[suite].key_bytes))


def _seal(body: Body, passphrase: str) -> Body:
    salt, nonce = os.urandom(16), os.urandom(NONCE)
    cipher = AESGCM(Scrypt(salt=salt, length=32, **SCRYPT).derive(passphrase.encode()))
    sealed = cipher.encrypt(nonce, json.dumps(body).encode(), _BINDING)
    return {
        "format": _BINDING.decode(),
        "scrypt": SCRYPT,
        "salt": _b64(salt),
        "nonce": _b64(nonce),
        "keys": _b64(sealed),
    }


def _open(sealed: Body, passphrase: str) -> Body:
    try:
        derived = Scrypt(salt=_raw(sealed["salt"]), length=32, **sealed["scrypt"]).derive(passphrase.encode())
        plain = AESGCM(derived).decrypt(_raw(sealed["nonce"]), _raw(sealed["keys"]), _BINDING)
    except (InvalidTag, KeyError, ValueError) as exc:
        raise WrongPassphrase from exc
    body: Body = json.loads(plain)
    return body


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


_raw = partial(base64.b64decode, validate=True)
