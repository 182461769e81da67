"""Where keys may lie that are not in the key file: a transit service or a PKCS#11 token, by name.

The environment variable `SUYUAN_KEYS` names a JSON file that says where they are. It holds no secret: the service's
token and the PIN lie in files of their own that only their owner reads. See docs/keys.md.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from suyuan.errors import SuyuanError
from suyuan.vault.errors import KeyHolderUnreachable, KeySettingsWrong
from suyuan.vault.suites import NONCE, TAG

SECONDS = 3.0  # without any progress, after which a call is given up
SUITE = "aes-256-gcm"
OWN = ("file", "custodians")  # names of the places that need no settings
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


class KeyHolder(Protocol):
    """Holds key-encryption keys and signing keys, and uses them itself: no call gives one away.

    Every call raises `KeyHolderUnreachable` when the holder is away, sealed, refuses or lacks the key; what hangs is
    given up after `SECONDS`.
    """

    name: str

    def make(self, key_id: int, suite: str) -> None:
        """Make a wrapping key; one that is there already stays. Raises `SuiteNotHeld`, `KeyUnfit`."""

    def wrap(self, key_id: int, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """See `KeyProvider.wrap`. A result is nonce, ciphertext and tag, as under the key file."""

    def unwrap(self, key_id: int, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """See `KeyProvider.unwrap`. Raises `ContentDamaged`."""

    def destroy(self, key_id: int) -> None:
        """Destroy a wrapping key for good; one that is not there is no error."""

    def make_signing(self, number: int) -> bytes:
        """Make an Ed25519 key, unless it is there; its public half (32 bytes). Raises `KeyUnfit`."""

    def sign(self, number: int, message: bytes) -> bytes:
        """Ed25519 signature (64 bytes, RFC 8032)."""


def holder(name: str) -> KeyHolder:
    """The holder of that name. Raises `KeySettingsWrong` when the settings name none."""
    found = holders()
    if name not in found:
        raise KeySettingsWrong(f"没有名为 {name} 的密钥存放处", f"it names no holder {name}")
    return found[name]


@cache
def holders() -> dict[str, KeyHolder]:
    """Every holder that the settings name; none without settings. Raises `KeySettingsWrong`."""
    place = os.environ.get("SUYUAN_KEYS")
    return _read(Path(place)) if place else {}


def trouble(one: KeyHolder) -> SuyuanError | None:
    """What keeps a holder from being used, if anything does: asked for a key that never is, it says that it has none."""
    try:
        one.unwrap(0, [(b"", bytes(NONCE + TAG))])
    except KeyHolderUnreachable as exc:
        return None if exc.reason == "missing" else exc
    except KeySettingsWrong as exc:
        return exc
    return None


def _read(path: Path) -> dict[str, KeyHolder]:
    try:
        told = json.loads(path.read_text())
        installation, named = told["installation"], dict(told["holders"])
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise KeySettingsWrong("文件无法读取，或缺少 installation、holders",
                               "the file cannot be read, or lacks installation or holders") from exc  # fmt: skip
    if taken := set(named).intersection(OWN):
        raise KeySettingsWrong(f"名称 {min(taken)} 另有所指", f"the name {min(taken)} means another place")
    for name in (installation, *named):
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise KeySettingsWrong(f"名称 {name!r} 只能用小写字母、数字和连字符",
                                   f"the name {name!r} may have small letters, digits and hyphens only")  # fmt: skip
    return {name: _open(name, f"suyuan-{installation}", settings) for name, settings in named.items()}


def _open(name: str, prefix: str, settings: Any) -> KeyHolder:
    from suyuan.vault.token import Token
    from suyuan.vault.transit import Transit

    kinds: dict[object, type[Transit | Token]] = {"transit": Transit, "pkcs11": Token}
    told = dict(settings) if isinstance(settings, dict) else {}
    kind = kinds.get(told.pop("kind", None))
    if kind is None:
        raise KeySettingsWrong(f"{name} 的 kind 应为 transit 或 pkcs11", f"the kind of {name} is transit or pkcs11")
    try:
        return kind(name, prefix, **told)
    except TypeError as exc:
        raise KeySettingsWrong(
            f"{name} 的设置项多余、缺少或不合格式", f"{name} has a setting too many, too few or malformed"
        ) from exc


def read_private(path: Path) -> str:
    """A token or PIN from its file. Raises `KeySettingsWrong` unless the file is there and its owner's alone."""
    try:
        status = path.stat()
        text = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise KeySettingsWrong(f"{path} 无法读取", f"{path} cannot be read") from exc
    if status.st_mode & 0o077 or status.st_uid != os.geteuid():
        raise KeySettingsWrong(f"{path} 他人也能读取；请执行 chmod 600，属主为运行服务的账号",
                               f"others can read {path}: chmod 600, owned by the account that serves")  # fmt: skip
    if not text:
        raise KeySettingsWrong(f"{path} 是空的", f"{path} is empty")
    return text
