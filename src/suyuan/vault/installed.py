"""Which installation a database is, and whether the keys of this host are that installation's.

The database holds a check value of every secret: a keyed digest, of use only to whoever has the secret. Each process
compares before its first act, so that a folder with other keys neither reads nor writes anything. Keys are made only
for a database whose log is empty and that names no installation yet.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import psycopg
from django.db import connection, transaction

from suyuan.formats import check_value, entry_code
from suyuan.installation import Installation
from suyuan.installation.migrate import Notice
from suyuan.ledger import actions as ledger
from suyuan.ledger.acts import Act
from suyuan.ledger.entries import encode
from suyuan.ledger.sequencer import entry_of
from suyuan.vault import custodians, errors
from suyuan.vault.agent import custodians_path
from suyuan.vault.book import SQL
from suyuan.vault.keyfile import KeyFile

BASE = ("ledger", "blobs", "session", "terms.1 1", "identity 1", "key 1")  # what every host has from the first day
Connection = psycopg.Connection[tuple[Any, ...]]


def check_values(here: Installation, file: KeyFile) -> dict[str, bytes]:
    """The check values of every secret that this host holds, by the secret's name."""
    secrets = file.secrets() | {"session": here.secret_key.encode()}
    return {name: check_value(secret, name) for name, secret in secrets.items()}


def compare(here: Installation, file: KeyFile) -> None:
    """Hold this host's keys against the database. Nothing is read or written before.

    Raises `InstallationUnnamed`, `KeysOfAnother`.
    """
    with psycopg.connect(here.database("app")) as database:
        compare_with(database, here, file)


def compare_with(database: Connection, here: Installation, file: KeyFile) -> None:
    """See `compare`."""
    if not _known(database):
        raise errors.InstallationUnnamed
    differ = differing(dict(database.execute(SQL["checks"]).fetchall()), check_values(here, file))
    file.set_aside(name for name in differ if name not in BASE)
    differ = [name for name in differ if name in BASE]
    signing = {row[0]: bytes(row[4]) for row in database.execute(SQL["signing"]).fetchall()}
    differ += [f"signing {one.number}" for one in file.signing() if signing.get(one.number, one.public) != one.public]
    if differ:
        raise errors.KeysOfAnother(sorted(differ))


def differing(known: Mapping[str, bytes], mine: Mapping[str, bytes]) -> list[str]:
    """Names of secrets that are not what the database knows; a later one that it does not know was never used."""
    return [
        name
        for name, value in mine.items()
        if not hmac.compare_digest(bytes(known.get(name, b"" if name in BASE[:3] else value)), value)
    ]


def settle(here: Installation, notice: Notice = lambda zh, en: None) -> None:
    """Bring keys and database together before anything is served: compare, or write down what the database does not know.

    Keys are made only for an empty log in a database that knows none.
    Raises `KeysMissing`, `KeysOfAnother`.
    """
    from suyuan.vault import actions

    path = actions.key_path(here)
    with psycopg.connect(here.database("owner")) as database:
        database.execute(SQL["alone"])
        known = _known(database)
        if not path.exists():
            if known or _one(database, "entries"):
                raise errors.KeysMissing(path)
            notice("正在生成密钥…", "Making the keys…")
            actions.create(here)
        file = KeyFile(path, here.passphrase)
        if known:
            compare_with(database, here, file)
        else:
            _true(database, file)
            _write(database, here, file)
        database.execute(SQL["teller"], {"key": file.teller()})


def enter() -> None:
    """Give the installation its number, entered in the ledger; the first entry of an empty log takes it with the rest."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(SQL["name"])
        named = cursor.rowcount == 1
        cursor.execute(SQL["entries"])
        if named and cursor.fetchone()[0]:
            ledger.append(ledger.SYSTEM, Act.custody, detail={"did": "name_installation"}, changes=True)


def _known(database: Connection) -> bool:
    return bool(_one(database, "ready")) and bool(_one(database, "known"))


def _true(database: Connection, file: KeyFile) -> None:
    """A log that is there must be bound under this key; one entry may have been altered, all of them not.

    Raises `KeysOfAnother`.
    """
    found = [entry_of(row) for row in database.execute(SQL["some_entries"]).fetchall()]
    if found and not any(
        hmac.compare_digest(entry_code(encode(one), file.secret("ledger")), mac) for one, mac in found
    ):
        raise errors.KeysOfAnother(["ledger"])


def _write(database: Connection, here: Installation, file: KeyFile) -> None:
    """Write down check values, generations and signing keys as this host's files have them."""
    for name, value in check_values(here, file).items():
        database.execute(SQL["add_check"], {"secret": name, "value": value})
    second = custodians_path(here.data)
    held = custodians.generations(custodians.read(second)) if second.exists() else []
    for one in [*file.ring(), *held]:
        database.execute(SQL["add_generation"], asdict(one))
    for key in file.signing():
        database.execute(SQL["add_signing"], key._asdict())


def _one(database: Connection, name: str) -> Any:
    row: Sequence[Any] | None = database.execute(SQL[name]).fetchone()
    return row[0] if row else None
