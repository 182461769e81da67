"""The acting context: nothing is reachable outside one (norm 5.1.2)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection, transaction

from suyuan.access.errors import NoGround


@dataclass(frozen=True, slots=True)
class Acting:
    """Who acts, under which live ground, and how far it reaches: agencies in [scope_lo, scope_hi), up to a level."""

    person: int
    ground: int
    duty: str
    agency: int
    scope_lo: int
    scope_hi: int
    clearance: int
    name: str


@contextmanager
def acting(person: int, ground: int) -> Iterator[Acting]:
    """One transaction in which `person` acts under their own live `ground`. Raises `NoGround`."""
    with transaction.atomic():
        yield enter(person, ground)


def enter(person: int, ground: int) -> Acting:
    """Enter the acting context for the rest of the current transaction. Raises `NoGround`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM access_enter(%s, %s)", [person, ground])
        row = cursor.fetchone()
        if row is None:
            raise NoGround
        who = Acting(person, ground, *row)
        for name in ("person", "ground", "duty", "agency", "scope_lo", "scope_hi", "clearance"):
            cursor.execute("SELECT set_config(%s, %s, true)", [f"suyuan.{name}", str(getattr(who, name))])
    return who
