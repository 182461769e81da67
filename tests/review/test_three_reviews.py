"""Three reviews by different people, in order, over the exact content (norm 3.2)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

import psycopg
import pytest
from django.db import DatabaseError, connection, connections, transaction

from delivered import deliver, rows_of
from suyuan.access import actions as access
from suyuan.installation import current
from suyuan.records import queries as records
from suyuan.review import actions, queries, sample
from suyuan.review.actions import GivenBack
from suyuan.review.errors import ReviewRefused, messages
from world import COUNTY, STATION, Somebody, World, grant

pytestmark = pytest.mark.usefixtures("database")
SERIAL = iter(range(1, 10_000))


def batch_of(world: World, count: int = 1, *, major: bool = False) -> tuple[UUID, bytes]:
    """A closed batch of violations by 王采; major ones cost 12 points and need the final review."""
    points = {"points": "12", "act": "P12-01"} if major else {"points": "6", "act": "P06-08"}
    serial = next(SERIAL)
    rows = [row | {"notice_no": f"{serial}-{row['notice_no']}"} for row in rows_of("violation", count, **points)]
    batch, result, receipt = deliver(world.collector, "violation", rows)
    assert result.accepted + result.warned == count
    assert receipt.digest
    return batch, receipt.digest


def decide(who: Somebody, batch: UUID, step: int, digest: bytes, outcome: str = "approve", reason: str = "") -> None:
    """One decision in its own acting context."""
    with who.acting() as acting:
        actions.decide(acting, batch, step, outcome, digest, reason=reason)


def state(world: World, batch: UUID) -> set[str]:
    """States of a batch's records."""
    with world.head.acting() as who:
        return {row.state for row in records.batch_rows(who, batch, limit=500)}


@pytest.mark.clause("3.2.1", "3.2.2")
def test_two_reviews_bring_an_ordinary_record_into_force(world: World) -> None:
    """First and second review approve; no final review is due."""
    batch, digest = batch_of(world)
    decide(world.first, batch, 1, digest)
    assert state(world, batch) == {"second_review"}
    decide(world.second, batch, 2, digest)
    assert state(world, batch) == {"in_force"}


@pytest.mark.clause("3.2.3")
def test_a_major_record_needs_the_superior_agency(world: World) -> None:
    """With 12 points the final review by the city's reviewer comes before it is in force."""
    batch, digest = batch_of(world, major=True)
    decide(world.first, batch, 1, digest)
    decide(world.second, batch, 2, digest)
    assert state(world, batch) == {"final_review"}
    decide(world.final, batch, 3, digest)
    assert state(world, batch) == {"in_force"}


def test_the_head_of_department_may_do_the_second_review(world: World) -> None:
    """The norm names the department's head or an appointed reviewer."""
    batch, digest = batch_of(world)
    decide(world.first, batch, 1, digest)
    decide(world.head, batch, 2, digest)
    assert state(world, batch) == {"in_force"}


@pytest.mark.clause("4.2")
@pytest.mark.parametrize(
    ("name", "step"),
    [("second", 1), ("collector", 1), ("final", 1), ("outside_first", 1), ("auditor", 1), ("first", 2)],
)
def test_only_the_duty_of_the_step_decides(world: World, name: str, step: int) -> None:
    """Everybody else is refused, and the batch stays where it is."""
    batch, digest = batch_of(world)
    who = getattr(world, name)
    with pytest.raises(Exception) as refused:
        decide(who, batch, step, digest)
    assert type(refused.value).__name__ in ("ReviewRefused", "NotFound")
    assert state(world, batch) == {"first_review"}


@pytest.mark.clause("3.2.2")
def test_one_person_cannot_take_two_steps(world: World) -> None:
    """Not even with both duties: the constraint looks at the person."""
    batch, digest = batch_of(world)
    duty = grant(world, world.first.person, "second_reviewer", COUNTY)
    decide(world.first, batch, 1, digest)
    both = next(one for one in _grounds(world.first) if one.duty == "second_reviewer")
    twice = Somebody(world.first.name, world.first.person, both.ground, duty, "")
    with pytest.raises(ReviewRefused) as refused:
        decide(twice, batch, 2, digest)
    assert refused.value.constraint == "review_decision_one_step_a_person"
    decide(world.second, batch, 2, digest)


def test_nobody_reviews_what_they_collected(world: World) -> None:
    """A collector who is also first reviewer is refused by the check on persons."""
    batch, digest = batch_of(world)
    duty = grant(world, world.collector.person, "first_reviewer", STATION)
    ground = next(one for one in _grounds(world.collector) if one.duty == "first_reviewer")
    author = Somebody(world.collector.name, world.collector.person, ground.ground, duty, "")
    with pytest.raises(ReviewRefused) as refused:
        decide(author, batch, 1, digest)
    assert refused.value.constraint == "review_decision_not_the_author"
    with world.security.acting() as who:
        access.end_duty(who, duty)


