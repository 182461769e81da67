"""Keys are renewed while people work, in pieces, after kills, and nothing that was recorded changes by it (assurance, row 11)."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.context import ForkProcess
from typing import Any
from uuid import UUID

import psycopg
import pytest
from click.testing import CliRunner
from django.db import connection, connections
from hypothesis import given
from hypothesis import strategies as st

from delivered import deliver, rows_of
from suyuan.access import proposals
from suyuan.access.errors import NotAllowed
from suyuan.cli.root import root
from suyuan.installation import Installation, current
from suyuan.ledger import sequencer, verify
from suyuan.records import queries, rotation, tasks
from suyuan.records.arrival import Outcome
from suyuan.records.errors import DestructionByAnother
from suyuan.review import actions as review
from suyuan.vault import actions, generations
from suyuan.vault.errors import KeyInUse, RotationUnfinished
from suyuan.vault.layers import Layer, keyed, moved_on
from suyuan.vault.suites import SUITES
from tickets import by_process
from world import World, signed_in

pytestmark = pytest.mark.usefixtures("own_keys")
Superuser = Callable[[], psycopg.Connection[Any]]
FINE = "100"


def forked(work: Callable[..., None], *arguments: Any) -> ForkProcess:
    """The work in a process of its own, which inherits no connection."""
    connections.close_all()
    child = get_context("fork").Process(target=work, args=arguments)
    child.start()
    return child


def begin(world: World, level: int = 1, suite: str | None = None) -> int:
    """A custodian renews a level's keys."""
    with world.custodian.acting() as who:
        return rotation.begin(who, level, suite)


def cleared(world: World, duty: int) -> None:
    """Give a duty clearance 2, as it comes about: by two security administrators."""
    with world.security.acting() as who:
        proposal = proposals.propose_clearance(who, duty, 2, reason="令〔2026〕2号")
    with world.security2.acting() as who:
        proposals.approve(who, proposal)


def rows(count: int = 30, **values: str) -> list[dict[str, str]]:
    """Violations that need no final review."""
    return rows_of("violation", count, points="6", act="P06-08", **values)


def in_force(world: World, sent: list[dict[str, str]]) -> list[UUID]:
    """Rows that went through their reviews."""
    batch, result, receipt = deliver(world.collector, "violation", sent)
    for who, step in ((world.first, 1), (world.second, 2)):
        with who.acting() as acting:
            drawn = review.draw(acting, batch, step) if len(sent) > 20 else None
            if drawn:
                review.look(acting, batch, step, drawn.seqs)
            review.decide(acting, batch, step, "approve", receipt.digest or b"")
    return [result.records[number] for number in range(1, len(sent) + 1)]


def contents(world: World, records: list[UUID]) -> list[dict[str, Any]]:
    """What the records say."""
    with world.second.acting() as who:
        found = {one.record_id: one.content for one in queries.views_of(who, records)}
    return [found[record] for record in records]


def found_by(world: World, sent: list[dict[str, str]]) -> set[UUID]:
    """Records found by the exact number of the first row, and by a word."""
    with world.second.acting() as who:
        kind, value = "plate", sent[0]["plate"]
        by_number = queries.search(who, type="violation", exact=[f"{kind}\x1f{value}"], limit=200)
        by_word = queries.search(who, type="violation", text=sent[0]["address"], limit=200)
    assert {one.record_id for one in by_number.rows} == {one.record_id for one in by_word.rows}
    return {one.record_id for one in by_number.rows}


def faults(installation: Installation) -> list[verify.Fault]:
    """What is wrong with everything that is stored."""
    with psycopg.connect(current().database("sequencer"), autocommit=True) as connection:
        sequencer.run_once(connection)
    return list(verify.verify())


