"""Who may act, where, and who may say so (norm 4, 5.1.2)."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from suyuan.access import actions, proposals, queries
from suyuan.access.acting import acting
from suyuan.access.decide import decide
from suyuan.access.errors import Conflict, NoGround, NotAllowed
from world import CITY, COUNTY, STATION, World, come_in, grant

pytestmark = pytest.mark.usefixtures("database")


@pytest.mark.clause("5.1.2")
def test_an_officer_acts_under_their_own_ground(world: World) -> None:
    """The scope of the ground is the agency of its duty and what lies below it."""
    with world.second.acting() as who:
        assert (who.duty, who.scope_lo, who.scope_hi) == ("second_reviewer", COUNTY, COUNTY + 10**6)


def test_nobody_acts_under_somebody_elses_ground(world: World) -> None:
    """A ground is the person's own or none."""
    with pytest.raises(NoGround), acting(world.collector.person, world.second.ground):
        pass


def test_outside_an_acting_context_nothing_is_visible(world: World) -> None:
    """Unset session variables reach no record."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT access_in_scope(%s, 1::smallint)", [STATION])
        assert cursor.fetchone()[0] is None


def test_the_acting_context_ends_with_its_transaction(world: World) -> None:
    """The next transaction on the same connection starts as nobody."""
    with world.collector.acting():
        pass
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT access_person_now()")
        assert cursor.fetchone()[0] is None


@pytest.mark.clause("5.1.1")
@pytest.mark.parametrize("name", ["system", "security", "auditor"])
@pytest.mark.control("C7")
def test_administrators_reach_no_records(world: World, name: str) -> None:
    """The range of an administrator is empty."""
    with getattr(world, name).acting() as who:
        assert who.scope_lo == who.scope_hi == 0
        assert not decide(who, "read").allowed


@pytest.mark.clause("4.1")
def test_two_security_administrators_grant_a_duty(world: World) -> None:
    """A granted duty brings its ground; one of them ends it, and the ground with it, at once."""
    duty = grant(world, world.analyst.person, "collector", CITY)
    assert "collector" in {one.duty for one in queries.grounds(world.analyst.person)}
    with world.security.acting() as who:
        actions.end_duty(who, duty)
    assert "collector" not in {one.duty for one in queries.grounds(world.analyst.person)}


@pytest.mark.parametrize("name", ["collector", "system", "auditor", "head"])
def test_nobody_else_proposes_a_duty(world: World, name: str) -> None:
    """The same call by anybody else is refused by the database."""
    with getattr(world, name).acting() as who, pytest.raises(NotAllowed):
        proposals.propose_duty(who, world.analyst.person, "collector", CITY, reason="x")


def test_nobody_proposes_for_themselves(world: World) -> None:
    """Not the security administrator either."""
    with world.security.acting() as who, pytest.raises(Conflict):
        proposals.propose_duty(who, world.security.person, "security_administrator", CITY, reason="x")


@pytest.mark.clause("5.1.1")
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("system", "security_administrator"),
        ("auditor", "system_administrator"),
        ("system", "collector"),
        ("collector", "security_auditor"),
    ],
)
@pytest.mark.control("C7")
def test_powers_stay_apart_in_one_person(world: World, name: str, kind: str) -> None:
    """System, security and audit administration and work on records exclude one another, by constraint."""
    with world.security.acting() as who, pytest.raises(Conflict):
        proposals.propose_duty(who, getattr(world, name).person, kind, CITY, reason="x")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO access_duty (person, kind, agency) VALUES (1, 'analyst', 0)",
        "UPDATE access_duty SET agency = 0",
        "UPDATE access_ground SET person = 1",
        "INSERT INTO access_ground (person, duty, kind) VALUES (1, 1, 'duty')",
        "UPDATE access_account SET person = 1",
        "UPDATE access_person SET active = true",
        "DELETE FROM access_duty",
        "SELECT access_propose_duty(1, 'analyst', 0, NULL, 1::smallint, current_date, 'infinity', 'x')",
        "SELECT access_make_duty(NULL)",
    ],
)
def test_raw_sql_of_the_application_changes_no_rights(world: World, statement: str) -> None:
    """What the page refuses, SQL under the application role refuses too."""
    with world.collector.acting(), pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.control("C6")
def test_whoever_leaves_is_out_at_once(world: World) -> None:
    """A disabled person has no live ground in the next transaction."""
    with world.trainer.acting():
        pass
    with world.system.acting() as who:
        actions.set_active(who, world.trainer.person, False)
    with pytest.raises(NoGround), world.trainer.acting():
        pass


@pytest.mark.clause("1.2")
def test_agencies_are_nested_ranges(world: World) -> None:
    """Every agency's range lies within its superior's and apart from its siblings'."""
    known = {one.agency: one for one in queries.agencies()}
    for one in known.values():
        if one.parent is not None:
            above = known[one.parent]
            assert above.agency < one.agency
            assert one.agency + one.width <= above.agency + above.width
    siblings = sorted((one.agency, one.width) for one in known.values() if one.parent == CITY)
    assert siblings[0][0] + siblings[0][1] <= siblings[1][0]


def test_a_system_administrator_adds_an_agency_and_a_person(world: World) -> None:
    """The new agency takes the next range under its superior."""
    with world.system.acting() as who:
        made = actions.add_agency(who, COUNTY, "新设派出所")
        person = actions.add_person(who, "T99001", "新警", made)
    come_in(world, person, "newcomer")
    assert made == COUNTY + 3 * 10**3
    assert queries.person_of("newcomer") == person
