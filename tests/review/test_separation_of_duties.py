"""No trick lets one person take two of the steps collect, first, second, final (assurance, row 13)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.utils import timezone

from delivered import checked, deliver, rows_of
from suyuan.access import actions as access
from suyuan.access import proposals
from suyuan.access import queries as access_queries
from suyuan.errors import SuyuanError
from suyuan.installation import current
from suyuan.ledger import sequencer, verify
from suyuan.records import actions as records
from suyuan.review import actions
from suyuan.review.errors import ReviewRefused
from world import CITY, COUNTY, STATION, Somebody, World, enter_powers, grant

pytestmark = pytest.mark.usefixtures("database")

STEPS = ("collect", "first", "second", "final")
PAIRS = [(one, other) for n, one in enumerate(STEPS) for other in STEPS[n + 1 :]]
PLACES = {"collect": ("collector", STATION), "first": ("first_reviewer", STATION),
          "second": ("second_reviewer", COUNTY), "final": ("final_reviewer", CITY)}  # fmt: skip
USUAL = {"collect": "collector", "first": "first", "second": "second", "final": "final"}
SERIAL = iter(range(1, 100_000))


class Case:
    """One major violation on its way, with the person who already took `held` and now tries `wanted`."""

    def __init__(self, world: World, held: str, wanted: str) -> None:
        self.world, self.held, self.wanted = world, held, wanted
        self.doer: Somebody = getattr(world, USUAL[held])
        rows = rows_of("violation", 1, points="12", act="P12-01", notice_no=f"SD{next(SERIAL):06}")
        rows = [row | {"notice_no": f"SD{next(SERIAL):06}"} for row in rows]
        self.batch, self.result, receipt = deliver(world.collector, "violation", rows)
        assert receipt.digest
        self.digest = receipt.digest
        for number, step in enumerate(STEPS[1 : STEPS.index(wanted)], 1):
            self.decide(getattr(world, USUAL[step]), number)

    @property
    def step(self) -> int:
        """The number of the wanted step."""
        return STEPS.index(self.wanted)

    def decide(self, who: Somebody, step: int) -> None:
        """Approve a step as somebody."""
        with who.acting() as acting:
            actions.decide(acting, self.batch, step, "approve", self.digest)

    def decided(self) -> set[int]:
        """The steps that count."""
        with psycopg.connect(current().database("owner")) as owner:
            rows = owner.execute("SELECT step FROM review_decision WHERE batch_id = %s", [self.batch])
            return {step for (step,) in rows.fetchall()}


@contextmanager
def also(case: Case, kind: str, agency: int) -> Iterator[Somebody]:
    """The doer with one more duty, given properly by two security administrators, and taken away afterwards."""
    duty = grant(case.world, case.doer.person, kind, agency)
    ground = next(one.ground for one in access_queries.grounds(case.doer.person) if one.duty == kind)
    try:
        yield Somebody(case.doer.name, case.doer.person, ground, duty, case.doer.username)
    finally:
        with case.world.security.acting() as who:
            access.end_duty(who, duty)


def both_duties(case: Case) -> None:
    """The same person, holding both duties."""
    with also(case, *PLACES[case.wanted]) as doer:
        case.decide(doer, case.step)


def second_account(case: Case) -> None:
    """A second account of the same person."""
    with also(case, *PLACES[case.wanted]) as doer:
        with psycopg.connect(current().database("owner"), autocommit=True) as owner:
            owner.execute(
                """INSERT INTO access_account (password, username, person, email, is_active)
                   VALUES ('x', %s, %s, '', true)""",
                [f"again{next(SERIAL)}", doer.person],
            )
        case.decide(doer, case.step)


def delegation(case: Case) -> None:
    """A ground that the person writes for themselves, in the name of whoever holds the duty."""
    holder: Somebody = getattr(case.world, USUAL[case.wanted])
    raw(
        case.doer,
        "INSERT INTO access_ground (person, duty, kind) VALUES (%s, %s, 'duty')",
        [case.doer.person, holder.duty],
    )


def borrowed_ground(case: Case) -> None:
    """The ground of whoever holds the duty."""
    holder: Somebody = getattr(case.world, USUAL[case.wanted])
    case.decide(Somebody(case.doer.name, case.doer.person, holder.ground, holder.duty, ""), case.step)


def duty_changed_between(case: Case) -> None:
    """The duty of the wanted step is held only after the other step was taken."""
    both_duties(case)


def edited_after_approval(case: Case) -> None:
    """The digest of the batch, or its content, changed under the approval."""
    raw(case.doer, "UPDATE records_batch SET digest = sha256('other') WHERE batch_id = %s", [case.batch])


def granted_to_oneself(case: Case) -> None:
    """The person gives themselves the duty."""
    kind, agency = PLACES[case.wanted]
    with case.doer.acting() as who:
        proposals.propose_duty(who, case.doer.person, kind, agency, reason="自己")


def own_row_in_anothers_batch(case: Case) -> None:
    """A row of one's own slipped into the open batch of a colleague, which one then reviews."""
    [row] = rows_of("violation", 1)
    found = checked("violation", [row | {"notice_no": f"SD{next(SERIAL):06}"}])
    with case.world.colleague.acting() as who:
        batch = records.open_batch(who, found.type, found.release, "form", "测试依据")
    with case.world.collector.acting() as who:
        records.submit(who, batch, found)


