"""Nobody hands out power alone (norm 4, 5.1.1): proposals, and every way round them that one person could try."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from psycopg import sql

import tickets
from delivered import deliver, rows_of
from suyuan.access import actions, grounds, proposals, queries
from suyuan.access.errors import Conflict, NoGround, NotAllowed, Unknown
from suyuan.installation import current
from suyuan.ledger.acts import Act
from world import CITY, COUNTY, OTHER_CITY, PASSWORD, STATION, Somebody, World, come_in, grant, signed_in

pytestmark = pytest.mark.usefixtures("database")
DAYS = iter(range(400, 10_000))
Connect = Callable[[], psycopg.Connection[tuple[object, ...]]]


def propose(world: World, person: int, kind: str = "collector", agency: int = CITY, **more: object) -> int:
    """A proposal of the first security administrator, which is like no other by the day on which the duty ends."""
    values = {"reason": "令〔2026〕1号", "ends_on": timezone.localdate() + timedelta(days=next(DAYS))} | more
    with world.security.acting() as who:
        return proposals.propose_duty(who, person, kind, agency, **values)  # type: ignore[arg-type]


def duties_from(proposal: int) -> int:
    """How many duties a proposal has made."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM access_duty WHERE proposal = %s", [proposal])
        return int(cursor.fetchone()[0])


def entries(done: str) -> list[int]:
    """Who did an act of administration, in the ledger."""
    with psycopg.connect(current().database("owner")) as owner:
        rows = owner.execute(
            "SELECT person FROM ledger_entry WHERE act = %s AND detail->>'done' = %s", [int(Act.administer), done]
        )
        return [int(person) for (person,) in rows.fetchall()]


@pytest.mark.clause("5.1.1", "5.1.2")
@pytest.mark.control("C8")
def test_a_duty_is_granted_by_two(world: World) -> None:
    """Before the approval there is none; after it there is one, with both names, and both acts are in the ledger."""
    proposal = propose(world, world.colleague.person)
    assert duties_from(proposal) == 0
    with world.security2.acting() as who:
        made = proposals.approve(who, proposal)
    assert duties_from(proposal) == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT granted_by, approved_by FROM access_duty WHERE duty = %s", [made])
        assert cursor.fetchone() == (world.security.person, world.security2.person)
    assert world.security.person in entries("propose_duty")
    assert world.security2.person in entries("approve_proposal")


@pytest.mark.clause("5.1.1")
def test_whoever_proposed_does_not_approve(world: World) -> None:
    """By constraint; they may withdraw it."""
    proposal = propose(world, world.colleague.person)
    with world.security.acting() as who, pytest.raises(Conflict, match="另一名安全管理员"):
        proposals.approve(who, proposal)
    with world.security.acting() as who:
        proposals.refuse(who, proposal)
    with world.security2.acting() as who, pytest.raises(Conflict, match="已有决定"):
        proposals.approve(who, proposal)
    assert duties_from(proposal) == 0


@pytest.mark.control("C1")
def test_a_second_account_of_one_person_is_the_same_person(
    fresh_world: World, superuser: Callable[[], psycopg.Connection[tuple[object, ...]]]
) -> None:
    """Rights look at the person: what the other account proposed, this one does not approve."""
    world = fresh_world
    come_in(world, world.security.person, "security-again", by="security2")
    superuser().execute("UPDATE access_way_in SET done_at = now()")  # as if signed in with a second factor
    assert queries.person_of("security-again") == world.security.person
    proposal = propose(world, world.colleague.person)
    client = signed_in("security-again")
    client.post(f"/proposals/{proposal}/", {"act": "approve"})
    assert duties_from(proposal) == 0


def test_whom_it_concerns_does_not_approve(world: World) -> None:
    """A security administrator approves nothing about themselves, whoever proposed it."""
    proposal = propose(world, world.security2.person, "security_administrator", OTHER_CITY, starts_on=next_year())
    with world.security2.acting() as who, pytest.raises(Conflict):
        proposals.approve(who, proposal)
    assert duties_from(proposal) == 0


