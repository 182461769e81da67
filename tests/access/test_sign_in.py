"""Signing in: who gets in, who is kept out, and who cannot be kept out by others (MLPS 8.1.4.1, ASVS 5.0 chapters 6, 7)."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from suyuan.access import actions, proposals, ways_in
from suyuan.access.errors import Conflict
from suyuan.access.models import Account
from suyuan.access.sign_in import attempts, devices, sessions
from suyuan.ledger.acts import Act
from world import PASSWORD, Somebody, World, come_in, signed_in

Superuser = Callable[[], psycopg.Connection[Any]]


@pytest.fixture
def world(fresh_world: World) -> World:
    """A province whose accounts nobody has tried yet."""
    return fresh_world


def enter(client: Client, who: Somebody, password: str = PASSWORD, address: str = "10.1.1.1") -> HttpResponse:
    """Send the sign-in form from a machine."""
    form = {"login": who.username, "password": password}
    answer: HttpResponse = client.post("/sign-in/", form, REMOTE_ADDR=address)  # type: ignore[assignment]
    return answer


def is_in(client: Client) -> bool:
    """Whether the browser's session belongs to somebody."""
    return "_auth_user_id" in client.session


def guess(client: Client, who: Somebody, address: str = "10.1.1.1", times: int = attempts.TRIES) -> None:
    """Wrong passwords."""
    for _ in range(times):
        enter(client, who, "wrong", address)
        assert not is_in(client)


def policy(world: World, kind: str, most: int) -> None:
    """Two security administrators change a standing policy."""
    with world.security.acting() as who:
        proposal = proposals.propose_limit(who, kind, most, reason="令〔2026〕3号")
    with world.security2.acting() as who:
        proposals.approve(who, proposal)


def entries(superuser: Superuser, act: Act, person: int, done: str | None = None) -> int:
    """How often the ledger says that somebody did something."""
    row = superuser().execute(
        "SELECT count(*) FROM ledger_entry WHERE act = %s AND person = %s AND (%s::text IS NULL OR detail->>'done' = %s)",
        [int(act), person, done, done],
    )
    found: int = row.fetchone()[0]  # type: ignore[index]
    return found


def enrol(client: Client) -> str:
    """Set up an authenticator app; gives its secret."""
    client.get("/sign-in/factor/totp/activate/")
    secret: str = client.session[totp.SECRET_SESSION_KEY]
    answer = client.post("/sign-in/factor/totp/activate/", {"code": now(secret)})
    assert answer.status_code == 302
    return secret


def now(secret: str, steps: int = 0) -> str:
    """The one-time password that the app shows, or showed `steps` times 30 seconds ago."""
    return totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30 - steps))


@pytest.mark.clause("5.1.1")
@pytest.mark.control("C3")
def test_five_wrong_passwords_lock_and_the_answer_stays_the_same(world: World, superuser: Superuser) -> None:
    """Unknown name, wrong password and locked account read alike; two administrators unlock."""
    client = Client()
    unknown = enter(client, Somebody("", 0, 0, 0, "nobody-here"), "wrong")
    wrong = enter(client, world.collector, "wrong")
    guess(client, world.collector, times=attempts.TRIES - 1)
    locked = enter(client, world.collector)
    assert not is_in(client)

    def shown(answer: HttpResponse, name: str) -> str:
        said = answer.content.decode().replace(name, "")
        return said.split('role="alert"')[1].split("</div>")[0]

    assert shown(unknown, "nobody-here") == shown(wrong, "collector") == shown(locked, "collector")
    with world.security.acting() as who:
        asked = ways_in.ask(who, "unlock", world.collector.person, "collector", "本人到场说明")
    enter(client, world.collector)
    assert not is_in(client)
    with world.system.acting() as who:
        assert ways_in.confirm(who, asked.way) == ""
    enter(client, world.collector)
    assert is_in(client)
    assert entries(superuser, Act.sign_in_failed, world.collector.person) == 2  # the first, and the lock
    assert entries(superuser, Act.sign_in, world.collector.person) == 1


@pytest.mark.control("C3")
def test_outsiders_cannot_lock_somebody_out(world: World) -> None:
    """The officer's own browser has a count of its own, whatever others try; another machine of theirs too, at first."""
    own = Client()
    enter(own, world.collector)
    own.post("/sign-out/")
    guess(Client(), world.collector, "10.9.9.9")
    elsewhere = Client()
    enter(elsewhere, world.collector, address="10.1.1.2")
    assert is_in(elsewhere)
    for number in range(attempts.TRIES_UNKNOWN):
        guess(Client(), world.collector, f"10.8.0.{number}", 1)
    enter(own, world.collector)
    assert is_in(own)


