"""The vault's two calls that signing in needs. The room of access lies below the vault, which hands them in at start.

Each use has a purpose of its own, and each value its place: what is moved to another place, or to another use, opens nowhere.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from suyuan.errors import SuyuanError

_calls: dict[str, Callable[[str, bytes, bytes], bytes]] = {}
_OLD = "factor"  # the one purpose of everything before each use had its own; its place was empty


class Use(StrEnum):
    """What is sealed, which is the purpose that the vault binds it to. Each is named with what its place is."""

    session = "way in: session"  # the digest of its key
    ticket = "way in: ticket"  # its job, its person
    voucher = "way in: voucher"  # empty: there is one
    factor = "way in: factor"  # its account, its type


def give(seal_: Callable[[str, bytes, bytes], bytes], open_: Callable[[str, bytes, bytes], bytes]) -> None:
    """Called once by the vault as it starts."""
    _calls.update(seal=seal_, open=open_)


def seal(use: Use, place: str, text: str) -> bytes:
    """Encrypt a text for one use, at one place."""
    return _calls["seal"](use.value, place.encode(), text.encode())


def open_sealed(use: Use, place: str, sealed: bytes) -> str:
    """Undo `seal`. Raises `ContentDamaged`."""
    return _calls["open"](use.value, place.encode(), sealed).decode()


def opens(use: Use, place: str, sealed: bytes) -> bool:
    """Whether something was sealed for this use, at this place."""
    try:
        open_sealed(use, place, sealed)
    except SuyuanError:
        return False
    return True


def opened_of_old(sealed: bytes) -> str:
    """What was sealed when all uses shared one purpose; empty for anything else. For `proof.settle` alone."""
    try:
        return _calls["open"](_OLD, b"", sealed).decode()
    except SuyuanError:
        return ""
