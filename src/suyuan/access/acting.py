"""The acting context: nothing is reachable outside one (norm 5.1.2)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection, transaction

from suyuan import catalog
from suyuan.access.errors import NoGround

# In one statement, since every act of everybody begins with it.
_ENTER = """
SELECT duty, agency, scope_lo, scope_hi, clearance, name, purpose,
       set_config('suyuan.person', %(person)s::text, true), set_config('suyuan.ground', %(ground)s::text, true),
       set_config('suyuan.duty', duty, true), set_config('suyuan.agency', agency::text, true),
       set_config('suyuan.scope_lo', scope_lo::text, true), set_config('suyuan.scope_hi', scope_hi::text, true),
       set_config('suyuan.clearance', clearance::text, true), set_config('suyuan.purpose', purpose, true),
       set_config('suyuan.open_types', %(open_types)s, true), set_config('suyuan.batch', '', true)
FROM access_enter(%(person)s, %(ground)s)
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

    @property
    def purposeful(self) -> bool:
        """Whether the ground is one that somebody assigned: records about people open under no other."""
        return self.purpose != "duty"


@contextmanager
def acting(person: int, ground: int) -> Iterator[Acting]:
    """One transaction in which `person` acts under their own live `ground`. Raises `NoGround`."""
    with transaction.atomic():
        yield enter(person, ground)


def enter(person: int, ground: int) -> Acting:
    """Enter the acting context for the rest of the current transaction. Raises `NoGround`."""
    with connection.cursor() as cursor:
        open_types = ",".join(catalog.current().open_types)
        cursor.execute(_ENTER, {"person": person, "ground": ground, "open_types": open_types})
        row = cursor.fetchone()
    if row is None:
        raise NoGround
    return Acting(person, ground, *row[:7])
