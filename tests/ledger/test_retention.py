"""The ledger is kept for years and no longer than settled; a lawful pruning and a deletion are told apart (control map 20)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner

from delivered import deliver, rows_of
from suyuan.access import proof, proposals
from suyuan.access.errors import Conflict
from suyuan.audit.tasks import prune_ledger
from suyuan.cli.root import root
from suyuan.installation import Installation, current
from suyuan.ledger import actions, sequencer, verify
from suyuan.ledger.acts import Act
from suyuan.ledger.pruning import Pruned, prune
from suyuan.records import queries as records
from world import World

Superuser = Callable[[], psycopg.Connection[Any]]
YEAR = 366 * 86_400
LOOKS = 6


def sequence() -> None:
    """Give every waiting entry its place."""
    with psycopg.connect(current().database("sequencer"), autocommit=True) as connection:
        sequencer.run_once(connection)


def lived(world: World, superuser: Superuser, monkeypatch: pytest.MonkeyPatch, years: float) -> None:
    """A day so many years ago: a delivery, looks at its record, a sign-in; under a checkpoint of that day."""
    real, ago = time.time_ns, int(years * YEAR * 1e9)
    with monkeypatch.context() as patch:
        patch.setattr("suyuan.ledger.actions.time.time_ns", lambda: real() - ago)
        row = rows_of("violation", 1)[0] | {"notice_no": f"R-{years}"}
        _, result, _ = deliver(world.collector, "violation", [row])
        for _ in range(LOOKS):
            with world.colleague.acting() as who:
                records.open_record(who, result.records[1])
        actions.append(actions.SYSTEM, Act.sign_in)
        sequence()
    keeper = superuser()
    keeper.execute("SET session_replication_role = replica")
    keeper.execute(
        "UPDATE ledger_checkpoint SET at = now() - %s * interval '1 second' WHERE size = (SELECT max(size) FROM ledger_checkpoint)",
        [years * YEAR],
    )


@pytest.fixture
def old(fresh_world: World, superuser: Superuser, monkeypatch: pytest.MonkeyPatch) -> World:
    """A ledger with a day of four years ago, one of two years ago, and today."""
    for years in (4, 2, 0):
        lived(fresh_world, superuser, monkeypatch, years)
    assert codes() == set()
    return fresh_world


def codes() -> set[str]:
    """What `verify` finds."""
    return {fault.code for fault in verify.verify()}


def acts(superuser: Superuser) -> dict[Act, int]:
    """How many entries of each act have their row."""
    found = superuser().execute("SELECT act, count(*) FROM ledger_entry GROUP BY 1").fetchall()
    return {Act(act): count for act, count in found}


def pruned(superuser: Superuser) -> Pruned:
    """What is too old goes."""
    [one] = prune(actions.SYSTEM, within=proof.as_process)
    sequence()
    return one


@pytest.mark.clause("5.3.1")
@pytest.mark.control("C20")
def test_looks_go_after_three_years_and_the_log_still_verifies(old: World, superuser: Superuser) -> None:
    """Of four years ago only what the record rests on is left; the pruning is an entry; again there is nothing to do."""
    before = acts(superuser)
    root_before = superuser().execute("SELECT root FROM ledger_checkpoint ORDER BY size DESC LIMIT 1").fetchone()
    one = pruned(superuser)
    after = acts(superuser)
    assert one.entries == LOOKS + 1
    assert after[Act.consult] == before[Act.consult] - LOOKS
    assert after[Act.sign_in] == before[Act.sign_in] - 1
    for kept in (Act.collect, Act.batch_open, Act.batch_close):
        assert after[kept] == before[kept] == 3
    assert after[Act.prune] == 1
    assert codes() == set()
    assert root_before in superuser().execute("SELECT root FROM ledger_checkpoint").fetchall()
    assert prune(actions.SYSTEM, within=proof.as_process) == []


@pytest.mark.clause("5.3.2")
@pytest.mark.parametrize(
    ("attack", "code"),
    [
        ("DELETE FROM ledger_entry WHERE act = 3 AND n = (SELECT max(n) FROM ledger_entry WHERE act = 3)", "ledger.entry_missing"),
        ("DELETE FROM ledger_entry WHERE act = 1 AND n = (SELECT min(n) FROM ledger_entry WHERE act = 1)", "ledger.entry_missing"),
        ("DELETE FROM ledger_entry WHERE act = 28", "ledger.pruning_unsigned"),
        ("DELETE FROM ledger_pruning", "ledger.pruning_missing"),
        ("UPDATE ledger_pruning SET leaves = leaves + '{[0,3)}'", "ledger.pruning_unsigned"),
        ("UPDATE ledger_pruning SET before = before + 1", "ledger.pruning_unsigned"),
        ("UPDATE ledger_tile SET hashes = set_byte(hashes, 32 * (SELECT lower(leaves)::int FROM ledger_pruning), 1) WHERE level = 0",
         "ledger.root_differs"),
    ],
)  # fmt: skip
@pytest.mark.control("C18")
def test_a_deletion_beside_a_lawful_pruning_is_named(old: World, superuser: Superuser, attack: str, code: str) -> None:
    """Inside and outside what was pruned, and in what says so: by a superuser for whom no trigger fires."""
    pruned(superuser)
    assert codes() == set()
    attacker = superuser()
    attacker.execute("SET session_replication_role = replica")
    assert attacker.execute(attack).rowcount > 0
    assert code in codes()


def test_a_deletion_that_calls_itself_a_pruning_is_named(old: World, superuser: Superuser) -> None:
    """A row that names leaves, and an entry that names the row, but bound by nobody who has the key."""
    attacker = superuser()
    attacker.execute("SET session_replication_role = replica")
    attacker.execute(
        "INSERT INTO ledger_pruning (before, leaves, entries, size, root) SELECT 0, '{[0,3)}', 3, size, root FROM ledger_checkpoint LIMIT 1"
    )
    attacker.execute(
        "DELETE FROM ledger_entry e USING ledger_leaf l WHERE l.writer = e.writer AND l.n = e.n AND l.index < 3"
    )
    assert {"ledger.pruning_unsigned", "ledger.entry_missing"} <= codes()


@pytest.mark.clause("5.3.1")
@pytest.mark.control("C20")
def test_the_database_refuses_what_is_too_young_to_the_owner_too(
    old: World, superuser: Superuser, installation: Installation
) -> None:
    """No direct deletion, none by a pruning of one's own, and with the policy gone altogether nothing below a year."""
    with psycopg.connect(installation.database("owner"), autocommit=True) as owner:
        for attempt in (
            "DELETE FROM ledger_entry",
            "DELETE FROM ledger_entry WHERE act = 3",
            "UPDATE ledger_entry SET at = 0",
            "TRUNCATE ledger_entry",
            "DELETE FROM ledger_pruning; UPDATE ledger_pruning SET entries = 1; TRUNCATE ledger_pruning",
            "INSERT INTO ledger_pruning (before, leaves, entries, size, root) SELECT 0, '{[0,100)}', 9, 9, '\\x00'",
            "UPDATE access_limit SET most = 0 WHERE kind = 'ledger_years'",
        ):
            with pytest.raises(psycopg.errors.CheckViolation):
                owner.execute(attempt)
        with pytest.raises(psycopg.errors.CheckViolation), owner.transaction():
            owner.execute(
                "INSERT INTO ledger_pruning (before, leaves, entries, size, root) SELECT 0, '{[0,1000)}', 9, 9, '\\x00'"
            )
            owner.execute("DELETE FROM ledger_entry WHERE act = 3 AND at > %s", [(time.time() - YEAR) * 1e6])
        owner.execute("ALTER TABLE access_limit DISABLE TRIGGER USER")
        owner.execute("DELETE FROM access_limit WHERE kind = 'ledger_years'")
    assert pruned(superuser).entries == LOOKS + 1  # of four years ago: without a policy three years


