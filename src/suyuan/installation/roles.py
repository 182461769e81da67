"""The three database roles: who they are, and how they are made in an embedded or an own server.

suyuan_owner owns everything and runs migrations; suyuan_app serves and owns nothing; suyuan_sequencer folds the ledger.
None is a superuser. On a server of one's own the administrator in DATABASE_URL makes them once; it is not kept.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from suyuan.installation.errors import DatabaseUnreachable, RolesTaken, VersionUnknown
from suyuan.installation.model import ROLES, Installation, Place
from suyuan.installation.sql import statements

FIRST_SAFE_MINOR = {15: 14, 16: 10, 17: 6}  # the fix of CVE-2025-8713
WANTED = "15.14+, 16.10+, 17.6+, 18+"


def check_version(number: int, where: str) -> None:
    """Refuse a server before the fix of CVE-2025-8713.

    Args:
        number: `server_version_num`, for example 170006 for 17.6.
        where: what to call the server in the message.
    """
    major, minor = divmod(number, 10000)
    if major < min(FIRST_SAFE_MINOR) or minor < FIRST_SAFE_MINOR.get(major, 0):
        raise VersionUnknown(where, f"{major}.{minor}", WANTED)


def connect(conninfo: str, where: str) -> psycopg.Connection[tuple[object, ...]]:
    """An autocommit connection, or a message about what to check."""
    try:
        return psycopg.connect(conninfo, autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as error:
        raise DatabaseUnreachable(where, str(error).strip().splitlines()[-1]) from error


def prepare_embedded(installation: Installation) -> None:
    """Roles and database in the embedded server; does nothing when they are there."""
    place = installation.place
    admin = make_conninfo(installation.database("admin"), dbname="postgres")
    with connect(admin, "embedded") as server:
        _make_roles(server, installation)
        make_database(server, place.name)
    with connect(installation.database("admin"), "embedded") as database:
        _close_database(database, place.name)


def prepare_own(installation: Installation, url: str) -> None:
    """Roles in the database that DATABASE_URL names, by the administrator that it names; writes down the place."""
    where = urlsplit(url).hostname or "localhost"
    try:
        given = conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        raise DatabaseUnreachable("DATABASE_URL", str(error).strip()) from error
    with connect(url, where) as database:
        check_version(database.info.server_version, where)
        _make_roles(database, installation)
        for role in ROLES:
            database.execute(_filled("join", role=sql.Identifier(f"suyuan_{role}")))
        _close_database(database, database.info.dbname)
        info = database.info
        installation.place_database(
            Place(
                host=info.host,
                port=info.port,
                name=info.dbname,
                sslmode=str(given.get("sslmode", "prefer")),
                admin=info.user,
                embedded=False,
            )
        )


def _make_roles(server: psycopg.Connection[tuple[object, ...]], installation: Installation) -> None:
    present = {row[0] for row in server.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'suyuan\\_%'")}
    for role in ROLES:
        if f"suyuan_{role}" in present and (installation.secrets / f"database-{role}").exists():
            continue
        if f"suyuan_{role}" in present:
            raise RolesTaken(f"suyuan_{role}")
        password = sql.Literal(installation.secret(f"database-{role}"))
        server.execute(_filled("create", role=sql.Identifier(f"suyuan_{role}"), password=password))
    server.execute(_filled("plans"))


def make_database(server: psycopg.Connection[tuple[object, ...]], name: str) -> None:
    """A database of the owner role, unless it is there."""
    if server.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
        server.execute(_filled("database", database=sql.Identifier(name)))


def _close_database(database: psycopg.Connection[tuple[object, ...]], name: str) -> None:
    database.execute(_filled("close_database", database=sql.Identifier(name)))


_SQL = statements("installation", "roles")


def _filled(name: str, **values: sql.Composable) -> sql.Composed:
    return sql.SQL(_SQL[name]).format(**values)
