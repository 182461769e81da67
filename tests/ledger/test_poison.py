"""No entry that a process of the application's role writes by plain SQL stops the log or blinds its check."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.db import connection

from suyuan.installation import current
from suyuan.ledger import actions as ledger
from suyuan.ledger import alarm, sequencer, verify
from suyuan.ledger.acts import Act
from suyuan.ledger.errors import LedgerUnavailable
from world import World

Superuser = Callable[[], psycopg.Connection[Any]]
ID = "00000000-0000-0000-0000-000000000001"
DEEP = '{"a":' * 3000 + "1" + "}" * 3000
# What could not be read again: a column, and the value that an attacker gives it.
UNREADABLE = {
    "shown_null": {"shown": "{NULL}"},
    "shown_two_dimensions": {"shown": f"{{{{{ID},{ID}}}}}"},
    "number_beyond_64_bits": {"detail": '{"a": [18446744073709551616]}'},
    "number_below_64_bits": {"detail": '{"a": {"b": -9223372036854775809}}'},
    "number_huge": {"detail": '{"a": 1e400}'},
    "deep": {"detail": DEEP},
}
# What could be read, and be nothing that an entry says.
SENSELESS: dict[str, dict[str, Any]] = {
    "detail_text": {"detail": '"abc"'},
    "detail_list": {"detail": "[1]"},
    "detail_number": {"detail": "1"},
    "detail_null": {"detail": "null"},
    "tables_text": {"act": 24, "detail": '{"tables": "abc"}'},
    "pruning_text": {"act": 28, "detail": '{"pruning": "abc"}'},
    "pruning_none": {"act": 28},
    "act_999": {"act": 999},
    "act_below": {"act": -3},
    "act_between": {"act": 16},
    "time_far": {"at": 2**62},
    "time_below": {"at": -1},
    "number_zero": {"n": 0},
    "writer_below": {"writer": -1},
}

STRAY = "INSERT INTO ledger_entry (writer, n, at, act, person, ground, agency, mac) VALUES (%s, 1, 1, 3, 0, 0, 0, '')"


def put(counter: int, **values: Any) -> None:
    """An entry at the counter's next number, or as `values` say, by plain SQL under the application's role; committed."""
    with psycopg.connect(current().database("app")) as raw:
        [(number,)] = raw.execute(
            "UPDATE ledger_writer SET n = n + 1 WHERE writer = %s RETURNING n", [counter]
        ).fetchall()
        row = {"writer": counter, "n": number, "at": 1, "act": 3, "shown": None, "detail": None} | values
        raw.execute(
            """INSERT INTO ledger_entry (writer, n, at, act, person, ground, agency, shown, detail, mac)
               VALUES (%(writer)s, %(n)s, %(at)s, %(act)s, 0, 0, 0, %(shown)s::uuid[], %(detail)s::jsonb, '')""",
            row,
        )


def enter(count: int = 1) -> int:
    """Some entries of the product; gives their writer."""
    return [ledger.append(ledger.SYSTEM, Act.sign_in).writer for _ in range(count)][-1]


def sequenced() -> int:
    """Give every waiting entry its place; how many there were."""
    with psycopg.connect(current().database("sequencer"), autocommit=True) as connection:
        return sequencer.run_once(connection)


@pytest.mark.clause("5.3.1")
@pytest.mark.control("C19")
def test_the_database_takes_no_entry_that_cannot_be_read(fresh_world: World) -> None:
    """Each is refused; a plain one (the control) is not, though it has no code and verify names it."""
    writer = enter()
    sequenced()
    for name, values in (UNREADABLE | SENSELESS).items():
        with pytest.raises((psycopg.errors.CheckViolation, psycopg.errors.FeatureNotSupported)) as refused:
            put(writer, **values)
        assert "ledger_entry_" in str(refused.value) or "multidimensional" in str(refused.value), name
    put(
        writer,
        detail='{"rows": 4, "tables": [], "a": [1, 1.5, "x", null, true, 9223372036854775807]}',
        shown=f"{{{ID}}}",
    )
    assert sequenced() == 1
    assert "ledger.entry_altered" in {one.code for one in verify.verify()}


def test_the_database_takes_every_act_that_there_is_and_no_other(fresh_world: World, superuser: Superuser) -> None:
    """The rule of the database and the list of the program are the same."""
    [(rule,)] = superuser().execute(
        "SELECT pg_get_expr(conbin, conrelid) FROM pg_constraint WHERE conname = 'ledger_entry_act'"
    )
    taken = superuser().execute(f"SELECT act FROM generate_series(-9, 999) act WHERE {rule}").fetchall()
    assert {act for (act,) in taken} == {int(act) for act in Act}


def test_the_largest_entries_of_the_product_are_taken(fresh_world: World) -> None:
    """A first start enters every bound row, an export names every record."""
    digest = "ab" * 32
    detail = {"done": "x", "rows": {f"access_person {one}": digest for one in range(20_000)}}
    ledger.append(ledger.SYSTEM, Act.administer, detail=detail)
    ledger.append(ledger.SYSTEM, Act.export, shown=[ledger.UUID(int=one) for one in range(20_000)])
    assert sequenced() >= 2


@pytest.mark.clause("5.3.1")
@pytest.mark.control("C18", "C19")
def test_an_entry_that_cannot_be_read_stops_no_other_and_is_named(fresh_world: World, superuser: Superuser) -> None:
    """Without the rules of the database: the others have their place, and verify names both it and another's fault."""
    attacker = superuser()
    rules = attacker.execute(
        "SELECT conname FROM pg_constraint WHERE conname ~ '^ledger_entry_(numbers|act|shown|detail|prune)$'"
    )
    for (rule,) in rules.fetchall():
        attacker.execute(f"ALTER TABLE ledger_entry DROP CONSTRAINT {rule}")
    writer = enter()
    sequenced()
    number = _number(attacker, writer)
    for values in (UNREADABLE | SENSELESS).values():
        if "n" not in values and "writer" not in values:
            put(writer, **values)
    strange = {f"entry {writer}:{number + one}" for one in range(1, len(UNREADABLE) + 1)}
    enter(2)
    last = _number(attacker, writer)
    assert sequenced() == last - number
    assert "entry_unreadable" in {one.kind for one in alarm.latest()}
    put(writer, **UNREADABLE["deep"])  # one that waits
    strange.add(f"entry {writer}:{last + 1}")
    attacker.execute("SET session_replication_role = replica")
    attacker.execute("UPDATE ledger_entry SET person = 7 WHERE (writer, n) = (%s, %s)", [writer, last])
    faults = list(verify.verify())
    assert {one.where for one in faults if one.code == "ledger.entry_unreadable"} == strange
    assert f"entry {writer}:{last}" in {one.where for one in faults if one.code == "ledger.entry_altered"}
    assert not [one for one in faults if one.code == "verify.unreadable"]


