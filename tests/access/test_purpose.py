"""Purpose before access: a ground that somebody assigned, masks, limits, and what an emergency may do (norm 1.3.3, 5.1.2)."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from delivered import deliver
from suyuan import catalog
from suyuan.access import actions, grounds, queries
from suyuan.access.acting import acting
from suyuan.access.errors import GroundRefused, LimitReached, NoGround, NoPurpose, NotAllowed
from suyuan.installation import current
from suyuan.ledger.acts import Act
from suyuan.records import dossier
from suyuan.records import queries as records
from suyuan.review import actions as review
from world import FAR_STATION, PASSWORD, Somebody, World, grant, signed_in

pytestmark = pytest.mark.usefixtures("database")
NEXT_MONTH = timezone.localdate() + timedelta(days=30)


def _one(kind: str, **values: str) -> dict[str, str]:
    fields = catalog.current().types[kind].fields.values()
    return {one.name: one.example for one in fields if one.example and one.type != "reference"} | values


@pytest.fixture
def violation(world: World) -> UUID:
    """A traffic violation, with a plate and a driver, that the collector has just sent to review."""
    _, result, _ = deliver(world.collector, "violation", [_one("violation", notice_no=f"P-{uuid4().hex[:8]}")])
    return result.records[1]


def denials(person: int) -> list[tuple[UUID | None, str]]:
    """Refusals of a person in the ledger: which record, and why."""
    with psycopg.connect(current().database("owner")) as owner:
        rows = owner.execute(
            "SELECT record, detail->>'why' FROM ledger_entry WHERE act = %s AND person = %s ORDER BY at",
            [int(Act.denied), person],
        )
        return [(record, str(why)) for record, why in rows.fetchall()]


@pytest.mark.clause("1.3.3", "5.1.2")
@pytest.mark.control("C15")
def test_a_record_about_people_opens_under_an_assigned_ground_only(world: World, violation: UUID) -> None:
    """For a case it opens; on duty alone it does not, nor do its history, its comparison or any search."""
    with world.colleague.acting() as who:
        assert records.open_record(who, violation).record_id == violation
    with world.colleague.on_duty() as who:
        for attempt in (
            lambda: records.open_record(who, violation),
            lambda: records.history(who, violation),
            lambda: records.compare(who, violation, 1, 1),
            lambda: records.search(who, text="示例"),
            lambda: records.search(who, type="violation"),
        ):
            with pytest.raises(NoPurpose):
                attempt()


@pytest.mark.control("C15")
def test_the_database_holds_the_rule_and_not_the_page(world: World, violation: UUID) -> None:
    """Raw SQL under the application role finds neither the content nor the record by any term, on duty alone."""
    with world.colleague.on_duty(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM records_revision WHERE record_id = %s", [violation])
        assert cursor.fetchone()[0] == 0
        cursor.execute("SELECT count(*) FROM records_list('violation', NULL, NULL, NULL, 10)")
        assert cursor.fetchone()[0] == 0
        cursor.execute("SELECT count(*) FROM records_search(NULL, NULL, NULL, NULL, NULL, NULL, NULL, 10)")
        assert cursor.fetchone()[0] == 0


def test_what_is_about_nobody_needs_no_ground(world: World) -> None:
    """A video point is an installation: it opens on duty."""
    assert catalog.current().open_types == ("video_point",)
    _, result, _ = deliver(world.collector, "video_point", [_one("video_point")])
    with world.colleague.on_duty() as who:
        assert records.open_record(who, result.records[1]).type == "video_point"
        assert records.search(who, type="video_point").rows


def test_a_hidden_record_is_missing_even_without_a_ground(world: World, violation: UUID) -> None:
    """Who has no ground learns nothing by asking: in reach, out of reach and missing alike want a purpose."""
    for asking in (world.outsider, world.head):
        with asking.on_duty() as who:
            for record in (violation, uuid4()):
                with pytest.raises(NoPurpose):
                    records.open_record(who, record)


def test_reviewers_read_what_they_review_and_nothing_else(world: World) -> None:
    """On duty a reviewer sees the batch that waits for them; the record's own page wants the review as a ground."""
    number = f"P-{uuid4().hex[:8]}"
    batch, result, receipt = deliver(world.collector, "violation", [_one("violation", notice_no=number)])
    record = result.records[1]
    with world.first.on_duty() as who:
        assert [row.content["notice_no"] for row in records.batch_rows(who, batch)] == [number]
    with world.second.on_duty() as who:
        assert records.batch_rows(who, batch) == []
    with world.first.on_duty() as who, pytest.raises(NoPurpose):
        records.open_record(who, record)
    with world.first.on_duty() as who:
        ground = review.take(who, batch)
    with acting(world.first.person, ground) as who:
        assert records.open_record(who, record).record_id == record
        review.decide(who, batch, 1, "approve", receipt.digest or b"")
    with pytest.raises(NoGround), acting(world.first.person, ground):
        pass


