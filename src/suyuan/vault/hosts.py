"""Hosts that work on one database: each tells what it holds and takes up what another has made.

What it tells is of use only for waiting: a host that told too much refuses where it lacks a key, and one that is silent is
waited for no longer. The agent of a host does it, every two seconds, without Django.
"""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from suyuan import formats
from suyuan.errors import SuyuanError
from suyuan.installation import Installation, current
from suyuan.vault import custodians, installed
from suyuan.vault.agent import Client, custodians_path
from suyuan.vault.book import SQL, Rows, read_ring, read_signing
from suyuan.vault.errors import HostLive
from suyuan.vault.keyfile import KeyFile

log = logging.getLogger(__name__)
BEAT = 2.0  # seconds between two tellings; a host is given up after 20 without (`vault_live`)
Connection = psycopg.Connection[tuple[Any, ...]]


class Host(NamedTuple):
    """One host as the database knows it. `ago` is seconds since it told; `level2` is "none", "sealed" or "open"."""

    host: str
    name: str
    ago: int
    live: bool
    stopped: bool
    holds: list[str]
    level2: str


def known() -> list[Host]:
    """Every host that is not struck off."""
    with psycopg.connect(current().database("app")) as database:
        return [Host(*row) for row in database.execute(SQL["hosts"]).fetchall()]


def behind(name: str) -> list[str]:
    """Names of the running hosts that do not hold a key ("key 3", "signing 2") yet."""
    return [one.name for one in known() if one.live and name not in one.holds]


def here_id(here: Installation) -> str:
    """By which this host is known: a copy of its folder elsewhere is another one."""
    machine = Path("/etc/machine-id")
    parts = (socket.gethostname(), machine.read_text().strip() if machine.exists() else "", str(here.data.resolve()))
    return sha256("\n".join(parts).encode()).hexdigest()[:16]


def custodians_name(text: bytes) -> str:
    """What hosts call a file of custodians, by its digest."""
    return f"custodians {sha256(text).hexdigest()[:16]}"


def holds(database: Connection, here: Installation, file: KeyFile) -> list[str]:
    """Names of what this host can use, of the keys that the database knows: another of the same number is not it."""
    second = custodians_path(here.data)
    signing = {one.number: one.public for one in read_signing(_rows(database))}
    mine, found = file.held(), set()
    if second.exists():
        text = second.read_bytes()
        found.add(custodians_name(text))
        mine |= {one.id for one in custodians.generations(custodians.checked(text.decode()))}
    found |= {f"key {one.id}" for one in read_ring(_rows(database)) if one.id in mine}
    found |= {f"signing {number}" for number, public in file.signing_held().items() if signing.get(number) == public}
    return sorted(found)


def _rows(database: Connection) -> Rows:
    return lambda statement: database.execute(statement).fetchall()


def send(owner: Connection, name: str, sealed: bytes) -> None:
    """Leave a key for the other hosts that are known; nothing where there is none."""
    if owner.execute(SQL["others"], {"host": here_id(current())}).fetchone() == (True,):
        owner.execute(SQL["send"], {"name": name, "sealed": sealed})


def announce_here() -> None:
    """Tell at once what this host holds now, and clear away what every host has."""
    from suyuan.vault.actions import provider

    here = current()
    with psycopg.connect(here.database("owner")) as owner:
        owner.execute(SQL["holds"], {"host": here_id(here), "holds": holds(owner, here, provider().file)})
        owner.execute(SQL["delivered"])


def strike(host: str) -> None:
    """Forget a host that is silent. Raises `HostLive`."""
    with psycopg.connect(current().database("owner")) as owner:
        if owner.execute(SQL["strike"], {"host": host}).rowcount != 1:
            raise HostLive(host)
        owner.execute(SQL["delivered"])


def tell(database: Connection, file: KeyFile, what: dict[str, Any]) -> None:
    """Tell of this host, with its code over what is told: the application role alone tells nothing."""
    said, key = json.dumps(what), file.teller()
    at = int(_rows(database)(SQL["clock"])[0][0])
    database.execute(SQL["tell"], {"said": said, "at": at, "code": formats.telling(said, at, key)})


