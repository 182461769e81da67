"""Reading as of any pair of times, and what somebody out of scope learns: nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.utils import timezone

from delivered import deliver, rows_of
from suyuan.records import queries
from suyuan.records.errors import NotFound
from suyuan.review import actions as review
from world import PASSWORD, World, signed_in

pytestmark = pytest.mark.usefixtures("database")
NUMBER = "READ-0001"


@pytest.fixture
def amended(world: World) -> tuple[UUID, list[datetime]]:
    """A violation with two revisions in force one after the other and a third that waits; when each came into force."""
    moments: list[datetime] = []
    [row] = rows_of("violation", 1, points="6", act="P06-08")
    number = f"READ-{uuid4().hex[:8]}"
    record = UUID(int=0)
    for fine in ("200", "150", "100"):
        batch, result, receipt = deliver(
            world.collector, "violation", [row | {"notice_no": number, "fine_amount": fine}]
        )
        [record] = set(result.records.values())
        if fine == "100":
            break
        for who, step in ((world.first, 1), (world.second, 2)):
            with who.acting() as acting:
                review.decide(acting, batch, step, "approve", receipt.digest or b"")
        moments.append(timezone.now())
    return record, moments


@pytest.mark.clause("3.4.2")
def test_a_record_is_read_as_it_was_known_at_any_time(world: World, amended: tuple[UUID, list[datetime]]) -> None:
    """Before it was in force nothing; then the first content; then the second; never the one that waits."""
    record, (first, second) = amended
    valid = queries.every_revision  # the valid time is that of the event, the same for all three
    with world.second.acting() as who:
        event = valid(record)[0].valid_from

        def fine(known_at: datetime, as_of: datetime) -> str:
            return str(queries.open_record(who, record, as_of=as_of, known_at=known_at).content["fine_amount"])

        now = timezone.now()
        assert fine(first, now) == "200"
        assert fine(second, now) == "150"
        assert fine(now, event) == "150"
        for known_at, as_of in ((first - timedelta(days=1), now), (now, event - timedelta(microseconds=1))):
            with pytest.raises(NotFound):
                fine(known_at, as_of)


@pytest.mark.clause("3.4.2")
def test_revisions_are_compared_field_by_field_and_none_is_lost(
    world: World, amended: tuple[UUID, list[datetime]]
) -> None:
    """All three are kept, with who and when; two of them differ in the one field that was changed."""
    record, _ = amended
    with world.second.acting() as who:
        life = queries.history(who, record)
        assert [one.rev for one in life] == [1, 2, 3]
        assert {one.author for one in life} == {world.collector.person}
        assert [bool(one.in_force_since) for one in life] == [True, True, False]
        [change] = queries.compare(who, record, 1, 2)
        assert (change.field, change.before, change.after) == ("fine_amount", "200", "150")


@pytest.mark.clause("5.1.2")
@pytest.mark.control("C9")
def test_a_hidden_record_and_a_missing_one_answer_alike(world: World, amended: tuple[UUID, list[datetime]]) -> None:
    """By query, by search and by page, to the byte but for the number asked for."""
    record, _ = amended
    missing = uuid4()
    with world.outsider.acting() as who:
        said = []
        for one in (record, missing):
            with pytest.raises(NotFound) as refused:
                queries.open_record(who, one)
            said.append(str(refused.value))
            with pytest.raises(NotFound):
                queries.history(who, one)
            with pytest.raises(NotFound):
                queries.compare(who, one, 1, 2)
        assert said[0] == said[1]
        found = queries.search(who, type="violation", exact=[f"notice_no\x1f{NUMBER}"])
        assert (found.total, found.rows) == (0, [])
    client = Client(raise_request_exception=False)
    assert client.login(username=world.outsider.username, password=PASSWORD)
    pages = [client.get(f"/record/{one}/") for one in (record, missing)]
    assert [page.status_code for page in pages] == [403, 403]  # under the ground of the duty: both want a purpose
    bodies = [page.content.decode().replace(str(one), "") for page, one in zip(pages, (record, missing), strict=True)]
    assert _plain(bodies[0]) == _plain(bodies[1])


def _plain(body: str) -> str:
    """A page without what is new in each answer."""
    import re

    return re.sub(r'(nonce|value|content)="[^"]{16,}"|csrf[^"]*":\s*"[^"]+"', "", body)


@pytest.mark.clause("5.1.2", "5.3.1")
@pytest.mark.control("C14")
def test_each_look_is_in_the_ledger_before_it_is_answered(world: World, amended: tuple[UUID, list[datetime]]) -> None:
    """Who looked is listed with the record, the looker's own look included."""
    from suyuan.ledger import queries as ledger
    from suyuan.ledger.acts import Act

    record, _ = amended
    with world.second.acting() as who:
        before = len(ledger.about(record))
        queries.open_record(who, record)
        seen = ledger.about(record)
    assert len(seen) == before + 1
    assert (seen[0].act, seen[0].person) == (Act.consult, world.second.person)


@pytest.mark.clause("5.3.1")
def test_one_opening_is_one_entry(world: World) -> None:
    """Of the record that was opened; each record shown beside it has one of its own, as shown in a list."""
    from suyuan.ledger import queries as ledger
    from suyuan.ledger.acts import Act

    number = f"SG{uuid4().hex[:12]}"
    [opened] = _delivered(world, "accident", accident_no=number)
    alone = _looked(world, opened)
    assert alone == {opened: [Act.consult]}
    [beside] = _delivered(world, "accident_vehicle", accident=number, vehicle_label="甲")
    with world.second.acting():
        assert [one.act for one in ledger.about(beside)] == [Act.collect]
    assert _looked(world, opened, beside) == {opened: [Act.consult], beside: [Act.list]}


def _delivered(world: World, kind: str, **values: str) -> set[UUID]:
    rows = [row | values for row in rows_of(kind, 1)]
    return set(deliver(world.collector, kind, rows)[1].records.values())


def _looked(world: World, opened: UUID, *beside: UUID) -> dict[UUID, list[int]]:
    """What a look at the page of the first enters about each."""
    from suyuan.ledger import queries as ledger

    def about() -> dict[UUID, list[int]]:
        with world.second.acting():
            return {one: [seen.act for seen in ledger.about(one)] for one in (opened, *beside)}

    before = about()
    page = signed_in(world.second.username)
    page.post("/ground/", {"ground": world.second.ground})
    assert page.get(f"/record/{opened}/").status_code == 200
    return {one: acts[: len(acts) - len(before[one])] for one, acts in about().items()}