def _number(look: psycopg.Connection[Any], writer: int) -> int:
    [(number,)] = look.execute("SELECT n FROM ledger_writer WHERE writer = %s", [writer]).fetchall()
    return int(number)


@pytest.mark.clause("5.3.1")
@pytest.mark.control("C19")
def test_entries_before_counters_to_come_stop_nobody(fresh_world: World, superuser: Superuser) -> None:
    """Sessions that want a counter draw another number; a lease that takes the next (the control) cannot write."""
    look = superuser()
    enter()
    [(newest,)] = look.execute("SELECT max(writer) FROM ledger_writer").fetchall()
    with psycopg.connect(current().database("app")) as raw:
        for ahead in range(1, 60):
            raw.execute(STRAY, [newest + ahead])
    assert _beside(12) is None
    taken = {one for (one,) in look.execute("SELECT writer FROM ledger_writer WHERE writer > %s", [newest])}
    assert taken
    assert not taken & set(range(newest, newest + 60))
    sequenced()
    named = {one.where.partition(":")[0] for one in verify.verify() if one.code == "ledger.entries_missing"}
    assert named == {f"writer {newest + ahead}" for ahead in range(1, 60)}
    [(lease,)] = look.execute("SELECT pg_get_functiondef('ledger_lease'::regproc)").fetchall()
    look.execute(lease.replace("WHILE EXISTS", "WHILE false AND EXISTS").replace("OR EXISTS", "OR false AND EXISTS"))
    assert isinstance(_beside(20), LedgerUnavailable)


def _beside(sessions: int = 1) -> Exception | None:
    """What comes of it when other sessions enter something at once with this one, which keeps its counter."""
    ended: list[Exception] = []

    def one(more: int) -> None:
        try:
            enter()
            if more and (found := _beside(more)):
                ended.append(found)
        except LedgerUnavailable as exc:
            ended.append(exc)
        finally:
            connection.close()

    thread = threading.Thread(target=one, args=[sessions - 1])
    thread.start()
    thread.join()
    return ended[0] if ended else None
