"""Questions about accesses, measured on a synthetic year with planted misuse (norm 5.3.1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

import psycopg
import pytest
from django.utils import timezone

from audit.year import CHINA, Maker, Truth, Year, measure
from suyuan.access.errors import NotAllowed
from suyuan.audit import queries
from suyuan.audit.queries import Signal
from suyuan.audit.reading import Reading
from suyuan.audit.words import SIGNALS
from world import World

READING = Reading(0, "monitoring")  # what pages enter before they read

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(scope="module")
def made() -> dict[str, Year]:
    """Where the module keeps its one year."""
    return {}


@pytest.fixture
def year(world: World, superuser: Callable[[], psycopg.Connection[Any]], made: dict[str, Year]) -> Year:
    """Sixteen officers for half a year, four cases of each kind."""
    if "year" not in made:
        with superuser() as connection, connection.transaction():
            made["year"] = Maker(connection, officers=16, days=180, each=4).make()
    return made["year"]


def asked(world: World, year: Year) -> list[Signal]:
    """Every question about the year."""
    with world.auditor.acting():
        return queries.signals(
            READING, datetime.combine(year.start, time(), CHINA), datetime.combine(year.end, time(), CHINA)
        )


def truth(one: Signal) -> Truth:
    """A question as what was planted is written down."""
    return one.kind, one.person, one.record or timezone.localtime(one.since).date()


@pytest.mark.clause("5.3.1")
@pytest.mark.control("C23")
def test_planted_misuse_is_asked_about(world: World, year: Year) -> None:
    """Every planted case leads to its question; most questions were planted, and honest oddities are the rest."""
    found = measure(year, {truth(one) for one in asked(world, year)})
    assert set(found) == set(SIGNALS)
    assert {kind: recall for kind, (_, recall) in found.items() if recall < 1} == {}
    assert {kind: precision for kind, (precision, _) in found.items() if precision < 0.6} == {}


@pytest.mark.control("C36")
def test_a_question_is_about_accesses_and_ranks_nobody(world: World, year: Year) -> None:
    """A question has a kind, times and a record; no score, and words that ask."""
    assert set(Signal._fields) == {"kind", "person", "record", "times", "since", "until"}
    assert all(question.endswith("？") for _, question in SIGNALS.values())


def test_honest_work_alone_raises_hardly_any_question(world: World, year: Year) -> None:
    """Negative control: what is asked of the days on which nothing was planted is a small part of the days worked."""
    odd = {truth(one) for one in asked(world, year)} - year.planted
    assert len(odd) < 16 * 120 * 0.02


@pytest.mark.parametrize("name", ["head", "collector", "security", "system"])
def test_only_auditors_ask(world: World, year: Year, name: str) -> None:
    """Nobody else sees questions about colleagues."""
    now = timezone.now()
    with getattr(world, name).acting(), pytest.raises(NotAllowed):
        queries.signals(READING, now - timedelta(days=1), now)