class Beat:
    """What this host tells and takes up, again and again, on one connection."""

    def __init__(self, here: Installation) -> None:
        from suyuan.vault.actions import key_path

        self._here, self._agent = here, Client(here.data)
        self._file: KeyFile | None = None
        self._path = key_path(here)
        self._database: Connection | None = None
        self._holds: list[str] = []

    def once(self) -> None:
        """Take up what is there, then tell. Raises as `installed.compare`, and what the database raises."""
        if self._file is None:
            self._file = KeyFile(self._path, self._here.passphrase)
        if self._database is None or self._database.closed:
            self._database = psycopg.connect(self._here.database("app"), autocommit=True)
        installed.compare_with(self._database, self._here, self._file)
        self._take_up(self._database, self._file)
        told = self._agent.status()
        level2 = "open" if told.open else "sealed" if told.appointed else "none"
        self._holds = holds(self._database, self._here, self._file)
        tell(self._database, self._file, self._said(level2))

    def end(self) -> None:
        """Say that this host has stopped."""
        if self._database is not None and self._file is not None and not self._database.closed:
            tell(self._database, self._file, self._said("none", stopped=True))
            self._database.close()

    def _said(self, level2: str, *, stopped: bool = False) -> dict[str, Any]:
        name = f"{socket.gethostname()}:{self._here.data}"
        return {"host": here_id(self._here), "name": name, "holds": self._holds, "level2": level2, "stopped": stopped}

    def _take_up(self, database: Connection, file: KeyFile) -> None:
        mine = set(holds(database, self._here, file))
        for name, sealed in database.execute(SQL["parcels"]).fetchall():
            if name in mine:
                continue
            if name.startswith("custodians "):
                self._agent.take_up(file.opened_from_hosts(name, bytes(sealed)).decode())
            else:
                file.take_up(name, bytes(sealed))
        for one in read_ring(_rows(database)):
            if one.state == "destroyed" and one.level == 1:
                file.forget(one.id)


@contextmanager
def beating(here: Installation) -> Iterator[None]:
    """Tell and take up in a thread until left, whatever the database does meanwhile."""
    stop, beat = threading.Event(), Beat(here)
    thread = threading.Thread(target=_beat_until, args=[stop, beat], name="hosts", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)


def _beat_until(stop: threading.Event, beat: Beat) -> None:
    said = ""
    while not stop.is_set():
        try:
            beat.once()
            said = ""
        except (SuyuanError, psycopg.Error, OSError) as exc:
            if said != type(exc).__name__:  # once, not every two seconds
                said = type(exc).__name__
                log.warning(
                    "This host cannot tell what it holds (%s).", exc.code if isinstance(exc, SuyuanError) else said
                )
        stop.wait(BEAT)
    try:
        beat.end()
    except psycopg.Error:
        return


def carried(here: Installation) -> dict[str, str]:
    """Everything another host needs to have the keys of this one, each part sealed as it lies here."""
    from suyuan.vault.actions import provider

    file, second = provider().file, custodians_path(here.data)
    parts = {"keys": file.carried()}
    if second.exists():
        parts["custodians"] = file.sealed_for_hosts("carried", second.read_bytes()).hex()
    return parts


def receive(here: Installation, parts: dict[str, str]) -> Sequence[str]:
    """Take up what was carried here; gives what this host holds now. Raises `ParcelWrong`, `KeysOfAnother`."""
    from suyuan.vault.actions import key_path

    file = KeyFile(key_path(here), here.passphrase)
    installed.compare(here, file)
    file.receive(parts["keys"])
    installed.compare(here, file)
    with psycopg.connect(here.database("app")) as database:
        if "custodians" in parts:
            text = file.opened_from_hosts("carried", bytes.fromhex(parts["custodians"])).decode()
            if custodians_name(text.encode()) not in holds(database, here, file):
                _custodians_received(Client(here.data), text)
        return holds(database, here, file)


def _custodians_received(client: Client, text: str) -> None:
    from suyuan.vault.custodians import Custody
    from suyuan.vault.errors import NoAgent

    try:
        client.take_up(text)
    except NoAgent:
        Custody(client.path).take_up(text)
