"""Passwords, checked where this process cannot cheat: Argon2 runs here, what it gives is compared in the database.

The database keeps a SHA-256 of the whole hash, which the application role cannot read; the parameters and the salt it can.
"""

from __future__ import annotations

import base64

import argon2
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from suyuan.access import proof
from suyuan.access.models import Account

_PARTS = 5  # argon2, variety, version, parameters, salt


def shown(readable: str, typed: str) -> str:
    """The whole hash of what was typed, under the parameters and salt of an account; empty where it has no password."""
    parts = readable.split("$")
    if len(parts) != _PARTS:
        return ""
    costs = dict(one.split("=") for one in parts[3].split(","))
    made = argon2.low_level.hash_secret(
        typed.encode(), base64.b64decode(parts[4] + "=" * (-len(parts[4]) % 4)), time_cost=int(costs["t"]),
        memory_cost=int(costs["m"]), parallelism=int(costs["p"]), hash_len=argon2.DEFAULT_HASH_LENGTH,
        type=argon2.low_level.Type.ID, version=int(parts[2].removeprefix("v=")),
    )  # fmt: skip
    return parts[0] + made.decode("ascii")


class ProvingBackend(ModelBackend):
    """Django's password backend; whoever it lets in has a session of the database too, kept in `proof` of the account."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: object
    ) -> Account | None:
        """The account of that name and password, or None."""
        found = super().authenticate(request, username=username, password=password, **kwargs)
        if not isinstance(found, Account):
            return None
        found.proof = proof.open_by_password(found.pk, found.shown)
        return found if found.proof else None
