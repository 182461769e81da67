"""Five wrong tries end it, at whatever somebody guesses; and nobody outside keeps somebody else out (ASVS 5.0, 6.3)."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import argon2
import psycopg
import pytest
from allauth.mfa.totp.internal import auth as totp
from django.db import connection
from django.http import HttpResponse
from django.test import Client, RequestFactory

from program import Program
from suyuan.access.sign_in import attempts, devices, factors
from suyuan.access.sign_in.attempts import CODE, FACTOR, PASSWORD, TRIES, Kind
from world import PASSWORD as RIGHT
from world import Somebody, World, signed_in

Superuser = Callable[[], psycopg.Connection[Any]]
HOME, OUTSIDE = "10.1.1.1", "10.9.9.9"
CODES = 60


@pytest.fixture
def world(fresh_world: World) -> World:
    """A province whose accounts nobody has tried yet."""
    return fresh_world


def enter(client: Client, who: Somebody, password: str = RIGHT, address: str = HOME) -> HttpResponse:
    """Send the sign-in form from a machine."""
    form = {"login": who.username, "password": password}
    answer: HttpResponse = client.post("/sign-in/", form, REMOTE_ADDR=address)  # type: ignore[assignment]
    return answer


def is_in(client: Client) -> bool:
    """Whether the browser's session belongs to somebody."""
    return "_auth_user_id" in client.session


def gets_in(who: Somebody, address: str, client: Client | None = None) -> bool:
    """Whether the right password opens, in a browser that nobody knows unless one is given."""
    one = client or Client()
    enter(one, who, address=address)
    return is_in(one)


def known_browser(who: Somebody) -> Client:
    """A browser in which somebody has signed in before."""
    client = Client()
    enter(client, who)
    assert is_in(client)
    client.post("/sign-out/")
    return client


def failures(superuser: Superuser, person: int) -> list[dict[str, Any]]:
    """What the ledger says of somebody's failing to sign in, in order."""
    rows = superuser().execute(
        "SELECT detail FROM ledger_entry WHERE act = 22 AND person = %s ORDER BY at, n", [person]
    )
    return [detail for (detail,) in rows]


def pass_time(superuser: Superuser, minutes: int) -> None:
    """Let all counts be that much older."""
    superuser().execute(
        "UPDATE access_try SET since = since - make_interval(mins => %(m)s), at = at - make_interval(mins => %(m)s),"
        " locked_until = locked_until - make_interval(mins => %(m)s)",
        {"m": minutes},
    )


@pytest.fixture
def secret(world: World) -> str:
    """The collector has an authenticator app; what it shares with the installation."""
    client = signed_in(world.collector.username)
    client.get("/sign-in/factor/totp/activate/")
    found: str = client.session[totp.SECRET_SESSION_KEY]
    assert client.post("/sign-in/factor/totp/activate/", {"code": now(found)}).status_code == 302
    return found


def now(secret: str) -> str:
    """The one-time password of this moment."""
    return totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30))


def wrong(secret: str) -> str:
    """A code that is none of these minutes."""
    near = {totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30 + step)) for step in range(-5, 6)}
    return next(code for code in (f"{number:06}" for number in range(100)) if code not in near)


def try_codes(secret: str, who: Somebody, times: int, address: str = OUTSIDE) -> tuple[Client, int]:
    """Whoever has the password tries codes; gives their browser, and how often they had to begin anew."""
    client, begun = Client(), 0
    for _ in range(times):
        answer = client.post("/sign-in/factor/authenticate/", {"code": wrong(secret)}, REMOTE_ADDR=address)
        if answer.status_code == 302:
            begun += 1
            enter(client, who, address=address)
            client.post("/sign-in/factor/authenticate/", {"code": wrong(secret)}, REMOTE_ADDR=address)
        assert not is_in(client)
    return client, begun


def by_code(client: Client, secret: str, who: Somebody, address: str) -> bool:
    """Whether password and right code open."""
    enter(client, who, address=address)
    client.post("/sign-in/factor/authenticate/", {"code": now(secret)}, REMOTE_ADDR=address)
    return is_in(client)


