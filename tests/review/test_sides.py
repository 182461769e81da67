"""Which side reviews what: the entering agency first, a superior one last (norm 3.2.1, 3.2.3); and what is sealed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from delivered import deliver, rows_of
from suyuan.access import grounds
from suyuan.access import queries as access
from suyuan.access.acting import acting
from suyuan.access.decide import decide as decided
from suyuan.access.errors import LimitReached, NoPurpose
from suyuan.records import queries as records
from suyuan.records.errors import NotFound
from suyuan.review import actions, queries
from suyuan.review.errors import ReviewRefused
from world import CITY, COUNTY, MINISTRY, Somebody, World, grant, signed_in

Superuser = Callable[[], psycopg.Connection[Any]]


def reviewer(world: World, kind: str, agency: int, person: int) -> Somebody:
    """Somebody with one duty more, working on a case."""
    duty = grant(world, person, kind, agency)
    ground = next(one.ground for one in access.grounds(person) if one.duty == kind and one.agency == agency)
    return Somebody("", person, ground, duty, "", ground)


def step(who: Somebody, batch: Any, number: int, digest: bytes | None) -> None:
    """Approve a step."""
    with who.acting() as doing:
        actions.decide(doing, batch, number, "approve", digest or b"")


@pytest.mark.clause("3.2.1")
@pytest.mark.control("C8")
def test_the_first_review_is_the_entering_sides_own(fresh_world: World) -> None:
    """A first reviewer of the county neither sees the station's batch waiting nor decides it; the station's does."""
    batch, _, receipt = deliver(fresh_world.collector, "violation", rows_of("violation", 1))
    above = reviewer(fresh_world, "first_reviewer", COUNTY, fresh_world.second.person)
    with above.acting() as who:
        assert queries.waiting(who) == []
    with pytest.raises(ReviewRefused, match="职责"):
        step(above, batch, 1, receipt.digest)
    with fresh_world.first.acting() as who:
        assert [one.batch for one in queries.waiting(who)] == [batch]
    step(fresh_world.first, batch, 1, receipt.digest)


@pytest.mark.clause("3.2.3")
@pytest.mark.control("C8")
def test_the_roots_data_is_finally_reviewed_by_another_department(fresh_world: World, superuser: Superuser) -> None:
    """There is no superior agency: a leader of another department does it, never one of the collector's own."""
    owner = superuser()
    mine, other = (
        int((owner.execute("INSERT INTO access_department (agency, name) VALUES (0, %s) RETURNING 1, department", [name])
             .fetchone() or (0, 0))[1])
        for name in ("交通管理局", "法制局")
    )  # fmt: skip
    world, people = fresh_world, []
    for name, kind, department in (
        ("a", "collector", mine), ("b", "first_reviewer", mine), ("c", "second_reviewer", mine),
        ("d", "final_reviewer", mine), ("e", "final_reviewer", other),
    ):  # fmt: skip
        row = owner.execute(
            "INSERT INTO access_person (staff_no, name, agency, department) VALUES (%s, %s, 0, %s) RETURNING person",
            [f"D{name}", f"部{name}", department],
        ).fetchone()
        assert row
        owner.execute(
            "INSERT INTO access_undertaking_signature (person, version, name) SELECT %s, max(version), '部' FROM access_undertaking",
            [row[0]],
        )
        people.append(reviewer(world, kind, MINISTRY, int(row[0])))
    collector, first, second, same, another = people
    rows = rows_of("violation", 1, points="12", act="P12-01")
    batch, _, receipt = deliver(collector, "violation", rows)
    step(first, batch, 1, receipt.digest)
    step(second, batch, 2, receipt.digest)
    with pytest.raises(ReviewRefused, match="职责"):
        step(same, batch, 3, receipt.digest)
    with another.acting() as who:
        assert [one.batch for one in queries.waiting(who)] == [batch]
    step(another, batch, 3, receipt.digest)


