"""The acting context: nothing is reachable outside one (norm 5.1.2)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import transaction

from suyuan.access import proof
from suyuan.access.errors import NoGround, Unproven

_ENTER = """
SELECT duty, agency, scope_lo, scope_hi, clearance, name, purpose, channel, os_user
FROM access_enter(%s, %s, %s)
"""


@dataclass(frozen=True, slots=True)
class Acting:
    """Who acts, under which live ground, and how far it reaches: agencies in [scope_lo, scope_hi), up to a level.

    `purpose` is the kind of the ground: "duty" for the one that comes with a duty, else what was assigned.
    """

    person: int
    ground: int
    duty: str
    agency: int
    scope_lo: int
    scope_hi: int
    clearance: int
    name: str
    purpose: str
    channel: str = "session"
    os_user: str = ""

    @property
    def purposeful(self) -> bool:
        """Whether the ground is one that somebody assigned: records about people open under no other."""
        return self.purpose != "duty"

    @property
    def through(self) -> dict[str, str]:
        """What an entry says of the way in."""
        return proof.through(self.channel, self.os_user)


@contextmanager
def acting(person: int, ground: int) -> Iterator[Acting]:
    """One transaction in which `person` acts under their own live `ground`. Raises `NoGround`."""
    with transaction.atomic():
        yield enter(person, ground)


def enter(person: int, ground: int) -> Acting:
    """Enter the acting context for the rest of the current transaction, by the proof that is held (`proof.held`).

    Raises `NoGround`, and `Unproven` where the proof itself is worth nothing any more.
    """
    secret = proof.held(person)
    row = proof.ask(_ENTER, [person, ground, secret])
    if row is None:
        raise NoGround if proof.lives(secret) else Unproven
    return Acting(person, ground, *row)
