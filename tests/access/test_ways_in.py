"""Nobody's way in is made by one other person alone (norm 4, 5.1.1)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from allauth.mfa.models import Authenticator
from click.testing import CliRunner
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone

import tickets
from suyuan.access import actions, queries, tokens, ways_in
from suyuan.access.errors import BadCode, BadHalves, Conflict, NotAllowed
from suyuan.access.models import Account
from suyuan.access.verify import verify_founders
from suyuan.cli.root import root
from suyuan.ledger.bound import verify_rows
from world import CITY, COUNTY, PASSWORD, STATION, Somebody, World, come_in, signed_in

Superuser = Callable[[], psycopg.Connection[Any]]
OTHER = "Another-passphrase-7"
WHY = "令〔2026〕9号"


def asked(world: World, kind: str, whom: Somebody, username: str = "", by: str = "system") -> ways_in.Asked:
    """A way in of somebody, asked for."""
    with getattr(world, by).acting() as who:
        return ways_in.ask(who, kind, whom.person, username or whom.username, WHY)


def confirmed(world: World, way: int, by: str = "security") -> str:
    """The second half."""
    with getattr(world, by).acting() as who:
        return ways_in.confirm(who, way)


def opens(username: str, first: str, second: str, password: str = OTHER) -> bool:
    """Whether a password can be set by two halves."""
    try:
        ways_in.open_by_code(username, first, second, password)
    except BadHalves:
        return False
    return True


def fresh(world: World) -> Somebody:
    """A member of staff without an account."""
    with world.system.acting() as who:
        return Somebody("新警", actions.add_person(who, "W0001", "新警", STATION), 0, 0, "newcomer")


@pytest.mark.clause("5.1.1")
@pytest.mark.control("C1", "C7")
def test_a_new_person_sets_their_own_password_by_two_halves(fresh_world: World) -> None:
    """No administrator sees one; neither half alone opens; a code opens once; each step is entered with its row."""
    new = fresh(fresh_world)
    way, first = asked(fresh_world, "account", new, "newcomer")
    assert queries.usernames(new.person) == []
    second = confirmed(fresh_world, way)
    for one, other in ((first, first), (second, second), (first, ""), ("", second), (second, first)):
        assert not opens("newcomer", one, other)
    assert not Client().login(username="newcomer", password=OTHER)


@pytest.mark.clause("5.1.1")
@pytest.mark.control("C1")
def test_a_code_opens_once(fresh_world: World) -> None:
    """Typed as people type it; the password is the person's; afterwards the ledger bears every row out."""
    new = fresh(fresh_world)
    way, first = asked(fresh_world, "account", new, "newcomer")
    second = confirmed(fresh_world, way)
    assert opens("newcomer", f" {first.lower()} ", second.replace("-", " "))
    assert not opens("newcomer", first, second, PASSWORD)
    assert ways_in.closed(new.person)
    client = Client()
    assert client.login(username="newcomer", password=OTHER)
    assert ways_in.finish(new.person)
    assert list(verify_rows()) == []


@pytest.mark.control("C1", "C3")
def test_five_guesses_at_the_other_half_end_a_code_and_an_outsider_ends_none(fresh_world: World) -> None:
    """Whoever holds one half has five; whoever holds neither has nothing to wear down."""
    new = fresh(fresh_world)
    way, first = asked(fresh_world, "account", new, "newcomer")
    second = confirmed(fresh_world, way)
    for _ in range(20):
        assert not opens("newcomer", "AAAA-AAAA-AAAA-AAAA", "BBBB-BBBB-BBBB-BBBB")
    for _ in range(4):
        assert not opens("newcomer", first, "BBBB-BBBB-BBBB-BBBB")
    with fresh_world.security.acting() as who:
        assert ways_in.one(who, way).state == "confirmed"
    assert not opens("newcomer", first, "BBBB-BBBB-BBBB-BBBB")
    assert not opens("newcomer", first, second)
    with fresh_world.security.acting() as who:
        assert ways_in.one(who, way).state == "lapsed"


