"""The default key provider: every key in one file, sealed under a passphrase (scrypt, RFC 7914).

The file may change while processes have it open (rotation): each looks, before it uses a key, whether it did.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from suyuan.installation.model import write_private
from suyuan.vault import ring
from suyuan.vault.errors import ContentDamaged, GenerationMissing, ParcelWrong, VaultLocked, WrongPassphrase
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
Sign = Callable[[bytes], bytes]


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
        self._not_used: dict[str, bytes] = {}
        self._renew()

    def ring(self) -> list[Generation]:
        """The generations of level 1 that this host holds, in the states in which it took them up."""
        self._renew()
        return self._ring

    def held(self) -> set[int]:
        """Numbers of the generations that this host can use, here or in a holder."""
        return {one.id for one in self.ring() if not self._aside(one)}

    def set_aside(self, names: Iterable[str]) -> None:
        """Secrets that are not what other hosts use under these names: made here by a step that never ended."""
        secrets = self.secrets()
        self._not_used = {name: secrets[name] for name in names}

    def index(self, name: str) -> list[Layer]:
        """The layers of one index ("terms.1", "identity"), the innermost first."""
        self._renew()
        return self._index[name]

    def secret(self, purpose: str) -> bytes:
        """See `KeyProvider.secret`."""
        return self._secrets[purpose]

    def secrets(self) -> dict[str, bytes]:
        """Every secret by its name, for check values: "ledger", "blobs", "terms.1 2", "key 3"."""
        self._renew()
        keys = {f"key {one['id']}": _raw(one["key"]) for one in self._body["keys"] if "key" in one}
        layers = {
            f"{name} {depth}": layer.algorithm.encode() + b" " + layer.key
            for name, found in self._index.items()
            for depth, layer in enumerate(found, 1)
        }
        return self._secrets | keys | layers

    def signing(self) -> list[SigningKey]:
        """The signing keys that this host knows to be used, oldest first."""
        self._renew()
        return [SigningKey.read(one) for one in self._body["signing"] if not one.get("pending")]

    def signing_held(self) -> dict[int, bytes]:
        """The public halves of the signing keys that this host can sign with, here or in a holder, by number."""
        self._renew()
        return {one["number"]: _raw(one["public"]) for one in self._body["signing"]}

    def sign(self, number: int, message: bytes) -> bytes:
        """Ed25519 signature by one of the signing keys that lie in this file."""
        self._renew()
        return self._private[number].sign(message)

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

    def hold(self, coming: Generation) -> None:
        """Make the key of a generation that nobody has yet, unless it lies elsewhere, and the layers it needs.

        A layer that a step before left here is used: nothing lies under it. Raises `GenerationMissing` where a layer
        below it is not here.
        """

        def edit(body: Body) -> None:
            key = {"key": _fresh(coming.suite)} if coming.holder == HOLDER else {}
            for layers in body["index"].values():
                if len(layers) < coming.depth - 1:
                    raise GenerationMissing(coming.id - 1)
                if len(layers) == coming.depth - 1:
                    layers.append(Layer.new(SUITES[coming.suite].index).written())
            _put(body["keys"], "id", asdict(coming) | key)

        self._change(edit)

    def forget(self, key_id: int) -> None:
        """Forget the key of a generation for good."""

        def edit(body: Body) -> None:
            for one in body["keys"]:
                if one["id"] == key_id:
                    one.pop("key", None)

        if key_id in self._wrapping:
            self._change(edit)

    def next_signing(self, before: SigningKey, since: int, place: str, public: bytes | None, sign: Sign) -> SigningKey:
        """The signing key after `before`. `public` is the new one's where it lies elsewhere, `sign` is by the old one."""
        made: list[SigningKey] = []

        def edit(body: Body) -> None:
            number, kept = before.number + 1, {one["number"]: one for one in body["signing"]}
            left = kept.get(number, {}).get("private")  # by a step before that did not end; it signed nothing
            key = Ed25519PrivateKey.from_private_bytes(_raw(left)) if left else Ed25519PrivateKey.generate()
            after = public or key.public_key().public_bytes_raw()
            signed = sign(SigningKey.handover(before.public, after, since))
            made.append(SigningKey(number, place, ring.now(), since, after, signed))
            written = made[0].written() if public else _signing(made[0], key)
            _put(body["signing"], "number", written | {"pending": True})

        self._change(edit)
        return made[0]

    def confirm_signing(self, number: int) -> None:
        """The database has it: from now on this file vouches for it."""

        def edit(body: Body) -> None:
            for one in body["signing"]:
                if one["number"] == number:
                    one.pop("pending", None)

        self._change(edit)

    def parcel(self, name: str) -> bytes:
        """One key ("key 3", with the layers of its depth, or "signing 2") sealed for whoever holds this file's secrets."""
        self._renew()
        kind, number = name.split(" ")
        if kind == "key":
            [one] = [one for one in self._body["keys"] if one["id"] == int(number)]
            told = {"key": one, "index": {name: layers[: one["depth"]] for name, layers in self._body["index"].items()}}
        else:
            [one] = [one for one in self._body["signing"] if one["number"] == int(number)]
            told = {"signing": {name: value for name, value in one.items() if name != "pending"}}
        return self.sealed_for_hosts(name, json.dumps(told).encode())

    def take_up(self, name: str, sealed: bytes) -> None:
        """Hold what `parcel` sealed on another host. Raises `ParcelWrong`."""
        told = json.loads(self.opened_from_hosts(name, sealed))

        def edit(body: Body) -> None:
            if "key" in told:
                _put(body["keys"], "id", told["key"])
                for index, layers in told["index"].items():
                    body["index"][index][: len(layers)] = layers
            else:
                _put(body["signing"], "number", told["signing"])

        self._change(edit)

    def sealed_for_hosts(self, name: str, plain: bytes) -> bytes:
        """Sealed under a key of the secrets that every host of the installation has from its first day."""
        nonce = os.urandom(NONCE)
        return nonce + self._between_hosts().encrypt(nonce, plain, name.encode())

    def opened_from_hosts(self, name: str, sealed: bytes) -> bytes:
        """Undo `sealed_for_hosts`. Raises `ParcelWrong`."""
        try:
            return self._between_hosts().decrypt(sealed[:NONCE], sealed[NONCE:], name.encode())
        except (InvalidTag, ValueError) as exc:
            raise ParcelWrong from exc

    def teller(self) -> bytes:
        """By what this host shows to the database that it is one of the installation's, as two keys of a block each."""
        return b"".join(self._derived(name, 64) for name in (b"hosts tell in", b"hosts tell out"))

    def carried(self) -> str:
        """This file as it is carried to another host of the installation: sealed under the passphrase they share."""
        return self._path.read_text()

    def receive(self, text: str) -> None:
        """Take up every key of a file that was carried here. Raises `ParcelWrong`."""
        try:
            other = _open(json.loads(text), self._passphrase)
        except (ValueError, TypeError, AttributeError, WrongPassphrase) as exc:
            raise ParcelWrong from exc

        held = self.held()

        def edit(body: Body) -> None:
            if other["secrets"] != body["secrets"]:
                raise ParcelWrong
            for one in other["keys"]:
                if one["id"] not in held:
                    _put(body["keys"], "id", one)
                    for index, layers in other["index"].items():
                        body["index"][index][: one["depth"]] = layers[: one["depth"]]
            for one in other["signing"]:
                if not one.get("pending"):
                    _put(body["signing"], "number", one)

        self._change(edit)

    def _aside(self, one: Generation) -> bool:
        """Whether the key or a layer of a generation is one that was set aside, and is here still."""
        names = {f"key {one.id}", *(f"{index} {one.depth}" for index in INDEXES)} & self._not_used.keys()
        secrets = self.secrets() if names else {}
        return any(secrets.get(name) == self._not_used[name] for name in names)

    def _between_hosts(self) -> AESGCM:
        return AESGCM(self._derived(b"between hosts", 32))

    def _derived(self, purpose: bytes, size: int) -> bytes:
        secret = self._secrets["blobs"] + self._secrets["ledger"]
        return blake2b(digest_size=size, key=secret, person=purpose).digest()

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
        self._body = body
        self._ring = _generations(body)
        self._wrapping = {
            one["id"]: SUITES[one["suite"]].open(_raw(one["key"])) for one in body["keys"] if "key" in one
        }
        self._index = {name: [Layer.read(one) for one in layers] for name, layers in body["index"].items()}
        self._secrets = {purpose: _raw(secret) for purpose, secret in body["secrets"].items()}
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
    with os.fdopen(os.open(path.with_suffix(".lock"), os.O_WRONLY | os.O_CREAT, 0o600), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _generations(body: Body) -> list[Generation]:
    return [Generation(**{name: one[name] for name in _GENERATION}) for one in body["keys"]]


def _put(kept: list[Body], key: str, one: Body) -> None:
    """In the place of the one with the same number, or behind the last."""
    kept[:] = [*(other for other in kept if other[key] != one[key]), one]


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
