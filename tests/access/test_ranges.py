"""Administrators, auditors and heads act on their own agency and below, never beside or above (norm 4, 5.1.1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from suyuan.access import actions, grounds
from suyuan.access.errors import Conflict, NotAllowed
from suyuan.audit import actions as audit
from suyuan.audit import queries as desk
from suyuan.audit.queries import Wanted
from suyuan.audit.reading import Reading
from suyuan.ledger import actions as ledger
from suyuan.ledger.acts import Act
from world import CITY, COUNTY, FAR_COUNTY, MINISTRY, OTHER_COUNTY, PROVINCE, STATION, Somebody, World, grant

READING = Reading(0, "monitoring")  # what pages enter before they read

Superuser = Callable[[], psycopg.Connection[Any]]
WITHIN = {"own": COUNTY, "below": STATION}
BEYOND = {"above": CITY, "root": MINISTRY, "beside": OTHER_COUNTY, "other_city": FAR_COUNTY, "province": PROVINCE}


@pytest.fixture
def county(fresh_world: World, superuser: Superuser) -> World:
    """The three administrators' duties are at the county; those who grant are still at the root."""
    for name in ("system", "auditor"):
        superuser().execute(
            "UPDATE access_duty SET agency = %s WHERE duty = %s", [COUNTY, getattr(fresh_world, name).duty]
        )
    return fresh_world


def refused(act: Callable[[], object]) -> bool:
    """Whether an act is refused for its range or duty; what it did is taken back."""
    try:
        with transaction.atomic():
            act()
            transaction.set_rollback(True)
    except NotAllowed:
        return True
    except Conflict:  # a station has nothing below it: that is another matter
        return False
    return False


def staff(connection: psycopg.Connection[Any], agency: int) -> int:
    """Somebody without a duty at an agency."""
    row = connection.execute(
        """INSERT INTO access_person (staff_no, name, agency) VALUES ('R' || %s::text, '某人', %s)
           ON CONFLICT (staff_no) DO UPDATE SET name = excluded.name RETURNING person""",
        [agency, agency],
    ).fetchone()
    assert row
    return int(row[0])


@pytest.mark.clause("5.1.1")
@pytest.mark.control("C7", "C8")
def test_a_county_administers_itself_and_what_lies_below(county: World, superuser: Superuser) -> None:
    """Agencies, departments, people, and who is let in: by the agency each is about."""
    acts: dict[str, Callable[[int, int], Callable[[], object]]] = {
        "agency": lambda agency, _: lambda: actions.add_agency(who, agency, "某所"),
        "department": lambda agency, _: lambda: actions.add_department(who, agency, "某科"),
        "person": lambda agency, _: lambda: actions.add_person(who, "R1", "某人", agency),
        "shut out": lambda _, person: lambda: actions.set_active(who, person, False),
        "let in": lambda _, person: lambda: actions.set_active(who, person, True),
    }
    people = {agency: staff(superuser(), agency) for agency in (*WITHIN.values(), *BEYOND.values())}
    with county.system.acting() as who:
        kept_out = {
            (name, where)
            for name, act in acts.items()
            for where, agency in (WITHIN | BEYOND).items()
            if refused(act(agency, people[agency]))
        }
    assert kept_out == {(name, where) for name in acts for where in BEYOND}


@pytest.mark.clause("5.1.1")
@pytest.mark.control("C7")
def test_who_reaches_further_than_the_administrator_is_not_theirs(county: World, superuser: Superuser) -> None:
    """A person of the station whose duty is the city's."""
    person = staff(superuser(), STATION)
    grant(county, person, "analyst", CITY)
    with county.system.acting() as who:
        assert refused(lambda: actions.set_active(who, person, False))
        assert not refused(lambda: actions.set_active(who, county.collector.person, False))