@pytest.mark.control("C1")
def test_a_code_lapses(fresh_world: World, superuser: Superuser) -> None:
    """After seven days it opens nothing, and what waits is confirmed no more."""
    new = fresh(fresh_world)
    way, first = asked(fresh_world, "account", new, "newcomer")
    waiting, _ = asked(fresh_world, "account", new, "newcomer2")
    second = confirmed(fresh_world, way)
    owner = superuser()
    owner.execute("SET session_replication_role = replica")
    owner.execute(
        "UPDATE access_way_in SET asked_at = asked_at - interval '8 days', decided_at = decided_at - interval '8 days'"
    )
    assert not opens("newcomer", first, second)
    with fresh_world.security.acting() as who, pytest.raises(Conflict, match="7 天"):
        ways_in.confirm(who, waiting)


@pytest.mark.clause("5.1.1")
@pytest.mark.control("C7")
@pytest.mark.parametrize("kind", ["account", "password", "factors", "unlock"])
def test_nobody_confirms_alone(fresh_world: World, kind: str) -> None:
    """Not who asked, not whom it concerns, not another duty; nobody asks for themselves."""
    world, target = fresh_world, fresh_world.security2
    way, _ = asked(world, kind, target, "another" if kind == "account" else "")
    for name in ("system", "security2"):
        with getattr(world, name).acting() as who, pytest.raises(Conflict):
            ways_in.confirm(who, way)
    for name in ("auditor", "head", "collector", "custodian", "trainer"):
        with getattr(world, name).acting() as who, pytest.raises(NotAllowed):
            ways_in.confirm(who, way)
    with pytest.raises(Conflict, match="不能为自己提请"):
        asked(world, kind, world.system, "mine" if kind == "account" else "")
    with world.security.acting() as who:
        ways_in.confirm(who, way)
        with pytest.raises(Conflict, match="已有决定"):
            ways_in.confirm(who, way)


@pytest.mark.control("C7")
def test_only_administrators_in_range_ask_and_confirm(fresh_world: World, superuser: Superuser) -> None:
    """A county's ask and confirm for the county, and for nobody whose duty reaches further."""
    superuser().execute("UPDATE access_duty SET agency = %s WHERE kind LIKE 's%%administrator'", [COUNTY])
    for whom, mine in ((fresh_world.collector, True), (fresh_world.final, False), (fresh_world.outsider, False)):
        for by in ("system", "security"):
            if mine:
                way, _ = asked(fresh_world, "password", whom, by=by)
            else:
                with pytest.raises(NotAllowed):
                    asked(fresh_world, "password", whom, by=by)
    superuser().execute("UPDATE access_duty SET agency = %s WHERE person = %s", [CITY, fresh_world.collector.person])
    with fresh_world.security2.acting() as who, pytest.raises(NotAllowed):
        ways_in.confirm(who, way)


@pytest.mark.clause("5.1.1")
@pytest.mark.control("C5", "C6", "C7")
def test_a_second_account_ends_sessions_and_tokens_and_closes_grounds(fresh_world: World) -> None:
    """The head is out, told at the next sign-in, and nothing opens to the new account before it is theirs."""
    world, head = fresh_world, fresh_world.head
    browser = signed_in("head")
    with tickets.in_session("head") as account:
        _, secret = tokens.issue(account, "报表", 30)
    way, first = asked(world, "account", head, "evilhead")
    assert browser.get("/").status_code == 200
    second = confirmed(world, way)
    assert browser.get("/").headers["Location"].startswith("/sign-in/")
    api = Client().get("/api/grounds", headers={"Authorization": f"Bearer {secret}"})
    assert api.status_code == 401
    assert ways_in.closed(head.person)
    told = signed_in("head").get("/account/").content.decode()
    assert "evilhead" in told and "安全审计员" in told
    assert opens("evilhead", first, second)
    assert ways_in.closed(head.person)
    assert Client().login(username="evilhead", password=OTHER)
    assert ways_in.finish(head.person)


