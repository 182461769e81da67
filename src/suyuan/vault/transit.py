"""Keys in the transit engine of an OpenBao or Vault service; they are made there and do not leave it.

A key of ours is one key there, and its first version only: a new key is a new name, so that the installation's own
rotation says what is used. Requests go through `hvac`, but with bodies of our own: its `decrypt_data` cannot ask that a
batch with one damaged item be answered like any other, and would raise an error that has the other items in its text.
"""

from __future__ import annotations

import os
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import hvac
import requests
from hvac import exceptions as said

from suyuan.vault.errors import ContentDamaged, KeyHolderUnreachable, KeySettingsWrong, KeyUnfit, SuiteNotHeld
from suyuan.vault.holder import SECONDS, SUITE, read_private
from suyuan.vault.suites import NONCE, TAG

# OpenBao takes 1000 strings a request, names counted; an item has at most five.
_ITEMS = 150
_VERSION = "vault:v1:"
_SEALED = (said.VaultDown, said.VaultNotInitialized)
_REFUSED = (said.Forbidden, said.Unauthorized)


class Transit:
    """See `KeyHolder`. One connection a process, opened at the first call."""

    def __init__(
        self, name: str, prefix: str, *, address: str, token_file: str,
        ca: str | None = None, mount: str = "transit", namespace: str | None = None,
    ) -> None:  # fmt: skip
        """Name the holder and its keys (`prefix`), and say where it is.

        Args:
            address: its URL, https unless on this very machine.
            token_file: file with the token, readable by its owner only.
            ca: file of certificates that vouch for the service, in place of the usual ones.
            mount: where the engine is mounted.
            namespace: the service's namespace, if it has any.
        """
        parts = urlsplit(address)
        if parts.scheme != "https" and (parts.scheme, parts.hostname) not in (("http", "127.0.0.1"), ("http", "::1")):
            raise KeySettingsWrong(f"{name} 的 address 须为 https 地址", f"the address of {name} must be https")
        self.name = name
        self._prefix = prefix
        self._mount = mount
        self._token_file = Path(token_file)
        self._where = {"url": address, "namespace": namespace}
        self._ca = ca
        self._client: hvac.Client | None = None
        self._process = 0
        self._renew_at = float("inf")

    def make(self, key_id: int, suite: str) -> None:
        """See `KeyHolder.make`."""
        if suite != SUITE:
            raise SuiteNotHeld(self.name, suite)
        self._made(f"{key_id}", "aes256-gcm96")

    def wrap(self, key_id: int, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """See `KeyHolder.wrap`."""
        out: list[bytes] = []
        for some in _portions(items):
            batch = [
                {"plaintext": _text(key), "associated_data": _text(place), "key_version": 1} for place, key in some
            ]
            done = self._batch("encrypt", key_id, batch)
            if any("error" in one for one in done):
                raise KeyHolderUnreachable(self.name, "odd")
            out += [b64decode(one["ciphertext"].removeprefix(_VERSION)) for one in done]
        return out

    def unwrap(self, key_id: int, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """See `KeyHolder.unwrap`."""
        if any(len(wrapped) < NONCE + TAG for _, wrapped in items):
            raise ContentDamaged(f"key {key_id}")
        out: list[bytes] = []
        for some in _portions(items):
            batch = [{"ciphertext": _VERSION + _text(raw), "associated_data": _text(place)} for place, raw in some]
            done = self._batch("decrypt", key_id, batch)
            if any("error" in one for one in done):
                raise ContentDamaged(f"key {key_id}")
            out += [b64decode(one["plaintext"]) for one in done]
        return out

    def destroy(self, key_id: int) -> None:
        """See `KeyHolder.destroy`."""
        key = f"keys/{self._prefix}-{key_id}"
        if self._ask("get", key) is not None:
            self._ask("post", f"{key}/config", {"deletion_allowed": True})
            self._ask("delete", key)

    def make_signing(self, number: int) -> bytes:
        """See `KeyHolder.make_signing`."""
        return b64decode(self._made(f"sign-{number}", "ed25519")["keys"]["1"]["public_key"])

    def sign(self, number: int, message: bytes) -> bytes:
        """See `KeyHolder.sign`."""
        asked = {"input": _text(message), "key_version": 1}
        answer = self._there(self._ask("post", f"sign/{self._prefix}-sign-{number}", asked))
        return b64decode(answer["signature"].removeprefix(_VERSION))

    def _made(self, key: str, kind: str) -> dict[str, Any]:
        path = f"keys/{self._prefix}-{key}"
        self._ask("post", path, {"type": kind, "exportable": False, "allow_plaintext_backup": False})
        known = self._there(self._ask("get", path))
        if known["type"] != kind or known["exportable"] or known["allow_plaintext_backup"] or known["derived"]:
            raise KeyUnfit(self.name, f"{self._prefix}-{key}")
        return known

    def _batch(self, what: str, key_id: int, batch: list[dict[str, Any]]) -> list[dict[str, Any]]:
        asked = {"batch_input": batch, "partial_failure_response_code": 200}
        try:
            answer = self._there(self._ask("post", f"{what}/{self._prefix}-{key_id}", asked))
        except KeyHolderUnreachable as refusal:
            # Who may not make keys by encrypting is refused, rather than told that there is none.
            if refusal.reason == "refused":
                self._there(self._ask("get", f"keys/{self._prefix}-{key_id}"))
            raise
        done: list[dict[str, Any]] = answer["batch_results"]
        if len(done) != len(batch):
            raise KeyHolderUnreachable(self.name, "odd")
        return done

    def _there(self, answer: dict[str, Any] | None) -> dict[str, Any]:
        if answer is None:
            raise KeyHolderUnreachable(self.name, "missing")
        return answer

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """What the service answers under `data`; nothing where there is no such key.

        A refused token is read from its file once more: whoever looks after it may have put a new one there.
        """
        where = f"/v1/{self._mount}/{path}"
        try:
            try:
                return self._once(method, where, body)
            except _REFUSED:
                self._client = None
                return self._once(method, where, body)
        except _SEALED as exc:
            raise KeyHolderUnreachable(self.name, "sealed") from exc
        except _REFUSED as exc:
            raise KeyHolderUnreachable(self.name, "refused") from exc
        except requests.exceptions.SSLError as exc:
            raise KeyHolderUnreachable(self.name, "untrusted") from exc
        except requests.RequestException as exc:
            raise KeyHolderUnreachable(self.name, "away") from exc
        except said.VaultError as exc:
            raise KeyHolderUnreachable(self.name, "odd") from exc

    def _once(self, method: str, where: str, body: dict[str, Any] | None) -> Any:
        try:
            answer = getattr(self._connected().adapter, method)(where, **({"json": body} if body is not None else {}))
        except said.InvalidPath:
            return None
        except said.InvalidRequest as exc:
            if exc.errors and any("not found" in one for one in exc.errors):
                return None
            if isinstance(exc.json, dict) and exc.json.get("data"):  # every item of a batch is damaged
                return exc.json["data"]
            raise
        return answer.get("data") if isinstance(answer, dict) else {}

    def _connected(self) -> hvac.Client:
        """This process's connection, its token renewed when half its life is over."""
        if self._client is None or self._process != os.getpid():
            self._client, self._process = self._connect(), os.getpid()
            self._lives(self._client.auth.token.lookup_self()["data"], "ttl")
        if time.monotonic() > self._renew_at:
            self._lives(self._client.auth.token.renew_self()["auth"], "lease_duration")
        return self._client

    def _connect(self) -> hvac.Client:
        if self._ca and not Path(self._ca).is_file():
            raise KeySettingsWrong(f"{self._ca} 无法读取", f"{self._ca} cannot be read")
        session = requests.Session()
        session.trust_env = False  # no proxy and no certificate of the environment comes between
        session.verify = self._ca or True  # hvac takes it from here
        token = read_private(self._token_file)
        return hvac.Client(**self._where, token=token, session=session, timeout=SECONDS, allow_redirects=False)

    def _lives(self, token: dict[str, Any], seconds: str) -> None:
        left = token[seconds] if token["renewable"] else 0
        self._renew_at = time.monotonic() + left / 2 if left else float("inf")


def _portions(items: Sequence[tuple[bytes, bytes]]) -> Iterator[Sequence[tuple[bytes, bytes]]]:
    return (items[start : start + _ITEMS] for start in range(0, len(items), _ITEMS))


def _text(raw: bytes) -> str:
    return b64encode(raw).decode()
