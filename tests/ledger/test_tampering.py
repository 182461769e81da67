"""Whatever the superuser changes in what is stored as evidence is found and named (assurance, row 6)."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from suyuan.installation import Installation
from suyuan.ledger import bound, evidence, verify
from suyuan.ledger.evidence import How
from suyuan.records.verify import verify_revisions
from suyuan.review.verify import verify_decisions
from tampered import (
    CLASSES,
    ELSEWHERE,
    TABLES,
    Attacker,
    Spot,
    attack,
    begin,
    changed,
    changes,
    columns,
    emptied,
    exchanges,
    flipped,
    later,
    lift_rules,
    older,
    remember,
    seen,
    slipped_in,
    somewhere,
    taken_away,
    zeroed,
)  # fmt: skip

FLIPS = 10  # random bits of each class; every column once at least


@pytest.fixture(scope="module")
def evidence_rows(installation: Installation, database: str) -> Iterator[Attacker]:
    """The superuser over a small history, of which a copy was kept halfway."""
    world = begin(installation)
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
def test_one_flipped_bit_is_found_and_its_place_named(evidence_rows: Attacker, name: str) -> None:
    """Ten bits of each class at least, one after the other."""
    seed = random.Random(name)
    found = changes(evidence_rows, name, lambda value: flipped(value, seed), max(FLIPS, len(columns(name))))
    assert found.unseen == []
    assert found.tried >= FLIPS


@pytest.mark.clause("5.3.1", "5.3.2")
@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.control("C18")
def test_zeros_and_another_rows_value_are_found(evidence_rows: Attacker, name: str) -> None:
    """Values of two columns set to zeros, and exchanged with those of another row; of every column in the bench."""
    assert changes(evidence_rows, name, zeroed, 2).unseen == []
    assert exchanges(evidence_rows, name, 2).unseen == []


@pytest.mark.clause("5.3.1", "5.3.2")
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.control("C18")
def test_a_row_as_it_was_before_is_found(evidence_rows: Attacker, table: str) -> None:
    """Rows that have changed since are put back one by one as they were; each was valid then."""
    assert older(evidence_rows, table, 4).unseen == []


CONTROLS = {
    "ciphertext, nonce and tag": "revisions",
    "search terms": "revisions",
    "review decisions": "decisions",
    "identities of records": "revisions",
    "rows of access_duty": "rows",
    "rows of audit_item": "rows",
    "rows of review_look": "rows",
    "ledger entries": "_tree",
    "tiles of the tree": "_tree",
    "checkpoints": "_points",
    "counters of writers": "_sequenced",
}


@pytest.mark.parametrize("name", CONTROLS)
def test_without_its_check_the_change_would_stand(
    evidence_rows: Attacker, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Negative control: with one check taken out of `verify`, a flipped bit of its class goes unseen."""
    spot = somewhere(evidence_rows, *columns(name)[-1])
    assert spot is not None
    with changed(evidence_rows, spot, flipped(spot.value, random.Random(name))) as names:
        assert seen(names)
        left_out = CHECKS.get(CONTROLS[name])
        monkeypatch.setattr(verify, "_checks", [check for check in verify._checks if check is not left_out])
        if left_out is None:
            monkeypatch.setattr(verify, CONTROLS[name], lambda *_: ())
        assert not seen(names)


CHECKS = {"revisions": verify_revisions, "decisions": verify_decisions, "rows": bound.verify_rows}


# Every table of evidence but those whose rows another test takes away.
EVIDENCE = sorted(name for name, one in evidence.placed().items() if one.how is not How.NOT and name not in ELSEWHERE)
# Rows that may go: each later checkpoint says what it said.
NEWEST_COUNTS = {"ledger_checkpoint"}


@pytest.mark.clause("5.3.2")
@pytest.mark.parametrize("table", sorted(set(EVIDENCE) - NEWEST_COUNTS))
@pytest.mark.control("C18")
def test_a_row_that_was_taken_away_is_found(evidence_rows: Attacker, table: str) -> None:
    """Any row of evidence, deleted."""
    with taken_away(evidence_rows, table) as names:
        assert seen(names)


@pytest.mark.clause("5.3.2")
@pytest.mark.parametrize("table", EVIDENCE)
@pytest.mark.control("C18")
def test_a_row_that_was_slipped_in_is_found(evidence_rows: Attacker, table: str) -> None:
    """A copy of any row of evidence under another key."""
    with slipped_in(evidence_rows, table, random.Random(table)) as names:
        assert seen(names)


def test_an_older_log_put_back_is_found_by_its_witness(evidence_rows: Attacker) -> None:
    """A log emptied consistently, counters and checkpoints and all, is shorter than what the witness holds."""
    with emptied(evidence_rows, [table for table in TABLES if table.startswith("ledger_")]):
        assert "ledger.behind_witness" in {fault.code for fault in verify.verify()}
    with emptied(evidence_rows, ["ledger_checkpoint"]):
        assert "ledger.checkpoint_missing" in {fault.code for fault in verify.verify()}


def test_what_cannot_be_read_is_a_finding_and_stops_no_other_check(evidence_rows: Attacker) -> None:
    """An entry whose step is no number: the entry is named, and so is the check that could not be finished."""
    spot = Spot("ledger_entry", "detail", *one_review(evidence_rows))
    with changed(evidence_rows, spot, spot.value | {"step": "many"}) as names:
        assert seen(names)
        assert "verify.unreadable" in {fault.code for fault in verify.verify()}


def one_review(attacker: Attacker) -> tuple[str, dict[str, object]]:
    """Where the detail of some review's entry lies, and what it says."""
    [found] = attacker.execute(
        "SELECT ctid::text, detail FROM ledger_entry WHERE act = 12 AND record IS NULL LIMIT 1"
    ).fetchall()
    return found


@pytest.mark.parametrize("run", range(10))
def test_a_clean_log_raises_no_alarm(evidence_rows: Attacker, run: int) -> None:
    """Nothing changed, nothing said; a hundred times in `bench/tamper.py`."""
    assert list(verify.verify()) == []
