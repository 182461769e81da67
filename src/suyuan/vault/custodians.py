"""Level 2's keys under the custodians' shares: any M of N open them, fewer learn nothing (Shamir 1979).

The secret is 128 random bits, split by `Crypto.Protocol.SecretSharing`; the key that encrypts level 2's key-encryption
key and index secret is derived from it (HKDF, RFC 5869). A share is 25 bytes in base32 (RFC 4648): the set's number
(4), the share's own (1), the share (16), and the first bytes of the SHA-256 of all that (4), which tell a slip of the
pen from a share of another set.
"""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import Any, NamedTuple

from Crypto.Protocol.SecretSharing import Shamir
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from suyuan import formats
from suyuan.installation.model import write_private
from suyuan.vault import errors, ring
from suyuan.vault.layers import Layer, keyed, moved_on
from suyuan.vault.ring import Generation
from suyuan.vault.suites import NONCE, SUITES, Aead

LEVEL = 2
KEY_ID = 2
HOLDER = "custodians"
TERM_BYTES = 8
FORMAT = "suyuan-custodians-2"
PATIENCE = 900.0  # seconds for which presented shares wait for the others, and wrong ones are counted
MOST_WRONG = 5  # wrong shares in that time; then none is taken until it is over


class Share(NamedTuple):
    """One custodian's share of a set."""

    set_id: str
    number: int
    value: bytes

    def text(self) -> str:
        """As it is handed to its holder: ten groups of four letters and digits."""
        head = bytes.fromhex(self.set_id) + bytes([self.number]) + self.value
        plain = base64.b32encode(head + sha256(head).digest()[:4]).decode()
        return "-".join(plain[start : start + 4] for start in range(0, 40, 4))

    @classmethod
    def read(cls, text: str) -> Share:
        """What `text` wrote; case, spaces and hyphens do not matter. Raises `ShareMistyped`."""
        plain = "".join(letter for letter in text.upper() if letter.isalnum())
        try:
            raw = base64.b32decode(plain)
        except ValueError as exc:
            raise errors.ShareMistyped from exc
        if len(raw) != 25 or sha256(raw[:21]).digest()[:4] != raw[21:]:
            raise errors.ShareMistyped
        return cls(raw[:4].hex(), raw[4], raw[5:21])

    def check(self) -> str:
        """By which the share is known again without being stored: a digest of 128 random bits, which nobody can try."""
        return formats.share(bytes.fromhex(self.set_id), self.number, self.value)


class Status(NamedTuple):
    """What anybody may know: never a share. `holders` are person numbers in the order of their shares' numbers."""

    appointed: bool
    open: bool
    presented: int
    threshold: int
    holders: list[int]
    set_id: str


class _Opened:
    """Level 2's keys in memory, and the key that seals their file, so that it can be written anew."""

    def __init__(self, body: dict[str, Any], suites: dict[int, str], lock: bytes) -> None:
        self.lock = bytearray(lock)
        self.body = body
        self.layers = [Layer.read(one) for one in body["index"]]
        self.ciphers: dict[int, Aead] = {
            int(key_id): SUITES[suites[int(key_id)]].open(base64.b64decode(key)) for key_id, key in body["keys"].items()
        }

    def wipe(self) -> None:
        """Forget: what Python can overwrite is overwritten, the rest is given back."""
        self.lock[:] = bytes(len(self.lock))
        self.body.clear()
        self.layers.clear()
        self.ciphers.clear()