@pytest.mark.clause("5.1.1")
@pytest.mark.control("C4")
@pytest.mark.control("C3")
def test_sixty_wrong_codes_are_five(world: World, secret: str, superuser: Superuser) -> None:
    """After five the sign-in begins anew and no code is checked, wherever else it comes from; the own browser goes on."""
    superuser().execute("DELETE FROM access_used")  # or the code that enrolled could not be used again
    checked: list[str] = []
    real = totp.TOTP.validate_code

    def count(self: Any, code: str) -> Any:
        checked.append(code)
        return real(self, code)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(totp.TOTP, "validate_code", count)
        thief, begun = try_codes(secret, world.collector, CODES)
    assert len(checked) == TRIES
    assert begun > 1
    assert not by_code(thief, secret, world.collector, OUTSIDE)
    assert not by_code(Client(), secret, world.collector, HOME)
    told = failures(superuser, world.collector.person)
    assert told == [{"factor": "second"}, {"factor": "second", "locked": "source", "tries": TRIES},
                    {"factor": "second", "locked": "unknown", "tries": TRIES}]  # fmt: skip
    own = Client()
    own.cookies[devices.COOKIE] = _mark(world.collector.username)
    assert by_code(own, secret, world.collector, HOME)


def _mark(username: str) -> str:
    """The cookie of a browser that knows an account."""
    answer = HttpResponse()
    devices.remember(RequestFactory().get("/"), answer, username)
    return str(answer.cookies[devices.COOKIE].value)