def test_a_duty_that_ended_decides_nothing(world: World) -> None:
    """Taken away between looking and deciding, the duty is gone in the next transaction."""
    batch, digest = batch_of(world)
    duty = grant(world, world.analyst.person, "first_reviewer", STATION)
    ground = next(one for one in _grounds(world.analyst) if one.duty == "first_reviewer")
    person = Somebody(world.analyst.name, world.analyst.person, ground.ground, duty, "")
    with person.acting() as who:
        assert batch in {one.batch for one in queries.waiting(who)}
    with world.security.acting() as who:
        access.end_duty(who, duty)
    with pytest.raises(Exception, match=r"no_ground|办理事由"):
        decide(person, batch, 1, digest)


@pytest.mark.control("C11")
def test_steps_go_in_order(world: World) -> None:
    """The second review cannot come first."""
    batch, digest = batch_of(world)
    with pytest.raises(ReviewRefused):
        decide(world.second, batch, 2, digest)


def test_a_decision_signs_the_exact_content(world: World) -> None:
    """Another digest than the batch's signs nothing."""
    batch, digest = batch_of(world)
    with pytest.raises(ReviewRefused) as refused:
        decide(world.first, batch, 1, bytes(32))
    assert refused.value.constraint == "review_decision_digest"
    decide(world.first, batch, 1, digest)


def test_a_closed_batch_takes_no_more_rows(world: World) -> None:
    """Content cannot change after a review saw it: the database refuses the revision."""
    batch, _ = batch_of(world)
    with world.collector.acting(), pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO records_revision SELECT record_id, rev + 1, type, agency, level, valid_from, recorded_at, author,
                   batch_id, seq + 1, row_no, final, facets, terms, digest, content
               FROM records_revision WHERE batch_id = %s""",
            [batch],
        )


@pytest.mark.clause("3.2.1")
def test_single_rows_go_back_with_a_reason_a_field(world: World) -> None:
    """The rest of the batch goes on; the collector sees why, field by field."""
    batch, digest = batch_of(world, 3)
    with world.first.acting() as who:
        rows = records.batch_rows(who, batch)
        bad = rows[1]
        back = [GivenBack(bad.record_id, bad.rev, "address", "unclear", "写明路口"),
                GivenBack(bad.record_id, bad.rev, "", "other", "请核对")]  # fmt: skip
        actions.decide(who, batch, 1, "approve", digest, returns=back)
    decide(world.second, batch, 2, digest)
    with world.head.acting() as who:
        states = {row.record_id: row.state for row in records.batch_rows(who, batch)}
    assert states.pop(bad.record_id) == "returned"
    assert set(states.values()) == {"in_force"}
    with world.collector.acting() as who:
        assert queries.reasons(who, bad.record_id) == {"address": "写明路口", "": "请核对"}


@pytest.mark.parametrize("outcome", ["return", "reject"])
def test_a_whole_batch_goes_back_or_is_rejected_with_a_reason(world: World, outcome: str) -> None:
    """Without a reason the database refuses."""
    batch, digest = batch_of(world, 2)
    with pytest.raises(ReviewRefused) as refused:
        decide(world.first, batch, 1, digest, outcome)
    assert refused.value.constraint == "review_decision_reason"
    decide(world.first, batch, 1, digest, outcome, "来源不明")
    assert state(world, batch) == {"returned" if outcome == "return" else "rejected"}


@pytest.mark.clause("3.4.2")
def test_an_amendment_is_reviewed_while_the_old_content_stays_in_force(world: World) -> None:
    """The same notice number with other content becomes revision 2 and waits; readers see revision 1."""
    rows = [row | {"notice_no": "AMEND-1"} for row in rows_of("violation", 1)]
    batch, _, receipt = deliver(world.collector, "violation", rows)
    decide(world.first, batch, 1, receipt.digest or b"")
    decide(world.second, batch, 2, receipt.digest or b"")
    later, result, second = deliver(world.collector, "violation", [rows[0] | {"fine_amount": "150"}])
    record = result.records[1]
    with world.second.acting() as who:
        seen = records.open_record(who, record)
        assert (seen.rev, seen.latest_rev, seen.content["fine_amount"]) == (1, 2, "200")
    decide(world.first, later, 1, second.digest or b"")
    decide(world.second, later, 2, second.digest or b"")
    with world.second.acting() as who:
        assert records.open_record(who, record).content["fine_amount"] == "150"
        assert [change.field for change in records.compare(who, record, 1, 2)] == ["fine_amount"]


def test_a_large_batch_needs_its_sample_looked_at(world: World) -> None:
    """Approval is refused until every sampled row was on screen; the seed draws the same rows again."""
    batch, digest = batch_of(world, 40)
    with pytest.raises(ReviewRefused) as refused:
        decide(world.first, batch, 1, digest)
    assert refused.value.constraint == "review_sample_unseen"
    with world.first.acting() as who:
        drawn = actions.draw(who, batch, 1, bound=0.05, confidence=0.9)
        assert len(drawn.seqs) == sample.size(40, 0.05, 0.9)
        everything = [row.seq for row in records.batch_rows(who, batch, limit=100)]
        assert sorted(drawn.seqs) == sorted(sample.choose(bytes(drawn.seed), everything, len(drawn.seqs)))
        assert actions.draw(who, batch, 1) == drawn
        actions.look(who, batch, 1, drawn.seqs[:-1])
    with pytest.raises(ReviewRefused):
        decide(world.first, batch, 1, digest)
    with world.first.acting() as who:
        actions.look(who, batch, 1, drawn.seqs[-1:])
    decide(world.first, batch, 1, digest)
    assert state(world, batch) == {"second_review"}


@pytest.mark.parametrize(("population", "bound", "confidence"), [(1, 0.01, 0.95), (40, 0.05, 0.9), (5000, 0.01, 0.95)])
def test_database_and_program_size_the_sample_alike(
    world: World, population: int, bound: float, confidence: float
) -> None:
    """Whoever checks the size outside gets the database's."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT review_sample_size(%s, %s, %s)", [population, bound, confidence])
        assert cursor.fetchone()[0] == sample.size(population, bound, confidence)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE records_record SET state = 'in_force', in_force_rev = 1",
        "UPDATE records_batch SET state = 'done'",
        "UPDATE review_decision SET outcome = 'approve'",
        "DELETE FROM review_decision",
        "SELECT records_advance(batch_id, 1, 'approve', now()) FROM records_batch",
        "SELECT records_return(record_id, 1) FROM records_record",
        "SELECT review_may(batch_id, 1::smallint) FROM records_batch",
        "DELETE FROM records_revision",
    ],
)
def test_raw_sql_of_the_application_moves_nothing(world: World, statement: str) -> None:
    """The application role has no other way to move a record than a decision."""
    batch, _ = batch_of(world)
    with world.first.acting(), pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert state(world, batch) == {"first_review"}


