"""What all tests stand on: a real PostgreSQL in a temporary folder, one migrated template, a clone of it per module.

All workers of a parallel run share one server, whose folder is chosen here before Django reads its settings. With
SUYUAN_TEST_SERVER, the DATABASE_URL of an administrator who may make databases, that server is used instead.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import django
import hypothesis
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from suyuan.installation import Installation, own, use
from suyuan.installation.model import PREFIX, ROLES, Place, write_private
from suyuan.installation.postgres import PORT, Server
from suyuan.installation.serving import server_used
from witnessed import by_database

pytest_plugins = ["world"]

TEMPLATE = "suyuan_template"
# How long an example takes says something of the machine, nothing of the product.
hypothesis.settings.register_profile("suyuan", deadline=None)
hypothesis.settings.load_profile("suyuan")
# Nobody pulls the plug of a test machine: a killed process loses nothing without fsync.
SETTINGS = {"fsync": "off", "full_page_writes": "off", "max_connections": "200", "max_wal_size": "4GB"}

if "SUYUAN_TEST_DATA" not in os.environ:
    os.environ["SUYUAN_TEST_DATA"] = tempfile.mkdtemp(prefix="suyuan-test-")
    os.environ["SUYUAN_TEST_FIRST"] = str(os.getpid())
_installation = Installation.open(Path(os.environ["SUYUAN_TEST_DATA"]))
_server = Server(_installation, extra=SETTINGS)
use(_installation)
_own = own.parameters(os.environ["SUYUAN_TEST_SERVER"]) if "SUYUAN_TEST_SERVER" in os.environ else None
_place = Place(host=str(_server.socket_folder), port=PORT, name=TEMPLATE)
if _own:
    _rest = {k: v for k, v in _own.items() if k not in ("host", "port", "dbname", "user", "password")}
    _roles = os.environ.get("SUYUAN_ROLES", PREFIX)
    _place = Place(_own["host"], _own["port"], TEMPLATE, _own["user"], False, _roles, _rest)
if not _installation.exists:
    _installation.place_database(_place)
os.environ.pop("SUYUAN_DATABASE", None)
os.environ.pop("DATABASE_URL", None)
os.environ["DJANGO_SETTINGS_MODULE"] = "suyuan.web.settings"
django.setup()
by_database()
import tickets  # noqa: E402 - after the settings

tickets.install()


def pytest_unconfigure(config: pytest.Config) -> None:
    """The first process of the run takes the server down and the folder away."""
    if os.environ.get("SUYUAN_TEST_FIRST") == str(os.getpid()):
        if _server.cluster.exists():
            _server.stop()
        shutil.rmtree(_installation.data)


@pytest.fixture(scope="session")
def installation(django_db_blocker: object) -> Iterator[Installation]:
    """An installation with its server running, its keys made and its template database migrated."""
    from pytest_django.plugin import DjangoDbBlocker

    assert isinstance(django_db_blocker, DjangoDbBlocker)
    with _running(), django_db_blocker.unblock():
        with _one_at_a_time():
            _prepare()
        yield _installation


@pytest.fixture(scope="module")
def database(installation: Installation) -> Iterator[str]:
    """A fresh clone of the migrated template, reached as the application role; commits are real. Gives its name."""
    with _clone() as name:
        yield name


@pytest.fixture
def fresh_database(installation: Installation) -> Iterator[str]:
    """The same for one test alone."""
    with _clone() as name:
        yield name


@pytest.fixture
def superuser(installation: Installation) -> Iterator[Callable[[], psycopg.Connection[tuple[object, ...]]]]:
    """Makes autocommit connections of the server's superuser to the test's database, for attacks."""
    opened: list[psycopg.Connection[tuple[object, ...]]] = []

    def connect() -> psycopg.Connection[tuple[object, ...]]:
        opened.append(psycopg.connect(installation.database("admin"), autocommit=True))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


@contextmanager
def _running() -> Iterator[None]:
    """The server, counted as used, so that a command that a test starts does not stop it when it ends."""
    if _own:
        yield
        return
    with _one_at_a_time():
        if not _server.cluster.exists():
            _server.make()
            _installation.place_database(_place)
    with server_used(_installation, _server):
        yield


def _prepare() -> None:
    """Roles, template and keys; whatever an earlier worker made is used."""
    from suyuan.access import proof
    from suyuan.installation.migrate import migrate
    from suyuan.installation.roles import prepare_embedded, prepare_own
    from suyuan.vault import installed

    done = _installation.data / "template-ready"
    if not done.exists():
        if _own:
            write_private(_installation.secrets / "database-admin", _own["password"])
            _on_server("CREATE DATABASE {}", TEMPLATE)
            prepare_own(_installation, make_conninfo("", **_own | {"dbname": TEMPLATE}))
        else:
            prepare_embedded(_installation)
        _point_at(TEMPLATE)
        migrate()
        installed.settle(_installation)
        installed.enter()
        proof.settle()
        _point_at(TEMPLATE)  # nobody is connected to what is to be cloned
        done.touch()


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    with (_installation.data / "prepare.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _clone() -> Iterator[str]:
    before = os.environ.get("SUYUAN_DATABASE")
    assert before or not _connected(), "a fixture used the template before the test's database was there"
    name = f"test_{secrets.token_hex(6)}"
    place = _installation.place
    owner, app, sequencer = (place.role(role) for role in ROLES)
    # On a server of one's own the administrator owns the database, not the owner of what is in it.
    whose = place.admin if _own else owner
    _on_server("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy OWNER {}", name, TEMPLATE, whose)
    _on_server("REVOKE ALL ON DATABASE {} FROM PUBLIC", name)
    _on_server("GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {} TO {}", name, owner)
    _on_server("GRANT CONNECT ON DATABASE {} TO {}", name, app)
    _on_server("GRANT CONNECT ON DATABASE {} TO {}", name, sequencer)
    _point_at(name)
    keys = _keys()
    try:
        yield name
        assert _keys() == keys, "these tests changed the keys that all tests share: they need `own_keys`"
    finally:
        _point_at(before)
        _on_server("DROP DATABASE {} WITH (FORCE)", name)


def _keys() -> bytes:
    return (_installation.data / "vault" / "keys.sealed").read_bytes()


def _connected() -> bool:
    from django.db import connections

    return any(connections[alias].connection is not None for alias in ("default", "owner"))


def _on_server(statement: str, *names: str) -> None:
    with psycopg.connect(make_conninfo(_installation.database("admin"), dbname="postgres"), autocommit=True) as server:
        server.execute(sql.SQL(statement).format(*(sql.Identifier(name) for name in names)))  # type: ignore[arg-type]


def _point_at(name: str | None) -> None:
    """Let Django and the installation of this process, and the processes it starts, use that database."""
    from django.db import connections

    connections.close_all()
    if name is None:
        os.environ.pop("SUYUAN_DATABASE", None)
    else:
        os.environ["SUYUAN_DATABASE"] = name
    for alias in ("default", "owner"):
        connections.settings[alias]["NAME"] = name or TEMPLATE
        connections[alias].settings_dict["NAME"] = name or TEMPLATE
