"""Whatever the superuser changes in a revision, a ledger entry or a review is found and named (assurance, row 6)."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from delivered import deliver, rows_of
from suyuan.catalog import current as current_catalog
from suyuan.installation import Installation, current
from suyuan.ledger import sequencer, verify
from suyuan.records import export
from suyuan.records.export import Wish
from suyuan.records.listing import Wanted
from suyuan.review import actions as review
from suyuan.review.actions import GivenBack
from world import World, settle

# What is stored as evidence, column by column: everything that says what was recorded, by whom, and what became of it.
EVIDENCE = {
    "records_revision": (
        "record_id", "rev", "type", "agency", "level", "valid_from", "recorded_at", "author", "batch_id", "seq",
        "row_no", "final", "facets", "terms", "digest", "content",
    ),
    "records_record": (
        "record_id", "type", "agency", "level", "state", "in_force_rev", "latest_rev", "key_id", "wrapped_key", "at",
    ),
    "records_chunk": (
        "batch_id", "chunk_no", "digest", "revisions", "accepted", "warned", "returned", "duplicate",
    ),
    "records_batch": (
        "batch_id", "type", "agency", "level", "collector", "channel", "legal_basis", "source_digest",
        "mapping_digest", "release", "label", "opened_at", "closed_at", "state", "digest", "needs_final", "second_at",
        "final_at", "accepted", "warned", "returned", "duplicate", "skipped",
    ),
    "records_setback": ("record_id", "rev", "batch_id", "agency", "level"),
    "review_decision": (
        "batch_id", "step", "outcome", "reviewer", "author", "digest", "agency", "level", "reason", "at",
    ),
    "review_return": (
        "batch_id", "record_id", "rev", "field", "step", "code", "reason", "reviewer", "agency", "level", "at",
    ),
    "review_sample": (
        "batch_id", "step", "reviewer", "agency", "level", "population", "bound", "confidence", "seed", "seqs", "at",
    ),
    "records_export": (
        "person", "ground", "agency", "level", "type", "format", "whole", "rows", "words", "digest", "at", "expires_on",
    ),
    "ledger_entry": (
        "writer", "n", "at", "act", "person", "ground", "agency", "record", "rev", "batch", "digest", "shown",
        "detail", "mac",
    ),
    "ledger_leaf": ("index", "writer", "n"),
    "ledger_tile": ("level", "index", "hashes"),
    "ledger_checkpoint": ("size", "root", "note"),
    "ledger_writer": ("n",),
}  # fmt: skip
CLASSES = [(table, column) for table, columns in EVIDENCE.items() for column in columns]
FLIPS = 10  # random single bits of each class of bytes
# Columns a check constraint holds to a few words: another of them.
WORDS = {
    "state": ("in_force", "returned"), "outcome": ("approve", "return"), "channel": ("form", "file"), "format": ("xlsx", "csv"),
    "code": ("wrong", "untrue"),
}  # fmt: skip
BATCH_STATES = ("done", "second_review")


@pytest.fixture(scope="module")
def evidence(installation: Installation, database: str) -> World:
    """Batches at every step, one with a sample, one with rows given back; all of it in the tree."""
    world = settle(installation)
    serial = iter(range(1, 1000))
    for count, points in ((3, "6"), (2, "12"), (1, "6"), (30, "6")):
        _batch(world, f"T{next(serial)}", count, points)
    assert deliver(world.collector, "violation", _rows("T1", 3, "6"))[2].state == "empty"  # sent again: nothing new
    with world.head.acting() as who:
        export.export(who, current_catalog().types["violation"], Wanted(), Wish("市人民检察院", "提请批准逮捕"))
    with psycopg.connect(current().database("sequencer"), autocommit=True) as connection:
        sequencer.run_once(connection)
    _lift_rules(installation)
    assert list(verify.verify()) == []
    return world


def _lift_rules(installation: Installation) -> None:
    """A superuser can drop a rule first: what is shown here is that evidence does not rest on the rules."""
    with psycopg.connect(installation.database("admin"), autocommit=True) as connection:
        found = connection.execute(
            """SELECT conrelid::regclass::text, conname FROM pg_constraint
               WHERE contype IN ('c', 'u') AND conrelid::regclass::text = ANY(%s)""",
            [list(EVIDENCE)],
        ).fetchall()
        for table, name in found:
            connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name} CASCADE")


def _rows(serial: str, count: int, points: str) -> list[dict[str, str]]:
    act = "P12-01" if points == "12" else "P06-08"
    rows = rows_of("violation", count, points=points, act=act)
    return [row | {"notice_no": f"{serial}{row['notice_no']}"} for row in rows]


def _batch(world: World, serial: str, count: int, points: str) -> None:
    batch, result, receipt = deliver(world.collector, "violation", _rows(serial, count, points))
    assert receipt.digest
    if count == 1:
        return
    with world.first.acting() as who:
        if count > 20:
            drawn = review.draw(who, batch, 1)
            review.look(who, batch, 1, drawn.seqs)
            review.decide(who, batch, 1, "approve", receipt.digest)
            return
        back = [GivenBack(result.records[1], 1, "place", "wrong", "地点有误")] if count == 3 else []
        review.decide(who, batch, 1, "approve", receipt.digest, returns=back)
    with world.second.acting() as who:
        review.decide(who, batch, 2, "approve", receipt.digest)
    if points == "12":
        with world.final.acting() as who:
            review.decide(who, batch, 3, "approve", receipt.digest)


@pytest.fixture
def attacker(superuser: Callable[[], psycopg.Connection[Any]]) -> psycopg.Connection[Any]:
    """The superuser with every trigger and foreign key off."""
    connection = superuser()
    connection.execute("SET session_replication_role = replica")
    return connection


@pytest.mark.clause("5.3.1", "5.3.2")
@pytest.mark.parametrize(("table", "column"), CLASSES)
def test_one_changed_value_is_found_and_its_place_named(
    evidence: World, attacker: psycopg.Connection[Any], table: str, column: str
) -> None:
    """A value is changed behind the back of every rule; `verify` says so, and is silent again once it is put back."""
    place, old = _somewhere(attacker, table, column)
    seed = random.Random(f"{table}.{column}")
    for _ in range(FLIPS if isinstance(old, bytes) else 1):
        new = _other(table, column, old, seed)
        place = _put(attacker, table, column, place, new)
        faults = list(verify.verify())
        place = _put(attacker, table, column, place, old)
        assert faults, f"{table}.{column}: {old!r} -> {new!r} went unseen"
        assert all(fault.where and fault.zh and fault.en for fault in faults)
    assert list(verify.verify()) == []


def _somewhere(attacker: psycopg.Connection[Any], table: str, column: str) -> tuple[str, Any]:
    """A place in the column and the value there, one that is filled in where there is one."""
    statement = sql.SQL("SELECT ctid::text, {c} FROM {t} ORDER BY {c} IS NULL, random() LIMIT 1")
    [found] = attacker.execute(statement.format(c=sql.Identifier(column), t=sql.Identifier(table))).fetchall()
    return found


def _other(table: str, column: str, old: Any, seed: random.Random) -> Any:
    match old:
        case None:  # nothing of this column is filled in here: put something where nothing was
            return b"\x01" * 32
        case bool():
            return not old
        case bytes():
            changed = bytearray(old or b"\0")
            changed[seed.randrange(len(changed))] ^= 1 << seed.randrange(8)
            return bytes(changed)
        case int() | float():
            return old + 1000
        case UUID():
            return UUID(int=old.int ^ 1)
        case dict():
            return Jsonb(old | {"planted": 1})
        case list():
            return [_other(table, "", old[0], seed), *old[1:]]
        case str():
            return _word(table, column, old)
    if isinstance(old, date) and not isinstance(old, datetime):
        return old + timedelta(days=1)
    return sql.SQL("{} + interval '1 microsecond'").format(sql.Literal(old)) if hasattr(old, "year") else old / 2


def _word(table: str, column: str, old: str) -> str:
    one, two = BATCH_STATES if (table, column) == ("records_batch", "state") else WORDS.get(column, ("", ""))
    if one:
        return two if old == one else one
    return old[:-1] + chr(ord(old[-1]) ^ 1) if old else "x"


def _put(attacker: psycopg.Connection[Any], table: str, column: str, place: str, value: Any) -> str:
    """Write a value at a place; gives the place it lies at now."""
    shown = value if isinstance(value, sql.Composed) else sql.Literal(_sent(value))
    statement = sql.SQL("UPDATE {t} SET {c} = {v} WHERE ctid = {p} RETURNING ctid::text").format(
        t=sql.Identifier(table), c=sql.Identifier(column), v=shown, p=sql.Literal(place)
    )
    [(moved,)] = attacker.execute(statement).fetchall()
    return str(moved)


def _sent(value: Any) -> Any:
    return Jsonb(value) if isinstance(value, dict) else value


def test_without_the_check_the_change_would_stand(
    evidence: World, attacker: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: with revisions left out of `verify`, a changed one goes unseen."""
    from suyuan.records.verify import verify_revisions

    kept = [check for check in verify._checks if check is not verify_revisions]
    [(place, old)] = attacker.execute("SELECT ctid::text, row_no FROM records_revision LIMIT 1").fetchall()
    moved = _put(attacker, "records_revision", "row_no", place, old + 1)
    with monkeypatch.context() as patch:
        patch.setattr(verify, "_checks", kept)
        assert list(verify.verify()) == []
    assert list(verify.verify()) != []
    _put(attacker, "records_revision", "row_no", moved, old)


