"""One person alone, whatever their duty, makes no way in of another by any door (norm 4, 5.1.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import pytest
from django.db import connection, transaction
from django.test import Client

from access.door_stage import Stage
from access.every_door import Door, Visitor, doors, nobody, placed
from access.everything import Place
from suyuan.access.words import DUTIES

pytestmark = pytest.mark.usefixtures("own_keys")
# Everything by which somebody else gets in: passwords, sessions and the like, tokens, second factors, codes that one person
# both asked for and confirmed, codes of founders.
CREDENTIALS = """CREATE OR REPLACE FUNCTION tried_credentials(p_me bigint) RETURNS SETOF text LANGUAGE sql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT 'password ' || person || password || coalesce(encode(verifier, 'hex'), '') FROM access_account
        WHERE person <> p_me AND password !~ '^!'
    UNION ALL SELECT 'session ' || encode(digest, 'hex') FROM access_proof WHERE person <> p_me
    UNION ALL SELECT 'token ' || encode(t.digest, 'hex') FROM access_token t JOIN access_account a ON a.id = t.account
        WHERE a.person <> p_me AND t.revoked_at IS NULL
    UNION ALL SELECT 'factor ' || m.id || m.data FROM mfa_authenticator m JOIN access_account a ON a.id = m.user_id
        WHERE a.person <> p_me
    UNION ALL SELECT 'code ' || way FROM access_way_in WHERE approved AND asked_by = p_me AND decided_by = p_me
    UNION ALL SELECT 'founder ' || f::text FROM access_activation f $$"""
# What ends one's own session; what is opened from outside, with no session.
ENDING = re.compile(r"page (access:sign_out|account_logout)|page usersessions_list send")
OUTSIDE = re.compile(r"page (account_login|account_signup|access:(by_code|activate|pass_used)|mfa_login_webauthn)")


@pytest.fixture(scope="module")
def walked(stage: Stage) -> list[Door]:
    """All doors that somebody with an account or nobody at all can try."""
    stage.owner.execute(CREDENTIALS)
    return [one for one in doors() if placed()[one.name].act not in ("machine", "everyone")]


def credentials(person: int) -> set[str]:
    """Ways in of everybody but one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM tried_credentials(%s)", [person])
        return {row[0] for row in cursor.fetchall()}


def asked_by(person: int, place: Place) -> Place:
    """The place with what this person asked for meanwhile: a second step is tried at one's own first step too."""
    things = dict(place.things)
    for name, table, column in (("way", "access_way_in", "asked_by"), ("proposal", "access_proposal", "proposed_by")):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT max({name}) FROM {table} WHERE {column} = %s", [person])
            [newest] = cursor.fetchone()
        things[name] = newest or things[name]
    return Place(place.relation, place.agency, things)


@contextmanager
def kept() -> Iterator[None]:
    """What is done stays for all that comes after it, and is undone at the end: also what insists on being whole by itself."""
    outer = transaction.atomic()
    outer._from_testcase = True  # as Django's own test cases say it
    with outer:
        yield
        transaction.set_rollback(True)


def tried(visitor: Visitor, door: Door, place: Place) -> int:
    """The status of going through a door. One's own session stays: it is to be used for the next."""
    if OUTSIDE.match(door.name):
        visitor = visitor._replace(browser=Client(raise_request_exception=False))
    cookies = visitor.browser.cookies.copy()
    with kept() if ENDING.match(door.name) else nullcontext():
        status, _ = door.go(visitor, place)
    if ENDING.match(door.name):
        visitor.browser.cookies = cookies
    nobody()
    return status


def obtained(stage: Stage, duty: str, walk: list[Door]) -> dict[str, set[str]]:
    """New ways in of other people after one person went through every door, by door. Faults too.

    Whatever does something is tried a second time at what this person asked for at the first.
    """
    visitor, place, found = stage.visitor(duty), stage.places[0], dict[str, set[str]]()
    me = visitor.who.person
    with kept():
        before = credentials(me)
        for door, second in [*((one, False) for one in walk), *((one, True) for one in walk if not one.shows)]:
            status = tried(visitor, door, asked_by(me, place) if second else place)
            now = credentials(me)
            if now - before:
                found[door.name] = now - before
            if status >= 500:
                found.setdefault(door.name, set()).add(str(status))
            before = now
        assert visitor.browser.get("/account/").status_code == 200  # it was somebody to the end
    return found


@pytest.mark.clause("5.1.1")
@pytest.mark.control("C1", "C7")
@pytest.mark.parametrize("duty", list(DUTIES))
def test_no_single_person_makes_a_way_in_of_another(stage: Stage, walked: list[Door], duty: str) -> None:
    """No password, session, token, factor or usable code of anybody else is new, after all was tried and kept."""
    assert obtained(stage, duty, walked) == {}


@pytest.mark.control("C1", "C7")
def test_a_rule_of_two_taken_out_is_named(stage: Stage, walked: list[Door]) -> None:
    """Negative control: where whoever asked may confirm, the doors of the second step are named."""
    rule = "access_way_in_confirmed_by_another"
    [[sound]] = stage.owner.execute(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [rule]
    ).fetchall()
    stage.owner.execute(f"ALTER TABLE access_way_in DROP CONSTRAINT {rule}")
    try:
        walk = [one for one in walked if one.name in ("page access:person reset", "page access:way_in confirm")]
        assert set(obtained(stage, "system_administrator", walk)) == {"page access:way_in confirm"}
    finally:
        stage.owner.execute(f"ALTER TABLE access_way_in ADD CONSTRAINT {rule} {sound}")
