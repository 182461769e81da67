"""Keys belong to the database: a folder with other keys reads nothing and writes nothing (assurance, row 11)."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection

import suyuan
from delivered import deliver, rows_of
from suyuan.installation import Installation, current
from suyuan.installation.model import write_private
from suyuan.ledger import sequencer, verify
from suyuan.vault import actions, errors, installed, keyfile
from suyuan.vault.keyfile import KeyFile
from world import World

Superuser = Callable[[], psycopg.Connection[Any]]
WITHOUT_COMPARING = """
import sys, django
from suyuan.vault import installed
installed.compare = lambda *given: None
django.setup()
from suyuan.ledger import actions
from suyuan.ledger.acts import Act
actions.append(actions.SYSTEM, Act.sign_in)
"""


def sequenced() -> None:
    """Give every waiting entry its place."""
    with psycopg.connect(current().database("sequencer"), autocommit=True) as connection:
        sequencer.run_once(connection)


def held_by(look: psycopg.Connection[Any]) -> dict[str, int]:
    """How many rows every table has."""
    names = look.execute("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'")
    counts = {}
    for (name,) in names.fetchall():
        row = look.execute(f"SELECT count(*) FROM {name}").fetchone()  # type: ignore[arg-type]
        counts[name] = int(row[0]) if row else 0
    return counts


@pytest.fixture
def second(installation: Installation, fresh_database: str, tmp_path: Path) -> Iterator[Installation]:
    """Another folder that was given the passwords of the database, and nothing else, as a careless second host is."""
    other = Installation.open(tmp_path / "second")
    for one in installation.secrets.glob("database-*"):
        shutil.copy(one, other.secrets / one.name)
    place = asdict(installation.place) | {"name": fresh_database, "embedded": False}
    write_private(other.secrets / "database.json", json.dumps(place))
    yield other


def suyuan_there(other: Installation, *words: str) -> tuple[int, str]:
    """A command in the other folder: exit code and what it said."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("SUYUAN_")}
    done = subprocess.run(
        [sys.executable, "-m", "suyuan", *words, "--data", str(other.data)],
        env=kept | {"SUYUAN_LANG": "en"}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.mark.clause("5.2.1")
@pytest.mark.parametrize("keys", ["none", "others"])
def test_a_second_folder_with_the_passwords_alone_is_refused(
    fresh_world: World, second: Installation, superuser: Superuser, keys: str
) -> None:
    """With no keys it makes none; with keys of its own no process starts; the log of the true host stays clean."""
    deliver(fresh_world.collector, "violation", rows_of("violation", 3))
    sequenced()
    look = superuser()
    before = held_by(look)
    if keys == "others":
        actions.create(second)
    commands = [["prepare"], ["serve", "--port", "1"], ["worker"], ["ledger", "verify"]]
    for words in commands:
        code, said = suyuan_there(second, *words)
        assert code != 0, said
        assert "Traceback" not in said, said
        if keys == "others":
            assert "The keys of this host are not those of the database" in said, (words, said)
        elif words == ["prepare"]:
            assert "makes no other keys" in said
    assert actions.key_path(second).exists() == (keys == "others")
    assert held_by(look) == before
    assert list(verify.verify()) == []


def test_without_the_comparison_the_second_folder_would_spoil_the_log(fresh_world: World, second: Installation) -> None:
    """The control: what the comparison keeps out is an entry bound under another key."""
    deliver(fresh_world.collector, "violation", rows_of("violation", 1))
    actions.create(second)
    kept = {key: value for key, value in os.environ.items() if not key.startswith("SUYUAN_")}
    environment = kept | {"SUYUAN_DATA": str(second.data), "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", WITHOUT_COMPARING], env=environment, check=True, timeout=60)
    sequenced()
    assert {one.code for one in verify.verify()} == {"ledger.entry_altered"}