@pytest.mark.clause("5.3.1", "5.1.1")
@pytest.mark.control("C20")
def test_the_years_are_settled_by_two_and_never_below_one(old: World, superuser: Superuser) -> None:
    """One year is the floor; under it the day of two years ago goes too, and today stays."""
    for years in (0, 31):
        with old.security.acting() as who, pytest.raises(Conflict):
            proposals.propose_limit(who, "ledger_years", years, reason="令〔2026〕2号")
    with old.security.acting() as who:
        number = proposals.propose_limit(who, "ledger_years", 1, reason="令〔2026〕2号")
    with old.security.acting() as who, pytest.raises(Conflict):
        proposals.approve(who, number)
    assert prune(actions.SYSTEM, most=1000, within=proof.as_process)[0].entries == LOOKS + 1
    with old.security2.acting() as who:
        proposals.approve(who, number)
    assert pruned(superuser).entries == LOOKS + 1
    assert acts(superuser)[Act.consult] == LOOKS
    assert codes() == set()


def test_a_clock_set_back_makes_nothing_old(
    fresh_world: World, superuser: Superuser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entries that claim to be four years old, under a checkpoint of today, stay."""
    real = time.time_ns
    with monkeypatch.context() as patch:
        patch.setattr("suyuan.ledger.actions.time.time_ns", lambda: real() - int(4 * YEAR * 1e9))
        actions.append(actions.SYSTEM, Act.sign_in)
    sequence()
    assert prune(actions.SYSTEM, within=proof.as_process) == []


def test_the_day_and_the_auditor_prune(old: World, superuser: Superuser) -> None:
    """The auditor by command under their own name; the daily task finds nothing more then."""
    done = CliRunner().invoke(root, ["ledger", "prune", "--as", old.auditor.username, "--json"], standalone_mode=False)
    assert done.exception is None, done.exception
    assert f'"entries": {LOOKS + 1}' in done.output
    prune_ledger(0)
    sequence()
    rows = superuser().execute("SELECT person FROM ledger_entry WHERE act = %s", [int(Act.prune)]).fetchall()
    assert rows == [(old.auditor.person,)]
    assert codes() == set()