@pytest.mark.clause("5.2.1")
@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.control("C27")
def test_everything_comes_under_new_keys_and_says_what_it_said(
    fresh_world: World, installation: Installation, superuser: Superuser, suite: str
) -> None:
    """Also into the other suite of ciphers: contents, searches, digests, reviews and the ledger stay what they were."""
    sent = rows()
    records = in_force(fresh_world, sent)
    before, look = contents(fresh_world, records), superuser()
    stored = "SELECT record_id, rev, content, terms, digest FROM records_revision ORDER BY 1, 2"
    old = look.execute(stored).fetchall()
    made = begin(fresh_world, suite=suite)
    assert rotation.run(1) == rotation.Left(0, 0)
    new = look.execute(stored).fetchall()
    assert [(one[:2], one[4]) for one in new] == [(one[:2], one[4]) for one in old]
    assert not {bytes(one[2]) for one in old} & {bytes(one[2]) for one in new}
    assert not {term for one in old for term in one[3]} & {term for one in new for term in one[3]}
    assert by_process(rotation.under_keys) == {made: len(records)}
    assert {one.id: one.state for one in actions.provider().ring() if one.level == 1} == {1: "retired", made: "current"}
    assert contents(fresh_world, records) == before
    assert found_by(fresh_world, sent) == set(records)
    assert deliver(fresh_world.collector, "violation", sent)[2].state == "empty"
    assert faults(installation) == []


@pytest.mark.clause("5.2.1")
@pytest.mark.control("C27")
def test_people_work_while_it_goes_on(fresh_world: World, installation: Installation) -> None:
    """Between the beginning and the end old and new records are found, known again and amended alike."""
    older = rows(25)
    records = in_force(fresh_world, older)
    begin(fresh_world)
    with pytest.raises(RotationUnfinished):
        begin(fresh_world)
    newer = [row | {"notice_no": f"N{row['notice_no']}"} for row in rows(3)]
    records += in_force(fresh_world, newer)
    assert found_by(fresh_world, older) == set(records)
    assert deliver(fresh_world.collector, "violation", [*older, *newer])[2].state == "empty"
    _, result, _ = deliver(fresh_world.collector, "violation", [older[0] | {"fine_amount": FINE}])
    assert list(result.outcomes.values()) != [Outcome.DUPLICATE]
    assert result.records[1] == records[0]
    assert faults(installation) == []
    assert rotation.run(1).nothing
    with fresh_world.first.acting() as who:
        latest = queries.views_of(who, [records[0]], latest=True)
    assert latest[0].content["fine_amount"] == FINE
    assert found_by(fresh_world, older) == set(records)
    again = deliver(fresh_world.collector, "violation", [older[0] | {"fine_amount": FINE}, *older[1:], *newer])
    assert again[2].state == "empty"
    assert faults(installation) == []


def test_an_amendment_waits_for_its_record(fresh_world: World, superuser: Superuser) -> None:
    """A record that a rotation holds is amended under the key that it then has: neither write is lost."""
    [row] = rows(1)
    [record] = in_force(fresh_world, [row])
    begin(fresh_world)
    seen: list[str] = []
    original = rotation._write

    def slowly(*arguments: Any) -> None:
        """While the rotation holds the record somebody amends it: they wait, and no longer than this takes."""
        child = forked(_amend, fresh_world, row)
        deadline = time.monotonic() + 20
        while not _waits(superuser()) and child.is_alive() and time.monotonic() < deadline:
            time.sleep(0.02)
        seen.append("waits" if child.is_alive() else "went past")
        original(*arguments)
        children.append(child)

    children: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rotation, "_write", slowly)
        assert rotation.run(1).nothing
    children[0].join(30)
    assert (seen, children[0].exitcode) == (["waits"], 0)
    with fresh_world.first.acting() as who:
        assert queries.views_of(who, [record], latest=True)[0].content["fine_amount"] == FINE


def _amend(world: World, row: dict[str, str]) -> None:
    _, result, _ = deliver(world.collector, "violation", [row | {"fine_amount": FINE}])
    os._exit(0 if result.accepted + result.warned == 1 else 1)


def _waits(look: psycopg.Connection[Any]) -> bool:
    found = look.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    ).fetchone()
    return bool(found and found[0])


@pytest.mark.clause("1.3.3")
@pytest.mark.control("C27")
def test_killed_at_any_moment_it_goes_on(fresh_world: World, installation: Installation, superuser: Superuser) -> None:
    """Ten kills while records come over one by one: each is under one key or the other, and the end is the end."""
    sent, look = rows(100), superuser()
    records = in_force(fresh_world, sent)
    before = contents(fresh_world, records)
    begin(fresh_world)
    kills = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rotation, "_SOME", 1)
        while kills < 10:
            aim = _left(look) - 1
            child = forked(_rotate)
            while _left(look) > aim:
                assert child.is_alive()
            assert child.pid
            os.kill(child.pid, signal.SIGKILL)
            child.join()
            kills += 1
            assert faults(installation) == []
    assert _left(look) > 0
    assert rotation.run(1).nothing
    assert contents(fresh_world, records) == before
    assert found_by(fresh_world, sent) == set(records)
    assert faults(installation) == []


