"""Keys in a PKCS#11 token (a smart card, a hardware security module), through `python-pkcs11`; they do not leave it."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import pkcs11
from pkcs11 import Attribute, GCMParams, KeyType, Mechanism, ObjectClass, TokenFlag

from suyuan.vault.errors import ContentDamaged, KeyHolderUnreachable, KeyUnfit, SuiteNotHeld
from suyuan.vault.holder import SECONDS, SUITE, read_private
from suyuan.vault.module import Module, module
from suyuan.vault.suites import NONCE, TAG

T = TypeVar("T")

_PAUSES = (0.0, 0.1, 0.5)  # seconds before trying again; while another process changes it, a token may look like none
_ED25519 = bytes.fromhex("06032b6570")  # its object identifier, 1.3.101.112
_KEPT = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False}
_PIN = (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange, pkcs11.PinExpired, pkcs11.PinLocked)
_ODD = (
    pkcs11.MultipleObjectsReturned,
    pkcs11.MultipleTokensReturned,
    pkcs11.MechanismInvalid,
    pkcs11.FunctionNotSupported,
)
_REASONS = ((_PIN, "refused"), ((pkcs11.NoSuchKey,), "missing"), (_ODD, "odd"))


class Token:
    """See `KeyHolder`. One session a process, opened at the first call and again when the token was taken out."""

    def __init__(self, name: str, prefix: str, *, module: str, token: str, pin_file: str) -> None:
        """Name the holder and its keys (`prefix`), and say where it is.

        Args:
            module: path of the PKCS#11 library.
            token: the token's label.
            pin_file: file with the user's PIN, readable by its owner only.
        """
        self.name = name
        self._prefix = prefix
        self._path = module
        self._label = token
        self._pin_file = Path(pin_file)
        self._wrong_pin = ""
        self._session: pkcs11.Session | None = None
        self._of: tuple[Module, int] | None = None
        self._keys: dict[int, Any] = {}

    def make(self, key_id: int, suite: str) -> None:
        """See `KeyHolder.make`."""
        if suite != SUITE:
            raise SuiteNotHeld(self.name, suite)
        self._do(lambda session, _: self._made(session, key_id))

    def wrap(self, key_id: int, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """See `KeyHolder.wrap`."""

        def work(session: pkcs11.Session, using: Module) -> list[bytes]:
            key, out = self._key(session, key_id), []
            for place, plain in items:
                out.append(_wrapped(key, place, plain))
                using.progress()
            return out

        return self._do(work)

    def unwrap(self, key_id: int, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """See `KeyHolder.unwrap`."""
        if any(len(wrapped) < NONCE + TAG for _, wrapped in items):
            raise ContentDamaged(f"key {key_id}")

        def work(session: pkcs11.Session, using: Module) -> list[bytes]:
            key, out = self._key(session, key_id), []
            for place, wrapped in items:
                try:
                    out.append(_unwrapped(key, place, wrapped))
                except pkcs11.PKCS11Error as exc:
                    if _works(key):
                        raise ContentDamaged(f"key {key_id}") from exc
                    raise
                using.progress()
            return out

        return self._do(work)

    def destroy(self, key_id: int) -> None:
        """See `KeyHolder.destroy`."""

        def work(session: pkcs11.Session, _: Module) -> None:
            self._keys.pop(key_id, None)
            for key in _find(session, ObjectClass.SECRET_KEY, f"{self._prefix}-{key_id}"):
                key.destroy()

        self._do(work)

    def make_signing(self, number: int) -> bytes:
        """See `KeyHolder.make_signing`."""
        return self._do(lambda session, _: self._made_signing(session, f"{self._prefix}-sign-{number}"))

    def sign(self, number: int, message: bytes) -> bytes:
        """See `KeyHolder.sign`."""

        def work(session: pkcs11.Session, _: Module) -> bytes:
            key = _only(session, ObjectClass.PRIVATE_KEY, f"{self._prefix}-sign-{number}")
            return bytes(key.sign(message, mechanism=Mechanism.EDDSA))

        return self._do(work)

    def _made(self, session: pkcs11.Session, key_id: int) -> None:
        label = f"{self._prefix}-{key_id}"
        with self._alone():
            if not _find(session, ObjectClass.SECRET_KEY, label):
                session.generate_key(KeyType.AES, 256, label=label, store=True, template=_KEPT)
        key = _only(session, ObjectClass.SECRET_KEY, label)
        if key.key_type != KeyType.AES or key.key_length != 256 or not _stays(key):
            raise KeyUnfit(self.name, label)

    def _made_signing(self, session: pkcs11.Session, label: str) -> bytes:
        with self._alone():
            if not _find(session, ObjectClass.PRIVATE_KEY, label):
                curve = {Attribute.EC_PARAMS: _ED25519}
                parameters = session.create_domain_parameters(KeyType.EC_EDWARDS, curve, local=True)
                parameters.generate_keypair(store=True, label=label, private_template=_KEPT)
        private = _only(session, ObjectClass.PRIVATE_KEY, label)
        if private.key_type != KeyType.EC_EDWARDS or not _stays(private):
            raise KeyUnfit(self.name, label)
        point = _only(session, ObjectClass.PUBLIC_KEY, label)[Attribute.EC_POINT]
        return bytes(point[-32:])  # bare from some tokens, as a DER octet string from others

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Processes take turns in making keys: a token lets two have one label."""
        with self._pin_file.open() as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            yield

    def _key(self, session: pkcs11.Session, key_id: int) -> Any:
        if key_id not in self._keys:
            self._keys[key_id] = _only(session, ObjectClass.SECRET_KEY, f"{self._prefix}-{key_id}")
        return self._keys[key_id]

    def _do(self, work: Callable[[pkcs11.Session, Module], T]) -> T:
        """Do `work` in the module's thread; again with the module started anew, for the token may have been out."""
        using = module(self._path)

        def job() -> T:
            for pause in _PAUSES:
                try:
                    return work(self._open(using), using)
                except pkcs11.PKCS11Error as failed:
                    if isinstance(failed, _PIN):
                        raise
                time.sleep(pause)
                self._session = None
                with suppress(pkcs11.PKCS11Error):  # what is wrong with it shows when it is used
                    using.restart()
            return work(self._open(using), using)

        try:
            return using.within(SECONDS, job)
        except (pkcs11.PKCS11Error, TimeoutError) as exc:
            reason = next((why for kinds, why in _REASONS if isinstance(exc, kinds)), "away")
            raise KeyHolderUnreachable(self.name, reason) from exc

    def _open(self, using: Module) -> pkcs11.Session:
        if not using.starts:
            using.restart()
        if self._session is None or self._of != (using, using.starts):
            self._keys = {}
            self._session, self._of = self._log_in(), (using, using.starts)
        return self._session

    def _log_in(self) -> pkcs11.Session:
        """A session with the PIN of the file. A wrong one is tried once only, and nothing at the last try: tokens lock."""
        pin = read_private(self._pin_file)
        token = pkcs11.lib(self._path).get_token(token_label=self._label)
        if pin == self._wrong_pin or token.flags & TokenFlag.USER_PIN_FINAL_TRY:
            raise pkcs11.PinIncorrect
        try:
            return token.open(rw=True, user_pin=pin)
        except pkcs11.UserAlreadyLoggedIn:  # by another holder of this process; sessions of a process share that
            return token.open(rw=True)
        except pkcs11.PinIncorrect:
            self._wrong_pin = pin
            raise


