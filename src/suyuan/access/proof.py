"""What proves to the database who acts (`sql/wall.sql`): a session, a token, a command's or a task's ticket.

A proof is a secret of its bearer; the database has its digest. This process holds one for as long as it answers one request,
runs one command or one job; outside of these nobody acts.
"""

from __future__ import annotations

import base64
import os
import pwd
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

import psycopg
from django.db import connection, transaction

from suyuan import catalog, formats
from suyuan.access.errors import Unproven
from suyuan.access.sign_in import sealed_factors, vaulted
from suyuan.access.sign_in.vaulted import Use
from suyuan.installation import current

_BYTES = 32
_held: ContextVar[bytes] = ContextVar("suyuan_proof", default=b"")


def held(person: int) -> bytes:
    """The proof that is held here and now; empty without one. Whose it is the database knows."""
    return _held.get()


@contextmanager
def holding(secret: bytes) -> Iterator[None]:
    """Act by this proof."""
    before = _held.set(secret)
    try:
        yield
    finally:
        _held.reset(before)


def fresh() -> bytes:
    """A new secret."""
    return secrets.token_bytes(_BYTES)


def digest(secret: bytes) -> bytes:
    """What the database keeps of a secret."""
    return sha256(secret).digest()


def ask(statement: str, values: Sequence[Any]) -> Any:
    """Run a statement whose values are secret: they are bound in the server, so that they stand in no text of a query.

    (Other connections of the same role see each other's queries.) Gives the first row, or None.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        return cursor.execute(statement, values).fetchone()


@contextmanager
def by_command(person: int) -> Iterator[None]:
    """Act for a person as a command does: the owner of the database lets whoever can read its password file.

    The ticket names the operating system's user, who stands in each entry, and ends with the command.
    """
    secret = fresh()
    ticket(person, secret)
    try:
        with holding(secret):
            yield
    finally:
        end(secret)


def ticket(person: int, secret: bytes) -> None:
    """Let the holder of a secret act for a person by command."""
    with psycopg.connect(current().database("owner"), autocommit=True) as owner:
        owner.execute("SELECT access_command_ticket(%s, %s, %s)", [person, os_user(), digest(secret)])


def os_user() -> str:
    """Whose process this is, by the system and not by its environment."""
    number = os.getuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def lives(secret: bytes) -> bool:
    """Whether a proof is worth anything now."""
    return bool(ask("SELECT access_lives(%s)", [secret])[0])


def end(secret: bytes) -> None:
    """End a proof: nobody acts by it any more."""
    if secret:
        ask("SELECT access_end_proof(%s)", [secret])


def task_ticket(job: str, person: int) -> str:
    """A ticket for a job that acts for the acting person under their ground, sealed by the vault for that job."""
    secret = fresh()
    with as_process():
        ask("SELECT access_task_ticket(%s, %s)", [job, digest(secret)])
    return base64.b64encode(vaulted.seal(Use.ticket, f"{job} {person}", secret.hex())).decode()


@contextmanager
def by_task(job: str, person: int, sealed: str) -> Iterator[None]:
    """Act by the ticket of a job; it ends when the job ends well, and stays for the next try when it does not."""
    secret = b""
    if sealed:
        secret = bytes.fromhex(vaulted.open_sealed(Use.ticket, f"{job} {person}", base64.b64decode(sealed)))
    with holding(secret):
        yield
    end(secret)


class Oneself(NamedTuple):
    """Somebody who acts for themselves alone: about their account, under no ground."""

    person: int
    account: int | None
    channel: str
    os_user: str
    ground: int = 0
    agency: int = 0

    @property
    def through(self) -> dict[str, str]:
        """What an entry says of the way in."""
        return through(self.channel, self.os_user)


def through(channel: str, os_user: str) -> dict[str, str]:
    """What an entry says of the way somebody came in, where it was no page."""
    if channel == "session":
        return {}
    return {"channel": channel} | ({"os_user": os_user} if os_user else {})


@contextmanager
def oneself() -> Iterator[Oneself]:
    """One transaction as the person whose proof is held, for what belongs to their account. Raises `Unproven`."""
    with transaction.atomic():
        row = ask("SELECT person, account, channel, os_user FROM access_be(%s)", [_held.get()])
        if row is None:
            raise Unproven
        yield Oneself(*row)


def be(account: int) -> bool:
    """Be the person of an account for the rest of the transaction: by what is held, else by a voucher of this process.

    False for an account that is closed.
    """
    if ask("SELECT access_account_now()", [])[0] == account:
        return True
    row = ask("SELECT account FROM access_be(%s)", [_held.get()])
    if row is None or row[0] != account:
        secret = open_by_voucher(account)
        row = ask("SELECT account FROM access_be(%s)", [secret])
        end(secret)
    return row is not None and row[0] == account


def open_by_password(account: int, shown: str) -> bytes:
    """Open a session with what Argon2 made of the typed password; empty where it is not the password."""
    secret = fresh()
    with as_process():
        [opened] = ask("SELECT access_open_session(%s, %s, %s)", [account, shown, digest(secret)])
    return secret if opened else b""


def open_by_voucher(account: int) -> bytes:
    """Open a session for whom this process has checked itself: by a passkey, or by the agency's provider."""
    secret = fresh()
    said = f"session {account} {digest(secret).hex()}"
    [opened] = ask("SELECT access_vouch_session(%s, %s, %s, %s)", [account, digest(secret), *voucher(said)])
    return secret if opened else b""


