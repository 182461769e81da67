"""Whatever the superuser changes in what is stored as evidence is found and named (assurance, row 6)."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from suyuan.installation import Installation
from suyuan.ledger import bound, verify
from suyuan.records.verify import verify_revisions
from suyuan.review.verify import verify_decisions
from tampered import (
    CLASSES,
    TABLES,
    Attacker,
    Spot,
    attack,
    changed,
    changes,
    columns,
    emptied,
    exchanges,
    flipped,
    history,
    later,
    lift_rules,
    older,
    remember,
    seen,
    somewhere,
    taken_away,
    zeroed,
)  # fmt: skip
from world import settle

FLIPS = 10  # random bits of each class; every column once at least


@pytest.fixture(scope="module")
def evidence(installation: Installation, database: str) -> Iterator[Attacker]:
    """The superuser over a small history, of which a copy was kept halfway."""
    world = settle(installation)
    history(world)
    attacker = attack(installation)
    remember(attacker)
    later(world)
    lift_rules(attacker)
    assert list(verify.verify()) == []
    yield attacker
    assert list(verify.verify()) == []  # whatever was changed was put back
    attacker.close()


@pytest.mark.clause("5.3.1", "5.3.2")
@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.control("C18", "C24")
def test_one_flipped_bit_is_found_and_its_place_named(evidence: Attacker, name: str) -> None:
    """Ten bits of each class at least, one after the other."""
    seed = random.Random(name)
    found = changes(evidence, name, lambda value: flipped(value, seed), max(FLIPS, len(columns(name))))
    assert found.unseen == []
    assert found.tried >= FLIPS


@pytest.mark.clause("5.3.1", "5.3.2")
@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.control("C18")
def test_zeros_and_another_rows_value_are_found(evidence: Attacker, name: str) -> None:
    """Values of two columns set to zeros, and exchanged with those of another row; of every column in the bench."""
    assert changes(evidence, name, zeroed, 2).unseen == []
    assert exchanges(evidence, name, 2).unseen == []


@pytest.mark.clause("5.3.1", "5.3.2")
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.control("C18")
def test_a_row_as_it_was_before_is_found(evidence: Attacker, table: str) -> None:
    """Rows that have changed since are put back one by one as they were; each was valid then."""
    assert older(evidence, table, 4).unseen == []


CONTROLS = {
    "ciphertext, nonce and tag": "revisions",
    "search terms": "revisions",
    "review decisions": "decisions",
    "grants and clearances": "rows",
    "auditors' seeds, draws and answers": "rows",
    "ledger entries": "_tree",
    "tiles of the tree": "_tree",
    "checkpoints": "_points",
    "counters of writers": "_sequenced",
}


@pytest.mark.parametrize("name", CONTROLS)
def test_without_its_check_the_change_would_stand(
    evidence: Attacker, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Negative control: with one check taken out of `verify`, a flipped bit of its class goes unseen."""
    spot = somewhere(evidence, *columns(name)[-1])
    assert spot is not None
    with changed(evidence, spot, flipped(spot.value, random.Random(name))) as names:
        assert seen(names)
        left_out = CHECKS.get(CONTROLS[name])
        monkeypatch.setattr(verify, "_checks", [check for check in verify._checks if check is not left_out])
        if left_out is None:
            monkeypatch.setattr(verify, CONTROLS[name], lambda *_: ())
        assert not seen(names)


CHECKS = {"revisions": verify_revisions, "decisions": verify_decisions, "rows": bound.verify_rows}


DELETED = ("records_revision", "review_decision", "review_return", "review_sample", "records_batch", "records_chunk",
           "ledger_entry", "ledger_leaf", "ledger_tile", "access_duty", "access_ground",
           "access_undertaking_signature", "audit_item", "audit_week")  # fmt: skip


@pytest.mark.clause("5.3.2")
@pytest.mark.parametrize("table", DELETED)
@pytest.mark.control("C18")
def test_a_row_that_was_taken_away_is_found(evidence: Attacker, table: str) -> None:
    """Any row of evidence, deleted."""
    with taken_away(evidence, table) as names:
        assert seen(names)


def test_an_older_log_put_back_is_found_by_its_witness(evidence: Attacker) -> None:
    """A log emptied consistently, counters and checkpoints and all, is shorter than what the witness holds."""
    with emptied(evidence, [table for table in TABLES if table.startswith("ledger_")]):
        assert "ledger.behind_witness" in {fault.code for fault in verify.verify()}
    with emptied(evidence, ["ledger_checkpoint"]):
        assert "ledger.checkpoint_missing" in {fault.code for fault in verify.verify()}


def test_what_cannot_be_read_is_a_finding_and_stops_no_other_check(evidence: Attacker) -> None:
    """An entry whose step is no number: the entry is named, and so is the check that could not be finished."""
    spot = Spot("ledger_entry", "detail", *one_review(evidence))
    with changed(evidence, spot, spot.value | {"step": "many"}) as names:
        assert seen(names)
        assert "verify.unreadable" in {fault.code for fault in verify.verify()}


def one_review(attacker: Attacker) -> tuple[str, dict[str, object]]:
    """Where the detail of some review's entry lies, and what it says."""
    [found] = attacker.execute(
        "SELECT ctid::text, detail FROM ledger_entry WHERE act = 12 AND record IS NULL LIMIT 1"
    ).fetchall()
    return found


@pytest.mark.parametrize("run", range(10))
def test_a_clean_log_raises_no_alarm(evidence: Attacker, run: int) -> None:
    """Nothing changed, nothing said; a hundred times in `bench/tamper.py`."""
    assert list(verify.verify()) == []
