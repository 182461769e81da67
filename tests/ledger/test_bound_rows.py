"""Who may do what, and what auditors did, cannot be changed behind the ledger's back (assurance, row 6)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

import tickets
from suyuan.access import actions, grounds, proposals
from suyuan.installation import current
from suyuan.ledger import verify
from world import STATION, World, grant


def _codes() -> dict[str, str]:
    return {fault.where: fault.code for fault in verify.verify()}


@pytest.mark.clause("5.1.2", "5.3.2")
@pytest.mark.control("C14")
def test_every_administrative_act_leaves_rows_that_agree_with_the_log(world: World) -> None:
    """Proposing, approving, assigning, asking, answering, breaking the glass, ending, leaving: `verify` stays silent."""
    duty = grant(world, world.trainer.person, "training_manager", STATION)
    until = timezone.localdate() + timedelta(days=9)
    with world.security.acting() as who:
        actions.end_duty(who, duty)
        refused = proposals.propose_limit(who, "look", 60, reason="试行")
        proposals.refuse(who, refused)
        limit = proposals.propose_limit(who, "look", 90, reason="试行")
    with world.security2.acting() as who:
        proposals.approve(who, limit)
    with world.collector.acting() as who:
        asked = grounds.ask(who, "case", "A3301020000002026010009", "办案", until)
        emergency = grounds.break_glass(who, "人命关天")
    with world.head.acting() as who:
        granted = grounds.answer(who, asked, True)
        grounds.review_emergency(who, emergency, True, "属实")
        assert granted is not None
        grounds.end(who, granted)
    with world.system.acting() as who:
        actions.set_active(who, world.outsider.person, False)
    assert _codes() == {}


ATTACKS = {
    "a clearance raised": ("UPDATE access_duty SET clearance = 2 WHERE duty = 1", "access_duty 1", "row.altered"),
    "a duty moved to the top": ("UPDATE access_duty SET agency = 0 WHERE duty = 2", "access_duty 2", "row.altered"),
    "a ground prolonged": (
        "UPDATE access_ground SET ends_at = ends_at + interval '1 year' WHERE ground = 1 OR ends_at < 'infinity'",
        "access_ground 2",
        "row.altered",
    ),
    "a limit lifted": ("UPDATE access_limit SET most = 99999 WHERE kind = 'look'", "access_limit look", "row.altered"),
    "an account handed over": (
        "UPDATE access_account SET person = 3 WHERE person = 2",
        "access_account",
        "row.altered",
    ),
    "a token planted": (
        """INSERT INTO access_token (account, name, digest, expires_at)
           SELECT min(id), 'x', sha256('x'), now() + interval '1 day' FROM access_account""",
        "access_token",
        "row.not_in_ledger",
    ),
    "a signature removed": (
        "DELETE FROM access_undertaking_signature WHERE person = 1",
        "access_undertaking_signature 1 1",
        "row.missing",
    ),
    "a duty slipped in": (
        "INSERT INTO access_duty (person, kind, agency, reason) VALUES (1, 'analyst', 0, '')",
        "access_duty",
        "row.not_in_ledger",
    ),
    "an undertaking reworded": (
        "UPDATE access_undertaking SET body = body || '。', digest = sha256(convert_to(body || '。', 'UTF8'))",
        "access_undertaking 1",
        "row.altered",
    ),
}


@pytest.mark.clause("5.1.2", "5.3.2")
@pytest.mark.parametrize("what", ATTACKS)
@pytest.mark.control("C18")
def test_a_power_taken_behind_the_log_is_named(
    fresh_world: World, superuser: Callable[[], psycopg.Connection[Any]], what: str
) -> None:
    """Every trigger off, one statement: `verify` names the row."""
    assert _codes() == {}
    attacker = superuser()
    attacker.execute("SET session_replication_role = replica")
    statement, where, code = ATTACKS[what]
    assert attacker.execute(statement).rowcount > 0
    found = _codes()
    assert any(name.startswith(where) and said == code for name, said in found.items()), found


def test_without_the_binding_it_would_stand(
    fresh_world: World, superuser: Callable[[], psycopg.Connection[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: with the rows left out of `verify`, the raised clearance goes unseen."""
    from suyuan.ledger.bound import verify_rows

    superuser().execute("UPDATE access_duty SET clearance = 2")
    monkeypatch.setattr(verify, "_checks", [check for check in verify._checks if check is not verify_rows])
    assert _codes() == {}


def left_behind(world: World) -> str:
    """What notes a row of an act by SQL that enters nothing: the note as it stands before the transaction ends."""
    with psycopg.connect(current().database("app")) as raw:
        me = world.collector
        assert raw.execute(
            "SELECT * FROM access_enter(%s, %s, %s)", [me.person, me.ground, tickets.of(me.person)]
        ).fetchone()
        raw.execute("SELECT access_break_glass('无登记')")
        [noted] = raw.execute("SELECT current_setting('suyuan.changed')").fetchone() or ("",)
    return str(noted)


@pytest.mark.clause("5.1.2", "5.3.1")
@pytest.mark.control("C14")
@pytest.mark.parametrize("by", ["the true note", "its lines alone"])
def test_an_entry_carries_rows_of_its_own_transaction_alone(fresh_world: World, by: str) -> None:
    """Neither what somebody's SQL left on the connection nor what it made up; the act's own rows are all there."""
    noted = left_behind(fresh_world)
    assert "access_emergency" in noted
    with connection.cursor() as cursor:
        said = noted if by == "the true note" else noted.partition("\n")[2]
        cursor.execute("SELECT set_config('suyuan.changed', %s, false)", [said])
    with fresh_world.system.acting() as who:
        actions.add_person(who, "L0909", "新人", STATION)
    with fresh_world.security.acting() as who:
        proposals.propose_limit(who, "look", 60, reason="试行")
    assert {name.split(" ")[0] for name in _codes()} == {"access_emergency", "access_ground"}
    connection.close()


def test_without_the_code_rows_of_another_transaction_are_entered(
    fresh_world: World, superuser: Callable[[], psycopg.Connection[Any]]
) -> None:
    """Negative control: where any note counts, somebody else's entry carries them and nothing tells."""
    superuser().execute(
        """CREATE OR REPLACE FUNCTION ledger_note_begins() RETURNS text LANGUAGE sql AS
           $$ SELECT repeat('0', 64) || E'\\n' $$"""
    )
    noted = left_behind(fresh_world)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('suyuan.changed', %s, false)", [noted])
    with fresh_world.security.acting() as who:
        proposals.propose_limit(who, "look", 60, reason="试行")
    assert _codes() == {}
    connection.close()


@pytest.mark.control("C9")
def test_the_note_is_made_by_no_table_of_somebodys_own(world: World) -> None:
    """The trigger's function is not the application's to use."""
    with psycopg.connect(current().database("app")) as raw:
        for name in ("ledger_changed", "ledger_gone", "ledger_note", "ledger_note_begins"):
            [may] = raw.execute("SELECT has_function_privilege(%s, 'EXECUTE')", [name + "()"]).fetchone() or (True,)
            assert may is False, name
