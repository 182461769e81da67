"""The secrecy undertaking: signed by everybody, or no record (norm 5.2.2)."""

from __future__ import annotations

from hashlib import sha256

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from delivered import deliver, rows_of
from suyuan.access import actions, grounds, proposals, queries, undertaking
from suyuan.access.errors import Conflict, NoPurpose, NotAllowed, NotSigned, Unknown
from suyuan.installation import current
from suyuan.ledger.acts import Act
from suyuan.records import queries as records
from world import COUNTY, STATION, Somebody, World, come_in, grant, signed_in

pytestmark = pytest.mark.usefixtures("database")
NEXT = "新版承诺书:本人承诺严守秘密,只为工作查阅数据,并承担相应责任。"


@pytest.fixture
def unsigned(world: World) -> Somebody:
    """A collector who has just come and signed nothing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM access_person")
        number = cursor.fetchone()[0]
    with world.system.acting() as who:
        person = actions.add_person(who, f"U{number:04}", f"新警{number}", STATION)
    come_in(world, person, f"new{number}")
    duty = grant(world, person, "collector", STATION)
    return Somebody(f"新警{number}", person, queries.default_ground(person), duty, f"new{number}")


def sign(one: Somebody) -> None:
    """Sign the text in force."""
    text = undertaking.current()
    with one.acting() as who:
        undertaking.sign(who, text.version, text.digest, one.name)


@pytest.mark.clause("5.2.2", "5.1.2")
@pytest.mark.control("C37")
def test_without_a_signature_no_record(world: World, unsigned: Somebody) -> None:
    """Not by the queries, not by raw SQL, not in an emergency; with it, at once."""
    _, result, _ = deliver(world.collector, "video_point", rows_of("video_point", 1))
    record = result.records[1]
    with unsigned.acting() as who, pytest.raises(NoPurpose):
        records.open_record(who, record)
    with unsigned.acting(), connection.cursor() as cursor:
        for table in ("records_record", "records_revision", "records_batch", "records_key"):
            cursor.execute(f"SELECT count(*) FROM {table}")
            assert cursor.fetchone()[0] == 0
    with unsigned.acting() as who:
        glass = grounds.break_glass(who, "人质事件,需立即核实")
    with Somebody(unsigned.name, unsigned.person, glass, unsigned.duty, "").acting() as who:
        assert who.scope_hi == who.scope_lo
    sign(unsigned)
    with unsigned.acting() as who:
        assert records.open_record(who, record).record_id == record


@pytest.mark.clause("5.2.2")
def test_the_page_refuses_and_leads_to_signing(unsigned: Somebody) -> None:
    """Every page but the desk and the undertaking is refused; the typed name has to match and the box to be ticked."""
    client, text = signed_in(unsigned.username), undertaking.current()
    assert "待我签署的保密承诺书" in client.get("/").content.decode()
    for address in ("/records/", "/search/", "/collect/new/", "/grounds/"):
        answer = client.get(address)
        assert answer.status_code == 403
        assert "/undertaking/" in answer.content.decode()
    given = {"version": text.version, "digest": text.digest.hex(), "name": unsigned.name, "read": "on"}
    for wrong in ({"name": "别人"}, {"read": ""}, {"digest": "00" * 32}, {"version": text.version + 1}):
        client.post("/undertaking/", given | wrong)
        assert not undertaking.signed(unsigned.person)
    client.post("/undertaking/", given)
    assert undertaking.signed(unsigned.person)
    assert client.get("/records/").status_code == 200
    sheet = client.get(f"/undertaking/{text.version}/{unsigned.person}/").content.decode()
    assert unsigned.name in sheet
    assert text.digest.hex() in sheet


def test_a_signature_is_entered_with_the_digest_of_the_text(unsigned: Somebody) -> None:
    """Whoever holds the text can check what was signed."""
    sign(unsigned)
    with psycopg.connect(current().database("owner")) as owner:
        rows = owner.execute(
            "SELECT digest FROM ledger_entry WHERE act = %s AND person = %s AND detail->>'done' = 'sign_undertaking'",
            [int(Act.administer), unsigned.person],
        ).fetchall()
    assert [bytes(row[0]) for row in rows] == [sha256(undertaking.current().body.encode()).digest()]


def test_nobody_signs_twice_or_for_another(world: World, unsigned: Somebody) -> None:
    """One signature a person and version, under one's own name, for administrators as well."""
    text = undertaking.current()
    with world.auditor.acting() as who, pytest.raises(Conflict, match="已签署"):
        undertaking.sign(who, text.version, text.digest, world.auditor.name)
    with unsigned.acting() as who, pytest.raises(Conflict, match="姓名"):
        undertaking.sign(who, text.version, text.digest, world.collector.name)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO access_undertaking_signature (person, version, name) VALUES (1, 1, 'x')",
        "UPDATE access_undertaking SET body = 'x'",
        "DELETE FROM access_undertaking_signature",
        "SELECT access_publish_undertaking(p) FROM access_proposal p",
        "SELECT access_propose_undertaking('很短的一份新的承诺书文本，字数刚好够用了', 'x')",
    ],
)
def test_raw_sql_signs_and_publishes_nothing(unsigned: Somebody, statement: str) -> None:
    """Under the application role, in an acting context."""
    with unsigned.acting(), pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_signature_stays_as_it_was_given(unsigned: Somebody) -> None:
    """The owner of the tables rewrites neither text nor signature."""
    sign(unsigned)
    with psycopg.connect(current().database("owner"), autocommit=True) as owner:
        for attack in (
            "UPDATE access_undertaking_signature SET signed_at = now()",
            "DELETE FROM access_undertaking_signature",
            "UPDATE access_undertaking SET body = 'x'",
        ):
            with pytest.raises(psycopg.errors.CheckViolation):
                owner.execute(attack)