@pytest.mark.control("C4")
def test_without_the_count_the_sixty_first_code_would_open(
    world: World, secret: str, superuser: Superuser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test above: what it sees when nothing is locked."""
    superuser().execute("DELETE FROM access_used")
    monkeypatch.setattr(factors, "FACTOR", Kind("second", of_source=10**6))
    monkeypatch.setattr(attempts, "TRIES_ADDRESS", 10**6)
    thief, _ = try_codes(secret, world.collector, CODES)
    assert by_code(thief, secret, world.collector, OUTSIDE)


@pytest.mark.control("C4")
def test_each_further_lock_of_a_factor_lasts_twice_as_long(world: World, superuser: Superuser) -> None:
    """Whoever has the password guesses on for months: a quarter of an hour, half an hour, and so on up to a day."""
    request = RequestFactory().get("/", REMOTE_ADDR=OUTSIDE)
    lengths = []
    for _ in range(9):
        for _ in range(TRIES):
            attempt = attempts.spend(FACTOR, world.collector.username, request)
            assert attempt is not None
            attempt.lost()
        assert attempts.spend(FACTOR, world.collector.username, request) is None
        [[length]] = superuser().execute(
            "SELECT round(extract(epoch FROM locked_until - now()) / 60) FROM access_try WHERE source = 'unknown'"
        )
        lengths.append(int(length))
        pass_time(superuser, int(length) + 1)
    assert lengths == [15, 30, 60, 120, 240, 480, 960, 1440, 1440]


@pytest.mark.control("C3")
def test_many_at_once_are_no_more_than_five(world: World) -> None:
    """A try is spent before it is checked: forty in the same moment do not slip past the count."""

    def one(_: int) -> bool:
        try:
            request = RequestFactory().get("/", REMOTE_ADDR=OUTSIDE)
            return attempts.spend(PASSWORD, world.collector.username, request) is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(40))) == TRIES


@pytest.mark.control("C3")
def test_the_old_password_is_guessed_at_no_further(world: World) -> None:
    """Whoever has got hold of a session cannot work out the password with it; the own browser still can change it."""
    thief = signed_in(world.collector.username)
    form = {"old_password": "wrong", "new_password1": "Neue-Losung-7", "new_password2": "Neue-Losung-7"}
    for _ in range(TRIES):
        assert thief.post("/account/", form, REMOTE_ADDR=OUTSIDE).status_code == 200
    assert thief.post("/account/", form | {"old_password": RIGHT}, REMOTE_ADDR=OUTSIDE).status_code == 200
    own = Client()
    enter(own, world.collector)
    assert own.post("/account/", form | {"old_password": RIGHT}, REMOTE_ADDR=OUTSIDE).status_code == 302


@pytest.fixture
def argon(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How often Argon2 was worked out."""
    done: list[str] = []
    real = argon2.low_level.hash_secret

    def count(*more: Any, **named: Any) -> bytes:
        done.append("hash")
        return real(*more, **named)

    monkeypatch.setattr(argon2.low_level, "hash_secret", count)
    return done


@pytest.mark.control("C3")
@pytest.mark.parametrize("name", ["collector", "nobody-here"])
def test_what_is_locked_costs_nothing_and_is_answered_alike(
    world: World, name: str, argon: list[str], superuser: Superuser
) -> None:
    """Forty tries cost five Argon2 and two entries, for an account that exists and for one that does not."""
    who = Somebody("", 0, 0, 0, name)
    pages = [enter(Client(), who, "wrong", OUTSIDE).content.split(b'role="alert"')[1][:200] for _ in range(40)]
    assert len(argon) == TRIES
    assert len(set(pages)) == 1
    person = world.collector.person if name == "collector" else 0
    assert failures(superuser, person) == [
        {"factor": "password"}, {"factor": "password", "locked": "source", "tries": TRIES},
    ]  # fmt: skip
    pass_time(superuser, 16)
    attempts.sweep()
    assert failures(superuser, person)[2] == {"factor": "password", "tries": TRIES, "refused": 35}
    assert superuser().execute("SELECT count(*) FROM access_try").fetchone() == (0,)


@pytest.mark.control("C3")
@pytest.mark.control("C1")
def test_wrong_activation_codes_end(world: World, argon: list[str], superuser: Superuser) -> None:
    """Five of one address, each an entry at first and at the end; from elsewhere the right code goes on working."""
    form = {"kind": "security_auditor", "code": "wrong", "staff_no": "A1", "name": "某某", "username": "newone",
            "password": "长长的口令一句话也可以这样写", "again": "长长的口令一句话也可以这样写"}  # fmt: skip
    for _ in range(12):
        assert Client().post("/activate/", form, REMOTE_ADDR=OUTSIDE).status_code == 200
    assert len(argon) == TRIES
    assert [one["factor"] for one in failures(superuser, 0)] == ["code", "code"]
    assert attempts.spend(CODE, "", RequestFactory().get("/", REMOTE_ADDR=HOME)) is not None


@pytest.mark.control("C22")
def test_nothing_keeps_what_was_typed_as_an_account_name(world: World, superuser: Superuser) -> None:
    """People type their password there."""
    canary = "Hunter2-Kanarienvogel"
    enter(Client(), Somebody("", 0, 0, 0, canary), "x")
    tables = superuser().execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    held = [
        name for (name,) in tables.fetchall()
        if superuser().execute(f'SELECT 1 FROM "{name}" t WHERE t::text ILIKE %s LIMIT 1', [f"%{canary}%"]).fetchone()
    ]  # fmt: skip
    assert held == []
    assert superuser().execute(
        "SELECT username LIKE '? %' FROM access_try WHERE kind = 'password' LIMIT 1"
    ).fetchone() == (True,)
    enter(Client(), world.collector, "x")
    assert superuser().execute("SELECT count(*) FROM access_try WHERE username = 'collector'").fetchone() == (2,)


def fill(who: Somebody) -> None:
    """Outsiders use up all tries that browsers without a mark have together."""
    for number in range(attempts.TRIES_UNKNOWN):
        enter(Client(), who, "wrong", f"10.8.0.{number}")
    assert not gets_in(who, "10.8.1.1")


@pytest.mark.control("C3")
def test_nobody_outside_keeps_somebody_out_of_a_new_browser(world: World, superuser: Superuser) -> None:
    """A browser that is known lets in another one, however many tries others make; a made-up pass does not."""
    own = known_browser(world.collector)
    fill(world.collector)
    enter(own, world.collector)
    assert is_in(own)
    session = own.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time(), "reauthenticated": True}]
    session.save()
    shown = own.get("/account/pass/").content.decode().split("font-monospace")[1].split(">")[1].split("<")[0]
    new = Client()
    for username, said in (
        ("collector", "AAAA-BBBB-CCCC-DDDD"),
        ("first", shown),
        ("nobody-here", shown),
        ("collector", ""),
    ):
        answer = new.post("/sign-in/pass/", {"username": username, "code": said})
        assert answer.status_code == 200
        assert devices.COOKIE not in answer.cookies
    assert new.post("/sign-in/pass/", {"username": "collector", "code": shown.lower()}).status_code == 302
    fill(world.collector)
    assert not gets_in(world.collector, HOME)
    assert gets_in(world.collector, HOME, new)