def _rotate() -> None:
    rotation.run(1)


def _left(look: psycopg.Connection[Any]) -> int:
    found = look.execute("SELECT count(*) FROM records_record WHERE key_id = 1").fetchone()
    return int(found[0]) if found else 0


def test_a_damaged_record_is_named_and_keeps_the_old_key(
    fresh_world: World, superuser: Superuser, installation: Installation
) -> None:
    """The others come over; the old key is not given up before somebody has restored the damaged one."""
    records = in_force(fresh_world, rows(3))
    attacker = superuser()
    attacker.execute("SET session_replication_role = replica")
    damage = "UPDATE records_revision SET content = content || '\\x00' WHERE record_id = %s"
    attacker.execute(damage, [records[1]])
    begin(fresh_world)
    left = rotation.run(1)
    assert (left.records, left.damaged) == (1, (f"{records[1]} r1",))
    assert generations.retiring(1) is not None
    attacker.execute(
        "UPDATE records_revision SET content = substr(content, 1, length(content) - 1) WHERE record_id = %s",
        [records[1]],
    )
    assert rotation.run(1).nothing
    assert faults(installation) == []


def test_level_two_is_renewed_while_it_is_open(fresh_world: World, installation: Installation, level_two: None) -> None:
    """The keys lie with the custodians' agent; a search by number finds old and new."""
    for who in (fresh_world.collector, fresh_world.second):
        cleared(fresh_world, who.duty)
    sent = rows_of("control_measure", 2)
    _, result, _ = deliver(fresh_world.collector, "control_measure", sent[:1])
    made = begin(fresh_world, level=2)
    _, more, _ = deliver(fresh_world.collector, "control_measure", sent[1:])
    records = {*result.records.values(), *more.records.values()}

    def found() -> set[UUID]:
        with fresh_world.second.acting() as who:
            page = queries.search(who, exact=[f"resident_id\x1f{sent[0]['id_no']}"])
        return {one.record_id for one in page.rows}

    assert found() == records
    assert rotation.run(2) == rotation.Left(0, 0)
    assert by_process(rotation.under_keys) == {made: 2}
    assert found() == records
    assert faults(installation) == []


@pytest.mark.control("C31")
def test_a_key_is_destroyed_once_nothing_lies_under_it(fresh_world: World, superuser: Superuser) -> None:
    """A current and a retiring key stay; what an old backup holds under a destroyed one is unreadable."""
    [record] = in_force(fresh_world, rows(1))
    look = superuser()
    stored = look.execute("SELECT wrapped_key FROM records_record").fetchone()
    assert stored
    begin(fresh_world)
    with fresh_world.custodian.acting() as who, pytest.raises(KeyInUse):
        rotation.destroy(who, 1)
    assert rotation.run(1).nothing
    assert actions.provider().unwrap(1, [(record.bytes, bytes(stored[0]))])
    with fresh_world.collector.acting() as who, pytest.raises(NotAllowed):
        rotation.destroy(who, 1)
    with fresh_world.custodian.acting() as who:
        assert not rotation.destroy(who, 1)
        with pytest.raises(DestructionByAnother):
            rotation.destroy(who, 1)
    assert actions.provider().unwrap(1, [(record.bytes, bytes(stored[0]))])
    with fresh_world.custodian2.acting() as who:
        assert rotation.destroy(who, 1)
    with pytest.raises(Exception, match="key 1"):
        actions.provider().unwrap(1, [(record.bytes, bytes(stored[0]))])
    assert contents(fresh_world, [record])


