"""Fixtures of the access tests."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from access.door_stage import Stage
from suyuan.installation import Installation
from world import settle


@pytest.fixture(scope="module")
def stage(database: str, installation: Installation) -> Iterator[Stage]:
    """Objects of every place, in a database of this module."""
    with psycopg.connect(installation.database("admin"), autocommit=True) as owner:
        yield Stage(settle(installation), owner)