def test_a_head_assigns_and_the_ground_ends_at_once(world: World, violation: UUID) -> None:
    """Assigned, it opens; ended by the head, the next transaction of an open session is refused."""
    with world.head.acting() as who:
        ground = grounds.assign(
            who, world.colleague.person, world.colleague.duty, "case", "A3301020000002026010002", "核实案情", NEXT_MONTH
        )
    with acting(world.colleague.person, ground) as who:
        assert records.open_record(who, violation).record_id == violation
    with world.head.acting() as who:
        grounds.end(who, ground)
    with pytest.raises(NoGround), acting(world.colleague.person, ground):
        pass


def test_an_officer_asks_and_a_head_answers_once(world: World) -> None:
    """The request waits on the head's page; the ground lives from the answer on; a second answer is refused."""
    with world.colleague.on_duty() as who:
        request = grounds.ask(who, "survey", "", "清明路口走访", NEXT_MONTH)
    with world.head.acting() as who:
        assert request in {one.request for one in grounds.asked(who)}
        made = grounds.answer(who, request, True)
        with pytest.raises(GroundRefused), transaction.atomic():
            grounds.answer(who, request, True)
    assert made in {one.ground for one in queries.grounds(world.colleague.person)}


@pytest.mark.clause("5.1.1")
def test_nobody_assigns_beyond_their_range_or_to_themselves(world: World) -> None:
    """A head reaches the people below; a collector assigns nothing; a head gives themselves no ground."""
    far = world.outsider
    with world.head.acting() as who, pytest.raises(NotAllowed):
        grounds.assign(who, far.person, far.duty, "case", "X", "越界指派", NEXT_MONTH)
    with world.colleague.acting() as who, pytest.raises(NotAllowed):
        grounds.assign(who, world.collector.person, world.collector.duty, "case", "X", "同事互派", NEXT_MONTH)
    with world.head.acting() as who, pytest.raises(GroundRefused):
        grounds.assign(who, world.head.person, world.head.duty, "case", "X", "给自己", NEXT_MONTH)


@pytest.mark.parametrize("words", ["查 330102199001011234", "电话13912345678", "11010519491231002X 的情况"])
def test_a_ground_holds_nobodys_numbers(world: World, words: str) -> None:
    """Reasons are shown to auditors and lie in plain text."""
    with world.colleague.on_duty() as who, pytest.raises(GroundRefused):
        grounds.ask(who, "case", "", words, NEXT_MONTH)


