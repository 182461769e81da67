"""Who works where under which duty is shown to those who need it (norm 5.1.2): administrators, auditors and heads in range."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from suyuan.access import queries
from suyuan.access.errors import Unknown
from world import COUNTY, PEOPLE, Somebody, World, signed_in

Superuser = Callable[[], psycopg.Connection[Any]]
# Those who work or hold a duty at the county or one of its stations.
OF_THE_COUNTY = {"collector", "colleague", "first", "second", "head"}


def seen(world: World, who: Somebody) -> set[str]:
    """Account names of the staff that somebody's query gives, which are those on both pages."""
    with who.on_duty() as acting:
        people, accounts = queries.staff(acting), queries.accounts(acting)
    assert {one.person for one in people} == {one.person for one in accounts}
    client = signed_in(who.username)
    client.post("/ground/", {"ground": who.duty_ground})
    pages = [client.get(path).content.decode() for path in ("/people/", "/accounts/")]
    for username, one in world.people.items():
        shown = username in {account.username for account in accounts}
        assert all((f'href="/people/{one.person}/"' in page) is shown for page in pages), (who.username, username)
    return {one.username for one in accounts}


@pytest.mark.clause("5.1.2")
@pytest.mark.control("C9")
def test_an_officer_sees_themselves_and_a_head_their_range(world: World) -> None:
    """Nobody looks up the duties of the whole country; administrators and auditors at the root do."""
    assert seen(world, world.collector) == {"collector"}
    assert seen(world, world.final) == {"final"}
    assert seen(world, world.head) == OF_THE_COUNTY
    for name in ("system", "security", "auditor"):
        assert seen(world, getattr(world, name)) == set(PEOPLE)


@pytest.mark.clause("5.1.2")
@pytest.mark.control("C9")
def test_administrators_of_a_county_see_the_county(fresh_world: World, superuser: Superuser) -> None:
    """And themselves, wherever they belong."""
    for name in ("system", "security", "auditor"):
        who: Somebody = getattr(fresh_world, name)
        superuser().execute("UPDATE access_duty SET agency = %s WHERE duty = %s", [COUNTY, who.duty])
        with who.on_duty() as acting:
            found = {one.username for one in queries.accounts(acting)}
        assert found - {"system", "security", "auditor"} == OF_THE_COUNTY


@pytest.mark.control("C9")
def test_somebody_out_of_reach_and_nobody_answer_alike(world: World) -> None:
    """The page of a person, by number; the act behind it too."""
    for who in (world.collector, world.head):
        client = signed_in(who.username)
        client.post("/ground/", {"ground": who.duty_ground})
        pages = [client.get(f"/people/{number}/") for number in (world.outsider.person, 999_999)]
        assert [one.status_code for one in pages] == [404, 404]
        assert client.get(f"/people/{who.person}/").status_code == 200
        with who.on_duty() as acting, pytest.raises(Unknown):
            queries.member(acting, world.outsider.person)