def merged_person(case: Case) -> None:
    """The decision or the account turned over to another person, as if two had been one all along."""
    raw(case.doer, "UPDATE access_account SET person = %s", [case.world.colleague.person])


def clock_put_back(case: Case) -> None:
    """A decision signed for yesterday, when the duty was still held by the right person."""
    holder: Somebody = getattr(case.world, USUAL[case.wanted])
    raw(holder, """INSERT INTO review_decision (batch_id, step, outcome, reviewer, author, digest, agency, level, at)
                   VALUES (%s, %s, 'approve', %s, %s, %s, %s, 1, %s)""",
        [case.batch, case.step, holder.person, case.world.collector.person, case.digest, STATION,
         timezone.now() - timedelta(days=1)])  # fmt: skip


def raw(who: Somebody, statement: str, values: list[Any]) -> None:
    """A statement of the application role inside somebody's acting context."""
    with who.acting(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)


TRICKS: list[Callable[[Case], None]] = [
    both_duties, second_account, delegation, borrowed_ground, duty_changed_between, edited_after_approval,
    granted_to_oneself, own_row_in_anothers_batch, merged_person, clock_put_back,
]  # fmt: skip


@pytest.mark.clause("3.2.1", "3.2.2", "3.2.3")
@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick.__name__)
@pytest.mark.parametrize(("held", "wanted"), PAIRS, ids=lambda step: step)
@pytest.mark.control("C11")
def test_nobody_takes_two_steps_by_any_trick(
    world: World, held: str, wanted: str, trick: Callable[[Case], None]
) -> None:
    """Each is refused, the step stays open, and the right person can still take it."""
    case = Case(world, held, wanted)
    before = case.decided()
    with pytest.raises((SuyuanError, DatabaseError)):
        trick(case)
    assert case.decided() == before
    case.decide(getattr(world, USUAL[wanted]), case.step)
    assert case.decided() == before | {case.step}


@pytest.mark.clause("3.2.1")
@pytest.mark.control("C11")
def test_of_two_thousand_simultaneous_decisions_twenty_count(world: World) -> None:
    """Twenty batches, a hundred submissions each, ten at a time at one barrier: one decision and one entry a batch."""
    cases = [Case(world, "collect", "first") for _ in range(20)]
    barrier = Barrier(10)

    def submit(case: Case) -> bool:
        barrier.wait()
        try:
            case.decide(world.first, 1)
        except ReviewRefused:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(10) as pool:
        for case in cases:
            answers = [answer for _ in range(10) for answer in pool.map(submit, [case] * 10)]
            assert (len(answers), answers.count(True)) == (100, 1)
    connections.close_all()
    enter_powers()  # of other tests of this module, who took them as the owner
    with psycopg.connect(current().database("sequencer"), autocommit=True) as log:
        sequencer.run_once(log)
    assert list(verify.verify()) == []


@pytest.mark.clause("5.1.1")
@pytest.mark.control("C7")
def test_the_three_administrations_are_never_in_one_person(world: World) -> None:
    """System, security and audit: each pair refused, by the application's own way and by the owner's raw SQL."""
    administrations = {
        "system": "system_administrator",
        "security": "security_administrator",
        "auditor": "security_auditor",
    }
    for name in administrations:
        person: Somebody = getattr(world, name)
        for other, kind in administrations.items():
            if other == name:
                continue
            with psycopg.connect(current().database("owner"), autocommit=True) as owner, pytest.raises(psycopg.Error):
                owner.execute(
                    "INSERT INTO access_duty (person, kind, agency, reason) VALUES (%s, %s, 0, 'test')",
                    [person.person, kind],
                )


def test_without_the_rule_on_persons_the_trick_would_work(fresh_world: World) -> None:
    """Negative control: with the constraint gone, a person with both duties takes both steps."""
    with psycopg.connect(current().database("owner"), autocommit=True) as owner:
        owner.execute("ALTER TABLE review_decision DROP CONSTRAINT review_decision_one_step_a_person")
    case = Case(fresh_world, "first", "second")
    both_duties(case)
    assert case.decided() == {1, 2}
    assert isinstance(case.batch, UUID)
