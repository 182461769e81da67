"""The vault's two calls that second factors need. The room of access lies below the vault, which hands them in at start."""

from __future__ import annotations

from collections.abc import Callable

_calls: dict[str, Callable[[bytes], bytes]] = {}


def give(seal_: Callable[[bytes], bytes], open_: Callable[[bytes], bytes]) -> None:
    """Called once by the vault as it starts."""
    _calls.update(seal=seal_, open=open_)


def seal(text: str) -> bytes:
    """Encrypt a shared secret."""
    return _calls["seal"](text.encode())


def open_sealed(sealed: bytes) -> str:
    """Undo `seal`. Raises `ContentDamaged`."""
    return _calls["open"](sealed).decode()