def next_year() -> object:
    """A day a year from now."""
    return timezone.localdate() + timedelta(days=365)


@pytest.mark.parametrize("name", ["system", "auditor", "head", "trainer", "collector"])
def test_nobody_else_approves(world: World, name: str) -> None:
    """Nor sees that there is something to approve."""
    proposal = propose(world, world.colleague.person)
    with getattr(world, name).acting() as who, pytest.raises(NotAllowed):
        proposals.approve(who, proposal)
    with getattr(world, name).acting() as who, pytest.raises(NotAllowed):
        proposals.proposals(who)
    assert duties_from(proposal) == 0


def test_an_administrator_of_a_county_grants_nothing_beyond_it(world: World) -> None:
    """The range of the duty bounds what it may hand out, approve, see and end."""
    person, theirs = newcomer(world, "L0001"), newcomer(world, "L0013", STATION)
    grant(world, person, "security_administrator", COUNTY)
    local = Somebody("", person, queries.default_ground(person), 0, "")
    with local.acting() as who:
        with pytest.raises(NotAllowed), transaction.atomic():
            proposals.propose_duty(who, theirs, "analyst", CITY, reason="x")
        with pytest.raises(NotAllowed), transaction.atomic():
            actions.end_duty(who, world.outsider.duty)
        assert proposals.propose_duty(who, theirs, "analyst", STATION, reason="x")
        with pytest.raises(Unknown):
            proposals.proposal(who, propose(world, world.colleague.person, agency=OTHER_CITY))


def newcomer(world: World, staff_no: str, agency: int = CITY) -> int:
    """Somebody without a duty."""
    with world.system.acting() as who:
        return actions.add_person(who, staff_no, f"新人{staff_no}", agency)


def test_a_proposal_lapses_after_a_week(world: World) -> None:
    """On the seventh day it can no longer be approved."""
    with psycopg.connect(current().database("owner"), autocommit=True) as owner:
        [proposal], *_ = owner.execute(
            """INSERT INTO access_proposal (what, person, agency, kind, clearance, starts_on, ends_on, reason, proposed_by, proposed_at)
               VALUES ('grant', %s, %s, 'collector', 1, civil_today(), 'infinity', 'x', %s, now() - interval '7 days')
               RETURNING proposal""",
            [world.colleague.person, CITY, world.security.person],
        ).fetchall()
    with world.security2.acting() as who:
        assert proposals.proposal(who, int(str(proposal))).state == "lapsed"
        assert proposal not in {one.proposal for one in proposals.proposals(who, waiting=True)}
        with pytest.raises(Conflict, match="7 天"):
            proposals.approve(who, int(str(proposal)))


def test_what_was_proposed_is_what_is_approved(world: World, superuser: Connect) -> None:
    """Terms do not change under the approver's hands and a decision stays, for the owner of the tables too."""
    proposal = propose(world, world.colleague.person)
    attacks = (
        "UPDATE access_proposal SET agency = 0 WHERE proposal = %s",
        "UPDATE access_proposal SET proposed_at = now() + interval '1 day' WHERE proposal = %s",
        "DELETE FROM access_proposal WHERE proposal = %s",
    )
    with psycopg.connect(current().database("owner"), autocommit=True) as owner:
        for attack in attacks:
            with pytest.raises(psycopg.errors.CheckViolation):
                owner.execute(attack, [proposal])  # type: ignore[arg-type]
        with world.security2.acting() as who:
            proposals.approve(who, proposal)
        with pytest.raises(psycopg.errors.CheckViolation):
            owner.execute("UPDATE access_proposal SET decided_by = NULL, decided_at = NULL, approved = NULL")
        # Negative control: without the trigger the same statement goes through.
        with owner.transaction(force_rollback=True):
            owner.execute("ALTER TABLE access_proposal DISABLE TRIGGER access_proposal_fixed")
            owner.execute("UPDATE access_proposal SET agency = 0 WHERE proposal = %s", [proposal])