def test_raw_sql_cannot_decide_in_another_name(world: World) -> None:
    """The reviewer of a decision is whoever acts."""
    batch, digest = batch_of(world)
    with (
        world.collector.acting() as who,
        pytest.raises(DatabaseError),
        transaction.atomic(),
        connection.cursor() as cur,
    ):
        cur.execute(
            """INSERT INTO review_decision (batch_id, step, outcome, reviewer, author, digest, agency, level, at)
               VALUES (%s, 1, 'approve', %s, %s, %s, %s, 1, now())""",
            [batch, world.first.person, who.person, digest, who.agency],
        )


@pytest.mark.clause("3.2.1")
def test_of_a_hundred_simultaneous_decisions_one_counts(world: World) -> None:
    """A hundred double submissions at one barrier: one decision, one entry, 99 refusals in words."""
    batch, digest = batch_of(world)
    barrier = Barrier(20)

    def submit(_: int) -> str:
        barrier.wait()
        try:
            decide(world.first, batch, 1, digest)
        except ReviewRefused as exc:
            return exc.constraint
        finally:
            connections.close_all()
        return "decided"

    with ThreadPoolExecutor(20) as pool:
        answers = [answer for _ in range(5) for answer in pool.map(submit, range(20))]
    assert answers.count("decided") == 1
    assert len(answers) == 100
    with psycopg.connect(current().database("owner")) as owner:
        row = owner.execute(
            "SELECT count(*) FROM ledger_entry WHERE batch = %s AND (detail->>'outcome') = 'approve'", [batch]
        ).fetchone()
    assert row == (1,)


def test_without_its_constraint_the_attack_would_succeed(fresh_world: World) -> None:
    """Negative control: drop the rule on persons, and one person takes two steps."""
    world = fresh_world
    with psycopg.connect(current().database("owner"), autocommit=True) as owner:
        owner.execute("ALTER TABLE review_decision DROP CONSTRAINT review_decision_one_step_a_person")
    batch, digest = batch_of(world)
    duty = grant(world, world.first.person, "second_reviewer", COUNTY)
    decide(world.first, batch, 1, digest)
    ground = next(one for one in _grounds(world.first) if one.duty == "second_reviewer")
    decide(Somebody("", world.first.person, ground.ground, duty, ""), batch, 2, digest)
    assert state(world, batch) == {"in_force"}


def test_every_rule_of_review_has_its_words(world: World) -> None:
    """No constraint of this room speaks to a person by its name only."""
    with psycopg.connect(current().database("owner")) as owner:
        names = {
            name
            for (name,) in owner.execute(
                """SELECT conname FROM pg_constraint WHERE conrelid::regclass::text LIKE 'review_%' AND contype <> 'n'"""
            )
        }
    assert names <= set(messages())


def _grounds(who: Somebody) -> list:  # type: ignore[type-arg]
    from suyuan.access import queries as access_queries

    return access_queries.grounds(who.person)