@pytest.mark.clause("5.3.1")
@pytest.mark.control("C8", "C15")
def test_an_auditor_sees_what_was_done_under_duties_in_range(county: World, superuser: Superuser) -> None:
    """By the duty's agency for acts, by the person's own for signing in; nothing of another county."""
    for somebody in (county.collector, county.outsider, county.final):
        with somebody.acting() as one:
            ledger.append(one, Act.consult)
        ledger.append(ledger.Somebody(somebody.person), Act.sign_in)
    with county.auditor.acting():
        seen = {(one.person, one.act) for one in desk.search(READING, Wanted(acts=(Act.consult, Act.sign_in)))}
    mine = county.collector.person
    assert {(person, int(act)) for person, act in seen} == {(mine, int(Act.consult)), (mine, int(Act.sign_in))}


def entered(somebody: Somebody) -> int:
    """An emergency of somebody."""
    with somebody.acting() as who:
        return grounds.break_glass(who, "追查逃犯，来不及申请事由")


@pytest.mark.clause("5.1.2", "5.3.1")
@pytest.mark.control("C8")
def test_emergencies_are_reviewed_within_range(county: World) -> None:
    """Of one's own county, not of another city; nor is one of there shown."""
    near, far = entered(county.collector), entered(county.outsider)
    for reviewer in (county.head, county.auditor):
        with reviewer.acting() as who:
            assert [one.ground for one in grounds.emergencies(who)] == [near]
    with county.auditor.acting() as who:
        assert refused(lambda: grounds.review_emergency(who, far, True, "已核实"))
        assert not refused(lambda: grounds.review_emergency(who, near, True, "已核实"))


@pytest.mark.clause("5.3.1")
@pytest.mark.control("C8")
def test_an_auditor_notes_about_the_staff_in_range(county: World, superuser: Superuser) -> None:
    """Findings, absences and records of staff."""
    day, other = date(2026, 1, 1), county.security.person
    with county.auditor.acting() as who:
        for person, out in ((county.collector.person, False), (county.outsider.person, True)):
            assert refused(lambda person=person: audit.note_absence(who, person, day, date(2026, 1, 2), "leave")) == out
            assert refused(lambda person=person: audit.note_staff(who, person, uuid4())) == out
            assert (
                refused(lambda person=person: audit.open_finding(who, "auditor", COUNTY, person, "某事", other, day))
                == out
            )


@pytest.mark.clause("5.3.1")
@pytest.mark.control("C8")
def test_what_the_clock_does_nobody_does_at_a_county(county: World) -> None:
    """Pruning, beginning a week, disabling idle accounts."""
    calls = ("ledger_prune(1)", f"audit_begin_week({COUNTY}, '\\x00', '\\x00')", "access_disable_idle()")
    for somebody in (county.system, county.auditor, county.collector):
        for call in calls:
            with somebody.acting(), pytest.raises(Exception, match="access_duty_missing"), transaction.atomic():
                connection.cursor().execute(f"SELECT * FROM {call}")


@pytest.mark.control("C7")
def test_without_its_range_the_act_would_reach_anywhere(county: World, superuser: Superuser) -> None:
    """Negative control: the check taken out, the county shuts out the city's final reviewer."""
    superuser().execute("""CREATE OR REPLACE FUNCTION access_require_person(p_duties text[], p_person bigint) RETURNS void
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS 'BEGIN END'""")
    with county.system.acting() as who:
        assert not refused(lambda: actions.set_active(who, county.final.person, False))


@pytest.mark.clause("5.1.1")
@pytest.mark.control("C8")
def test_records_are_counted_within_ones_own_range(county: World, superuser: Superuser) -> None:
    """Both ends of the range that is counted lie in the security administrator's: one that begins inside does not go on beyond."""
    superuser().execute("UPDATE access_duty SET agency = %s WHERE duty = %s", [COUNTY, county.security.duty])
    with county.security.acting(), connection.cursor() as cursor:
        for lo, hi, out in (
            (COUNTY, COUNTY + 10**6, False), (STATION, STATION + 10**3, False), (COUNTY, COUNTY + 10**6 + 1, True),
            (STATION, 10**15, True), (COUNTY - 1, COUNTY + 10**6, True),
        ):  # fmt: skip
            try:
                with transaction.atomic():
                    cursor.execute("SELECT access_reach(%s, %s, 0::smallint, 2::smallint, 10)", [lo, hi])
            except DatabaseError:
                assert out, (lo, hi)
            else:
                assert not out, (lo, hi)