def test_whoever_looks_after_it_sees_who_has_signed(world: World, unsigned: Somebody) -> None:
    """The training manager of the province and the security administrators; nobody else, and no sheet of others."""
    for one in (world.trainer, world.security):
        with one.acting() as who:
            assert {s.person: s.version for s in undertaking.signers(who)}[unsigned.person] is None
    with world.collector.acting() as who:
        with pytest.raises(NotAllowed):
            undertaking.signers(who)
        assert undertaking.signature(who, world.collector.person, 1).name == world.collector.name
        with pytest.raises(Unknown):
            undertaking.signature(who, world.second.person, 1)
    local = grant(world, world.trainer.person, "training_manager", COUNTY)
    ground = next(one for one in queries.grounds(world.trainer.person) if one.agency == COUNTY)
    with Somebody("", world.trainer.person, ground.ground, local, "").acting() as who:
        assert world.outsider.person not in {one.person for one in undertaking.signers(who)}
        with pytest.raises(Unknown):
            undertaking.signature(who, world.outsider.person, 1)


@pytest.mark.clause("5.2.2")
@pytest.mark.control("C37")
def test_a_new_version_is_published_by_two_and_signed_again(fresh_world: World) -> None:
    """Until they sign it, those who signed the old one reach nothing, in open sessions too; the old sheet stays."""
    world, client = fresh_world, signed_in(fresh_world.collector.username)
    client.post("/ground/", {"ground": world.collector.ground})
    assert client.get("/records/violation/").status_code == 200
    with world.security.acting() as who:
        proposal = undertaking.propose(who, NEXT, reason="年度修订")
    with world.security.acting() as who, pytest.raises(Conflict):
        proposals.approve(who, proposal)
    assert undertaking.current().version == 1
    with world.security2.acting() as who:
        assert proposals.effect(proposals.proposal(who, proposal)).loses == ("read",)
        proposals.approve(who, proposal)
    assert (undertaking.current().version, undertaking.current().body) == (2, NEXT)
    assert client.get("/records/violation/").status_code == 403
    with world.collector.acting() as who:
        with pytest.raises(NotSigned):
            undertaking.require_signed(who)
        assert undertaking.signature(who, world.collector.person, 1).version == 1
    sign(world.collector)
    assert client.get("/records/violation/").status_code == 200
