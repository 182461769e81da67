"""The acting context: nothing is reachable outside one (norm 5.1.2)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection, transaction

from suyuan.access.errors import NoGround

# In one statement, since every act of everybody begins with it.
_ENTER = """
SELECT duty, agency, scope_lo, scope_hi, clearance, name,
       set_config('suyuan.person', %(person)s::text, true), set_config('suyuan.ground', %(ground)s::text, true),
       set_config('suyuan.duty', duty, true), set_config('suyuan.agency', agency::text, true),
       set_config('suyuan.scope_lo', scope_lo::text, true), set_config('suyuan.scope_hi', scope_hi::text, true),
       set_config('suyuan.clearance', clearance::text, true)
FROM access_enter(%(person)s, %(ground)s)
"""


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
        cursor.execute(_ENTER, {"person": person, "ground": ground})
        row = cursor.fetchone()
    if row is None:
        raise NoGround
    return Acting(person, ground, *row[:6])
