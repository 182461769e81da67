"""API tokens: made after a fresh factor, shown once, worth nothing as soon as their person or account is (norm 5.1.2)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from django.test import Client

import tickets
from program import Program
from suyuan.access import actions, queries, tokens
from suyuan.access.errors import Conflict
from suyuan.access.models import Account
from suyuan.access.sign_in import attempts
from suyuan.cli.root import root
from suyuan.ledger.acts import Act
from world import PASSWORD, STATION, Somebody, World, come_in, grant, signed_in

pytestmark = pytest.mark.usefixtures("database")
Superuser = Callable[[], psycopg.Connection[Any]]


@pytest.fixture
def newcomer(fresh_world: World) -> Somebody:
    """A collector of the test's own, who may be shut out."""
    with fresh_world.system.acting() as who:
        person = actions.add_person(who, "N0001", "新采", STATION)
    come_in(fresh_world, person, "newcomer")
    duty = grant(fresh_world, person, "collector", STATION)
    return Somebody("新采", person, queries.default_ground(person), duty, "newcomer")


def works(program: Program) -> bool:
    """Whether a token is worth anything; where it is not, whatever the reason, the answer is the same."""
    answer = program.get("grounds")
    assert answer.status_code in (200, 401)
    if answer.status_code == 401:
        assert answer.json()["error"]["code"] == "access.bad_token"
        assert answer["WWW-Authenticate"] == "Bearer"
    return answer.status_code == 200


def secret_of(page: str) -> str:
    """The token that a page shows; empty where it shows none."""
    found = re.search(r"suyuan_[A-Za-z0-9_-]{43}", page)
    return found[0] if found else ""


def test_a_token_is_shown_once_and_only_its_digest_is_stored(world: World, superuser: Superuser) -> None:
    """Made on the page of one's account; neither that page nor the database has it afterwards."""
    client = signed_in(world.collector.username)
    made = client.post("/account/tokens/", {"name": "数据报送程序", "days": "30"})
    secret = secret_of(made.content.decode())
    assert secret
    assert works(Program(secret))
    assert secret_of(client.get("/account/").content.decode()) == ""
    stored = superuser().execute("SELECT t::text FROM access_token t").fetchall()
    assert stored
    assert not any(secret in row[0] or secret.removeprefix(tokens.PREFIX) in row[0] for row in stored)


def test_the_application_role_cannot_read_a_digest(world: World) -> None:
    """Nor write a token of its own making."""
    from django.db import DatabaseError, connection, transaction

    for statement in (
        "SELECT digest FROM access_token",
        "DELETE FROM access_token",
        "UPDATE access_token SET expires_at = now()",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


@pytest.mark.control("C12")
def test_making_a_token_asks_for_a_fresh_factor(world: World) -> None:
    """A session that was left open makes none."""
    client = Client()
    assert client.login(username=world.head.username, password=PASSWORD)
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": 0}]
    session.save()
    answer = client.post("/account/tokens/", {"name": "x", "days": "1"})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/reauthenticate/")
    assert tokens.of(Account.objects.get(username=world.head.username)) == []


@pytest.mark.clause("5.1.2")
@pytest.mark.control("C5")
def test_a_token_dies_with_its_account_its_person_and_by_revocation(
    newcomer: Somebody, fresh_world: World, superuser: Superuser
) -> None:
    """At once, in each way; and it lives again where the account does, unless it was revoked."""
    program, db = Program.of(newcomer), superuser()
    assert works(program)
    for shut, opened in (
        ("UPDATE access_account SET is_active = false", "UPDATE access_account SET is_active = true"),
        ("UPDATE access_person SET active = false", "UPDATE access_person SET active = true"),
        ("UPDATE access_account SET last_login = NULL, made_at = now() - interval '91 days'", "UPDATE access_account SET made_at = now()"),
        ("UPDATE access_token SET made_at = made_at - interval '2 days', expires_at = expires_at - interval '2 days'",
         "UPDATE access_token SET made_at = made_at + interval '2 days', expires_at = expires_at + interval '2 days'"),
    ):  # fmt: skip
        db.execute(shut)
        assert not works(program), shut
        db.execute(opened)
        assert works(program), opened
    with fresh_world.system.acting() as who:
        actions.set_active(who, newcomer.person, False)
    assert not works(program)
    with fresh_world.system.acting() as who:
        actions.set_active(who, newcomer.person, True)
    with tickets.in_session(newcomer.username) as account:
        tokens.revoke(account, tokens.of(account)[0].token)
    assert not works(program)


@pytest.mark.control("C3")
def test_guessing_at_the_password_does_not_stop_the_tokens(world: World, superuser: Superuser) -> None:
    """A token cannot be guessed, so nobody outside can stop the programs of somebody else; the password is locked meanwhile."""
    program = Program.of(world.second)
    form = {"login": world.second.username, "password": "wrong"}
    for _ in range(attempts.TRIES + 1):
        Client().post("/sign-in/", form)
    assert works(program)
    late = Client()
    late.post("/sign-in/", form | {"password": PASSWORD})
    assert "_auth_user_id" not in late.session
    superuser().execute("DELETE FROM access_try")


def test_a_session_of_the_pages_counts_for_nothing(world: World) -> None:
    """The API knows tokens alone, so no page of somebody else's can act through a browser."""
    assert signed_in(world.collector.username).get("/api/grounds").status_code == 401


def test_a_token_acts_under_grounds_of_its_person_only(world: World) -> None:
    """Another's ground, one that is not there and one that is no number are refused alike."""
    secret = Program.of(world.collector).headers["Authorization"].split(" ")[1]
    for ground in (str(world.first.ground), "999999", "9" * 30, "x", "-1"):
        answer = Program(secret).get("types", **{"Suyuan-Ground": ground})
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "access.no_ground"), ground
    assert Program(secret, world.collector.ground).get("types").status_code == 200


