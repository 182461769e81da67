"""Proofs for tests that act without signing in: a session that the owner opens for each person, once a database.

Whatever holds a proof of its own (a request, a call with a token, a command, a job) acts by that one and gets none here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from django.conf import settings
from django.http import HttpRequest
from django.test import Client

from suyuan.access import proof
from suyuan.access.models import Account
from suyuan.access.sign_in import store
from suyuan.installation import current

T = TypeVar("T")
_tickets: dict[tuple[str, int], bytes] = {}


def of(person: int) -> bytes:
    """A live proof of somebody's: a session of theirs, or a command's ticket for whoever has no account."""
    key = (current().place.name, person)
    if key not in _tickets or not proof.lives(_tickets[key]):
        secret = proof.fresh()
        if not _opened("person = %s AND is_active LIMIT 1", person, secret):
            proof.ticket(person, secret)
        _tickets[key] = secret
    return _tickets[key]


def _held(person: int) -> bytes:
    held = proof._held.get(None)
    return of(person) if held is None else held


def install() -> None:
    """Let whoever acts outside of a request have a proof."""
    proof.held = _held
    Client._set_login_cookies = _cookies  # type: ignore[attr-defined]
    Client.session = property(_session)  # type: ignore[assignment, method-assign]


def _cookies(self: Client, request: HttpRequest) -> None:
    """What Django's own does, with what a browser holds instead of the key of the table."""
    self.cookies[settings.SESSION_COOKIE_NAME] = request.session.cookie  # type: ignore[attr-defined]


def _session(self: Client) -> store.SessionStore:
    cookie = self.cookies.get(settings.SESSION_COOKIE_NAME)
    if cookie and cookie.value:
        return store.SessionStore.of_cookie(cookie.value)
    made = store.SessionStore()
    made.save()
    self.cookies[settings.SESSION_COOKIE_NAME] = made.cookie
    return made


def session(username: str) -> bytes:
    """The proof of a session of an account, as a password opens it."""
    secret = proof.fresh()
    assert _opened("username = %s", username, secret)
    return secret


def _opened(which: str, value: object, secret: bytes) -> bool:
    with psycopg.connect(current().database("owner"), autocommit=True) as owner:
        made = owner.execute(
            f"SELECT access_make_session(id, %s, 'password') FROM access_account WHERE {which}",
            [proof.digest(secret), value],
        ).fetchone()
    return bool(made and made[0])


@contextmanager
def in_session(username: str) -> Iterator[Account]:
    """Somebody signed in, for what belongs to their account."""
    with proof.holding(session(username)):
        yield Account.objects.get(username=username)


def be_process(raw: psycopg.Connection[Any]) -> None:
    """A connection's transaction is this process's own: it shows a voucher for that connection."""
    [connected] = raw.execute("SELECT pg_backend_pid()").fetchone() or (0,)
    assert raw.execute("SELECT access_be_process(%s, %s)", proof.voucher(f"process {connected}")).fetchone() == (True,)


def by_process(call: Callable[[], T]) -> T:
    """What the process itself is told, by the clock say."""
    with proof.as_process():
        return call()