@pytest.mark.parametrize("name", ["ledger", "blobs", "session", "terms.1 1", "identity 1", "key 1", "signing 1"])
def test_each_secret_is_compared(
    installation: Installation, fresh_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A folder that differs in any one secret is refused, and told which it is."""
    path = tmp_path / "keys.sealed"
    shutil.copy(actions.key_path(installation), path)
    file = KeyFile(path, installation.passphrase)
    installed.compare(installation, file)
    keyfile.create(tmp_path / "other.sealed", "other")
    other = KeyFile(tmp_path / "other.sealed", "other")
    kind = name.partition(" ")[0]

    def swap(body: dict[str, Any]) -> None:
        if kind in ("ledger", "blobs"):
            body["secrets"][kind] = other._body["secrets"][kind]
        elif kind in ("key", "signing"):
            body["keys" if kind == "key" else "signing"][0] = other._body["keys" if kind == "key" else "signing"][0]
        elif kind != "session":
            body["index"][kind][0] = other._body["index"][kind][0]

    file._change(swap)
    if kind == "session":
        monkeypatch.setattr(Installation, "secret_key", property(lambda _: "another"))
    with pytest.raises(errors.KeysOfAnother, match=name):
        installed.compare(installation, file)


@pytest.mark.usefixtures("own_keys")
@pytest.mark.parametrize("true", [True, False])
def test_an_older_database_takes_the_check_values_of_the_true_keys_only(
    fresh_world: World, installation: Installation, superuser: Superuser, tmp_path: Path, true: bool
) -> None:
    """A database of before has entries and knows no keys: the key under which they are bound is recorded, with an entry."""
    deliver(fresh_world.collector, "violation", rows_of("violation", 2))
    sequenced()
    attacker = superuser()
    attacker.execute("SET session_replication_role = replica")
    for table in ("vault_installation", "vault_check", "vault_generation", "vault_signing"):
        attacker.execute(f"DELETE FROM {table}")  # type: ignore[arg-type]
    attacker.execute("DELETE FROM ledger_entry WHERE false")
    if not true:
        actions.key_path(installation).unlink()
        actions.create(installation)
        with pytest.raises(errors.KeysOfAnother):
            installed.settle(installation)
        assert attacker.execute("SELECT count(*) FROM vault_check").fetchone() == (0,)
        return
    actions.provider.cache_clear()
    with pytest.raises(errors.InstallationUnnamed):
        actions.provider()
    installed.settle(installation)
    installed.enter()
    entered = attacker.execute("SELECT count(*) FROM ledger_entry WHERE detail->>'did' = 'name_installation'")
    assert entered.fetchone() == (1,)
    installed.settle(installation)
    installed.enter()
    deliver(fresh_world.collector, "violation", [row | {"notice_no": "N-2"} for row in rows_of("violation", 1)])
    sequenced()
    gone = {one.code for one in verify.verify()}
    assert gone <= {"row.missing"}  # the number that this test took away and that was entered before


def test_keys_are_made_for_an_empty_log_only(fresh_world: World, installation: Installation, own_keys: None) -> None:
    """A folder whose key file is gone is told so, and gets no other."""
    actions.key_path(installation).unlink()
    with pytest.raises(errors.KeysMissing):
        installed.settle(installation)
    assert not actions.key_path(installation).exists()


def test_the_database_learns_nothing_of_a_secret(fresh_world: World, installation: Installation) -> None:
    """No check value is a secret, begins with one or is its plain digest; the application can change none."""
    file = KeyFile(actions.key_path(installation), installation.passphrase)
    with psycopg.connect(installation.database("app"), autocommit=True) as app:
        stored = app.execute("SELECT secret, value FROM vault_check").fetchall()
        for name, value in stored:
            secret = {**file.secrets(), "session": installation.secret_key.encode()}[name]
            assert bytes(value) == installed.check_value(secret, name)
            assert bytes(value)[:8] not in secret
        for change in ("DELETE FROM vault_check", "UPDATE vault_generation SET state = 'retired'",
                       "UPDATE vault_signing SET public = public"):  # fmt: skip
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(change)  # type: ignore[arg-type]
    with psycopg.connect(installation.database("owner"), autocommit=True) as owner:
        for change in ("DELETE FROM vault_check", "UPDATE vault_signing SET since = 1",
                       "UPDATE vault_generation SET depth = 3", "UPDATE vault_generation SET state = 'retired'",
                       "DELETE FROM vault_generation"):  # fmt: skip
            with pytest.raises(psycopg.errors.CheckViolation):
                owner.execute(change)  # type: ignore[arg-type]
    connection.close()


def test_nobody_opens_a_key_file_without_comparing() -> None:
    """Key files are opened in the vault alone, and there by those who compare before they use what is in them."""
    opened = {}
    for path in Path(suyuan.__file__).parent.rglob("*.py"):
        calls = [one for one in ast.walk(ast.parse(path.read_text())) if isinstance(one, ast.Call)]
        names = [one.func.id if isinstance(one.func, ast.Name) else getattr(one.func, "attr", "") for one in calls]
        if "KeyFile" in names:
            opened[path.name] = [name for name in names if name in ("compare", "compare_with")]
    assert set(opened) == {"actions.py", "hosts.py", "installed.py", "run.py"}
    assert all(opened.values())
