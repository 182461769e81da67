"""Signing in with a password: five wrong tries in fifteen minutes lock, and the answer is always the same.

Tries are counted by where they come from, so that an outsider cannot lock somebody else out: a browser in which the
account has signed in before carries a signed mark and has a count of its own; what comes without a mark is counted by
address, and all of it together (a guesser may have many addresses).
Source: OWASP, "Slow Down Online Guessing Attacks with Device Cookies".
"""

from __future__ import annotations

import secrets
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.core import signing
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse

from suyuan.access.models import Account

TRIES = 5
TRIES_UNKNOWN = 20  # from all addresses together, without a mark
WINDOW_MINUTES = 15
COOKIE = "suyuan_device"
_COOKIE_DAYS = 180
_MOST = 8  # accounts that one browser remembers


class LockingBackend(ModelBackend):
    """The password backend behind the lock. The count lies in the database, so a restart does not clear it."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> Account | None:
        """The account, or None: for a wrong password, an unknown name, a locked and an idle account alike."""
        name, source = (username or "")[:60], source_of(request, username or "")
        # The password is checked even while locked: the time it takes tells nothing either.
        account = super().authenticate(request, username=name, password=password, **kwargs)
        if locked(name, source):
            return None
        if account is None:
            _execute("INSERT INTO access_try (username, source) VALUES (%s, %s)", name, source)
        else:
            _execute("DELETE FROM access_try WHERE username = %s AND source = %s", name, source)
        return account

    def user_can_authenticate(self, user: Account | None) -> bool:  # type: ignore[override]
        """Active, and not idle for too long: who was away for 90 days is disabled on the way in, if not before."""
        disable_idle()
        return user is not None and Account.objects.filter(pk=user.pk, is_active=True).exists()


def source_of(request: HttpRequest | None, username: str) -> str:
    """Where a try comes from: the mark of a browser that knows the account, else the peer's address."""
    if request is None:
        return "local"
    mark = _mark(request)
    if username in mark.get("known", []):
        return f"device {mark['id']}"
    return f"address {request.META.get('REMOTE_ADDR', '')}"


def locked(username: str, source: str) -> bool:
    """Whether too many wrong tries came from a source in the window, or from all unknown ones together."""
    mine, unknown = _tries(username, source)
    return mine >= TRIES or (source.startswith("address ") and unknown >= TRIES_UNKNOWN)


def guessed_from(username: str, source: str) -> bool:
    """Whether too many wrong tries came from this very source: what others try elsewhere does not count."""
    return _tries(username, source)[0] >= TRIES


def _tries(username: str, source: str) -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*) FILTER (WHERE source = %s), count(*) FILTER (WHERE source LIKE 'address %%') FROM access_try
               WHERE username = %s AND at > now() - make_interval(mins => %s)""",
            [source, username, WINDOW_MINUTES],
        )
        mine, unknown = cursor.fetchone()
    return int(mine), int(unknown)


def remember(request: HttpRequest, response: HttpResponse, username: str) -> None:
    """Mark the browser as one in which the account has signed in."""
    mark = _mark(request)
    known = [name for name in mark.get("known", []) if name != username]
    value = {"id": mark.get("id") or secrets.token_hex(8), "known": [*known, username][-_MOST:]}
    response.set_cookie(
        COOKIE, signing.dumps(value, salt=COOKIE), max_age=_COOKIE_DAYS * 86_400, httponly=True, samesite="Strict",
        secure=request.is_secure(),
    )  # fmt: skip


def disable_idle() -> int:
    """Disable the accounts that nobody has signed in with for 90 days; each is entered in the ledger. Gives how many."""
    from suyuan.ledger import actions as ledger
    from suyuan.ledger.acts import Act

    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM access_disable_idle()")
            people = [person for (person,) in cursor.fetchall()]
        for person in people:
            ledger.append(
                ledger.SYSTEM, Act.administer, detail={"done": "disable_idle", "person": person}, changes=True
            )
    return len(people)


def _mark(request: HttpRequest) -> dict[str, Any]:
    try:
        found: dict[str, Any] = signing.loads(
            request.COOKIES.get(COOKIE, ""), salt=COOKIE, max_age=_COOKIE_DAYS * 86_400
        )
    except signing.BadSignature:
        return {}
    return found


def _execute(statement: str, *values: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