def _find(session: pkcs11.Session, kind: ObjectClass, label: str) -> list[pkcs11.Object]:
    return list(session.get_objects({Attribute.CLASS: kind, Attribute.LABEL: label}))


def _only(session: pkcs11.Session, kind: ObjectClass, label: str) -> Any:
    found = _find(session, kind, label)
    if len(found) != 1:
        raise pkcs11.MultipleObjectsReturned if found else pkcs11.NoSuchKey
    return found[0]


def _stays(key: Any) -> bool:
    return bool(key[Attribute.SENSITIVE]) and not key[Attribute.EXTRACTABLE]


def _wrapped(key: Any, place: bytes, plain: bytes) -> bytes:
    nonce = os.urandom(NONCE)
    return nonce + bytes(key.encrypt(plain, mechanism=Mechanism.AES_GCM, mechanism_param=GCMParams(nonce, place)))


def _unwrapped(key: Any, place: bytes, wrapped: bytes) -> bytes:
    how = GCMParams(wrapped[:NONCE], place)
    return bytes(key.decrypt(wrapped[NONCE:], mechanism=Mechanism.AES_GCM, mechanism_param=how))


def _works(key: Any) -> bool:
    """Whether the token still unwraps what it wrapped: many tell a damaged item only by a general error."""
    try:
        return _unwrapped(key, b"probe", _wrapped(key, b"probe", b"probe")) == b"probe"
    except pkcs11.PKCS11Error:
        return False