def test_raw_sql_makes_no_ground(world: World) -> None:
    """The application role inserts and prolongs no ground but through the functions that check."""
    for statement in (
        "INSERT INTO access_ground (person, duty, kind, ends_at) VALUES (1, 1, 'case', now() + interval '1 day')",
        "UPDATE access_ground SET ends_at = now() + interval '9 days'",
        "UPDATE access_limit SET most = 100000",
        "DELETE FROM access_use",
        "UPDATE access_emergency SET reviewed_at = now()",
    ):
        with (
            world.colleague.acting(),
            pytest.raises(Exception, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def page_of(who: Somebody) -> Client:
    """A signed-in session with the person's case chosen."""
    client = signed_in(who.username)
    client.post("/ground/", {"ground": who.ground})
    return client


@pytest.mark.control("C9")
def test_identifying_values_are_masked_until_revealed(world: World) -> None:
    """The page hides name and plate; revealing is an act with its own entry; an analyst may not."""
    row = _one("violation", notice_no=f"P-{uuid4().hex[:8]}", plate="浙A86420", driver_name="示例驾驶人")
    _, result, _ = deliver(world.collector, "violation", [row])
    address = f"/record/{result.records[1]}/"
    client = page_of(world.colleague)
    masked = client.get(address).content.decode()
    assert "浙A86420" not in masked
    assert "示例驾驶人" not in masked
    shown = client.post(address).content.decode()
    assert "浙A86420" in shown
    assert "示例驾驶人" in shown
    with psycopg.connect(current().database("owner")) as owner:
        revealed = owner.execute(
            "SELECT person, ground FROM ledger_entry WHERE act = %s AND record = %s",
            [int(Act.reveal), result.records[1]],
        ).fetchall()
    assert revealed == [(world.colleague.person, world.colleague.ground)]
    assert page_of(world.analyst).post(address).status_code == 403


@pytest.mark.control("C16")
def test_refusals_are_entered_without_saying_what_is_there(world: World, violation: UUID) -> None:
    """A look without a ground, a hidden record and a missing one: each leaves its entry; the last two with one reason."""
    client = Client()
    client.login(username=world.outsider.username, password=PASSWORD)
    client.post("/ground/", {"ground": world.outsider.ground})
    missing = uuid4()
    answers = [client.get(f"/record/{record}/") for record in (violation, missing)]
    assert {answer.status_code for answer in answers} == {404}
    assert denials(world.outsider.person)[-2:] == [(violation, "records.not_found"), (missing, "records.not_found")]


@pytest.mark.control("C13")
def test_a_scrape_is_slowed_and_stopped(world: World, violation: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks cost nothing at first, then more and more, then there are none; another ground has its own count."""
    waits: list[float] = []
    monkeypatch.setattr(grounds, "time", SimpleNamespace(sleep=waits.append))
    with psycopg.connect(current().database("owner"), autocommit=True) as owner:
        owner.execute("UPDATE access_limit SET most = 10 WHERE kind = 'look'")
        try:
            looks = 0
            with pytest.raises(LimitReached):
                while True:
                    with world.second.acting() as who:
                        records.open_record(who, violation)
                    looks += 1
            assert looks == 10
            assert waits == sorted(waits)
            assert len(waits) == 5
            with world.head.acting() as who:
                assert records.open_record(who, violation)
            answer = page_of(world.second).get(f"/record/{violation}/")
            assert (answer.status_code, answer["Retry-After"]) == (429, "3600")
            assert denials(world.second.person)[-1] == (violation, "access.limit_reached")
        finally:
            owner.execute("UPDATE access_limit SET most = 120 WHERE kind = 'look'")


@pytest.mark.clause("5.1.2", "5.3.1")
def test_in_an_emergency_the_scope_opens_and_closes_and_is_reviewed(world: World, violation: UUID) -> None:
    """An outsider opens the record with a reason; head or auditor review it; unreviewed for a day, there is no other."""
    with world.outsider.on_duty() as who:
        ground = grounds.break_glass(who, "人质事件，需立即核实车辆")
        with pytest.raises(GroundRefused), transaction.atomic():
            grounds.break_glass(who, "再来一次")
    with acting(world.outsider.person, ground) as who:
        assert records.open_record(who, violation).record_id == violation
    with psycopg.connect(current().database("owner"), autocommit=True) as owner:
        owner.execute("UPDATE access_emergency SET at = now() - interval '25 hours' WHERE ground = %s", [ground])
        owner.execute("UPDATE access_ground SET ends_at = now() - interval '24 hours' WHERE ground = %s", [ground])
    with world.outsider.on_duty() as who, pytest.raises(GroundRefused):
        grounds.break_glass(who, "又一次紧急情况")
    with world.auditor.acting() as who:
        assert [one.overdue for one in grounds.emergencies(who) if one.ground == ground] == [True]
        grounds.review_emergency(who, ground, True, "情况属实")
    with world.outsider.on_duty() as who:
        again = grounds.break_glass(who, "又一次紧急情况")
    with world.outsider.on_duty() as who, pytest.raises(NotAllowed):
        grounds.review_emergency(who, again, True, "自己复核")
    with world.head.acting() as who, pytest.raises(NotAllowed):
        grounds.review_emergency(who, again, True, "不在本辖区")
    assert FAR_STATION  # the outsider's station lies in another city than the head's county


def test_in_an_emergency_looks_are_few(world: World, violation: UUID) -> None:
    """Ten looks, then none."""
    with world.colleague.on_duty() as who:
        ground = grounds.break_glass(who, "走失老人，紧急核实")
    with acting(world.colleague.person, ground) as who:
        for _ in range(10):
            records.open_record(who, violation)
    with pytest.raises(LimitReached), acting(world.colleague.person, ground) as who:
        records.open_record(who, violation)


@pytest.mark.parametrize("name", ["custodian", "trainer", "system", "security", "auditor"])
def test_duties_that_do_not_work_with_content_reach_none(world: World, name: str) -> None:
    """Their range is empty, and they break no glass."""
    with getattr(world, name).acting() as who:
        assert who.scope_lo == who.scope_hi == 0
        with pytest.raises(NotAllowed):
            grounds.break_glass(who, "管理岗位的紧急情况")


@pytest.mark.control("C9", "C32")
def test_a_protected_value_is_shown_one_at_a_time(world: World) -> None:
    """Revealing identity does not reveal ethnicity; that is a further act."""
    _, result, _ = deliver(world.collector, "resident", [_one("resident")])
    record = result.records[1]
    client = page_of(world.colleague)
    ethnicity = catalog.current().types["resident"].fields["ethnicity"]
    with world.colleague.acting() as who:
        _, value = dossier.reveal(who, record, 1, "ethnicity")
    name = catalog.current().table(ethnicity).by_code[value][0].name
    assert name not in client.post(f"/record/{record}/").content.decode()
    assert name in client.post(f"/record/{record}/1/reveal/ethnicity/", headers={"HX-Request": "true"}).content.decode()


def test_ended_duties_end_their_grounds(world: World) -> None:
    """A ground lives no longer than the duty it belongs to."""
    duty = grant(world, world.trainer.person, "collector", 0)
    with psycopg.connect(current().database("owner"), autocommit=True) as owner:
        ground = owner.execute(
            """INSERT INTO access_ground (person, duty, kind, ends_at) VALUES (%s, %s, 'shift', now() + interval '1 day')
               RETURNING ground""",
            [world.trainer.person, duty],
        ).fetchone()
    assert ground is not None
    with world.security.acting() as who:
        actions.end_duty(who, duty)
    with pytest.raises(NoGround), acting(world.trainer.person, ground[0]):
        pass