@pytest.mark.clause("5.1.1")
@pytest.mark.control("C4")
def test_who_holds_a_power_needs_a_new_factor_first(fresh_world: World) -> None:
    """A password alone does not open an administrator's grounds again; a factor made before the reset does not either."""
    world, who = fresh_world, fresh_world.security2
    account = Account.objects.get(username="security2")
    old = Authenticator.objects.create(user=account, type="totp", data={}, last_used_at=timezone.now())
    way, first = asked(world, "factors", who)
    second = confirmed(world, way)
    assert not Authenticator.objects.filter(pk=old.pk).exists()
    assert not Client().login(username="security2", password=PASSWORD)
    assert opens("security2", first, second)
    client = Client()
    assert client.login(username="security2", password=OTHER)
    assert client.get("/people/").headers["Location"] == "/sign-in/factor/"
    assert not ways_in.finish(who.person)
    made = Authenticator.objects.create(user=account, type="totp", data={})
    assert not ways_in.finish(who.person)
    made.last_used_at = timezone.now()
    made.save()
    assert client.get("/people/").status_code == 200
    assert not ways_in.closed(who.person)


@pytest.mark.control("C7")
def test_raw_sql_makes_no_way_in(fresh_world: World) -> None:
    """The table is written by its functions only, its halves read by nobody, and what was asked stays."""
    asked(fresh_world, "password", fresh_world.head)
    for statement in (
        "UPDATE access_way_in SET approved = true",
        "INSERT INTO access_way_in (kind, person, username, reason, asked_by) VALUES ('unlock', 1, 'a', 'b', 2)",
        "SELECT first_half FROM access_way_in",
        "DELETE FROM access_way_in",
        "SELECT access_open_way_in(w) FROM (SELECT * FROM access_way_in) w",
        "UPDATE access_account SET epoch = 0",
    ):
        with fresh_world.system.acting(), pytest.raises(DatabaseError), transaction.atomic():
            connection.cursor().execute(statement)


@pytest.mark.control("C7", "C18")
def test_a_way_in_that_was_changed_or_taken_away_is_named(fresh_world: World, superuser: Superuser) -> None:
    """For the owner the row is fixed; where a superuser got round that, `ledger verify` names it."""
    way, _ = asked(fresh_world, "password", fresh_world.head)
    confirmed(fresh_world, way)
    owner = superuser()
    for statement in (
        "UPDATE access_way_in SET person = 1",
        "DELETE FROM access_way_in",
        "TRUNCATE access_way_in CASCADE",
    ):
        with pytest.raises(psycopg.errors.CheckViolation):
            owner.execute(statement)
    assert list(verify_rows()) == []
    owner.execute("SET session_replication_role = replica")
    owner.execute("UPDATE access_way_in SET decided_by = %s", [fresh_world.auditor.person])
    assert [(one.code, one.where) for one in verify_rows()] == [("row.altered", f"access_way_in {way}")]
    owner.execute("DELETE FROM access_way_in")
    assert [(one.code, one.where) for one in verify_rows()] == [("row.missing", f"access_way_in {way}")]


@pytest.mark.clause("5.1.1")
@pytest.mark.control("C1")
def test_the_pages_show_each_half_once(fresh_world: World) -> None:
    """Asked on the person's page, confirmed on its own, opened by the person; each slip carries one half and no password."""
    new = fresh(fresh_world)
    system, security = signed_in("system"), signed_in("security")
    sent = system.post(f"/people/{new.person}/", {"act": "account", "username": "newcomer", "reason": WHY})
    address = sent.headers["Location"]
    assert sent.status_code == 302 and half_on(security.get(address)) is None
    page = system.get(address)
    assert page.headers["Cache-Control"] == "no-store"
    first = half_on(page)
    assert half_on(system.get(address)) is None
    assert half_on(system.post(address, {"act": "confirm"}, follow=True)) is None
    assert security.post(address, {"act": "confirm"}).headers["Location"] == address
    second = half_on(security.get(address))
    assert half_on(security.get(address)) is None
    assert first and second and first != second
    for tile in ("近 30 天的账号事项",):
        assert tile in signed_in("auditor").get("/").content.decode()
    form = {"username": "newcomer", "first": first, "second": second, "password": OTHER, "again": OTHER}
    assert "不一致" in Client().post("/sign-in/code/", form | {"again": "x"}).content.decode()
    assert "未能设置密码" in Client().post("/sign-in/code/", form | {"second": first}).content.decode()
    assert Client().post("/sign-in/code/", form).headers["Location"] == "/sign-in/"
    assert Client().login(username="newcomer", password=OTHER)


