"""The log is read for a lawful purpose only, and each reading is an entry, whatever page it stands on (control map 21)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
import pytest
from django.db import connection
from django.test import Client

from access.every_door import Visitor, doors
from access.everything import Place
from access.test_matrix import HOLDERS, page_of, visits
from delivered import deliver, rows_of
from program import Program
from suyuan.audit import reading
from suyuan.installation import current
from suyuan.ledger import actions as ledger
from suyuan.ledger.actions import EntryRef
from world import STATION, Somebody, World

Read = set[str]
Walk = dict[str, Callable[[], object]]


class Places(NamedTuple):
    """What is there to be visited."""

    record: UUID
    batch: UUID
    person: int

    def walk(self, who: Somebody, client: Client) -> Walk:
        """How somebody visits every route and calls every operation that shows something, by its name."""
        visitor = Visitor(who, client, Program.of(who))
        there = Place("own", STATION, {"record": self.record, "waiting": self.batch, "waiting_digest": b""})
        routes: Walk = {
            name: partial(getattr(client, method), path, data) for name, (method, path, data) in visits(*self).items()
        }
        called = [one for one in doors() if one.name.startswith("operation ") and one.shows]
        return routes | {one.name: partial(one.go, visitor, there) for one in called}


@pytest.fixture
def places(world: World) -> Places:
    """A record and its batch."""
    batch, result, _ = deliver(world.collector, "violation", rows_of("violation", 1))
    return Places(result.records.get(1, UUID(int=1)), batch, world.collector.person)


def readers() -> set[str]:
    """Functions of the database by which the application reads entries: those whose text names their table."""
    with psycopg.connect(current().database("owner")) as owner:
        rows = owner.execute(
            """SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosrc ~ '(FROM|JOIN) ledger_entry'
               AND has_function_privilege('suyuan_app', oid, 'EXECUTE') AND prorettype <> 'trigger'::regtype"""
        )
        return {name for (name,) in rows}


# They read entries and show none: pruning takes old ones out, and the draw gives numbers, each by an entry of its own act.
ACTS = {"ledger_prune", "audit_draw", "audit_begin_week", "audit_open_week"}


@contextmanager
def watched() -> Iterator[Read]:
    """The functions that read entries and were called while the context lasts."""
    called: Read = set()
    wanted = re.compile(rf"\b({'|'.join(sorted(readers() - ACTS))})\(")

    def look(execute: Callable[..., Any], statement: str, *rest: Any) -> Any:
        called.update(wanted.findall(str(statement)))
        return execute(statement, *rest)

    with connection.execute_wrapper(look):
        yield called


def entries() -> int:
    """How many entries there are."""
    with psycopg.connect(current().database("owner")) as owner:
        [(many,)] = owner.execute("SELECT count(*) FROM ledger_entry").fetchall()
        return int(many)


def silent(walk: Walk) -> list[str]:
    """Routes and operations by which somebody reads entries without one of their own."""
    found = []
    for name, visit in walk.items():
        before = entries()
        with watched() as called:
            visit()
        if called and entries() == before:
            found.append(name)
    return found


def test_what_reads_entries_is_known(world: World) -> None:
    """A new function that reads the log is walked too, or is an act that shows none."""
    assert readers() & ACTS <= readers()
    assert {"audit_search", "audit_entry", "audit_counts", "audit_items", "audit_signals", "ledger_about"} <= readers()


@pytest.mark.clause("5.3.1")
@pytest.mark.control("C21")
@pytest.mark.parametrize("duty", ["security_auditor", "department_head", "collector"])
def test_no_route_reads_the_log_without_an_entry(world: World, places: Places, duty: str) -> None:
    """Every route and operation there is, first without a purpose and then with one."""
    who = getattr(world, HOLDERS[duty])
    client = page_of(who)
    assert silent(places.walk(who, client)) == []
    client.get("/audit/?purpose=lawfulness")
    assert silent(places.walk(who, client)) == []


def test_a_page_that_does_not_enter_its_reading_is_found(
    world: World, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: with the entry left out, the pages are named."""

    class Mute:
        """A ledger that enters nothing."""

        @staticmethod
        def append(*_: Any, **__: Any) -> EntryRef:
            """Enter nothing."""
            return EntryRef(0, 0)

    client = page_of(world.auditor)
    client.get("/audit/?purpose=lawfulness")
    monkeypatch.setattr(reading, "ledger", Mute)
    assert {"audit:entry", "audit:questions", "audit:record"} <= set(silent(places.walk(world.auditor, client)))
    assert ledger is not reading.ledger


@pytest.mark.clause("5.3.1")
@pytest.mark.control("C21")
@pytest.mark.parametrize("path", ["/audit/entry/1/1/", "/audit/questions/", "/audit/exports/"])
def test_without_a_purpose_a_page_asks_for_one(world: World, path: str) -> None:
    """Nothing of the log is seen before one of the four was chosen; another word is none of them."""
    client = page_of(world.auditor)
    for asked in (path, f"{path}?purpose=curiosity"):
        with watched() as called:
            page = client.get(asked).content.decode()
        assert "查询账本的目的" in page
        assert called == set()
