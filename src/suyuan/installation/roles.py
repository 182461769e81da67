"""The three database roles: who they are, and how they are made in an embedded or an own server.

suyuan_owner owns everything and runs migrations; suyuan_app serves and owns nothing; suyuan_sequencer folds the ledger.
None is a superuser. On a server of one's own the administrator in DATABASE_URL makes them once, and gives them later what
they lack; it is not kept. Several installations on one server differ in what the names begin with (SUYUAN_ROLES).
"""

from __future__ import annotations

import psycopg
from psycopg import sql

from suyuan.installation import own, serverlog
from suyuan.installation.errors import AdministratorLacks, RolesTaken, VersionUnknown
from suyuan.installation.model import ROLES, Installation
from suyuan.installation.sql import statements

Connection = psycopg.Connection[tuple[object, ...]]

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


def prepare_embedded(installation: Installation) -> None:
    """Roles and database in the embedded server; does nothing when they are there."""
    place = installation.place
    admin = installation.parts("admin")
    with own.connect(admin | {"dbname": "postgres"}) as server:
        _make_roles(server, installation, place.roles)
        make_database(server, place.name, place.roles)
    with own.connect(admin) as database:
        _close_database(database, place.name, place.roles)


def prepare_own(installation: Installation, url: str) -> None:
    """Roles in the database that DATABASE_URL names, by the administrator that it names; writes down the place."""
    given = own.parameters(url)
    prefix = own.prefix(installation)
    with own.connect(given) as database:
        check_version(database.info.server_version, database.info.host)
        try:
            _make_roles(database, installation, prefix)
            for role in ROLES:
                database.execute(_filled("join", prefix, role=sql.Identifier(f"{prefix}_{role}")))
            _close_database(database, database.info.dbname, prefix)
        except psycopg.errors.InsufficientPrivilege as error:
            raise AdministratorLacks(database.info.user, str(error).strip().splitlines()[0]) from error
        installation.place_database(own.place(given, database, prefix))
        serverlog.silence(installation, database)


def _make_roles(server: Connection, installation: Installation, prefix: str) -> None:
    names = {role: f"{prefix}_{role}" for role in ROLES}
    asked = "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)"
    present = {row[0] for row in server.execute(asked, [[*names.values()]])}
    for role, name in names.items():
        if name in present and (installation.secrets / f"database-{role}").exists():
            continue
        if name in present:
            raise RolesTaken(name)
        password = verifier(server, name, installation.secret(f"database-{role}"))
        server.execute(_filled("create", prefix, role=sql.Identifier(name), password=sql.Literal(password)))
    server.execute(_filled("plans", prefix))


def verifier(server: Connection, name: str, password: str) -> str:
    """Returns what the server keeps of a password (SCRAM), so that no statement and no log ever holds the password."""
    return server.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()


def make_database(server: Connection, name: str, prefix: str) -> None:
    """A database of the owner role, unless it is there."""
    if server.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
        server.execute(_filled("database", prefix, database=sql.Identifier(name)))


def _close_database(database: Connection, name: str, prefix: str) -> None:
    database.execute(_filled("close_database", prefix, database=sql.Identifier(name)))


def _filled(name: str, prefix: str, **values: sql.Composable) -> sql.Composed:
    return sql.SQL(statements("installation", "roles", prefix)[name]).format(**values)
