"""A record is erased by two persons; its content is unreadable everywhere, and that it was there stays proved."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import ProgrammingError, connection
from django.test import Client

import suyuan_verify
from delivered import deliver, rows_of
from suyuan.access import grounds
from suyuan.access.acting import acting
from suyuan.access.errors import NotAllowed
from suyuan.audit import bundle
from suyuan.installation import current
from suyuan.ledger import sequencer, verify
from suyuan.records import disposal, queries
from suyuan.records.errors import DisposalRefused, NotFound
from suyuan.review import actions as review
from world import CITY, PASSWORD, World, grant, signed_in

Superuser = Callable[[], psycopg.Connection[Any]]
ROW = rows_of("violation", 1, points="6", act="P06-08")[0]


@pytest.fixture
def record(fresh_world: World) -> UUID:
    """A record in force."""
    batch, result, receipt = deliver(fresh_world.collector, "violation", [ROW])
    for who, step in ((fresh_world.first, 1), (fresh_world.second, 2)):
        with who.acting() as acting:
            review.decide(acting, batch, step, "approve", receipt.digest or b"")
    return result.records[1]


def asked(world: World, record: UUID) -> None:
    """The head of department asks."""
    with world.head.acting() as who:
        disposal.ask(who, record, "保存期限届满 浙公档〔2026〕3号")


def erased(world: World, record: UUID) -> None:
    """A custodian does it."""
    with world.custodian.acting() as who:
        disposal.erase(who, record)


def codes() -> set[str]:
    """What is wrong with everything that is stored."""
    with psycopg.connect(current().database("sequencer"), autocommit=True) as connection:
        sequencer.run_once(connection)
    return {one.code for one in verify.verify()}


@pytest.mark.clause("1.3.1", "3.3.1")
@pytest.mark.control("C14")
def test_an_erased_record_is_unreadable_and_its_story_stays(
    fresh_world: World, record: UUID, superuser: Superuser
) -> None:
    """No page, list or search shows it; nothing of its content, terms or facets is left; the log and the proof still hold."""
    look = superuser()
    before = look.execute("SELECT content FROM records_revision").fetchone()
    asked(fresh_world, record)
    with fresh_world.second.acting() as who:
        assert queries.open_record(who, record)
    erased(fresh_world, record)
    with fresh_world.second.acting() as who:
        with pytest.raises(NotFound):
            queries.open_record(who, record)
        for page in (queries.search(who, type="violation"), queries.search(who, exact=[f"plate\x1f{ROW['plate']}"])):
            assert (page.rows, page.total) == ([], 0)
    left = look.execute(
        "SELECT v.content, v.terms, v.facets, r.wrapped_key, r.state FROM records_revision v JOIN records_record r USING (record_id)"
    ).fetchone()
    assert left == (b"", [], {}, None, "disposed")
    assert look.execute("SELECT count(*) FROM records_key").fetchone() == (0,)
    assert before and before[0]
    assert codes() == set()
    with fresh_world.auditor.on_duty() as who, zipfile.ZipFile(io.BytesIO(bundle.prove(who, record))) as file:
        told = json.loads(file.read("proof.json"))
    assert [one["commitment"] for one in told["revisions"]] == [None]
    assert any(one.act == 11 for _, one in suyuan_verify.Proof(told).entries)


@pytest.mark.control("C11")
def test_it_takes_two_persons_and_a_basis(fresh_world: World, record: UUID) -> None:
    """Nobody erases what nobody asked for, what they asked for themselves, or what a review holds."""
    with fresh_world.custodian.acting() as who, pytest.raises(DisposalRefused):
        disposal.erase(who, record)
    with fresh_world.head.acting() as who, pytest.raises(DisposalRefused):
        disposal.ask(who, record, "  ")
    with fresh_world.collector.acting() as who, pytest.raises(NotAllowed):
        disposal.ask(who, record, "某令")
    asked(fresh_world, record)
    with pytest.raises(DisposalRefused):
        asked(fresh_world, record)
    grant(fresh_world, fresh_world.head.person, "storage_custodian", CITY)
    with fresh_world.head.acting() as who, pytest.raises(NotAllowed):
        disposal.erase(who, record)
    erased(fresh_world, record)
    with pytest.raises(DisposalRefused):
        erased(fresh_world, record)
    _, result, _ = deliver(fresh_world.collector, "violation", [ROW | {"notice_no": "D-2"}])
    with pytest.raises(DisposalRefused):
        asked(fresh_world, result.records[1])
    with pytest.raises(NotFound):
        asked(fresh_world, uuid4())


@pytest.mark.control("C24")
def test_an_erased_record_that_is_back_is_named(fresh_world: World, record: UUID, superuser: Superuser) -> None:
    """A restore that forgot the erasure is noticed; so is a key that somebody took away without the entry."""
    attacker = superuser()
    attacker.execute("SET session_replication_role = replica")
    attacker.execute("CREATE TABLE backup AS SELECT * FROM records_revision")
    kept = attacker.execute("SELECT wrapped_key FROM records_record").fetchone()
    attacker.execute("UPDATE records_record SET wrapped_key = NULL")
    assert "record.content_damaged" in codes()
    attacker.execute("UPDATE records_record SET wrapped_key = %s", kept)
    assert codes() == set()
    asked(fresh_world, record)
    erased(fresh_world, record)
    attacker.execute(
        "UPDATE records_revision v SET content = b.content, terms = b.terms, facets = b.facets FROM backup b"
    )
    attacker.execute("UPDATE records_record SET wrapped_key = %s, state = 'in_force', in_force_rev = 1", kept)
    assert "record.erased_is_back" in codes()


@pytest.mark.control("C12")
def test_asking_and_erasing_want_a_fresh_factor(fresh_world: World, record: UUID) -> None:
    """A session that has not shown one lately is sent to show it, and nothing happens before."""
    head, custodian = Client(), Client()
    assert head.login(username="head", password=PASSWORD)
    assert custodian.login(username="custodian", password=PASSWORD)
    answer = head.post(f"/record/{record}/dispose/", {"basis": "保存期限届满"})
    assert answer.headers["Location"].startswith("/reauthenticate/")
    asked(fresh_world, record)
    answer = custodian.post("/vault/keys/disposals/", {"record": str(record)})
    assert answer.headers["Location"].startswith("/reauthenticate/")
    with fresh_world.custodian.acting() as who:
        assert [one.done_at for one in disposal.waiting(who)] == [None]


def test_the_pages_ask_and_do_it(fresh_world: World, record: UUID) -> None:
    """The head asks on the record's page, the custodian finds it in the list with its basis and no content."""
    head, custodian = signed_in("head"), signed_in("custodian")
    head.post("/ground/", {"ground": fresh_world.head.ground})
    assert "提请销毁" in head.get(f"/record/{record}/").content.decode()
    said = head.post(f"/record/{record}/dispose/", {"basis": "保存期限届满"}, follow=True).content.decode()
    assert "待存储管理员办理" in said
    page = custodian.get("/vault/keys/disposals/").content.decode()
    assert "保存期限届满" in page
    assert ROW["plate"] not in page
    assert "已销毁" in custodian.post("/vault/keys/disposals/", {"record": str(record)}, follow=True).content.decode()
    assert head.get(f"/record/{record}/").status_code == 404