DELETIONS = {
    "a revision": "DELETE FROM records_revision WHERE ctid = (SELECT ctid FROM records_revision LIMIT 1)",
    "a decision": "DELETE FROM review_decision WHERE ctid = (SELECT ctid FROM review_decision LIMIT 1)",
    "a return": "DELETE FROM review_return WHERE ctid = (SELECT ctid FROM review_return LIMIT 1)",
    "a sample": "DELETE FROM review_sample",
    "a batch": "DELETE FROM records_batch WHERE ctid = (SELECT ctid FROM records_batch LIMIT 1)",
    "a chunk": "DELETE FROM records_chunk WHERE ctid = (SELECT ctid FROM records_chunk LIMIT 1)",
    "an entry": "DELETE FROM ledger_entry WHERE ctid = (SELECT ctid FROM ledger_entry LIMIT 1)",
    "the last entries of a writer": "DELETE FROM ledger_entry e WHERE n = (SELECT max(n) FROM ledger_entry WHERE writer = e.writer)",
    "a leaf": "DELETE FROM ledger_leaf WHERE index = (SELECT max(index) / 2 FROM ledger_leaf)",
    "the last leaf": "DELETE FROM ledger_leaf WHERE index = (SELECT max(index) FROM ledger_leaf)",
    "a tile": "DELETE FROM ledger_tile",
    "every checkpoint": "DELETE FROM ledger_checkpoint",
    "two contents exchanged": """UPDATE records_revision v SET content = w.content FROM (
        SELECT a.record_id AS one, b.record_id AS two, b.content FROM records_revision a, records_revision b
        WHERE a.record_id < b.record_id LIMIT 1) w WHERE v.record_id = w.one""",
}