@pytest.mark.clause("1.3.1")
@pytest.mark.control("C9")
def test_a_sealed_record_opens_to_a_head_under_an_assigned_ground_alone(
    fresh_world: World, superuser: Superuser
) -> None:
    """To nobody else, by no page and no list; not to the head for the duty's sake."""
    _, result, _ = deliver(fresh_world.collector, "violation", rows_of("violation", 1))
    record = result.records[1]
    owner = superuser()
    owner.execute("SET session_replication_role = replica")
    owner.execute("UPDATE records_record SET state = 'sealed'")
    for name in ("collector", "first", "second", "final", "analyst"):
        with getattr(fresh_world, name).acting() as who, pytest.raises(NotFound):
            records.open_record(who, record)
    with fresh_world.head.on_duty() as who, pytest.raises((NotFound, NoPurpose)):
        records.open_record(who, record)
    with fresh_world.head.acting() as who:
        assert records.open_record(who, record).record_id == record


@pytest.mark.clause("4.3")
@pytest.mark.control("C8")
def test_keys_are_the_installations(fresh_world: World) -> None:
    """A custodian at the root manages them, one of a city does not, who may still erase and open level 2."""
    with fresh_world.custodian.acting() as who:
        assert decided(who, "keys").allowed
    below = reviewer(fresh_world, "storage_custodian", CITY, fresh_world.analyst.person)
    with below.acting() as who:
        assert not decided(who, "keys").allowed
        assert decided(who, "erase", agency=COUNTY).allowed and decided(who, "open_level").allowed


@pytest.mark.clause("5.1.2")
@pytest.mark.control("C8")
def test_an_emergency_opens_records_and_no_batch(fresh_world: World, superuser: Superuser) -> None:
    """Of another city no batch waits or shows its rows, though its records open one by one; of one's own range it goes on."""
    far, result, _ = deliver(fresh_world.outsider, "violation", rows_of("violation", 2))
    near, _, _ = deliver(fresh_world.collector, "violation", [rows_of("violation", 3)[2]])
    owner = superuser()
    owner.execute("SET session_replication_role = replica")
    owner.execute("UPDATE records_batch SET state = 'second_review'")
    with fresh_world.head.on_duty() as who:
        emergency = grounds.break_glass(who, "追捕在逃人员，来不及指派")
    with acting(fresh_world.head.person, emergency) as who:
        assert records.open_record(who, result.records[1])
        assert [one.batch for one in queries.waiting(who)] == [near]
        assert not records.take_batch(far)
        for ask in (queries.task, records.batch_rows):
            with pytest.raises(NotFound):
                ask(who, far)
        assert len(records.batch_rows(who, near)) == 1
    with acting(fresh_world.collector.person, _glass(fresh_world.collector)) as who:
        assert len(records.batch_rows(who, near)) == 1  # what one collected oneself
        with pytest.raises(NotFound):
            records.batch_rows(who, far)
    client = signed_in("head")
    client.post("/ground/", {"ground": emergency})
    assert [client.get(f"/review/{one}/").status_code for one in (far, near)] == [404, 200]


def _glass(somebody: Somebody) -> int:
    with somebody.on_duty() as who:
        return grounds.break_glass(who, "追捕在逃人员，来不及指派")


@pytest.mark.clause("5.1.2")
@pytest.mark.control("C13")
def test_rows_of_a_batch_are_a_list_but_to_its_reviewers(fresh_world: World, superuser: Superuser) -> None:
    """Each page counts for whoever only may read; to the reviewer at its step and to its collector there is no limit."""
    batch, _, _ = deliver(fresh_world.collector, "violation", rows_of("violation", 2))
    owner = superuser()
    owner.execute("SET session_replication_role = replica")
    owner.execute("UPDATE access_limit SET most = 2 WHERE kind = 'list'")

    def pages(who: Somebody) -> int:
        """How many of five pages came."""
        for seen in range(5):
            try:
                with who.acting() as doing:
                    assert len(records.batch_rows(doing, batch)) == 2
            except LimitReached:
                return seen
        return 5

    people = {name: pages(getattr(fresh_world, name)) for name in ("analyst", "second", "first", "collector")}
    assert people == {"analyst": 2, "second": 2, "first": 5, "collector": 5}
