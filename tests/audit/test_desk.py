"""Who watches the watchers: reading the ledger for a purpose, weekly samples, findings, questions (norm 5.3)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from click.testing import CliRunner
from django.db import connection, transaction
from django.utils import timezone

import suyuan
from delivered import deliver, rows_of
from suyuan.access.errors import NoGround, NotAllowed
from suyuan.audit import actions, queries
from suyuan.audit.errors import AuditRefused
from suyuan.audit.queries import Wanted
from suyuan.audit.reading import Reading
from suyuan.audit.words import DETAILS
from suyuan.cli.root import root
from suyuan.installation import current
from suyuan.ledger.acts import Act
from suyuan.ledger.sequencer import run_once
from suyuan.records import queries as records
from suyuan.vault import actions as vault
from world import CITY, Somebody, World

READING = Reading(0, "monitoring")  # what pages enter before they read

pytestmark = pytest.mark.usefixtures("database")
MONDAY = timezone.localdate() - timedelta(days=timezone.localdate().weekday() + 7)


@pytest.fixture
def looked_at(world: World) -> UUID:
    """A violation that the colleague opened for their case."""
    _, result, _ = deliver(
        world.collector, "violation", [rows_of("violation", 1)[0] | {"notice_no": f"D-{uuid4().hex[:8]}"}]
    )
    with world.colleague.acting() as who:
        records.open_record(who, result.records[1])
    return result.records[1]


def sequence() -> None:
    """Give every waiting entry its place."""
    with psycopg.connect(current().database("sequencer"), autocommit=True) as sequencer:
        run_once(sequencer)


def entries(act: Act, person: int) -> list[dict[str, Any]]:
    """Details of a person's entries of one act, oldest first."""
    with psycopg.connect(current().database("owner")) as owner:
        rows = owner.execute(
            "SELECT detail FROM ledger_entry WHERE act = %s AND person = %s ORDER BY at", [int(act), person]
        )
        return [detail for (detail,) in rows.fetchall()]


@pytest.mark.clause("5.3.1")
@pytest.mark.control("C15")
def test_an_auditor_sees_who_looked_and_why(world: World, looked_at: UUID) -> None:
    """By record: the colleague, the act, the case it was for; and that search is itself in the ledger with its purpose."""
    with world.auditor.acting() as who:
        found = actions.search(who, "lawfulness", Wanted(record=looked_at, acts=(Act.consult,)))
        reasons = queries.reasons([one.ground for one in found])
    [look] = found
    assert (look.person, look.ground) == (world.colleague.person, world.colleague.ground)
    assert reasons[look.ground].kind == "case"
    assert entries(Act.audit, world.auditor.person)[-1]["purpose"] == "lawfulness"