class Custody:
    """The keys of level 2 of one installation: sealed when made, opened by shares, in this process's memory only."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._presented: dict[int, Share] = {}
        self._since = 0.0
        self._wrong: list[float] = []
        self._opened: _Opened | None = None

    def status(self) -> Status:
        """Whether it is open, and how many shares of how many are there."""
        if not self._path.exists():
            return Status(False, False, 0, 0, [], "")
        told = read(self._path)
        self._forget_late()
        holders = [one["person"] for one in told["holders"]]
        return Status(True, self._opened is not None, len(self._presented), told["threshold"], holders, told["set"])

    def appoint(self, threshold: int, holders: Sequence[int], suite: str) -> list[str]:
        """Make the first set, one share for each of `holders`; level 2 stays closed. Gives the shares in that order.

        Raises `AlreadyAppointed`, `BadThreshold`.
        """
        if self._path.exists():
            raise errors.AlreadyAppointed
        body = {"keys": {str(KEY_ID): _fresh(suite)}, "index": [Layer.new(SUITES[suite].index).written()]}
        begun = [asdict(ring.first(KEY_ID, LEVEL, suite, HOLDER))]
        return self._write(body, begun, threshold, holders, [])

    def replace(self, shares: Sequence[str], threshold: int, holders: Sequence[int]) -> list[str]:
        """A new set under a new secret for `holders`, opened by enough `shares` of the old one, which is void then.

        Raises as `present` does, and `SharesMissing`, `BadThreshold`.
        """
        told = self._told()
        read_in = {share.number: share for share in (self._accept(text, told) for text in shares)}
        if len(read_in) < told["threshold"]:
            raise errors.SharesMissing(len(read_in), told["threshold"])
        body = _open(told, _lock(told, list(read_in.values())))
        self._presented.clear()
        return self._write(body, told["keys"], threshold, holders, [*told["retired"], told["set"]])

    def present(self, text: str) -> Status:
        """Take one share; the one that completes the threshold opens level 2.

        Raises `NoCustodians`, `ShareMistyped`, `ShareWrong`, `ShareRetired`, `ShareRepeated`, `TooManyWrong`.
        """
        told = self._told()
        self._forget_late()
        share = self._accept(text, told)
        if share.number in self._presented or self._opened is not None:
            raise errors.ShareRepeated
        self._since = self._since if self._presented else time.monotonic()
        self._presented[share.number] = share
        if len(self._presented) >= told["threshold"]:
            lock = _lock(told, list(self._presented.values()))
            self._presented.clear()
            self._opened = _Opened(_open(told, lock), _suites(told), lock)
        return self.status()

    def seal(self) -> None:
        """Forget the keys and the shares presented so far, at once."""
        self._presented.clear()
        if self._opened is not None:
            self._opened.wipe()
        self._opened = None

    def wrap(self, key_id: int, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """See `KeyProvider.wrap`. Raises `VaultSealed`."""
        cipher = self._cipher(key_id)
        nonces = [os.urandom(NONCE) for _ in items]
        return [n + cipher.encrypt(n, key, place) for n, (place, key) in zip(nonces, items, strict=True)]

    def unwrap(self, key_id: int, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """See `KeyProvider.unwrap`. Raises `VaultSealed`, `ContentDamaged`."""
        cipher = self._cipher(key_id)
        try:
            return [cipher.decrypt(wrapped[:NONCE], wrapped[NONCE:], place) for place, wrapped in items]
        except (InvalidTag, ValueError) as exc:
            raise errors.ContentDamaged(f"key {key_id}") from exc

    def digests(self, terms: Sequence[str], depth: int) -> list[bytes]:
        """Keyed digests (8 bytes) of exact search terms under `depth` layers. Raises `VaultSealed`."""
        layers = self._open_now().layers
        inner = keyed(layers[0], TERM_BYTES)
        return moved_on(layers[1:depth], [inner(term.encode()) for term in terms], TERM_BYTES)

    def move_on(self, digests: Iterable[bytes], depth: int) -> list[bytes]:
        """Digests under one layer less than `depth`, brought under it. Raises `VaultSealed`."""
        return moved_on(self._open_now().layers[depth - 1 : depth], digests, TERM_BYTES)

    def hold(self, key_id: int, suite: str, depth: int) -> None:
        """Make the key of level 2's next generation and the layers it needs. Raises `VaultSealed`."""
        opened, told = self._open_now(), self._told()
        if len(opened.body["index"]) < depth:
            opened.body["index"].append(Layer.new(SUITES[suite].index).written())
        opened.body["keys"][str(key_id)] = _fresh(suite)
        coming = Generation(key_id, LEVEL, suite, HOLDER, depth, "next", ring.now())
        told["keys"] = [*(one for one in told["keys"] if one["id"] != key_id), asdict(coming)]
        self._save(told)

    def forget(self, key_id: int) -> None:
        """Forget the key of a generation for good. Raises `VaultSealed`."""
        self._open_now().body["keys"].pop(str(key_id), None)
        self._save(self._told())

    def take_up(self, text: str) -> None:
        """Go on with the file of another host, open still where it is one of the same set. Raises `ContentDamaged`."""
        told = checked(text)
        opened, self._opened = self._opened, None
        self._presented.clear()
        same = opened is not None and self._path.exists() and read(self._path)["set"] == told["set"]
        write_private(self._path, text)
        if opened is not None and same:
            lock = bytes(opened.lock)
            self._opened = _Opened(_open(told, lock), _suites(told), lock)
        elif opened is not None:
            opened.wipe()

    def _save(self, told: dict[str, Any]) -> None:
        """Write the file of the same set anew and go on with what it says."""
        opened = self._open_now()
        lock, body = bytes(opened.lock), dict(opened.body)
        _write_sealed(self._path, {key: told[key] for key in told if key not in ("nonce", "sealed")}, body, lock)
        self._opened = _Opened(body, _suites(told), lock)

    def _open_now(self) -> _Opened:
        if self._opened is None:
            raise errors.VaultSealed
        return self._opened

    def _cipher(self, key_id: int) -> Aead:
        ciphers = self._open_now().ciphers
        if key_id not in ciphers:
            raise errors.ContentDamaged(f"key {key_id}")
        return ciphers[key_id]

    def _told(self) -> dict[str, Any]:
        if not self._path.exists():
            raise errors.NoCustodians
        return read(self._path)

    def _forget_late(self) -> None:
        if self._presented and time.monotonic() - self._since > PATIENCE:
            self._presented.clear()

    def _accept(self, text: str, told: dict[str, Any]) -> Share:
        """A share of the current set, or its error; wrong ones are counted."""
        now = time.monotonic()
        self._wrong = [at for at in self._wrong if now - at < PATIENCE]
        if len(self._wrong) >= MOST_WRONG:
            raise errors.TooManyWrong
        try:
            return _recognise(text, told)
        except errors.ShareRefused:
            self._wrong.append(now)
            raise

    def _write(
        self,
        body: dict[str, Any],
        keys: list[dict[str, Any]],
        threshold: int,
        holders: Sequence[int],
        retired: list[str],
    ) -> list[str]:
        if not 2 <= threshold <= len(holders) <= 16 or len(set(holders)) < len(holders):
            raise errors.BadThreshold
        secret, set_id = os.urandom(16), os.urandom(4).hex()
        shares = [Share(set_id, index, value) for index, value in Shamir.split(threshold, len(holders), secret)]
        held = [{"person": who, "check": share.check()} for who, share in zip(holders, shares, strict=True)]
        told = {
            "format": FORMAT,
            "set": set_id,
            "threshold": threshold,
            "holders": held,
            "keys": keys,
            "retired": retired,
        }
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_sealed(self._path, told, body, _derived(secret, set_id))
        return [share.text() for share in shares]