@pytest.mark.clause("5.1.2")
@pytest.mark.control("C11")
@pytest.mark.parametrize("where", ["outsider", "collector"])
def test_an_emergency_asks_for_no_disposal(fresh_world: World, superuser: Superuser, where: str) -> None:
    """It opens any record to be looked at; no erasure is asked under it, of another city's record or of one's own range."""
    world = fresh_world
    _, result, _ = deliver(getattr(world, where), "violation", [ROW])
    owner, record = superuser(), result.records[1]
    owner.execute("SET session_replication_role = replica")
    owner.execute("UPDATE records_record SET state = 'in_force', in_force_rev = 1")
    with world.head.on_duty() as who:
        emergency = grounds.break_glass(who, "追捕在逃人员，来不及指派")
    with acting(world.head.person, emergency) as who:
        assert queries.open_record(who, record).content
        with pytest.raises(NotAllowed):
            disposal.ask(who, record, "某令")
    with acting(world.head.person, emergency), connection.cursor() as cursor, pytest.raises(ProgrammingError):
        cursor.execute("SELECT records_ask_disposal(%s, %s)", [record, b"x"])  # the database too
    client = signed_in("head")
    client.post("/ground/", {"ground": emergency})
    assert "提请销毁" not in client.get(f"/record/{record}/").content.decode()
    assert owner.execute("SELECT count(*) FROM records_disposal").fetchone() == (0,)
    if where == "outsider":
        with pytest.raises(NotFound):
            asked(world, record)
    else:
        asked(world, record)  # an assigned ground asks about what lies in range
        assert owner.execute("SELECT count(*) FROM records_disposal").fetchone() == (1,)
