"""Personal tokens, with which a program acts for a person at `/api/`.

A token is 256 random bits and shown once; the database keeps its SHA-256 alone. It belongs to an account, so to a person,
and to nothing else: the ground is said with each request, and what it may do is what the person may do.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from django.db import connection
from django.utils import timezone

from suyuan.access import actions, proof
from suyuan.access.errors import BadToken, NoToken
from suyuan.access.models import Account
from suyuan.ledger import actions as ledger
from suyuan.ledger.acts import Act

PREFIX = "suyuan_"  # so that a token that got loose is recognised
MOST_DAYS = 90


class Token(NamedTuple):
    """A token as its owner sees it: never the secret."""

    token: int
    name: str
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None

    @property
    def live(self) -> bool:
        """Whether it can still be used."""
        return self.revoked_at is None and self.expires_at > timezone.now()


class Bearer(NamedTuple):
    """Who sent a request, by the token that came with it."""

    person: int
    username: str
    proof: bytes


def issue(account: Account, name: str, days: int) -> tuple[int, str]:
    """Make a token that lasts `days` (1 to 90); gives its number and the secret, which is never seen again.

    The caller acts in a session of the account and has just asked for a fresh factor. Raises `Unproven` outside of one, and
    `Conflict` for a bad name or duration and beyond ten live ones.
    """
    secret = PREFIX + secrets.token_urlsafe(32)
    with proof.oneself() as who:
        values = [account.pk, name.strip(), _digest(secret), days]
        with proof.as_process():
            made = int(actions.call("SELECT access_issue_token(%s, %s, %s, %s)", values))
        _enter(who, "issue_token", made=made, days=days)
    return made, secret


def revoke(account: Account, token: int) -> None:
    """End one of the account's tokens at once. Raises `NoToken`."""
    with proof.oneself() as who:
        if not actions.call("SELECT access_revoke_token(%s, %s)", [account.pk, token]):
            raise NoToken
        _enter(who, "revoke_token", on=token)


def change_password(account: Account, made: str) -> None:
    """Set one's own new password, a whole hash, where `account` has just been shown the old one.

    Every token of the account and every other session end with the old one. Raises `Unproven`.
    """
    with proof.oneself() as who:
        for token in [one.token for one in of(account) if one.live]:
            revoke(account, token)
        with proof.as_process():
            proof.ask("SELECT access_change_password(%s, %s)", [account.shown, made])
        _enter(who, "change_password")


def of(account: Account) -> list[Token]:
    """The account's tokens, newest first, those that ended included."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT token, name, made_at, expires_at, used_at, revoked_at FROM access_token
               WHERE account = %s ORDER BY token DESC LIMIT 100""",
            [account.pk],
        )
        return [Token(*row) for row in cursor.fetchall()]


def bearer(secret: str) -> Bearer:
    """Whose token this is, if it is worth anything now. Raises `BadToken`, alike for wrong, expired and revoked ones.

    A token is too long to be guessed, so wrong passwords do not stop it: nobody outside can. A refusal is entered in the
    ledger.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT person, username, live FROM access_bearer(%s)", [_digest(secret)])
        row = cursor.fetchone()
    if row is None or not row[2]:
        ledger.append(ledger.Somebody(row[0] if row else 0), Act.sign_in_failed, detail={"factor": "token"})
        raise BadToken
    return Bearer(row[0], row[1], secret.encode(errors="replace"))


def _digest(secret: str) -> bytes:
    return sha256(secret.encode(errors="replace")).digest()


def _enter(who: proof.Oneself, done: str, **numbers: int) -> None:
    ledger.append(who, Act.administer, detail={"done": done} | numbers, changes=True)