@pytest.mark.control("C21")
def test_the_ledger_is_read_for_a_purpose_and_by_auditors_only(world: World, looked_at: UUID) -> None:
    """No purpose, no reading; no other duty reads; raw SQL neither."""
    with world.auditor.acting() as who, pytest.raises(AuditRefused):
        actions.search(who, "curiosity", Wanted(record=looked_at))
    for name in ("collector", "head", "system", "security", "analyst"):
        with getattr(world, name).acting() as who, pytest.raises(NotAllowed):
            actions.search(who, "lawfulness", Wanted(record=looked_at))
    with (
        world.auditor.acting(),
        pytest.raises(Exception, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT * FROM ledger_entry")


def test_pages_follow_without_gap_or_repeat(world: World) -> None:
    """Three a page, through to the end, is the whole in order."""
    rows = [row | {"notice_no": f"D-{uuid4().hex[:8]}"} for row in rows_of("violation", 7)]
    deliver(world.collector, "violation", rows)
    wanted = Wanted(person=world.collector.person, acts=(Act.collect,))
    with world.auditor.acting():
        whole = queries.search(READING, wanted, limit=1000)
        paged, after = [], ""
        while page := queries.search(READING, wanted, after, limit=3):
            paged += page[:3]
            if len(page) <= 3:
                break
            after = page[2].cursor
    assert [(one.writer, one.n) for one in paged] == [(one.writer, one.n) for one in whole]
    assert len(whole) >= 7


def test_an_entry_is_proved_on_the_spot(world: World, looked_at: UUID) -> None:
    """Before it is sequenced it says that it waits; then its place in the tree is proved under the signed checkpoint."""
    with world.auditor.acting():
        [look] = queries.search(READING, Wanted(record=looked_at, acts=(Act.consult,)))
        waiting = queries.entry(READING, look.writer, look.n)
    assert waiting is not None
    assert (waiting.leaf, waiting.proved) == (None, False)
    sequence()
    with world.auditor.acting():
        placed = queries.entry(READING, look.writer, look.n)
    assert placed is not None
    assert placed.proved


@pytest.fixture
def past_week(world: World) -> Iterator[list[tuple[int, int]]]:
    """Accesses of last week by several people, and the week's seed committed before."""
    with psycopg.connect(current().database("owner"), autocommit=True) as owner:
        owner.execute("DELETE FROM audit_item")
        owner.execute("DELETE FROM audit_week")
        [writer] = owner.execute("INSERT INTO ledger_writer DEFAULT VALUES RETURNING writer").fetchone() or (0,)
        at = int(datetime.combine(MONDAY, datetime.min.time(), timezone.get_current_timezone()).timestamp() * 1e6)
        people = [world.collector, world.colleague, world.second, world.head]
        made = []
        for n in range(1, 201):
            who = people[n % 4]
            add(owner, writer, n, at + n * 10**9, Act.consult, who, uuid4())
            made.append((writer, n))
        yield made
        owner.execute("UPDATE ledger_writer SET n = 200 WHERE writer = %s", [writer])


def add(owner: psycopg.Connection[Any], writer: int, n: int, at: int, act: Act, who: Somebody, record: UUID | None,
        ground: int | None = None) -> None:  # fmt: skip
    """One entry as it would stand; these tests ask what is read, not whether it is bound."""
    owner.execute(
        "INSERT INTO ledger_entry (writer, n, at, act, person, ground, agency, record, mac) "
        "VALUES (%s, %s, %s, %s, %s, %s, (SELECT agency FROM access_duty WHERE duty = %s), %s, %s)",
        [writer, n, at, int(act), who.person, ground or who.ground, who.duty, record, b""],
    )


@pytest.mark.clause("5.3.1")
@pytest.mark.control("C23")
def test_anybody_can_draw_last_weeks_sample_again(world: World, past_week: list[tuple[int, int]]) -> None:
    """The seed's digest was in the ledger first; seed and numbers give the very same accesses; 5 % at 95 % sets the size."""
    with world.auditor.acting() as who:
        actions.open_weeks(who)
    committed = entries(Act.audit_commit, world.auditor.person)
    assert MONDAY.isoformat() in {one["week"] for one in committed}
    with world.auditor.acting() as who:
        size = actions.draw(who, MONDAY)
        assert actions.draw(who, MONDAY) == size
        week = next(one for one in queries.weeks(who) if one.monday == MONDAY)
        drawn = {(one.writer, one.n) for one in queries.items(READING, MONDAY)}
    assert week.seed is not None
    assert sha256(week.seed).digest() == week.seed_digest
    seed = week.seed
    again = sorted(past_week, key=lambda e: sha256(seed + e[0].to_bytes(4, "big") + e[1].to_bytes(8, "big")).digest())
    assert drawn == set(again[:size])
    assert 45 <= size <= 60


def test_a_week_that_is_not_over_is_not_drawn(world: World, past_week: list[tuple[int, int]]) -> None:
    """And a seed other than the committed one draws nothing."""
    with world.auditor.acting() as who:
        actions.open_weeks(who)
    with world.auditor.acting() as who, pytest.raises(AuditRefused):
        actions.draw(who, MONDAY + timedelta(days=7))
    with (
        world.auditor.acting(),
        pytest.raises(Exception, match="audit_draw_refused"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT audit_draw(%s, %s)", [MONDAY, bytes(32)])


def test_the_seed_of_a_week_is_committed_as_it_begins(fresh_world: World) -> None:
    """Nobody has to look: wherever somebody audits the worker commits it, once; an auditor finds it there and makes no other."""
    assert actions.begin_weeks() == 1
    assert actions.begin_weeks() == 0
    with psycopg.connect(current().database("owner"), autocommit=True) as owner:
        [(monday, digest)] = owner.execute("SELECT monday, encode(seed_digest, 'hex') FROM audit_week").fetchall()
        with fresh_world.auditor.on_duty() as who:
            actions.open_weeks(who)
        kept = owner.execute("SELECT encode(seed_digest, 'hex') FROM audit_week WHERE monday = %s", [monday])
        assert kept.fetchone() == (digest,)
    with psycopg.connect(current().database("sequencer")) as log:
        held = log.execute(
            "SELECT person, encode(digest, 'hex') FROM ledger_entry WHERE act = 31 ORDER BY at"
        ).fetchall()
    assert (0, digest) in held


def test_the_seed_is_secret_until_the_draw(world: World, past_week: list[tuple[int, int]]) -> None:
    """What lies in the database before the draw opens only with the vault's key."""
    with world.auditor.acting() as who:
        actions.open_weeks(who)
        with connection.cursor() as cursor:
            cursor.execute("SELECT seed, sealed_seed, seed_digest FROM audit_week WHERE monday = %s", [MONDAY])
            seed, sealed, digest = cursor.fetchone()
    assert seed is None
    opened = vault.open_sealed("audit.seed", f"0 {MONDAY}".encode(), bytes(sealed))
    assert sha256(opened).digest() == bytes(digest)
    assert opened not in bytes(sealed)


@pytest.mark.clause("5.3.1", "5.3.2")
@pytest.mark.control("C23")
def test_a_sample_is_answered_by_head_and_auditor_and_the_week_concluded(
    world: World, past_week: list[tuple[int, int]]
) -> None:
    """The head answers for their people but not for themselves; a no opens a finding; unanswered, no week concludes."""
    with world.auditor.acting() as who:
        actions.open_weeks(who)
        actions.draw(who, MONDAY)
        every = queries.items(READING, MONDAY)
    with world.head.acting() as who:
        mine = queries.items(READING, MONDAY)
        assert {one.person for one in mine} == {one.person for one in every} - {world.head.person}
        first = mine[0]
        finding = actions.confirm(who, (first.agency, first.monday, first.writer, first.n), False, "与所报案件无关")
        assert finding is not None
        with pytest.raises(AuditRefused), transaction.atomic():
            actions.confirm(who, (first.agency, first.monday, first.writer, first.n), True)
        own = next(one for one in every if one.person == world.head.person)
        with pytest.raises(AuditRefused), transaction.atomic():
            actions.confirm(who, (own.agency, own.monday, own.writer, own.n), True)
    with world.auditor.acting() as who, pytest.raises(AuditRefused):
        actions.conclude(who, MONDAY, "尚未核完")
    with world.auditor.acting() as who:
        for one in every:
            actions.confirm(who, (one.agency, one.monday, one.writer, one.n), True)
        actions.conclude(who, MONDAY, "除一件移送外均有依据")
        week = next(one for one in queries.weeks(who) if one.monday == MONDAY)
        assert (week.concluded_by, week.unanswered) == (world.auditor.person, 0)
        assert finding in {one.finding for one in queries.findings(READING, who.agency) if one.closed_at is None}
        actions.close_finding(who, finding, "约谈，停止授权一个月")
        with pytest.raises(AuditRefused), transaction.atomic():
            actions.close_finding(who, finding, "再次办结")


@pytest.mark.parametrize("name", ["collector", "analyst", "system", "security", "outsider"])
def test_nobody_else_answers_for_accesses(world: World, past_week: list[tuple[int, int]], name: str) -> None:
    """Neither list nor answer."""
    with world.auditor.acting() as who:
        actions.open_weeks(who)
        actions.draw(who, MONDAY)
        one = queries.items(READING, MONDAY)[0]
    with getattr(world, name).acting() as who:
        with pytest.raises(NotAllowed), transaction.atomic():
            queries.items(READING, MONDAY)
        with pytest.raises(NotAllowed), transaction.atomic():
            actions.confirm(who, (one.agency, one.monday, one.writer, one.n), True)


def test_a_finding_has_an_owner_who_is_not_its_subject(world: World) -> None:
    """Nobody deals with a finding about themselves."""
    due = date(2027, 1, 31)
    with world.auditor.acting() as who:
        made = actions.open_finding(who, "auditor", CITY, world.head.person, "批量查阅", world.auditor.person, due)
        assert made in {one.finding for one in queries.findings(READING, who.agency)}
        with pytest.raises(AuditRefused), transaction.atomic():
            actions.open_finding(who, "auditor", CITY, world.auditor.person, "自查", world.auditor.person, due)


def test_every_administrative_act_has_words(world: World) -> None:
    """What an entry says was done is read by people: each code that the program enters has its words."""
    written = re.compile(r'"done": "(\w+)"|do\(who, "(\w+)"|_enter\(\w+, "(\w+)"')
    sources = [path.read_text(encoding="utf-8") for path in Path(suyuan.__file__).parent.rglob("*.py")]
    codes = {next(filter(None, found)) for text in sources for found in written.findall(text)}
    assert len(codes) > 20
    assert codes - DETAILS.keys() == set()


def test_an_auditor_notes_who_is_whom_and_who_is_away(fresh_world: World) -> None:
    """By command; somebody else is refused, and what is noted stands in the log."""
    _, result, _ = deliver(fresh_world.collector, "violation", rows_of("violation", 1))
    person, run = str(fresh_world.first.person), CliRunner()
    days = ["--from", "2026-01-05", "--until", "2026-01-12"]
    for line in (["staff", person, str(result.records[1])], ["absence", person, *days]):
        refused = run.invoke(root, ["ledger", *line, "--as", "head"], standalone_mode=False)
        assert isinstance(refused.exception, NoGround)
        assert run.invoke(root, ["ledger", *line, "--as", "auditor"], standalone_mode=False).exception is None
    with connection.cursor() as cursor, fresh_world.auditor.on_duty():
        cursor.execute(
            "SELECT count(*) FROM audit_search(NULL, NULL, NULL, ARRAY[24]::smallint[], 0, 9e18::bigint, NULL, NULL, NULL, 50)"
        )
        assert cursor.fetchone()[0] >= 2
