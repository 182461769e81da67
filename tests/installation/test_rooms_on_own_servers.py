"""The rooms' own tests, a part that goes through all of them, run once on each server of one's own.

Deliveries, imports, three reviews, what is hidden, searching and the renewal of keys: on the embedded server they run with
everything else; here a second run of pytest stands on Debian's server over TLS, with roles of another beginning, and on
a newer one, as an administrator who is no superuser made them.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from own_servers import serving

ROOT = Path(__file__).parents[2]
ALL = (
    "tests/review/test_three_reviews.py",
    "tests/records/test_reading.py",
    "tests/collection/test_imports.py::test_a_rejected_child_returns_its_whole_row",
    "tests/collection/test_imports.py::test_shipped_mappings_take_in_their_sources",
    "tests/vault/test_rotation.py::test_the_commands_renew_and_list",
)
SOME = (ALL[1], ALL[-1])
LEFT = (
    "DJANGO_SETTINGS_MODULE",
    "SUYUAN_TEST_DATA",
    "SUYUAN_TEST_FIRST",
    "SUYUAN_DATA",
    "SUYUAN_DATABASE",
    "PYTEST_XDIST_WORKER",
)


def passed(url: str, *tests: str, **environment: str) -> int:
    """How many of the tests passed on that server; none may fail."""
    told = {name: value for name, value in os.environ.items() if name not in LEFT} | environment
    arguments = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=ROOT,
        env=told | {"SUYUAN_TEST_SERVER": url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    found = re.search(r"(\d+) passed", done.stdout)
    return int(found[1]) if found else 0


def test_rooms_hold_on_debians_server_over_tls_with_roles_of_another_beginning() -> None:
    """All of the part. No role of the usual names exists there, so a name that was missed would have failed.

    What stays behind shows that it was that server: the template, with functions and policies that name no such role.
    """
    with serving("debian") as server:
        url = server.far(sslrootcert=str(server.authority))
        assert passed(url, *ALL, SUYUAN_ROLES="west_city") > 30
        with server.root("suyuan_template") as root:
            names = root.execute("SELECT rolname FROM pg_roles WHERE rolname ~ '_(app|owner|sequencer)$'").fetchall()
            assert {name for (name,) in names} == {
                "pg_database_owner", "west_city_app", "west_city_owner", "west_city_sequencer",
            }  # fmt: skip
            assert usual(root) == []
            root.execute("CREATE FUNCTION missed() RETURNS text LANGUAGE sql AS $$ SELECT 'suyuan_app' $$")
            assert usual(root) == ["missed"]


def usual(root: psycopg.Connection[tuple[object, ...]]) -> list[object]:
    """Functions whose body names a role as it is called by default: the last place where one could hide."""
    asked = r"SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosrc ~ 'suyuan_(app|owner|sequencer)\M'"
    return [name for (name,) in root.execute(asked).fetchall()]


def test_rooms_hold_on_a_newer_server() -> None:
    """A few of them: the newer server is the embedded one's version, but its administrator is no superuser."""
    with serving("newer") as server:
        assert passed(server.url(), *SOME) == 6


def test_a_room_that_breaks_is_seen() -> None:
    """The control: a server on which the part cannot stand fails the run, so passing says something."""
    with serving("newer") as server:
        with server.root() as root:
            root.execute("ALTER ROLE dba NOCREATEDB")
        with pytest.raises(AssertionError, match="permission denied to create database"):
            passed(server.url(), *SOME)