def test_a_pass_ends_with_its_quarter_of_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is good for 15 minutes at least and 30 at most, for its own account, and it asks for a fresh factor."""
    shown = devices.pass_of("collector")
    assert devices.is_pass("collector", shown)
    assert not devices.is_pass("first", shown)
    real = devices._now()
    monkeypatch.setattr(devices, "_now", lambda: real + 1)
    assert devices.is_pass("collector", shown)
    monkeypatch.setattr(devices, "_now", lambda: real + 2)
    assert not devices.is_pass("collector", shown)


def test_seeing_the_pass_asks_for_a_fresh_factor(world: World) -> None:
    """A session that was left open shows none."""
    client = Client()
    enter(client, world.collector)
    session = client.session
    session["account_authentication_methods"][-1]["at"] -= 601
    session.save()
    assert client.get("/account/pass/").headers["Location"].startswith("/reauthenticate/")


@pytest.mark.control("C3")
def test_people_behind_one_address_do_not_lock_each_other_out(world: World) -> None:
    """Wrong tries at one's account from the address that all share: the browser in which it was used goes on."""
    own = known_browser(world.collector)
    for _ in range(30):
        enter(Client(), world.collector, "wrong", HOME)
    assert not gets_in(world.collector, HOME)
    assert gets_in(world.collector, HOME, own)
    assert gets_in(world.first, HOME)


@pytest.mark.control("C3")
def test_one_address_does_not_try_all_accounts(world: World, argon: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """So many tries in a quarter of an hour, whatever names; known browsers and other addresses go on."""
    monkeypatch.setattr(attempts, "TRIES_ADDRESS", 12)
    own = known_browser(world.second)
    argon.clear()
    for number in range(attempts.TRIES_ADDRESS + 20):
        enter(Client(), Somebody("", 0, 0, 0, f"name-{number}"), "Fruehling-2026", OUTSIDE)
    assert len(argon) == attempts.TRIES_ADDRESS
    assert not gets_in(world.first, OUTSIDE)
    assert gets_in(world.first, HOME)
    assert gets_in(world.second, OUTSIDE, own)


def test_one_ipv6_network_is_one_address(world: World) -> None:
    """Whoever has one address of it has them all."""
    for number in range(TRIES):
        enter(Client(), world.collector, "wrong", f"2001:db8:1:2::{number:x}")
    assert not gets_in(world.collector, "2001:db8:1:2:ffff::1")
    assert gets_in(world.collector, "2001:db8:1:3::1")


@pytest.mark.control("C3")
def test_a_right_try_gives_back_what_it_took(world: World, superuser: Superuser) -> None:
    """People who sign in all day from one address use nothing up; a few wrong ones in between neither."""
    for _ in range(attempts.TRIES_UNKNOWN):
        assert gets_in(world.first, HOME)
        enter(Client(), world.first, "wrong", HOME)
        assert gets_in(world.first, HOME)
        superuser().execute("DELETE FROM access_try WHERE source = 'unknown'")


def test_a_count_is_not_undone_with_an_act(world: World) -> None:
    """Whoever counts inside a transaction that may be undone is told so at once."""
    with world.collector.acting(), pytest.raises(RuntimeError):
        attempts.spend(PASSWORD, "collector", None)


@pytest.mark.control("C5")
@pytest.mark.control("C14")
def test_a_new_password_ends_sessions_and_tokens_and_is_an_entry(world: World, superuser: Superuser) -> None:
    """Whoever recovers from a theft is rid of the thief."""
    program, other = Program.of(world.collector), Client()
    enter(other, world.collector)
    own = Client()
    enter(own, world.collector)
    assert program.get("grounds").status_code == 200
    assert "全部接口令牌立即作废" in own.get("/account/").content.decode()
    form = {"old_password": RIGHT, "new_password1": "Neue-Losung-7", "new_password2": "Neue-Losung-7"}
    assert own.post("/account/", form).status_code == 302
    assert program.get("grounds").status_code == 401
    assert other.get("/account/").status_code == 302
    assert own.get("/account/").status_code == 200
    done = superuser().execute(
        "SELECT detail->>'done' FROM ledger_entry WHERE person = %s AND act = 24 ORDER BY at DESC LIMIT 2",
        [world.collector.person],
    )
    assert {one for (one,) in done} == {"change_password", "revoke_token"}
