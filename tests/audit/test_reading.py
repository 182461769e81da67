"""The log is read for a lawful purpose only, and each reading is an entry, whatever page it stands on (control map 21)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import connection
from django.test import Client

from access.test_matrix import HOLDERS, page_of, visits
from delivered import deliver, rows_of
from suyuan.audit import reading
from suyuan.installation import current
from suyuan.ledger import actions as ledger
from suyuan.ledger.actions import EntryRef
from world import World

Read = set[str]


@pytest.fixture
def places(world: World) -> dict[str, tuple[str, str, dict[str, str]]]:
    """How every route is visited, by its name."""
    batch, result, _ = deliver(world.collector, "violation", rows_of("violation", 1))
    return visits(result.records.get(1, UUID(int=1)), batch, world.collector.person)


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


def silent(client: Client, places: dict[str, tuple[str, str, dict[str, str]]]) -> list[str]:
    """Routes by which this person reads entries without one of their own."""
    found = []
    for name, (method, path, data) in places.items():
        before = entries()
        with watched() as called:
            getattr(client, method)(path, data)
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
def test_no_route_reads_the_log_without_an_entry(
    world: World, places: dict[str, tuple[str, str, dict[str, str]]], duty: str
) -> None:
    """Every route there is, first without a purpose and then with one."""
    client = page_of(getattr(world, HOLDERS[duty]))
    assert silent(client, places) == []
    client.get("/audit/?purpose=lawfulness")
    assert silent(client, places) == []


def test_a_page_that_does_not_enter_its_reading_is_found(
    world: World, places: dict[str, tuple[str, str, dict[str, str]]], monkeypatch: pytest.MonkeyPatch
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
    assert {"audit:entry", "audit:questions", "audit:record"} <= set(silent(client, places))
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
