"""One row of a batch goes back under every ground, for every type; what is wholly given back is approved by no door."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import UUID

import psycopg
import pytest
from click.testing import CliRunner
from django.db import DatabaseError, connection, transaction

from browser.delivery import Delivered, deliver
from canaries import planted
from program import Program
from suyuan import catalog
from suyuan.access.acting import Acting, acting
from suyuan.cli.root import root
from suyuan.installation import current
from suyuan.records import queries as records
from suyuan.review import actions, queries
from suyuan.review.actions import GivenBack
from suyuan.review.errors import ReviewRefused
from world import Somebody, World, enter_powers

pytestmark = pytest.mark.usefixtures("database")
TYPES = sorted(catalog.current().types)
REVIEWERS = ("first", "second", "final")


@pytest.fixture
def cleared(
    world: World, level_two: None, superuser: Callable[[], psycopg.Connection[tuple[object, ...]]]
) -> Iterator[World]:
    """The province with everybody cleared for level 2, which is open."""
    superuser().execute("UPDATE access_duty SET clearance = 2 WHERE clearance < 2")
    enter_powers()
    yield world


def batch_of(who: Somebody, type_id: str, rows: int = 1, **values: str) -> Delivered:
    """A closed batch of different rows of a type."""
    fields = catalog.current().types[type_id].fields
    rows_made = [planted(catalog.current().types[type_id]) for _ in range(rows)]
    made = [{name: one for name, one in row.items() if fields[name].example or fields[name].required} | values
            for row in rows_made]  # fmt: skip
    return deliver(who, type_id, *made)


def under(who: Somebody, kind: str, batch: UUID) -> int:
    """A ground of that kind for somebody who reviews a batch."""
    if kind == "review":
        with who.on_duty() as one:
            return actions.take(one, batch)
    return who.duty_ground if kind == "duty" else who.ground


def rows_in(batch: UUID) -> list[tuple[UUID, int]]:
    """The revisions of a batch, as their owner finds them."""
    with psycopg.connect(current().database("owner")) as owner:
        found = owner.execute("SELECT record_id, rev FROM records_revision WHERE batch_id = %s ORDER BY seq", [batch])
        return [(row[0], row[1]) for row in found.fetchall()]


def give_back(who: Acting, batch: UUID, step: int, outcome: str = "return", rows: int = 1) -> list[UUID]:
    """Give the first rows of a batch back, each with a reason, and decide about the rest."""
    found = records.batch_rows(who, batch)[:rows]
    back = [GivenBack(row.record_id, row.rev, "", "unclear", "写明细节") for row in found]
    digest = queries.task(who, batch).digest
    actions.decide(who, batch, step, outcome, digest, returns=back)
    return [row.record_id for row in found]


def returned(batch: UUID) -> int:
    """How many rows of a batch were given back."""
    with psycopg.connect(current().database("owner")) as owner:
        found = owner.execute("SELECT count(*) FROM review_return WHERE batch_id = %s", [batch]).fetchone()
    assert found
    return int(found[0])


class Undo(Exception):
    """Undoes a transaction of which everything was asked."""


@pytest.mark.clause("3.2.1")
@pytest.mark.parametrize("type_id", TYPES)
def test_a_row_of_any_type_goes_back_under_any_ground(cleared: World, type_id: str) -> None:
    """In a transaction of its own, as when the page is sent: nobody has looked at the batch in it before."""
    found = batch_of(cleared.collector, type_id)
    back = [GivenBack(*row, "", "unclear", "写明细节") for row in rows_in(found.batch)]
    for kind in ("duty", "review", "case"):
        ground = under(cleared.first, kind, found.batch)
        with pytest.raises(Undo), acting(cleared.first.person, ground) as who:
            actions.decide(who, found.batch, 1, "return", found.digest, returns=back)
            raise Undo


@pytest.mark.clause("3.2.2", "3.2.3")
@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_row_goes_back_at_every_step_on_duty_alone(world: World, step: int) -> None:
    """The first, second and final reviewer each return one of two rows and let the other one go on."""
    found = batch_of(world.collector, "violation", 2, points="12", act="P12-01")
    for number, name in enumerate(REVIEWERS[:step], 1):
        with world.people[name].on_duty() as who:
            task = queries.task(who, found.batch)
            back = [GivenBack(found.records[0], 1, "address", "unclear", "写明路口")] if number == step else []
            actions.decide(who, found.batch, number, "approve", task.digest, returns=back)
    assert returned(found.batch) == 1


def test_a_refusal_to_return_names_its_rule(world: World) -> None:
    """A row of another batch is no part of this one; somebody who reviews nothing there is told so: neither is a 404."""
    found, other = batch_of(world.collector, "violation"), batch_of(world.collector, "violation")
    for name, rule in (("first", "review_same_place"), ("colleague", "review_duty_missing")):
        with pytest.raises(ReviewRefused) as refused, world.people[name].acting() as who:
            back = [GivenBack(other.records[0], 1, "", "other", "另一批的")]
            actions.decide(who, found.batch, 1, "approve", found.digest, returns=back)
        assert refused.value.constraint == rule
    assert returned(other.batch) == 0


def test_without_opening_the_batch_no_row_goes_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: the wall is real, so the act must open what the page offers."""
    found = batch_of(world.collector, "violation")
    monkeypatch.setattr(actions.records, "take_batch", lambda batch: True)
    with pytest.raises(ReviewRefused), world.first.on_duty() as who:
        back = [GivenBack(found.records[0], 1, "", "other", "写明")]
        actions.decide(who, found.batch, 1, "return", found.digest, returns=back)