@pytest.mark.control("C3")
def test_a_guesser_with_many_addresses_is_stopped(world: World) -> None:
    """All tries without a mark are counted together as well; a forged mark is none."""
    for number in range(attempts.TRIES_UNKNOWN):
        guess(Client(), world.collector, f"10.8.0.{number}", 1)
    late = Client()
    late.cookies[devices.COOKIE] = "eyJpZCI6IngiLCJrbm93biI6WyJjb2xsZWN0b3IiXX0:1:forged"
    enter(late, world.collector, address="10.8.1.1")
    assert not is_in(late)


@pytest.mark.clause("5.1.1")
@pytest.mark.control("C4")
def test_an_authenticator_app_is_asked_for_and_each_password_works_once(world: World, superuser: Superuser) -> None:
    """Password alone is not enough any more; a replayed one-time password is refused; the secret lies sealed."""
    secret = enrol(signed_in(world.collector.username))
    [stored] = Authenticator.objects.filter(type="totp").values_list("data", flat=True)
    assert secret not in str(stored)
    client = Client()
    assert enter(client, world.collector).headers["Location"].startswith("/sign-in/factor/authenticate/")
    assert not is_in(client)
    client.post("/sign-in/factor/authenticate/", {"code": "000000"})
    assert not is_in(client)
    used = now(secret)
    client.post("/sign-in/factor/authenticate/", {"code": used})
    assert is_in(client)
    thief = Client()
    enter(thief, world.collector)
    thief.post("/sign-in/factor/authenticate/", {"code": used})
    assert not is_in(thief)
    assert entries(superuser, Act.administer, world.collector.person, "factor_added") >= 1
    assert entries(superuser, Act.sign_in_failed, world.collector.person) >= 1


@pytest.mark.control("C4")
def test_a_spare_code_works_once_and_a_lost_factor_is_taken_away_by_two(world: World) -> None:
    """Spare codes for a lost token; after two administrators took the factor away, the person comes in by a code."""
    owner = signed_in(world.collector.username)
    enrol(owner)
    owner.post("/sign-in/factor/recovery-codes/generate/")
    page = owner.get("/sign-in/factor/recovery-codes/").content.decode()
    spare = page.split("<pre")[1].split(">")[1].split()[0]
    for expected in (True, False):
        client = Client()
        enter(client, world.collector)
        client.post("/sign-in/factor/authenticate/", {"code": spare})
        assert is_in(client) is expected
    come_in(world, world.collector.person, "collector", "factors")
    client = Client()
    enter(client, world.collector)
    assert is_in(client)


@pytest.mark.control("C4")
@pytest.mark.parametrize("kind", ["factors", "password"])
def test_a_sign_in_that_waits_ends_with_what_it_waits_for(world: World, kind: str) -> None:
    """A browser left at the second factor shows the sign-in page once two persons changed the way in, and signs in there."""
    enrol(signed_in(world.collector.username))
    left = Client()
    assert enter(left, world.collector).headers["Location"].startswith("/sign-in/factor/authenticate/")
    assert left.get("/sign-in/factor/authenticate/").status_code == 200
    with world.system.acting() as who:
        asked = ways_in.ask(who, kind, world.collector.person, "collector", "令〔2026〕1号")
    with world.security.acting() as who:
        half = ways_in.confirm(who, asked.way)
    new = "Another-passphrase-7"
    form = {"username": "collector", "first": asked.half, "second": half, "password": new, "again": new}
    assert left.post("/sign-in/code/", form).headers["Location"] == "/sign-in/"
    page = left.get("/sign-in/")
    assert page.status_code == 200 and 'name="login"' in page.content.decode()
    assert left.get("/sign-in/factor/authenticate/").headers["Location"] == "/sign-in/"
    enter(left, world.collector, new)
    assert is_in(left) is (kind == "factors")


@pytest.mark.control("C4")
def test_where_everybody_needs_a_second_factor_nothing_opens_before(world: World) -> None:
    """By a policy of two persons; the way to enrolling stays open."""
    client = signed_in(world.collector.username)
    assert client.get("/records/").status_code == 200
    policy(world, "second_factor", sessions.REQUIRED)
    assert client.get("/records/").headers["Location"] == "/sign-in/factor/"
    enrol(client)
    assert client.get("/records/").status_code == 200


@pytest.mark.parametrize(
    ("most", "password", "good"),
    [
        (1, "Aa1!bcde", True), (1, "aaaabbbbcccc", False), (1, "Aa1!b", False), (1, "Aa1bcdef", True),
        (2, "长长的口令一句话也可以这样写", True), (2, "lowercase only words", True), (2, "Aa1!bcde", False),
        (2, "password1234", False), (2, "collector-1", False), (2, "x" * 129, False),
    ],
)  # fmt: skip
@pytest.mark.control("C2")
def test_one_of_two_password_policies_is_in_force(world: World, most: int, password: str, good: bool) -> None:
    """The rules of one standard, never a mixture; common ones and one's own name under both."""
    policy(world, "password", most)
    account = Account.objects.get(username="collector")
    if good:
        validate_password(password, account)
        return
    with pytest.raises(ValidationError):
        validate_password(password, account)