@pytest.mark.clause("5.3.2")
@pytest.mark.parametrize("what", DELETIONS)
def test_what_was_taken_away_or_exchanged_is_found(
    evidence: World, superuser: Callable[[], psycopg.Connection[Any]], what: str
) -> None:
    """The attack is made, found, and undone by putting the rows back as they were."""
    tables = sorted(EVIDENCE)
    attacker = superuser()
    attacker.execute("SET session_replication_role = replica")
    for table in tables:
        attacker.execute(f"CREATE TEMP TABLE kept_{table} AS SELECT * FROM {table}")
    assert attacker.execute(DELETIONS[what]).rowcount > 0
    faults = list(verify.verify())
    for table in tables:
        columns = ", ".join(
            name
            for (name,) in attacker.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND attgenerated = ''",
                [table],
            )
        )
        attacker.execute(f"DELETE FROM {table}")
        attacker.execute(f"INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM kept_{table}")
    assert faults, what
    assert list(verify.verify()) == []


def test_an_older_database_put_back_is_found_by_its_witness(evidence: World, attacker: psycopg.Connection[Any]) -> None:
    """A log cut back consistently, checkpoints and all, is shorter than what the witness file holds."""
    for table in (
        "ledger_leaf",
        "ledger_tile",
        "ledger_checkpoint",
        "ledger_sequenced",
        "ledger_entry",
        "ledger_writer",
    ):
        attacker.execute(f"CREATE TEMP TABLE kept_{table} AS SELECT * FROM {table}")
        attacker.execute(f"DELETE FROM {table}")
    codes = {fault.code for fault in verify.verify()}
    for table in (
        "ledger_leaf",
        "ledger_tile",
        "ledger_checkpoint",
        "ledger_sequenced",
        "ledger_entry",
        "ledger_writer",
    ):
        attacker.execute(f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM kept_{table}")
    assert "ledger.behind_witness" in codes
    assert list(verify.verify()) == []
