"""Changing the generations of keys, wherever they lie: announcing, making current, retiring, destroying."""

from __future__ import annotations

from suyuan.vault import custodians, keyfile, ring
from suyuan.vault.actions import provider
from suyuan.vault.ring import Generation


def levels() -> list[int]:
    """Levels that have keys."""
    return sorted({one.level for one in provider().ring()})


def retiring(level: int) -> Generation | None:
    """The generation that a level's records are being taken out of, if one is."""
    return ring.retiring(provider().ring(), level)


def announce(level: int, suite: str | None = None, holder: str | None = None) -> int:
    """Make a level's next key known, under the suite and holder of the current one unless told; gives its number.

    Raises `RotationUnfinished`, `VaultSealed`, `NoCustodians`, `LevelRefused`.
    """
    keys = provider()
    now = keys.generation(keys.current_key(level))
    if level == custodians.LEVEL:
        return keys.agent.announce(keys.next_number(), suite or now.suite)
    return keys.file.announce(keys.next_number(), suite or now.suite, holder or keyfile.HOLDER).id


def promote(level: int, key_id: int) -> None:
    """New records of a level lie under this key from now on; those under the one before are to follow."""
    if level == custodians.LEVEL:
        provider().agent.promote(key_id)
    else:
        provider().file.promote(key_id)


def move(one: Generation, state: str) -> None:
    """Say that a generation is "retired", or "destroyed", which forgets its key."""
    if one.level == custodians.LEVEL:
        provider().agent.move(one.id, state)
    else:
        provider().file.move(one.id, state)