@pytest.mark.control("C2")
def test_a_policy_is_one_of_those_that_exist(world: World) -> None:
    """No third password policy."""
    with world.security.acting() as who, pytest.raises(Conflict, match="1 或 2"):
        proposals.propose_limit(who, "password", 3, reason="令〔2026〕3号")


@pytest.mark.control("C2")
def test_old_passwords_are_changed_first(world: World, superuser: Superuser) -> None:
    """Under MLPS after 90 days, under ASVS never by the calendar."""
    client = signed_in(world.collector.username)

    def settle(**values: object) -> None:
        for name, value in values.items():
            superuser().execute(f"UPDATE access_account SET {name} = %s WHERE username = 'collector'", [value])

    settle(password_at=timezone.now() - timedelta(days=91))
    assert client.get("/records/").status_code == 200
    policy(world, "password", 1)
    assert client.get("/records/").headers["Location"] == "/account/"
    form = {"old_password": PASSWORD, "new_password1": "Neue-Losung-7", "new_password2": "Neue-Losung-7"}
    assert client.post("/account/", form).status_code == 302
    assert client.get("/records/").status_code == 200


@pytest.mark.clause("5.1.1")
@pytest.mark.control("C6")
def test_an_account_idle_for_ninety_days_is_disabled(world: World, superuser: Superuser) -> None:
    """At the next try and by the day; who is enabled again begins anew."""
    for username, days in (("collector", 91), ("first", 89)):
        superuser().execute(
            "UPDATE access_account SET last_login = now() - make_interval(days => %s), made_at = '2020-01-01' WHERE username = %s",
            [days, username],
        )
    client = Client()
    enter(client, world.collector)
    assert not is_in(client)
    enter(client, world.first)
    assert is_in(client)
    assert entries(superuser, Act.administer, 0, "disable_idle") == 1
    with world.system.acting() as who:
        actions.set_active(who, world.collector.person, True)
    again = Client()
    enter(again, world.collector)
    assert is_in(again)


@pytest.mark.control("C5")
def test_sessions_are_new_at_sign_in_listed_and_ended(world: World, superuser: Superuser) -> None:
    """No session of before is taken on; one's own are listed and ended; leaving ends them all; so do twelve hours."""
    client = Client()
    client.get("/sign-in/")
    client.cookies["sessionid"] = before = "a" * 32
    enter(client, world.collector)
    assert client.cookies["sessionid"].value != before
    other = Client(HTTP_USER_AGENT="另一台机器")
    enter(other, world.collector)
    for one in (client, other):
        assert one.get("/account/sessions/").status_code == 200
    assert "另一台机器" in client.get("/account/sessions/").content.decode()
    client.post("/account/sessions/")
    assert other.get("/account/").status_code == 302
    assert client.get("/account/").status_code == 200
    session = client.session
    session["since"] = time.time() - sessions.ABSOLUTE_SECONDS - 1
    session.save()
    assert client.get("/account/").status_code == 302
    again = signed_in(world.collector.username)
    with world.system.acting() as who:
        actions.set_active(who, world.collector.person, False)
    assert again.get("/account/").status_code == 302


@pytest.mark.clause("5.1.2")
@pytest.mark.control("C12")
def test_a_grant_a_key_and_a_proof_ask_for_a_fresh_factor(world: World) -> None:
    """What was sent waits and goes on by itself; after ten minutes it is asked again."""
    client = Client()
    enter(client, world.security)
    form = {"kind": "look", "most": 100, "reason": "令〔2026〕4号"}
    answer = client.post("/proposals/", form)
    assert answer.headers["Location"].startswith("/reauthenticate/")
    assert "确认是您本人" in client.get(answer.headers["Location"]).content.decode()
    assert client.post(answer.headers["Location"], {"password": "wrong", "next": "/proposals/"}).status_code == 200
    done = client.post(answer.headers["Location"], {"password": PASSWORD, "next": "/proposals/"})
    assert done.headers["Location"].startswith("/proposals/")
    assert client.post("/proposals/", form | {"kind": "list", "most": 90}).headers["Location"].startswith("/proposals/")
    session = client.session
    session["account_authentication_methods"][-1]["at"] -= 601
    session.save()
    assert (
        client.post("/proposals/", form | {"kind": "search", "most": 80})
        .headers["Location"]
        .startswith("/reauthenticate/")
    )
    custodian = Client()
    enter(custodian, world.custodian)
    assert custodian.get("/vault/").headers["Location"].startswith("/reauthenticate/")
    head = Client()
    enter(head, world.head)
    address = "/audit/prove/00000000-0000-7000-8000-000000000000/"
    assert head.post(address).headers["Location"].startswith("/reauthenticate/")
