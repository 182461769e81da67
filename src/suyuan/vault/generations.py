"""Changing the generations of keys, wherever they lie: announcing, making current, retiring, destroying."""

from __future__ import annotations

from suyuan.vault import custodians, keyfile, ring
from suyuan.vault.actions import provider
from suyuan.vault.holder import holder
from suyuan.vault.ring import Generation


def levels() -> list[int]:
    """Levels that have keys."""
    return sorted({one.level for one in provider().ring()})


def retiring(level: int) -> Generation | None:
    """The generation that a level's records are being taken out of, if one is."""
    return ring.retiring(provider().ring(), level)


def announce(level: int, suite: str | None = None, place: str | None = None) -> int:
    """Make a level's next key known, of the suite and in the place of the current one unless told; gives its number.

    Args:
        level: 1, or 2, whose keys stay with its custodians.
        suite: name of the cipher.
        place: "file", or the name of a holder, where the key is made first.

    Raises `RotationUnfinished`, `VaultSealed`, `NoCustodians`, `LevelRefused`, and for a holder `SuiteNotHeld`,
    `KeyHolderUnreachable`, `KeySettingsWrong`, `KeyUnfit`.
    """
    keys = provider()
    now = keys.generation(keys.current_key(level))
    if level == custodians.LEVEL:
        return keys.agent.announce(keys.next_number(), suite or now.suite)
    suite, place, number = suite or now.suite, place or now.holder, keys.next_number()
    if place != keyfile.HOLDER:
        holder(place).make(number, suite)
    return keys.file.announce(number, suite, place).id


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
        if state == "destroyed" and one.holder != keyfile.HOLDER:
            holder(one.holder).destroy(one.id)
        provider().file.move(one.id, state)
