"""One agency with two collectors, for tests that store."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import psycopg
import pytest


class Staff(NamedTuple):
    """A person with one duty and its ground."""

    person: int
    ground: int
    username: str


@pytest.fixture
def collector(fresh_database: str, superuser: Callable[[], psycopg.Connection[tuple[object, ...]]]) -> Staff:
    """A collector of one county, cleared for level 2, in a database of their own."""
    return add_staff(superuser(), "collector_1")


def add_staff(con: psycopg.Connection[tuple[object, ...]], username: str, kind: str = "collector") -> Staff:
    """Put a person with a duty at the county into the database."""
    con.execute(
        """INSERT INTO access_agency (agency, width, parent, name, name_en, kind)
           VALUES (0, 1000000000000000, NULL, '部', 'Ministry', 'ministry'),
                  (1000000000000, 1000000000000, 0, '省', 'Province', 'province'),
                  (1001000000000, 1000000000, 1000000000000, '市', 'City', 'city'),
                  (1001001000000, 1000000, 1001000000000, '县', 'County', 'county')
           ON CONFLICT DO NOTHING"""
    )
    person = _one(
        con,
        "INSERT INTO access_person (staff_no, name, agency) VALUES (%s, %s, 1001001000000) RETURNING person",
        username,
        username,
    )
    con.execute(
        "INSERT INTO access_account (username, person, password, email, is_active, must_change) VALUES (%s, %s, '!', '', true, false)",
        [username, person],
    )
    duty = _one(
        con,
        "INSERT INTO access_duty (person, kind, agency, clearance) VALUES (%s, %s, 1001001000000, 2) RETURNING duty",
        person,
        kind,
    )
    ground = _one(
        con, "INSERT INTO access_ground (person, duty, kind) VALUES (%s, %s, 'duty') RETURNING ground", person, duty
    )
    return Staff(person, ground, username)


def _one(con: psycopg.Connection[tuple[object, ...]], statement: str, *values: object) -> int:
    row = con.execute(statement, values).fetchone()
    assert row is not None
    return int(str(row[0]))