@pytest.mark.control("C1", "C12")
def test_a_half_is_shown_once_after_a_fresh_factor_too(fresh_world: World) -> None:
    """What waited for the factor goes on as a redirect: loading the slip again asks for nothing new."""
    client = Client()
    assert client.login(username="system", password=PASSWORD)
    address = f"/people/{fresh_world.head.person}/"
    form = {"act": "reset", "username": "head", "kind": "password", "reason": WHY}
    asks = client.post(address, form).headers["Location"]
    assert asks.startswith("/reauthenticate/")
    gone_on = client.post(asks, {"password": PASSWORD, "next": address})
    assert gone_on.status_code == 302
    shown = client.get(gone_on.headers["Location"])
    assert half_on(shown) and half_on(client.get(gone_on.headers["Location"])) is None
    with fresh_world.security.acting() as who:
        assert len(ways_in.ways(who)) == len({one.way for one in ways_in.ways(who)})
        assert sum(one.kind == "password" and one.username == "head" for one in ways_in.ways(who)) == 1


@pytest.mark.clause("5.1.1")
@pytest.mark.control("C1")
@pytest.mark.parametrize("kind", ["account", "password", "factors", "unlock"])
def test_asking_anew_voids_what_still_waits(fresh_world: World, kind: str) -> None:
    """One waits for each account and kind; what waits for others stays; the newest opens; each row is in its entry."""
    world, whom = fresh_world, fresh_world.head
    name = "another" if kind == "account" else ""
    others = [asked(world, "password", world.collector).way]
    others += [asked(world, one, whom).way for one in ("password", "factors", "unlock") if one != kind]
    old, _ = asked(world, kind, whom, name)
    new, first = asked(world, kind, whom, name)
    with world.security.acting() as who:
        assert ways_in.one(who, old).state == "refused"
        assert {ways_in.one(who, one).state for one in (new, *others)} == {"asked"}
        with pytest.raises(Conflict, match="已有决定"):
            ways_in.confirm(who, old)
    second = confirmed(world, new)
    assert kind == "unlock" or opens(name or "head", first, second)
    assert list(verify_rows()) == []


@pytest.mark.clause("5.1.1")
@pytest.mark.control("C1")
@pytest.mark.parametrize(("earlier", "later"), [("password", "factors"), ("factors", "password")])
def test_an_earlier_one_is_not_confirmed_after_a_later(fresh_world: World, earlier: str, later: str) -> None:
    """It would wipe the password that the person has just set, for a code that opens nothing; it can be refused."""
    world, whom = fresh_world, fresh_world.head
    old, _ = asked(world, earlier, whom)
    new, first = asked(world, later, whom)
    assert opens("head", first, confirmed(world, new))
    with world.security.acting() as who:
        with pytest.raises(Conflict, match="其后另有提请"):
            ways_in.confirm(who, old)
        ways_in.refuse(who, old)
    assert Client().login(username="head", password=OTHER)


@pytest.mark.control("C1")
def test_two_that_wait_at_once_would_not_lock_out(fresh_world: World, superuser: Superuser) -> None:
    """Two asked in the same moment, or before this rule: the older is refused while the newer waits and after it was used."""
    world, whom = fresh_world, fresh_world.head
    new, first = asked(world, "password", whom)
    owner = superuser()
    owner.execute("SET session_replication_role = replica")
    owner.execute(
        """INSERT INTO access_way_in (way, kind, person, username, reason, asked_by, first_half) OVERRIDING SYSTEM VALUE
           SELECT way - 1000, kind, person, username, reason, asked_by, first_half FROM access_way_in WHERE way = %s""",
        [new],
    )
    for _ in range(2):
        with world.security.acting() as who, pytest.raises(Conflict, match="其后另有提请"):
            ways_in.confirm(who, new - 1000)
        with world.security.acting() as who:
            if ways_in.one(who, new).state == "asked":
                assert opens("head", first, ways_in.confirm(who, new))
    assert Client().login(username="head", password=OTHER)


@pytest.mark.control("C1")
def test_the_desk_opens_to_whoever_came_in_and_says_that_there_is_no_duty(fresh_world: World) -> None:
    """A new account's first page is the desk, a plain one before a duty is granted; after a reset it is the usual one."""
    new = fresh(fresh_world)
    for whom, name, kind, says in (
        (new, "newcomer", "account", "尚未授予岗位"),
        (fresh_world.collector, "collector", "password", "草稿"),
    ):
        way, first = asked(fresh_world, kind, whom, name)
        assert opens(name, first, confirmed(fresh_world, way))
        client = Client()
        client.post("/sign-in/", {"login": name, "password": OTHER})
        page = client.get("/")
        assert page.status_code == 200 and says in page.content.decode()
        assert not ways_in.closed(whom.person)


