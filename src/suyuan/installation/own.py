"""A server of one's own: what DATABASE_URL says, and what it takes to trust the way there.

Every libpq parameter is kept as it was given. To another machine the connection is encrypted and the server's certificate
is checked (`verify-full`), unless the person wrote another `sslmode`.
"""

from __future__ import annotations

import ipaddress
import os
import re

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from suyuan.installation.errors import DatabaseUnencrypted, DatabaseUnreachable, PrefixUnfit, PrefixWritten
from suyuan.installation.model import PREFIX, Installation, Place

CHECKED = "verify-full"
ANSWER_SECONDS = "10"  # for a person who waits at the terminal
HOST_SECONDS = "5"  # a host that is gone must not keep the next one waiting
_PREFIX = re.compile(r"(?!pg_)[a-z][a-z0-9_]{0,39}")
_OF_TLS = ("SSL", "certificate", "TLS")

Connection = psycopg.Connection[tuple[object, ...]]


def parameters(url: str) -> dict[str, str]:
    """Returns libpq's parameters of DATABASE_URL, with what a server elsewhere and a choice of hosts need by default."""
    try:
        given = {keyword: str(value) for keyword, value in conninfo_to_dict(url).items() if value is not None}
    except psycopg.ProgrammingError as error:
        raise DatabaseUnreachable("DATABASE_URL", str(error).strip()) from error
    if not _tls_chosen(given) and elsewhere(_hosts(given)):
        given["sslmode"] = CHECKED
    if "," in _hosts(given):
        given = {"target_session_attrs": "read-write", "connect_timeout": HOST_SECONDS} | given
    return given


def elsewhere(hosts: str) -> list[str]:
    """Returns those of the hosts (commas between them) that are neither a socket of this machine nor its loopback."""
    return [host for host in hosts.split(",") if not _local(host.strip())]


def connect(given: dict[str, str]) -> Connection:
    """An autocommit connection, or a message about what to check."""
    where = _hosts(given) or "localhost"
    try:
        told = make_conninfo("", **{"connect_timeout": ANSWER_SECONDS} | given)
        connection = psycopg.connect(told, autocommit=True)
    except psycopg.OperationalError as error:
        said = str(error).strip().splitlines()
        if given.get("sslmode") == CHECKED and any(word in str(error) for word in _OF_TLS):
            raise DatabaseUnencrypted(where, said[0]) from error
        raise DatabaseUnreachable(where, said[-1]) from error
    if not _tls_chosen(given) and (host := unchecked(connection)):  # it stood in a service file
        connection.close()
        raise DatabaseUnencrypted(host, "sslmode")
    return connection


def unchecked(connection: Connection) -> str:
    """Returns the host of a connection to another machine that does not check the server's certificate, or nothing."""
    info = connection.info
    told = info.get_parameters().get("sslmode", "")
    return "" if told == CHECKED or not elsewhere(info.host) else info.host


def place(given: dict[str, str], connection: Connection, roles: str) -> Place:
    """Returns the place to write down: the hosts as they were given, not the one that happened to answer."""
    info = connection.info
    rest = {k: v for k, v in given.items() if k not in ("host", "port", "dbname", "user", "password")}
    in_file = "service" in given
    return Place(
        host=given.get("host") or ("" if in_file or "hostaddr" in given else info.host),
        port=given.get("port") or ("" if in_file else str(info.port)),
        name=info.dbname,
        admin=info.user,
        embedded=False,
        roles=roles,
        parameters=rest,
    )


def prefix(installation: Installation) -> str:
    """Returns what the roles' names begin with: as written down at the first start, else SUYUAN_ROLES, else `suyuan`."""
    wanted = os.environ.get("SUYUAN_ROLES", "")
    if wanted and not _PREFIX.fullmatch(wanted):
        raise PrefixUnfit(wanted)
    if not installation.exists or installation.place.embedded:
        return wanted or PREFIX
    if wanted and wanted != installation.roles:
        raise PrefixWritten(wanted, installation.roles)
    return installation.roles


def _hosts(given: dict[str, str]) -> str:
    """The names that the certificate must bear; an address alone stands for itself."""
    return given.get("host") or given.get("hostaddr") or ("" if "service" in given else os.environ.get("PGHOST", ""))


def _tls_chosen(given: dict[str, str]) -> bool:
    return bool(given.get("sslmode") or os.environ.get("PGSSLMODE"))


def _local(host: str) -> bool:
    if not host or host.startswith(("/", "@")) or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
