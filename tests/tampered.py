"""Changing stored bytes behind the back of every rule, class by class: for the tests of `verify` and its bench.

A class is a set of columns (assurance, row 6). A change is one random bit, zeros, another row's value, or a row as it was
earlier; each is undone again. What `verify` then says must name the row.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count, cycle, islice
from typing import Any, NamedTuple
from unittest.mock import patch
from uuid import UUID, uuid4

import psycopg
from django.utils import timezone
from psycopg import sql
from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb

import tickets
from delivered import deliver, rows_of
from suyuan import catalog
from suyuan.access import actions as access
from suyuan.access import grounds, proposals, tokens, undertaking
from suyuan.access.actions import do
from suyuan.audit import actions as audit
from suyuan.audit import bundle
from suyuan.audit.queries import items
from suyuan.audit.reading import Reading
from suyuan.collection import actions as collection
from suyuan.installation import Installation, current
from suyuan.ledger import bound, evidence, sequencer, verify
from suyuan.ledger.evidence import How
from suyuan.records import disposal, export, releases
from suyuan.records import queries as records
from suyuan.records.export import Wish
from suyuan.records.listing import Wanted
from suyuan.review import actions as review
from suyuan.review.actions import GivenBack
from suyuan.review.queries import waiting
from world import COUNTY, STATION, World, enter_powers, grant, settle

Attacker = psycopg.Connection[Any]
MONDAY = timezone.localdate() - timedelta(days=timezone.localdate().weekday() + 7)

# What is stored as evidence, class by class. What is not here is not evidence: counters of use, sessions, drafts, the time a
# row was sequenced, and what the database can be asked for again.
CLASSES: dict[str, dict[str, tuple[str, ...]]] = {
    "ciphertext, nonce and tag": {"records_revision": ("content",)},
    "columns bound to the ciphertext": {
        "records_revision": (
            "record_id", "rev", "type", "agency", "level", "valid_from", "recorded_at", "author", "batch_id", "seq",
            "row_no", "final",
        ),
    },
    "plain columns": {"records_revision": ("facets",)},
    "search terms": {"records_revision": ("terms",)},
    "digests": {"records_revision": ("digest",), "records_chunk": ("digest",), "records_batch": ("digest",)},
    "wrapped keys": {"records_record": ("key_id", "wrapped_key")},
    "states of records": {
        "records_record": ("record_id", "type", "agency", "level", "state", "in_force_rev", "latest_rev", "at"),
    },
    "batches": {
        "records_batch": (
            "batch_id", "type", "agency", "level", "collector", "channel", "legal_basis", "source_digest",
            "mapping_digest", "label", "opened_at", "closed_at", "state", "needs_final", "second_at",
            "final_at", "accepted", "warned", "returned", "duplicate", "skipped",
        ),
        "records_chunk": (
            "batch_id", "chunk_no", "agency", "level", "revisions", "needs_final", "accepted", "warned", "returned",
            "duplicate",
        ),
    },
    "releases of the catalog": {"records_batch": ("release",)},
    "setbacks": {"records_setback": ("record_id", "rev", "batch_id", "agency", "level")},
    "review decisions": {
        "review_decision": ("batch_id", "step", "outcome", "reviewer", "author", "digest", "agency", "level", "at"),
    },
    "reasons of reviewers": {
        "review_decision": ("reason",),
        "review_return": (
            "batch_id", "record_id", "rev", "field", "step", "code", "reason", "reviewer", "agency", "level", "at",
        ),
    },
    "samples of batches": {
        "review_sample": (
            "batch_id", "step", "reviewer", "agency", "level", "population", "bound", "confidence", "seed", "seqs", "at",
        ),
    },
    "exports": {
        "records_export": (
            "export", "person", "ground", "agency", "level", "type", "format", "whole", "rows", "words", "digest", "at",
            "expires_on",
        ),
    },
    "ledger entries": {
        "ledger_entry": (
            "writer", "n", "at", "act", "person", "ground", "agency", "record", "rev", "batch", "digest", "shown", "detail",
        ),
    },
    "codes of entries": {"ledger_entry": ("mac",)},
    "counters of writers": {"ledger_writer": ("writer", "n"), "ledger_sequenced": ("writer", "n")},
    "places of leaves": {"ledger_leaf": ("index", "writer", "n")},
    "tiles of the tree": {"ledger_tile": ("level", "index", "hashes")},
    "checkpoints": {"ledger_checkpoint": ("size", "root")},
    "signatures of checkpoints": {"ledger_checkpoint": ("note",)},
    "types that open without a purpose": {"access_open_types": ("types",)},
    "identities of records": {
        "records_key": ("key_digest", "record_id", "agency", "level", "mark", "batch_id", "depth"),
    },
}  # fmt: skip
GENERATED = {("access_duty", "power")}  # by the database, from the columns beside it
_BOUND = {
    name: row
    for name, one in evidence.placed().items()
    if one.how is not How.NOT and (row := bound.table(name)) is not None
}
# Every table that is bound, as it is declared: a column that is added there is tried here.
CLASSES |= {
    f"rows of {name}": {name: tuple(column for column in row.columns if (name, column) not in GENERATED)}
    for name, row in _BOUND.items()
}
# Of what was pruned there is a test of its own (test_retention.py): none is in this history.
ELSEWHERE = {"ledger_pruning": ("pruning", "before", "leaves", "entries", "size", "root")}
TABLES = sorted({table for columns in CLASSES.values() for table in columns})
# How `verify` names a row of each table, from its columns; tables bound to entries are named by their key.
_NAMES = {
    "records_revision": ("{record_id} r{rev}", "{batch_id}"),
    "records_key": ("{record_id}",),
    "access_open_types": ("access_open_types",),
    "records_record": ("{record_id}",),
    "records_batch": ("{batch_id}",),
    "records_chunk": ("{batch_id}",),
    "records_setback": ("{record_id} r{rev}",),
    "review_decision": ("{batch_id}",),
    "review_return": ("{record_id} r{rev}",),
    "review_sample": ("{batch_id}",),
    "records_export": ("export {export}",),
    "ledger_entry": ("entry {writer}:{n}", "writer {writer}:"),
    "ledger_writer": ("writer {writer}:",),
    "ledger_sequenced": ("writer {writer}:",),
    "ledger_leaf": ("leaf {index}", "entry {writer}:{n}", "writer {writer}:"),
    "ledger_tile": ("tile {level}/{index}",),
    "ledger_checkpoint": ("checkpoint {size}",),
}


class Spot(NamedTuple):
    """One stored value: its table and column, where the row lies, and what stands there."""

    table: str
    column: str
    place: str
    value: Any


class Tally(NamedTuple):
    """How many changes were made, and which of them `verify` did not name."""

    tried: int
    unseen: list[str]


def columns(name: str) -> list[tuple[str, str]]:
    """Every column of a class."""
    return [(table, column) for table, found in CLASSES[name].items() for column in found]


def seen(names: set[str]) -> bool:
    """Whether `verify` says something about a row that goes by one of these names."""
    said = [fault.where for fault in verify.verify()]
    return any(re.search(rf"{re.escape(name)}(?!\d)", where) for where in said for name in names)


def changes(attacker: Attacker, name: str, make: Callable[[Any], Any], most: int) -> Tally:
    """Change up to `most` values of a class one by one, column by column in turn, each at a random row.

    What leaves the value as it was, or what a primary key forbids, is no change.
    """
    tried, unseen = 0, []
    for table, column in islice(cycle(columns(name)), 3 * most):
        spot = somewhere(attacker, table, column) if tried < most else None
        if spot is None or (value := make(spot.value)) == spot.value:
            continue
        with suppress(UniqueViolation), changed(attacker, spot, value) as names:
            tried += 1
            if not seen(names):
                unseen.append(f"{table}.{column}: {spot.value!r} -> {value!r}")
    return Tally(tried, unseen)


def exchanges(attacker: Attacker, name: str, most: int) -> Tally:
    """Let two rows exchange their values, column by column, for up to `most` columns in which two differ."""
    tried, unseen = 0, []
    for table, column in columns(name):
        pair = two(attacker, table, column) if tried < most else None
        if pair is None:
            continue
        one, other = pair
        with changed(attacker, one, other.value) as names, changed(attacker, other, one.value):
            tried += 1
            if not seen(names):
                unseen.append(f"{table}.{column}: {one.value!r} <-> {other.value!r}")
    return Tally(tried, unseen)


def older(attacker: Attacker, table: str, most: int) -> Tally:
    """Put up to `most` rows that have changed since back as they were, one by one."""
    keys = outdated(attacker, table)[:most]
    unseen = []
    for key in keys:
        with as_it_was(attacker, table, key) as names:
            unseen += [] if seen(names) else [f"{table} {key}"]
    return Tally(len(keys), unseen)


def attack(installation: Installation) -> Attacker:
    """The superuser with every trigger and foreign key off."""
    connection = psycopg.connect(installation.database("admin"), autocommit=True)
    connection.execute("SET session_replication_role = replica")
    connection.execute("SET timezone = 'UTC'")
    return connection


def lift_rules(attacker: Attacker) -> None:
    """Check and unique constraints and identities out of the way too: evidence rests on none of them."""
    rules = attacker.execute(
        """SELECT conrelid::regclass::text, 'DROP CONSTRAINT ' || conname || ' CASCADE' FROM pg_constraint
           WHERE contype IN ('c', 'u', 'x') AND conrelid::regclass::text = ANY(%(tables)s)
           UNION ALL
           SELECT attrelid::regclass::text, 'ALTER ' || attname || ' DROP IDENTITY' FROM pg_attribute
           WHERE attidentity <> '' AND attrelid::regclass::text = ANY(%(tables)s)""",
        {"tables": TABLES},
    )
    for table, rule in rules.fetchall():
        attacker.execute(f"ALTER TABLE {table} {rule}")


def somewhere(attacker: Attacker, table: str, column: str) -> Spot | None:
    """A random filled-in value of a column; None where there is none."""
    # Of an erased record the contents are gone, and with them what its plain columns were bound to.
    whole = sql.SQL("content <> ''" if table == "records_revision" else "true")
    statement = sql.SQL(
        """SELECT ctid::text, {c} FROM {t} WHERE {whole} AND {c} IS NOT NULL AND {c}::text <> 'infinity' ORDER BY random() LIMIT 1"""
    ).format(c=sql.Identifier(column), t=sql.Identifier(table), whole=whole)
    found = attacker.execute(statement).fetchone()
    return Spot(table, column, *found) if found else None


@contextmanager
def changed(attacker: Attacker, spot: Spot, value: Any) -> Iterator[set[str]]:
    """The value while the context lasts; gives the names by which the row, before and after, may be called."""
    names = _names(attacker, spot.table, spot.place)
    moved = _put(attacker, spot, value)
    try:
        yield names | _names(attacker, spot.table, moved)
    finally:
        _put(attacker, spot._replace(place=moved), spot.value)


@contextmanager
def as_it_was(attacker: Attacker, table: str, key: str) -> Iterator[set[str]]:
    """A row as it was in the copy of `remember`; `key` is one of `outdated`."""
    with _without(attacker, table, key) as names:
        columns = ", ".join(_columns(attacker, table))
        attacker.execute(
            f"INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM yesterday.{table} WHERE {key}"
        )
        yield names
        attacker.execute(f"DELETE FROM {table} WHERE {key}")


@contextmanager
def taken_away(attacker: Attacker, table: str) -> Iterator[set[str]]:
    """Without one random row."""
    [(key,)] = attacker.execute(
        f"SELECT {_as_key(attacker, table)} FROM {table} now ORDER BY random() LIMIT 1"
    ).fetchall()
    with _without(attacker, table, key) as names:
        yield names


@contextmanager
def slipped_in(attacker: Attacker, table: str, seed: random.Random) -> Iterator[set[str]]:
    """With a copy of one random row under another key: the last column of the key is changed."""
    names = ", ".join(name for name in _columns(attacker, table))
    column = sql.Identifier(_key(attacker, table)[-1])
    statement = sql.SQL("SELECT ctid::text, {c} FROM {t} ORDER BY random() LIMIT 1")
    [(place, value)] = attacker.execute(statement.format(c=column, t=sql.Identifier(table))).fetchall()
    attacker.execute(f"CREATE TEMP TABLE slip AS SELECT {names} FROM {table} WHERE ctid = '{place}'")
    made: list[str] = []
    try:
        while not made:
            with suppress(UniqueViolation):
                changed_key = sql.SQL("UPDATE slip SET {c} = {v}").format(c=column, v=_literal(flipped(value, seed)))
                attacker.execute(changed_key)
                inserted = attacker.execute(
                    f"INSERT INTO {table} ({names}) SELECT {names} FROM slip RETURNING ctid::text"
                )
                made = [at for (at,) in inserted]
        yield _names(attacker, table, made[0])
    finally:
        attacker.execute(f"DELETE FROM {table} WHERE ctid = ANY(%s::tid[])", [made])
        attacker.execute("DROP TABLE slip")


@contextmanager
def emptied(attacker: Attacker, tables: list[str]) -> Iterator[None]:
    """Without any row of some tables."""
    with ExitStack() as stack:
        for table in tables:
            stack.enter_context(_without(attacker, table, "true"))
        yield


@contextmanager
def _without(attacker: Attacker, table: str, key: str) -> Iterator[set[str]]:
    names = {name for (place,) in attacker.execute(f"SELECT ctid::text FROM {table} WHERE {key}").fetchall()
             for name in _names(attacker, table, place)}  # fmt: skip
    columns = ", ".join(_columns(attacker, table))
    attacker.execute(f"CREATE TEMP TABLE kept_{table} AS SELECT * FROM {table} WHERE {key}")
    attacker.execute(f"DELETE FROM {table} WHERE {key}")
    try:
        yield names
    finally:
        attacker.execute(f"INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM kept_{table}")
        attacker.execute(f"DROP TABLE kept_{table}")


def two(attacker: Attacker, table: str, column: str) -> tuple[Spot, Spot] | None:
    """Two rows with different values of a column that is not of the key; None where there are none."""
    if column in _key(attacker, table):
        return None
    # Of an erased record the contents are gone, and with them what its plain columns were bound to.
    whole = "a.content <> '' AND b.content <> '' AND" if table == "records_revision" else ""
    found = attacker.execute(
        f"""SELECT a.ctid::text, a.{column}, b.ctid::text, b.{column} FROM {table} a, {table} b
            WHERE {whole} a.{column} <> b.{column} AND 'infinity' NOT IN (a.{column}::text, b.{column}::text) LIMIT 1"""
    ).fetchone()
    return (Spot(table, column, *found[:2]), Spot(table, column, *found[2:])) if found else None


def remember(attacker: Attacker) -> None:
    """Keep a copy of every table, from which rows can be put back."""
    attacker.execute("CREATE SCHEMA yesterday")
    for table in TABLES:
        attacker.execute(f"CREATE TABLE yesterday.{table} AS SELECT * FROM {table}")


def outdated(attacker: Attacker, table: str) -> list[str]:
    """Rows that were different when `remember` copied them, each as a condition on its key."""
    same = " AND ".join(f"o.{name} = now.{name}" for name in _key(attacker, table))
    statement = f"""SELECT {_as_key(attacker, table)} FROM {table} now JOIN yesterday.{table} o ON {same}
                    WHERE to_jsonb(o) <> to_jsonb(now)"""
    return [key for (key,) in attacker.execute(statement)]


def _as_key(attacker: Attacker, table: str) -> str:
    """An SQL expression of the condition that finds a row again."""
    parts = [f"format('{name} = %L', now.{name})" for name in _key(attacker, table)]
    return " || ' AND ' || ".join(parts)


def _key(attacker: Attacker, table: str) -> list[str]:
    rows = attacker.execute(
        """SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
           WHERE i.indrelid = %s::regclass AND i.indisprimary""",
        [table],
    )
    return [name for (name,) in rows]


def _columns(attacker: Attacker, table: str) -> list[str]:
    rows = attacker.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND attgenerated = '' AND NOT attisdropped",
        [table],
    )
    return [name for (name,) in rows]


def _names(attacker: Attacker, table: str, place: str) -> set[str]:
    [(row,)] = attacker.execute(f"SELECT to_jsonb(t) FROM {table} t WHERE ctid = %s", [place]).fetchall()
    if table == "records_link":
        return {f"{row['record_id']} {row['rev']} {row['field']}", *_chunks(attacker, row)}
    if table in _BOUND:
        return {_BOUND[table].name(row)}
    return {pattern.format(**row) for pattern in _NAMES[table]}


def _chunks(attacker: Attacker, link: dict[str, Any]) -> set[str]:
    """How the chunk is named that a link came in."""
    rows = attacker.execute(
        "SELECT batch_id, seq / 1000000 FROM records_revision WHERE record_id = %s AND rev = %s",
        [link["record_id"], link["rev"]],
    )
    return {f"records_link {batch} {chunk}" for batch, chunk in rows}


def _put(attacker: Attacker, spot: Spot, value: Any) -> str:
    statement = sql.SQL("UPDATE {t} SET {c} = {v} WHERE ctid = {p} RETURNING ctid::text").format(
        t=sql.Identifier(spot.table), c=sql.Identifier(spot.column), v=_literal(value), p=sql.Literal(spot.place)
    )
    [(moved,)] = attacker.execute(statement).fetchall()
    return str(moved)


def _literal(value: Any) -> sql.Composable:
    if isinstance(value, sql.Composable):
        return value
    return sql.Literal(Jsonb(value) if isinstance(value, dict) else value)


def flipped(value: Any, seed: random.Random) -> Any:
    """The value with one random bit of its bytes changed, as far as its type can hold the result."""
    match value:
        case bool():
            return not value
        case bytes():
            return _flip(value or b"\0", seed)
        case int():
            return value ^ 1 << seed.randrange(12)
        case float() | Decimal():
            return value + type(value)(1)
        case UUID():
            return UUID(bytes=_flip(value.bytes, seed))
        case str():
            return _flip_text(value, seed)
        case datetime():
            return sql.SQL("{} + {} * interval '1 microsecond'").format(sql.Literal(value), 1 << seed.randrange(20))
        case date():
            return date.fromordinal(value.toordinal() ^ 1 << seed.randrange(6))
        case dict():
            name = seed.choice(sorted(value) or ["x"])
            return value | {name: flipped(value.get(name, ""), seed)}
        case list():
            at = seed.randrange(len(value)) if value else 0
            return [*value[:at], flipped(value[at], seed), *value[at + 1 :]] if value else [0]
        case None:
            return 1
    raise TypeError(type(value))


def _flip(value: bytes, seed: random.Random) -> bytes:
    changed = bytearray(value)
    changed[seed.randrange(len(changed))] ^= 1 << seed.randrange(8)
    return bytes(changed)


def _flip_text(value: str, seed: random.Random) -> str:
    while True:
        try:
            text = _flip(value.encode() or b" ", seed).decode()
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text


def zeroed(value: Any) -> Any:
    """The value with every byte 0, as far as its type can hold that."""
    match value:
        case bytes():
            return bytes(len(value))
        case bool():
            return False
        case UUID():
            return UUID(int=0)
        case str():
            return ""
        case datetime() | date():
            return type(value).min if not isinstance(value, datetime) else sql.SQL("timestamptz 'epoch'")
        case dict():
            return {}
        case list():
            return []
    return type(value)(0)


def begin(installation: Installation) -> World:
    """The codes of an empty installation, then its people and what they did."""
    assert access.first_activation_code()
    releases.settle()
    world = settle(installation)
    history(world)
    return world


def history(world: World) -> None:
    """Batches at every step, one with a sample, one with rows given back; powers handed out; a week audited."""
    for serial, (rows, points) in enumerate(((3, "6"), (2, "12"), (1, "6"), (30, "6")), 1):
        _batch(world, f"T{serial}", rows, points)
    assert deliver(world.collector, "violation", _rows("T1", 3, "6"))[2].state == "empty"  # sent again: nothing new
    with world.head.acting() as who:
        export.export(who, catalog.current().types["violation"], Wanted(), Wish("市人民检察院", "提请批准逮捕"))
    _linked(world)
    _week(world)
    _powers(world)
    sequence()
    _handed_out(world)
    _asked_of_two(world)
    sequence()


def _asked_of_two(world: World) -> None:
    """An addition to the catalog that waits to be cleared, and a key whose destruction waits for a second custodian."""
    declared = {"subject": "lost_item", "purpose": "失物招领", "basis": "令第1条", "retention": {"years": 3}}
    with world.security.acting() as who:
        do(
            who, "propose_clearing_of_catalog", "SELECT access_propose_clearing(%s, %s, %s)",
            ["lost_item", json.dumps(declared, ensure_ascii=False), "业务需要"],
        )  # fmt: skip
    with world.custodian.acting() as who:
        do(who, "ask_key_destruction", "SELECT records_destroy_key(%s)", [99])


def _linked(world: World) -> None:
    """A vehicle, inspections that refer to it, and an import that has ended."""
    vin = catalog.current().types["vehicle"].fields["vin"].example or ""
    deliver(world.collector, "vehicle", [rows_of("vehicle", 1)[0] | {"vin": vin}])
    _, linked, _ = deliver(world.collector, "annual_inspection", rows_of("annual_inspection", 3, vehicle=vin))
    assert linked.accepted == 3, linked.findings
    with world.collector.acting() as who:
        about = {"name": "年检.xlsx"}
        job = collection.add(who, about, b"\x01" * 32, b"\x02" * 32, state="running", rows=3)
        collection.move(who, job, "done", "running")


def _handed_out(world: World) -> None:
    """The proof of a record in force, and another record that is to be erased."""
    with world.head.acting() as who:
        first, second, *_ = [one.record_id for one in records.search(who, type="violation", state="in_force").rows]
        bundle.prove(who, first, recipient="市人民检察院")
        disposal.ask(who, second, "保管期限届满")


def later(world: World) -> None:
    """What goes on after `remember`: rows that were there change as the product changes them."""
    with world.first.acting() as who:
        [task] = [one for one in waiting(who) if one.rows == 1 and one.type == "violation"]
        review.decide(who, task.batch, 1, "approve", task.digest)
    deliver(world.collector, "violation", [_rows("T1", 1, "6")[0] | {"place": "改正后的地点"}])
    with world.custodian.acting() as who:
        for asked_for in disposal.waiting(who):
            disposal.erase(who, asked_for.record)
    with world.head.acting() as who:
        [asked] = grounds.asked(who)
        grounds.answer(who, asked.request, True)
        [emergency] = grounds.emergencies(who)
        grounds.review_emergency(who, emergency.ground, True, "属实")
    with world.security2.acting() as who:
        for one in proposals.proposals(who, waiting=True):
            proposals.approve(who, one.proposal)
        do(who, "refuse_clearing_of_catalog", "SELECT access_decide_clearing(%s, false)", [1])
    with world.custodian2.acting() as who:
        do(who, "confirm_key_destruction", "SELECT records_destroy_key(%s)", [99])
    with world.system.acting() as who:
        access.set_active(who, world.outsider.person, False)
    with world.auditor.acting() as who:
        for one in items(Reading(who.person, "monitoring"), MONDAY):
            audit.confirm(who, (one.agency, one.monday, one.writer, one.n), True, "已核实")
        audit.conclude(who, MONDAY, "已核查")
    sequence()


def sequence() -> None:
    """Give every waiting entry its place."""
    with psycopg.connect(current().database("sequencer"), autocommit=True) as connection:
        sequencer.run_once(connection)


def _rows(serial: str, number: int, points: str) -> list[dict[str, str]]:
    act = "P12-01" if points == "12" else "P06-08"
    rows = rows_of("violation", number, points=points, act=act)
    return [row | {"notice_no": f"{serial}{row['notice_no']}"} for row in rows]


def _batch(world: World, serial: str, rows: int, points: str) -> None:
    batch, result, receipt = deliver(world.collector, "violation", _rows(serial, rows, points))
    assert receipt.digest
    if rows == 1:
        return
    with world.first.acting() as who:
        if rows > 20:
            drawn = review.draw(who, batch, 1)
            review.look(who, batch, 1, drawn.seqs)
            review.decide(who, batch, 1, "approve", receipt.digest)
            return
        back = [GivenBack(result.records[1], 1, "place", "wrong", "地点有误")] if rows == 3 else []
        review.decide(who, batch, 1, "approve", receipt.digest, returns=back)
    with world.second.acting() as who:
        review.decide(who, batch, 2, "approve", receipt.digest)
    if points == "12":
        with world.final.acting() as who:
            review.decide(who, batch, 3, "approve", receipt.digest)


def _powers(world: World) -> None:
    """A token, a duty granted by two and one proposed, a limit, a clearance and a text proposed, an emergency, a request."""
    with tickets.in_session("analyst") as account:
        tokens.issue(account, "统计程序", 30)
    with world.system.acting() as who:
        access.add_department(who, COUNTY, "交通警察大队")
    _way_in(world)
    until = timezone.localdate() + timedelta(days=9)
    grant(world, world.trainer.person, "training_manager", STATION, ends_on=until)
    with world.security.acting() as who:
        proposals.propose_duty(who, world.trainer.person, "training_manager", COUNTY, reason="令", ends_on=until)
        proposals.propose_clearance(who, world.colleague.duty, 2, reason="令")
        proposals.propose_limit(who, "look", 90, reason="试行")
        undertaking.propose(who, "本人承诺严守秘密,只在职责范围内查阅、使用和提供数据。", reason="修订")
    with world.collector.acting() as who:
        grounds.ask(who, "case", "A3301020000002026010009", "办案", until)
        grounds.break_glass(who, "人命关天")


def _way_in(world: World) -> None:
    """A password that was set anew by a code of two halves, as a row that was entered."""
    with psycopg.connect(current().database("owner")) as owner:
        owner.execute(
            """INSERT INTO access_way_in (kind, person, username, account, reason, asked_by, first_half, decided_by, decided_at,
                                          approved, second_half, used_at, done_at)
               SELECT 'password', person, username, id, '遗失', %s, sha256('1'), %s, now(), true, sha256('2'), now(), now()
               FROM access_account WHERE username = 'outsider'""",
            [world.system.person, world.security.person],
        )
    enter_powers()


def _week(world: World) -> None:
    """Looks of last week, by a clock set back; the week's seed, its draw, and a finding."""
    last = datetime.combine(MONDAY + timedelta(days=1), datetime.min.time(), UTC)
    with patch("suyuan.ledger.actions.time") as clock, world.colleague.acting() as who:
        clock.time_ns.side_effect = count(int(last.timestamp()) * 10**9, 10**9).__next__
        for one in records.search(who, type="violation").rows[:4]:
            records.open_record(who, one.record_id)
    with world.auditor.acting() as who:
        audit.open_weeks(who)
    with world.auditor.acting() as who:
        assert audit.draw(who, MONDAY) == 4
        owner, due = world.head.person, timezone.localdate() + timedelta(days=30)
        audit.open_finding(who, "auditor", STATION, world.colleague.person, "深夜查阅", owner, due)
        audit.note_staff(who, world.outsider.person, uuid4())
        audit.note_absence(who, world.outsider.person, MONDAY, MONDAY + timedelta(days=5), "leave")
