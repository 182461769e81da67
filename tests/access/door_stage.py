"""One world for a module that walks every door: its places, its doors, and everybody signed in once."""

from __future__ import annotations

from typing import Any

import psycopg

from access.door_objects import adorn
from access.every_door import UNTRIED, Visitor, doors, placed, visitor
from access.everything import furnish, somebody
from access.test_matrix import HOLDERS
from suyuan.access.words import DUTIES
from world import World


class Stage:
    """Objects at every place, and a visitor for each duty held at the county. `doors` are those that are about an object."""

    def __init__(self, world: World, owner: psycopg.Connection[Any]) -> None:
        self.world, self.owner = world, owner
        self.doors = [one for one in doors() if placed()[one.name].act not in UNTRIED]
        self.places = furnish(world, owner)
        adorn(owner, self.places, world.security2.person, world.first.person)
        self._in: dict[str, Visitor] = {}

    def visitor(self, duty: str) -> Visitor:
        """Whoever holds a duty."""
        if duty not in self._in:
            self._in[duty] = visitor(somebody(self.world, HOLDERS[duty]))
        return self._in[duty]

    def turn(self, name: str, duty: str) -> int:
        """A number that differs from duty to duty, so that in turn each place is tried."""
        return [one.name for one in self.doors].index(name) + list(DUTIES).index(duty)
