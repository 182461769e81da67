"""The API holds what its description says, whatever is sent (assurance, row 14). `bench/api_fuzz.py` sends more."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from api.fuzzing import Found, Known, fuzz
from delivered import deliver, rows_of
from suyuan.installation import current
from suyuan.ledger.sequencer import run_once
from world import World

EACH = 5
DUTIES = ("collector", "first", "head", "trainer")
TYPES = ("violation", "resident")


@pytest.fixture
def known(fresh_world: World, superuser: Any) -> Known:
    """A record and batches that wait for review, and limits that nobody reaches."""
    return prepare(fresh_world, superuser())


def prepare(world: World, db: psycopg.Connection[Any]) -> Known:
    """What calls can name."""
    db.execute("UPDATE access_limit SET most = 1000000 WHERE stretch <> 'standing'")
    batch, result, _ = deliver(world.collector, "violation", rows_of("violation", 2, plate="浙A10001"))
    _, _, receipt = deliver(world.collector, "video_point", rows_of("video_point", 1))
    with psycopg.connect(current().database("sequencer"), autocommit=True) as connection:
        run_once(connection)
    assert receipt.digest
    there = {"record": str(result.records[1]), "batch": str(batch), "rev": 1, "field": "plate", "type": "violation"}
    return Known(
        there, {"decide": ({"batch": str(receipt.batch)}, {"outcome": "approve", "digest": receipt.digest.hex()})}
    )


@pytest.mark.control("C39")
def test_whatever_is_sent_the_answer_is_as_described(fresh_world: World, known: Known) -> None:
    """No fault of ours, nothing that the description does not say, nothing without a token; four of five operations reached."""
    found = Found()
    for number, duty in enumerate(DUTIES):
        fuzz(getattr(fresh_world, duty), known, EACH, found, number, types=TYPES)
    assert found.faults == {}
    assert found.reached() >= 0.8


def test_a_fault_is_found(fresh_world: World, known: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: an operation that breaks is noticed."""
    from suyuan.records import api as records

    monkeypatch.setattr(records.listing, "find", lambda *_a, **_k: 1 // 0)
    found = Found()
    fuzz(fresh_world.collector, known, 2, found, only={"list_records"})
    assert any("Server error" in name for name in found.faults)