def read(path: Path) -> dict[str, Any]:
    """The file of a set: who holds shares, key numbers, and the sealed keys. Raises `ContentDamaged`."""
    # A byte that is no text any more is damage like any other.
    return checked(path.read_text(errors="replace"))


def checked(text: str) -> dict[str, Any]:
    """The same of a file's text. Raises `ContentDamaged`."""
    try:
        told: dict[str, Any] = json.loads(text)
        parts = told["set"], told["threshold"], told["keys"], told["retired"], told["nonce"], told["sealed"]
        whole = None not in parts and all({"person", "check"} <= one.keys() for one in told["holders"])
    except (ValueError, KeyError, TypeError, AttributeError):
        whole = False
    if not whole:
        raise errors.ContentDamaged("custodians.json")
    return told


def _recognise(text: str, told: dict[str, Any]) -> Share:
    share = Share.read(text)
    if share.set_id in told["retired"]:
        raise errors.ShareRetired
    if share.set_id != told["set"] or not 1 <= share.number <= len(told["holders"]):
        raise errors.ShareWrong
    if not compare_digest(share.check(), told["holders"][share.number - 1]["check"]):
        raise errors.ShareWrong
    return share


def generations(told: dict[str, Any]) -> list[Generation]:
    """The generations of level 2 that a file tells of."""
    return [Generation(**one) for one in told["keys"]]


def _suites(told: dict[str, Any]) -> dict[int, str]:
    return {one["id"]: one["suite"] for one in told["keys"]}


def _lock(told: dict[str, Any], shares: Sequence[Share]) -> bytes:
    """The key of the file, from as many shares as it takes."""
    secret = Shamir.combine([(share.number, share.value) for share in shares[: told["threshold"]]])
    return _derived(secret, told["set"])


def _open(told: dict[str, Any], lock: bytes) -> dict[str, Any]:
    try:
        plain = AESGCM(lock).decrypt(base64.b64decode(told["nonce"]), base64.b64decode(told["sealed"]), _bound(told))
    except (InvalidTag, ValueError) as exc:
        raise errors.ContentDamaged("level 2 keys") from exc
    body: dict[str, Any] = json.loads(plain)
    return body


def _write_sealed(path: Path, told: dict[str, Any], body: dict[str, Any], lock: bytes) -> None:
    nonce = os.urandom(NONCE)
    sealed = AESGCM(lock).encrypt(nonce, json.dumps(body).encode(), _bound(told))
    write_private(path, json.dumps(told | {"nonce": _b64(nonce), "sealed": _b64(sealed)}))


def _fresh(suite: str) -> str:
    return _b64(os.urandom(SUITES[suite].key_bytes))


def _bound(told: dict[str, Any]) -> bytes:
    """Everything in the file beside the sealed keys, which is bound to them."""
    return formats.CUSTODIANS.to_bytes({key: told[key] for key in told if key not in ("nonce", "sealed")})


def _derived(secret: bytes, set_id: str) -> bytes:
    return HKDF(SHA256(), 32, salt=bytes.fromhex(set_id), info=FORMAT.encode()).derive(secret)


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