@contextmanager
def as_process(*, durable: bool = False) -> Iterator[None]:
    """One transaction in which this process acts for itself: at the door and by the clock, where nobody acts.

    Whoever acts in it already goes on acting. Raises `Unproven` where its voucher is worth nothing.
    """
    with transaction.atomic(durable=durable):
        [before] = ask("SELECT coalesce(current_setting('suyuan.process', true), '')", [])
        be_process()
        yield
        ask("SELECT set_config('suyuan.process', %s, true)", [before])


def be_process() -> None:
    """See `as_process`: for the rest of the transaction."""
    [connected] = ask("SELECT pg_backend_pid()", [])
    if not ask("SELECT access_be_process(%s, %s)", voucher(f"process {connected}"))[0]:
        raise Unproven


def voucher(said: str) -> tuple[int, bytes]:
    """The moment by the database's clock, and this process's code over it and what it says. Raises `Unproven`."""
    row = ask("SELECT extract(epoch FROM clock_timestamp())::bigint, sealed FROM access_voucher", [])
    if row is None:
        raise Unproven
    at, key = int(row[0]), bytes.fromhex(_voucher_key(bytes(row[1])))
    return at, formats.voucher(said, at, key)


@lru_cache(maxsize=8)
def _voucher_key(sealed: bytes) -> str:
    return vaulted.open_sealed(Use.voucher, "", sealed)


def settle() -> None:
    """What the owner settles at each start: the types that are about nobody, and the key of vouchers.

    The vault seals the key for the processes. A key that was sealed before each use had a purpose of its own is made anew, and
    with it, this once, the second factors of that folder are sealed for their rows.
    """
    with psycopg.connect(current().database("owner")) as owner:
        owner.execute("UPDATE access_open_types SET types = %s", [",".join(catalog.current().open_types)])
        row = owner.execute("SELECT sealed FROM access_voucher FOR UPDATE").fetchone()
        if row is not None and vaulted.opens(Use.voucher, "", bytes(row[0])):
            return
        if row is not None and vaulted.opened_of_old(bytes(row[0])):
            sealed_factors.seal_anew(owner)
        key = secrets.token_bytes(128)
        owner.execute(
            """INSERT INTO access_voucher (key, sealed) VALUES (%s, %s)
               ON CONFLICT (only_one) DO UPDATE SET (key, sealed) = (excluded.key, excluded.sealed)
               WHERE access_voucher.sealed = %s""",
            [key, vaulted.seal(Use.voucher, "", key.hex()), row[0] if row else b""],
        )