@pytest.mark.clause("4.2")
@pytest.mark.parametrize("outcome", ["approve", "reject"])
def test_nothing_is_not_approved_by_any_door(world: World, outcome: str) -> None:
    """Act and API refuse alike, and nothing is given back by the try."""
    found = batch_of(world.collector, "violation")
    record = found.records[0]
    with pytest.raises(ReviewRefused) as refused, world.first.on_duty() as who:
        give_back(who, found.batch, 1, outcome)
    assert refused.value.constraint == "review_nothing_left"

    body = {"outcome": outcome, "digest": found.digest.hex(), "reason": "理由",
            "returns": [{"record": str(record), "rev": 1, "reason": "写明路口"}]}  # fmt: skip
    answer = Program.of(world.first).post(f"reviews/{found.batch}/decision", body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "review.nothing_left")

    assert returned(found.batch) == 0


def test_what_was_given_back_before_is_not_approved_later(world: World) -> None:
    """The database holds the rule: rows given back by one statement, the decision by another, and by the command."""
    found = batch_of(world.collector, "violation")
    with world.first.on_duty() as who:
        task = queries.task(who, found.batch)
        records.take_batch(found.batch)
        actions._give_back(who, task, 1, [GivenBack(found.records[0], 1, "", "other", "写明")])
    with pytest.raises(ReviewRefused) as refused, world.first.on_duty() as who:
        actions.decide(who, found.batch, 1, "approve", found.digest)
    assert refused.value.constraint == "review_nothing_left"
    arguments = ["review", "approve", str(found.batch), "--as", world.first.username, "--yes"]
    said = CliRunner().invoke(root, [*arguments, "--data", str(current().data)])
    assert said.exit_code != 0
    with pytest.raises(DatabaseError), world.first.on_duty() as who, transaction.atomic(), connection.cursor() as cur:
        cur.execute(
            """INSERT INTO review_decision (batch_id, step, outcome, reviewer, author, digest, agency, level, at)
               SELECT batch_id, 1, 'approve', %s, collector, digest, agency, level, now()
               FROM records_batch WHERE batch_id = %s""",
            [who.person, found.batch],
        )
    with world.first.on_duty() as who:
        actions.decide(who, found.batch, 1, "return", found.digest, reason="各条已退回")


def test_a_whole_batch_of_returned_rows_needs_no_other_reason(world: World) -> None:
    """Each row has its reason; the batch's own says so."""
    found = batch_of(world.collector, "violation", 2)
    with world.first.on_duty() as who:
        give_back(who, found.batch, 1, "return", rows=2)
    with world.first.on_duty() as who:
        [decision] = queries.decisions([found.batch])
    assert (decision.outcome, decision.reason) == ("return", "各条记录已逐条退回，理由见各条。")
