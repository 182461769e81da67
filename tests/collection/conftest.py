"""Fixtures of the collection tests."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from world import Somebody, World


@pytest.fixture
def cleared(fresh_world: World, superuser: Callable[[], psycopg.Connection[tuple[object, ...]]]) -> World:
    """The province on a database of the test's own, everybody cleared for level 2, where cases and persons lie."""
    superuser().execute("UPDATE access_duty SET clearance = 2")
    return fresh_world


@pytest.fixture
def collector(cleared: World) -> Somebody:
    """王采, who collects at a station."""
    return cleared.collector
