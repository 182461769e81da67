"""Changing the generations of keys: announcing, making current, retiring, destroying, for every host of the database.

The database says what holds; the key file of each host has the keys. A key is in the file of the host that makes it before
the database knows it, and becomes current once every running host has it too.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import psycopg

from suyuan.installation import current
from suyuan.vault import custodians, hosts, installed, keyfile, ring
from suyuan.vault.actions import provider
from suyuan.vault.book import SQL
from suyuan.vault.errors import HostsBehind
from suyuan.vault.holder import holder
from suyuan.vault.ring import Generation
from suyuan.vault.signing import SigningKey

Owner = psycopg.Connection[tuple[Any, ...]]


def levels() -> list[int]:
    """Levels that have keys."""
    return sorted({one.level for one in provider().ring()})


def retiring(level: int) -> Generation | None:
    """The generation that a level's records are being taken out of, if one is."""
    return ring.retiring(provider().ring(), level)


def waiting(level: int) -> Generation | None:
    """The generation that becomes current once every running host has it, if one is made."""
    return ring.waiting(provider().ring(), level)


def announce(level: int, suite: str | None = None, place: str | None = None) -> int:
    """Make a level's next key known, of the suite and in the place of the current one unless told; gives its number.

    Args:
        level: 1, or 2, whose keys stay with its custodians.
        suite: name of the cipher.
        place: "file", or the name of a holder, where the key is made first.

    Raises `RotationUnfinished`, `VaultSealed`, `NoCustodians`, `LevelRefused`, `GenerationMissing`, and for a holder
    `SuiteNotHeld`, `KeyHolderUnreachable`, `KeySettingsWrong`, `KeyUnfit`.
    """
    keys = provider()
    with _alone() as owner:
        now = keys.generation(keys.current_key(level))
        place = custodians.HOLDER if level == custodians.LEVEL else place or now.holder
        coming = ring.announced(keys.ring(), level, keys.next_number(), suite or now.suite, place)
        if ring.waiting(keys.ring(), level):
            keys.must_hold(coming)  # made here or taken up: it is made once
            return coming.id
        _make(coming)
        owner.execute(SQL["add_generation"], asdict(coming))
        _tell_checks(owner)
        _send(owner, coming)
    hosts.announce_here()
    return coming.id


def promote(level: int, key_id: int, switch: str, seconds: float = 0.0) -> None:
    """New records of a level lie under this key from now on; those under the one before are to follow.

    Args:
        switch: the statement that waits until nobody else writes, and keeps others from it for the moment.
        seconds: how long to wait for running hosts that do not have the key yet.

    Raises `HostsBehind`.
    """
    wait_for_hosts(_parcel_of(provider().generation(key_id)), seconds)
    with _alone() as owner:
        owner.execute(switch)
        before = ring.current(provider().ring(), level)
        if before is not None and before.id != key_id:
            owner.execute(SQL["move"], {"id": before.id, "state": "retiring"})
        owner.execute(SQL["move"], {"id": key_id, "state": "current"})


def move(one: Generation, state: str) -> None:
    """Say that a generation is "retired", or "destroyed", which forgets its key, here at once and soon on every host.

    Raises `HostsBehind` where a running host does not have the key that is current now.
    """
    if state == "retired":
        now = ring.current(provider().ring(), one.level)
        wait_for_hosts(_parcel_of(now) if now else "", 0)
    else:
        _forget(one)
    with _alone() as owner:
        owner.execute(SQL["move"], {"id": one.id, "state": state})


def wait_for_hosts(name: str, seconds: float) -> None:
    """Until every running host has told that it holds a key ("key 3"), or raise `HostsBehind` when the time is over."""
    until = time.monotonic() + seconds
    while behind := hosts.behind(name):
        if time.monotonic() >= until:
            raise HostsBehind(behind)
        time.sleep(0.2)


def next_signing(since: int, place: str | None = None) -> SigningKey:
    """Renew the signing key; the caller holds the lock under which no checkpoint is made. See `Provider.next_signing`.

    A host that does not have the new key signs nothing until it has it: no checkpoint is by an old key.
    """
    made = provider().next_signing(since, place)
    with _alone() as owner:
        owner.execute(SQL["add_signing"], made._asdict())
        hosts.send(owner, f"signing {made.number}", provider().file.parcel(f"signing {made.number}"))
    provider().file.confirm_signing(made.number)
    hosts.announce_here()
    return made


def custodians_changed(first: Generation | None = None) -> None:
    """Let other hosts have the file of custodians as it is here now; `first` is the generation they begin with."""
    with _alone() as owner:
        if first is not None:
            owner.execute(SQL["add_generation"], asdict(first))
        _send_custodians(owner)
    hosts.announce_here()


def _make(coming: Generation) -> None:
    if coming.level == custodians.LEVEL:
        provider().agent.hold(coming.id, coming.suite, coming.depth)
        return
    if coming.holder != keyfile.HOLDER:
        holder(coming.holder).make(coming.id, coming.suite)
    provider().file.hold(coming)


def _forget(one: Generation) -> None:
    if one.level == custodians.LEVEL:
        provider().agent.forget(one.id)
        custodians_changed()
        return
    if one.holder != keyfile.HOLDER:
        holder(one.holder).destroy(one.id)
    provider().file.forget(one.id)


def _tell_checks(owner: Owner) -> None:
    """Check values of what was made; one that the database has stays."""
    known = {name for name, _ in owner.execute(SQL["checks"]).fetchall()}
    for name, value in installed.check_values(current(), provider().file).items():
        if name not in known:
            owner.execute(SQL["add_check"], {"secret": name, "value": value})


def _send(owner: Owner, coming: Generation) -> None:
    if coming.level == custodians.LEVEL:
        _send_custodians(owner)
    else:
        hosts.send(owner, _parcel_of(coming), provider().file.parcel(_parcel_of(coming)))


def _send_custodians(owner: Owner) -> None:
    keys = provider()
    text = keys.agent.path.read_bytes()
    name = hosts.custodians_name(text)
    owner.execute(SQL["only_newest"], {"name": name})
    hosts.send(owner, name, keys.file.sealed_for_hosts(name, text))


def _parcel_of(one: Generation) -> str:
    """What hosts call it when they tell what they hold."""
    return f"key {one.id}"


@contextmanager
def _alone() -> Iterator[Owner]:
    """The owner of the schema, while nobody else changes the ring."""
    with psycopg.connect(current().database("owner")) as owner:
        owner.execute(SQL["alone"])
        yield owner