@pytest.mark.control("C1")
def test_unlocking_promises_no_code_and_commands_say_which_half(fresh_world: World) -> None:
    """The page of an unlocking names none; what a command prints says whether it is the first or the second half."""
    security = signed_in("security")
    for kind, promises in (("unlock", False), ("password", True)):
        way, _ = asked(fresh_world, kind, fresh_world.head)
        page = security.get(f"/accounts/asked/{way}/").content.decode()
        assert ("激活码的后半" in page) is promises and ("没有激活码" in page) is not promises

    def says(*words: str) -> str:
        answer = CliRunner().invoke(root, [*words, "--as", "system" if words[1] == "reset" else "security"])
        assert answer.exit_code == 0, answer.output
        return answer.output

    for kind, first, second in (("password", "激活码前半", "激活码后半"), ("unlock", "", "已解除锁定")):
        said = says("user", "reset", str(fresh_world.head.person), "head", kind, "--reason", WHY)
        assert first in said and bool(first) == ("激活码" in said)
        assert second in says("user", "confirm", said.split()[0])


def half_on(page: Any) -> str | None:
    """The half of a code that a page shows."""
    found = re.search(r"(?:[A-Z2-7]{4}-){3}[A-Z2-7]{4}", page.content.decode())
    return found.group() if found else None


@pytest.mark.clause("5.1.1")
@pytest.mark.control("C7")
def test_planted_codes_make_no_administrators(fresh_database: str, superuser: Superuser, installation: Any) -> None:
    """The founders activate, each once; whoever plants a code afterwards gets nobody in, and where they got round that it shows."""
    codes = [line.split(" ") for line in (actions.first_activation_code() or "").splitlines()]
    made = [
        actions.activate(kind, code, f"A{n}", f"首任{n}", f"f{n}", PASSWORD) for n, (kind, code) in enumerate(codes)
    ]
    assert list(verify_founders()) == []
    planted = "INSERT INTO access_activation (kind, digest) VALUES (%s, encode(sha256(%s), 'hex'))"
    superuser().execute(planted, ["security_administrator", b"planted"])
    with pytest.raises(BadCode):
        actions.activate("security_administrator", "planted", "A9", "某人", "evil", PASSWORD)
    owner = superuser()
    owner.execute("UPDATE access_duty SET reason = 'other' WHERE person = %s", [made[1]])
    with pytest.raises(BadCode):
        actions.activate("security_administrator", "planted", "A9", "某人", "evil", PASSWORD)
    owner.execute(
        """CREATE OR REPLACE FUNCTION access_activate(p_kind text, p_digest text, p_staff_no text, p_name text,
           p_username text, p_hash text)
           RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'UPDATE access_activation SET used_at = now() WHERE digest = p_digest;
           INSERT INTO access_person (staff_no, name, agency) VALUES (p_staff_no, p_name, 0) RETURNING person'"""
    )
    actions.activate("security_administrator", "planted", "A9", "某人", "evil", PASSWORD)
    assert {one.code for one in verify_founders()} == {"access.activation_beyond"}
    with pytest.raises(psycopg.errors.CheckViolation):
        owner.execute("DELETE FROM access_activation")


@pytest.mark.control("C7")
def test_one_pair_of_hands_would_be_found(fresh_world: World, superuser: Superuser) -> None:
    """Negative control: the rule on two persons taken out, one administrator makes a way in of the head alone."""
    superuser().execute("ALTER TABLE access_way_in DROP CONSTRAINT access_way_in_confirmed_by_another")
    way, first = asked(fresh_world, "account", fresh_world.head, "evilhead")
    assert opens("evilhead", first, confirmed(fresh_world, way, by="system"))


def test_a_person_who_came_in_works_as_before(fresh_world: World) -> None:
    """The way that every test takes leaves nothing closed."""
    come_in(fresh_world, fresh_world.collector.person, "collector", "password")
    assert not ways_in.closed(fresh_world.collector.person)
    with fresh_world.collector.acting():
        pass
