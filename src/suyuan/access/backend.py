"""Signing in with a password: five wrong tries in fifteen minutes lock the account, and the answer is always the same."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.db import connection
from django.http import HttpRequest

from suyuan.access.models import Account

TRIES = 5
WINDOW_MINUTES = 15


class LockingBackend(ModelBackend):
    """The password backend behind the lock. The count lies in the database, so a restart does not clear it."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> Account | None:
        """The account, or None: for a wrong password, an unknown name and a locked account alike."""
        name = (username or "")[:60]
        # The password is checked even while locked: the time it takes tells nothing either.
        account = super().authenticate(request, username=name, password=password, **kwargs)
        if locked(name):
            return None
        if account is None:
            _statement("INSERT INTO access_try (username) VALUES (%s)", name)
        else:
            _statement("DELETE FROM access_try WHERE username = %s", name)
        return account


def locked(username: str) -> bool:
    """Whether too many wrong tries came in the window."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM access_try WHERE username = %s AND at > now() - make_interval(mins => %s)",
            [username, WINDOW_MINUTES],
        )
        count: int = cursor.fetchone()[0]
    return count >= TRIES


def _statement(statement: str, username: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, [username])
