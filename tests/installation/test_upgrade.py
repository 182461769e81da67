"""An older data folder goes on in this version: its tables, its log and what it holds."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import requests

from schema import fingerprint
from served import serving
from suyuan.installation import Installation
from suyuan.installation.postgres import Server
from suyuan.installation.roles import prepare_embedded
from suyuan.installation.serving import make_folder, server_used

RELEASES = Path(__file__).parents[1] / "data" / "releases"
SETTINGS = {"fsync": "off", "shared_buffers": "32MB"}


@dataclass
class Upgraded:
    """An older data folder, restored and brought to this version."""

    installation: Installation

    def suyuan(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs a command on it."""
        environment = {k: v for k, v in os.environ.items() if k != "SUYUAN_DATABASE"}
        return subprocess.run(
            [sys.executable, "-m", "suyuan", *arguments, "--data", str(self.installation.data)],
            env=environment | {"SUYUAN_LANG": "en", "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    def password(self, username: str) -> str:
        """Returns the password of one of the demonstration's accounts."""
        lines = (self.installation.secrets / "accounts.txt").read_text().splitlines()
        return dict(line.split("\t")[:2] for line in lines)[username]

    def database(self) -> psycopg.Connection[tuple[object, ...]]:
        """Connects as the administrator."""
        return psycopg.connect(self.installation.database("admin"), autocommit=True)


@pytest.fixture(scope="module", params=sorted(p.name for p in RELEASES.iterdir() if p.is_dir()))
def upgraded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upgraded]:
    """The folder of each kept version, as `suyuan prepare` leaves it."""
    kept, data = RELEASES / request.param, tmp_path_factory.mktemp("older") / "data"
    shutil.copytree(kept, data, ignore=shutil.ignore_patterns("database.dump"))
    (data / "demonstration-loaded").touch()
    server = Server(Installation.open(data), extra=SETTINGS)
    server.make()
    with server_used(server.installation, server):
        make_folder(server.installation)  # closes it to others again, as it was: a clone keeps no modes
        prepare_embedded(server.installation)
        restore(server, kept / "database.dump")
        folder = Upgraded(server.installation)
        done = folder.suyuan("prepare")
        assert done.returncode == 0, done.stderr
        yield folder


def restore(server: Server, dump: Path) -> None:
    """Loads a dump into the empty database, as the administrator."""
    admin = server.installation.parts("admin")
    command = [server.program("pg_restore"), "--exit-on-error", "--single-transaction", "-d", admin["dbname"]]
    place = ["-h", admin["host"], "-p", admin["port"], "-U", admin["user"]]
    with dump.open("rb") as file:
        subprocess.run([*command, *place], stdin=file, env=os.environ | {"PGPASSWORD": admin["password"]}, check=True)


def test_an_upgraded_folder_is_made_like_a_new_one(
    upgraded: Upgraded, database: str, installation: Installation
) -> None:
    """Columns, constraints, indexes, triggers, policies, functions and all rights are the same."""
    with upgraded.database() as older, psycopg.connect(installation.database("admin")) as new:
        assert fingerprint(older) ^ fingerprint(new) == set()


@pytest.mark.parametrize(
    "change",
    [
        "GRANT SELECT ON access_person TO PUBLIC",
        "ALTER TABLE records_record DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE access_person ADD COLUMN forgotten text",
        "ALTER FUNCTION access_sealed(text) VOLATILE",
    ],
)
def test_a_fingerprint_tells_what_was_changed(upgraded: Upgraded, change: str) -> None:
    """One right, one policy, one column or one property of a function more is seen."""
    with upgraded.database() as older, older.transaction(force_rollback=True):
        before = fingerprint(older)
        older.execute(change)  # type: ignore[arg-type]
        assert fingerprint(older) != before


@pytest.mark.clause("7.2.1")
def test_the_log_of_an_older_folder_verifies(upgraded: Upgraded) -> None:
    """Every entry made by the earlier version is found as it was, and whatever the upgrade wrote has its entry."""
    done = upgraded.suyuan("ledger", "verify")
    assert (done.returncode, "clean" in done.stdout) == (0, True), done.stdout + done.stderr


def test_the_doctor_finds_nothing_after_an_upgrade(upgraded: Upgraded) -> None:
    """Roles, rights, keys and catalog are what this version asks for."""
    done = upgraded.suyuan("doctor")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_person_of_an_older_folder_signs_in_and_opens_a_record(upgraded: Upgraded) -> None:
    """The password of then opens the door, and the content is deciphered with the keys of then."""
    database = upgraded.installation.place.name
    with serving(upgraded.installation, database) as served, requests.Session() as browser:
        browser.trust_env = False
        where = f"http://127.0.0.1:{served.port}"
        browser.get(f"{where}/sign-in/", timeout=30)
        form = {"login": "first", "password": upgraded.password("first")}
        token = {"csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        browser.post(f"{where}/sign-in/", form | token, timeout=30)
        desk = browser.get(f"{where}/", timeout=30)
        assert desk.status_code == 200
        batch = re.search(r'href="(/review/[^"]+)"', desk.text)
        assert batch
        page = browser.get(where + batch[1], timeout=30)
    assert "停放在路边的电动自行车一辆被盗" in page.text