@pytest.mark.control("C27")
def test_a_key_near_its_number_of_uses_is_renewed_by_itself(
    fresh_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two to the thirtieth in earnest; three here."""
    in_force(fresh_world, rows(2))
    monkeypatch.setattr(rotation, "MOST_USES", 3)
    assert rotation.begin_due() == []
    in_force(fresh_world, [row | {"notice_no": "M-1"} for row in rows(1)])
    assert rotation.begin_due() == [1]
    assert rotation.begin_due() == []
    assert rotation.run(1).nothing


def test_nothing_else_of_a_revision_changes(fresh_world: World, installation: Installation) -> None:
    """Not even the schema's owner changes a digest, an author or a facet; encrypting anew is all they can do."""
    in_force(fresh_world, rows(1))
    with psycopg.connect(installation.database("owner"), autocommit=True) as owner:
        for change in ("digest = sha256(digest)", "author = author + 1", "facets = '{}'", "terms = '{}'"):
            with pytest.raises(psycopg.errors.CheckViolation):
                owner.execute(f"UPDATE records_revision SET {change}")
        with pytest.raises(psycopg.errors.CheckViolation):
            owner.execute("DELETE FROM records_revision")


@given(st.lists(st.sampled_from(["blake2b", "sm3"]), min_size=1, max_size=4), st.binary(max_size=40))
def test_layers_put_on_later_are_the_layers_put_on_at_once(algorithms: list[str], value: bytes) -> None:
    """A stored digest moved on layer by layer is the digest of a value that arrives under all of them."""
    layers = [Layer.new(one) for one in algorithms]
    stored = [keyed(layers[0], 8)(value)]
    for layer in layers[1:]:
        stored = moved_on([layer], stored, 8)
    assert stored == moved_on(layers[1:], [keyed(layers[0], 8)(value)], 8)
    assert len(layers) == 1 or stored != [keyed(layers[0], 8)(value)]


@pytest.mark.clause("5.2.1")
def test_the_page_lists_renews_and_destroys_for_custodians_only(fresh_world: World) -> None:
    """Begun on the page, finished by the worker, then the old key is destroyed; others have no such page."""
    in_force(fresh_world, rows(2))
    assert signed_in("collector").get("/vault/keys/").status_code == 403
    page = signed_in("custodian")

    def send(**values: str) -> str:
        return page.post("/vault/keys/", values, follow=True).content.decode()

    said = send(act="renew", level="1", suite="sm4-gcm")
    assert "已开始更换" in said
    assert "已重新加密 0 / 2 条" in said
    assert "上一次更换密钥尚未完成" in send(act="renew", level="1", suite="sm4-gcm")
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name FROM procrastinate_jobs WHERE status = 'todo'")
        assert ("suyuan.records.tasks.rotate",) in cursor.fetchall()
    tasks.rotate.func()
    assert "已停用" in page.get("/vault/keys/").content.decode()
    assert "已提请销毁" in send(act="destroy", key="1")
    assert "您是提请人" in send(act="destroy", key="1")
    other = signed_in("custodian2").post("/vault/keys/", {"act": "destroy", "key": "1"}, follow=True)
    assert "密钥已销毁" in other.content.decode()
    assert "仍在使用" in send(act="destroy", key="3")
    assert "签名密钥已更换" in send(act="signing")


def test_the_commands_renew_and_list(fresh_world: World) -> None:
    """The same by command; figures for scripts."""
    in_force(fresh_world, rows(3))
    run = CliRunner()
    done = run.invoke(root, ["vault", "rotate", "--as", "custodian", "--json"], standalone_mode=False)
    assert json.loads(done.stdout) == {"left": 0, "damaged": []}
    told = json.loads(run.invoke(root, ["vault", "keys", "--json"], standalone_mode=False).stdout)
    assert [(one["level"], one["state"], one["records"]) for one in told] == [(1, "current", 3), (1, "retired", 0)]


@pytest.mark.control("C27")
def test_an_owner_of_the_schema_alone_renews_keys(
    fresh_world: World, installation: Installation, superuser: Superuser
) -> None:
    """On a server of one's own the schema's owner owns no database and may make no temporary table: all comes over."""
    records = in_force(fresh_world, rows(3))
    with psycopg.connect(installation.database("admin"), autocommit=True) as admin:
        [name] = admin.execute("SELECT current_database()").fetchone() or ("",)
        admin.execute(f"ALTER DATABASE {name} OWNER TO CURRENT_USER")
        admin.execute(f"GRANT CONNECT, CREATE ON DATABASE {name} TO suyuan_owner")
    with (
        psycopg.connect(installation.database("owner"), autocommit=True) as owner,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        owner.execute("CREATE TEMPORARY TABLE staging ()")
    made = begin(fresh_world)
    assert rotation.run(1).nothing
    assert by_process(rotation.under_keys) == {made: len(records)}
    assert faults(installation) == []
