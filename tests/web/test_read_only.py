"""A database that takes no writing, as a standby does: nobody is shown a bare fault, and nothing is served from it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.db import connections
from django.test import Client

from program import Program
from suyuan.installation import Installation
from world import PASSWORD, World, signed_in

WORDS = ("只读", "read-only")


@contextmanager
def turned(installation: Installation, name: str, setting: str) -> Iterator[None]:
    """The database as it is after a fail-over that left us at the standby: sessions end, new ones meet the setting."""
    with psycopg.connect(installation.database("admin"), autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {name} {setting}".encode())
        try:
            connections.close_all()
            yield
        finally:
            connections.close_all()
            admin.execute("SET default_transaction_read_only = off")
            admin.execute(f"ALTER DATABASE {name} RESET ALL".encode())


READ_ONLY = "SET default_transaction_read_only = on"


def test_a_page_of_a_read_only_database_says_so(
    fresh_world: World, installation: Installation, fresh_database: str
) -> None:
    """503 with words and a time to try again: for whoever is signed in, at signing in, and for a program."""
    browser = signed_in(fresh_world.colleague.username, raise_request_exception=False)
    program = Program.of(fresh_world.colleague)
    assert browser.get("/").status_code == 200
    stranger = Client(raise_request_exception=False)
    named = {"login": fresh_world.colleague.username, "password": PASSWORD}
    with turned(installation, fresh_database, READ_ONLY):
        for response in (browser.get("/"), stranger.post("/sign-in/", named), program.get("grounds")):
            assert response.status_code == 503
            assert any(word in response.content.decode() for word in WORDS)
            assert response["Retry-After"] == "30"
    assert browser.get("/").status_code == 200


def test_another_fault_is_still_a_fault(
    fresh_world: World, installation: Installation, fresh_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: what is not the database's state stays a 500."""
    browser = signed_in(fresh_world.colleague.username, raise_request_exception=False)
    with psycopg.connect(installation.database("owner"), autocommit=True) as owner:
        owner.execute("ALTER TABLE django_session RENAME TO django_session_away")
    assert browser.get("/").status_code == 500


def test_a_command_says_so_in_words(fresh_world: World, installation: Installation, fresh_database: str) -> None:
    """Writing commands and the start refuse with exit code 2 and without a traceback; `doctor` finds it."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "suyuan", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    with turned(installation, fresh_database, READ_ONLY):
        for arguments in (("prepare",), ("vault", "rotate", "--as", fresh_world.custodian.username)):
            done = run(*arguments)
            assert done.returncode == 2, done.stderr
            assert any(word in done.stderr for word in WORDS)
            assert "Traceback" not in done.stderr
        told = run("doctor", "--json")
    assert "SY015" in told.stdout


def test_a_database_that_is_gone_is_said_in_words(
    fresh_world: World, installation: Installation, fresh_database: str
) -> None:
    """Pages answer 503 while nobody may connect, and go on afterwards."""
    browser = signed_in(fresh_world.colleague.username, raise_request_exception=False)
    with psycopg.connect(installation.database("admin"), autocommit=True, dbname="postgres") as admin:
        admin.execute(f"ALTER DATABASE {fresh_database} ALLOW_CONNECTIONS false".encode())
        connections.close_all()
        response = browser.get("/")
        admin.execute(f"ALTER DATABASE {fresh_database} ALLOW_CONNECTIONS true".encode())
    assert response.status_code == 503
    assert "没有应答" in response.content.decode()
    assert browser.get("/").status_code == 200