@pytest.mark.parametrize(("name", "days"), [("", 1), ("x" * 61, 1), ("x", 0), ("x", 91)])
def test_a_token_has_a_name_and_lasts_90_days_at_most(world: World, name: str, days: int) -> None:
    """The database holds it."""
    with tickets.in_session(world.final.username) as account, pytest.raises(Conflict):
        tokens.issue(account, name, days)


def test_nobody_has_more_than_ten_live_tokens(newcomer: Somebody) -> None:
    """Forgotten ones are revoked first."""
    with tickets.in_session(newcomer.username) as account:
        for number in range(10):
            tokens.issue(account, f"n{number}", 1)
        with pytest.raises(Conflict):
            tokens.issue(account, "n10", 1)


@pytest.mark.clause("5.3.1")
def test_making_and_revoking_a_token_and_a_dead_one_are_entered(newcomer: Somebody, superuser: Superuser) -> None:
    """With who it was; never with the token."""
    with tickets.in_session(newcomer.username) as account:
        number, secret = tokens.issue(account, "报送", 7)
        tokens.revoke(account, number)
    assert not works(Program(secret))
    rows = (
        superuser()
        .execute("SELECT act, detail::text FROM ledger_entry WHERE person = %s ORDER BY at, n", [newcomer.person])
        .fetchall()
    )
    said = [(act, detail) for act, detail in rows if detail and ("token" in detail)]
    assert [act for act, _ in said] == [Act.administer, Act.administer, Act.sign_in_failed]
    assert not any(secret in detail for _, detail in said)


def test_tokens_by_command(newcomer: Somebody) -> None:
    """Made with the password, listed without the secret, revoked."""
    runner = CliRunner()
    wrong = runner.invoke(root, ["token", "new", "程序", "--as", "newcomer"], input="wrong\n", standalone_mode=False)
    assert wrong.exception is not None
    made = runner.invoke(
        root, ["token", "new", "程序", "--days", "7", "--as", "newcomer"], input=f"{PASSWORD}\n", standalone_mode=False
    )
    number, secret = made.stdout.strip().splitlines()[-1].split("\t")
    assert works(Program(secret))
    listed = runner.invoke(root, ["token", "list", "--as", "newcomer", "--json"], standalone_mode=False)
    assert "程序" in listed.output
    assert secret not in listed.output
    assert runner.invoke(root, ["token", "revoke", number, "--as", "newcomer"], standalone_mode=False).exception is None
    assert not works(Program(secret))