def test_the_constraints_alone_hold_against_the_owner(world: World) -> None:
    """A duty by one person alone, or approved by whom it concerns, is no row of the table."""
    proposal = propose(world, world.colleague.person)
    one, other = world.security.person, world.colleague.person
    with psycopg.connect(current().database("owner"), autocommit=True) as owner:
        for granted_by, approved_by, made_from in (
            (one, None, None), (one, one, proposal), (one, other, proposal), (one, world.security2.person, None),
        ):  # fmt: skip
            with pytest.raises(psycopg.errors.CheckViolation):
                owner.execute(
                    """INSERT INTO access_duty (person, kind, agency, granted_by, approved_by, proposal)
                       VALUES (%s, 'analyst', %s, %s, %s, %s)""",
                    [other, CITY, granted_by, approved_by, made_from],
                )


@pytest.mark.parametrize("name", ["security", "security2", "collector"])
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO access_proposal (what, person, agency, kind, clearance, starts_on, ends_on, reason, proposed_by)"
        " VALUES ('grant', 1, 0, 'analyst', 2, current_date, 'infinity', 'x', 12)",
        "UPDATE access_proposal SET approved = true",
        "DELETE FROM access_proposal",
        "UPDATE access_duty SET clearance = 2",
        "UPDATE access_limit SET most = 9999",
        "INSERT INTO access_duty (person, kind, agency) VALUES (1, 'analyst', 0)",
        "SELECT access_make_duty(p) FROM access_proposal p",
    ],
)
def test_raw_sql_of_the_application_does_no_more(world: World, name: str, statement: str) -> None:
    """Not under a security administrator's own ground either."""
    propose(world, world.colleague.person)
    with (
        getattr(world, name).acting(),
        pytest.raises(DatabaseError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_raw_sql_that_proposes_and_approves_is_refused(world: World) -> None:
    """Both calls by one person in one transaction, past every page."""
    with world.security.acting(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT access_propose_duty(%s, 'analyst', 0, NULL, 2::smallint, civil_today(), 'infinity', 'x')",
            [world.colleague.person],
        )
        proposal = cursor.fetchone()[0]
        with pytest.raises(DatabaseError), transaction.atomic():
            cursor.execute("SELECT access_decide_proposal(%s, true)", [proposal])


@pytest.mark.clause("5.1.1")
@pytest.mark.control("C7")
def test_a_county_gives_nobody_of_another_city_a_duty(world: World) -> None:
    """Nobody is put beyond the reach of their own administrators: the person counts, not the agency of the duty alone.

    Negative control: somebody of the county itself is proposed by the same administrator.
    """
    person, theirs = newcomer(world, "L0011"), newcomer(world, "L0012", STATION)
    duty = grant(world, person, "security_administrator", COUNTY)
    mine = Somebody("", person, queries.default_ground(person), duty, "")
    with mine.acting() as who:
        with pytest.raises(NotAllowed):
            proposals.propose_duty(who, world.outsider.person, "collector", COUNTY, reason="x")
        assert proposals.propose_duty(who, theirs, "collector", COUNTY, reason="x")


def test_a_proposer_who_lost_the_duty_proposes_nothing(world: World) -> None:
    """The role changed between the two steps: the proposal cannot be approved."""
    person = newcomer(world, "L0002")
    duty = grant(world, person, "security_administrator", 0)
    third = Somebody("", person, queries.default_ground(person), duty, "")
    with third.acting() as who:
        proposal = proposals.propose_duty(who, world.colleague.person, "collector", CITY, reason="x")
    with world.security.acting() as who:
        actions.end_duty(who, duty)
    with world.security2.acting() as who, pytest.raises(Conflict, match="不再担任"):
        proposals.approve(who, proposal)
    with pytest.raises(NoGround), third.acting():
        pass


def test_an_approver_who_lost_the_duty_approves_nothing(world: World) -> None:
    """Duties are read at each act: the open session of an ended administrator is refused."""
    person = newcomer(world, "L0003")
    duty = grant(world, person, "security_administrator", 0)
    third = Somebody("", person, queries.default_ground(person), duty, "")
    proposal = propose(world, world.colleague.person)
    with third.acting() as who, connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        with closing(psycopg.connect(current().database("owner"), autocommit=True)) as owner:
            owner.execute("UPDATE access_duty SET ends_on = starts_on WHERE duty = %s", [duty])
        with pytest.raises(NotAllowed), transaction.atomic():
            proposals.approve(who, proposal)


@pytest.mark.clause("5.1.2")
def test_a_grant_takes_effect_in_open_sessions(world: World) -> None:
    """Somebody signed in before has the new ground on their next page, and loses it with the duty."""
    client = signed_in(world.analyst.username)
    assert "采集人" not in client.get("/grounds/").content.decode()
    duty = grant(world, world.analyst.person, "collector", STATION)
    assert "采集人" in client.get("/grounds/").content.decode()
    with world.security2.acting() as who:
        actions.end_duty(who, duty)
    assert "采集人" not in client.get("/grounds/").content.decode()


def test_a_duty_ended_on_its_first_day_takes_no_more_grounds(world: World) -> None:
    """Ending is at once, not at midnight."""
    duty = grant(world, world.analyst.person, "first_reviewer", STATION)
    with world.security.acting() as who:
        actions.end_duty(who, duty)
    with world.head.acting() as who, pytest.raises(NotAllowed):
        grounds.assign(who, world.analyst.person, duty, "case", "X", "补派", timezone.localdate() + timedelta(days=9))


@pytest.mark.clause("5.2.1")
@pytest.mark.control("C10")
def test_a_clearance_rises_by_two_and_falls_by_one(world: World) -> None:
    """In the very next act of the person."""
    with world.security.acting() as who:
        proposal = proposals.propose_clearance(who, world.final.duty, 2, reason="定密责任")
    with world.final.acting() as who:
        assert who.clearance == 1
    with world.security2.acting() as who:
        proposals.approve(who, proposal)
    with world.final.acting() as who:
        assert who.clearance == 2
    with world.security.acting() as who:
        actions.lower_clearance(who, world.final.duty)
    with world.final.acting() as who:
        assert who.clearance == 1


def test_a_limit_changes_by_two(world: World) -> None:
    """The policy of everybody is changed by nobody alone."""
    before = {one.kind: one.most for one in proposals.limits()}
    with world.security.acting() as who:
        proposal = proposals.propose_limit(who, "export", 3, reason="收紧导出")
        with pytest.raises(Conflict), transaction.atomic():
            proposals.propose_limit(who, "everything", 3, reason="x")
    assert {one.kind: one.most for one in proposals.limits()} == before
    with world.security2.acting() as who:
        found = proposals.effect(proposals.proposal(who, proposal))
        assert (found.before, found.after) == (before["export"], 3)
        assert found.people >= 9
        proposals.approve(who, proposal)
    assert {one.kind: one.most for one in proposals.limits()} == before | {"export": 3}


@pytest.mark.clause("5.1.1")
def test_the_approver_sees_what_would_change(world: World) -> None:
    """What is gained, where, about how many records, and what the person can then never be."""
    deliver(world.collector, "video_point", rows_of("video_point", 7))
    proposal = propose(world, newcomer(world, "L0004"), "analyst", COUNTY)
    with world.security2.acting() as who:
        found = proposals.effect(proposals.proposal(who, proposal))
    assert found.gains == ("export", "read")
    assert len(found.agencies) == 3
    assert found.records == 7
    assert not found.more
    assert "security_auditor" in found.apart
    client = signed_in("security2")
    page = client.get(f"/proposals/{proposal}/").content.decode()
    assert "查阅记录" in page
    assert "导出记录" in page


def test_administrators_count_records_without_reading_any(world: World) -> None:
    """Only those who decide on grants count, and only in their range."""
    with world.system.acting(), connection.cursor() as cursor, pytest.raises(DatabaseError), transaction.atomic():
        cursor.execute("SELECT access_reach(0, 1000000000000000, 0::smallint, 2::smallint, 10)")


def test_a_hundred_approvals_at_once_grant_once(world: World, superuser: Connect) -> None:
    """One of them wins, the others are told that it has been decided; nobody gets the duty twice."""
    proposal = propose(world, world.head.person, "collector", CITY)
    ground, person = world.security2.ground, world.security2.person
    ticket = tickets.of(person)
    barrier, answers = threading.Barrier(100), []

    def approve() -> None:
        with psycopg.connect(current().database("app")) as app:
            app.execute("SELECT access_enter(%s, %s, %s)", [person, ground, ticket])
            barrier.wait(60)
            try:
                app.execute(sql.SQL("SELECT access_decide_proposal(%s, true)"), [proposal])
                answers.append("granted")
            except psycopg.errors.CheckViolation as refused:
                answers.append(str(refused.diag.constraint_name))

    threads = [threading.Thread(target=approve) for _ in range(100)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(answers) == ["access_proposal_decided"] * 99 + ["granted"]
    assert duties_from(proposal) == 1


@pytest.mark.control("C1")
def test_an_empty_installation_starts_with_two_security_administrators(fresh_database: str) -> None:
    """Four codes for four people; with them a first duty can be granted."""
    codes = [line.split(" ") for line in (actions.first_activation_code() or "").splitlines()]
    assert [kind for kind, _ in codes] == list(actions.FOUNDERS)
    assert actions.FOUNDERS.count("security_administrator") == 2
    made = [
        actions.activate(kind, code, f"A{n}", f"首任{n}", f"founder{n}", PASSWORD)
        for n, (kind, code) in enumerate(codes)
    ]
    people = [Somebody("", person, queries.default_ground(person), 0, "") for person in made]
    world = World(dict(zip(("system", "security", "security2", "auditor"), people, strict=True)))
    with world.system.acting() as who:
        person = actions.add_person(who, "B1", "首名民警", 0)
    assert grant(world, person, "collector", 0)


def test_the_same_is_proposed_once_while_it_waits(world: World) -> None:
    """The second is told; after the first was withdrawn it may be proposed anew. Eight at once make one."""
    somebody = world.trainer.person
    until = {"ends_on": timezone.localdate() + timedelta(days=90)}
    first = propose(world, somebody, "training_manager", COUNTY, **until)
    with pytest.raises(Conflict, match="已有提请待批准"):
        propose(world, somebody, "training_manager", COUNTY, reason="另一理由", clearance=2, **until)
    propose(world, somebody, "training_manager", STATION, **until)
    with world.security.acting() as who:
        proposals.refuse(who, first)
    made: list[int] = []
    gate = threading.Barrier(8)

    def again() -> None:
        gate.wait()
        try:
            made.append(propose(world, somebody, "training_manager", COUNTY, **until))
        except Conflict:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=again) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(made) == 1


def test_without_the_rule_the_same_waits_twice(fresh_world: World, superuser: Connect) -> None:
    """Negative control: the trigger is what stops it."""
    superuser().execute("ALTER TABLE access_proposal DISABLE TRIGGER access_proposal_once")
    until = {"ends_on": timezone.localdate() + timedelta(days=90)}
    twice = [propose(fresh_world, fresh_world.trainer.person, "training_manager", **until) for _ in range(2)]
    assert twice[0] != twice[1]
