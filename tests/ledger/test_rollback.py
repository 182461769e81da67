"""Cutting, putting back, rebuilding and forking the log: each attack has its own verdict (assurance, row 7)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection

from delivered import deliver, rows_of
from suyuan.installation import Installation, current
from suyuan.ledger import actions, keys, sequencer, verify, witness
from suyuan.ledger.acts import Act
from suyuan.ledger.checkpoint import Checkpoint, sign
from suyuan.ledger.errors import LedgerBehindWitness
from suyuan.ledger.merkle import Frontier
from suyuan.ledger.tiles import grow
from world import World

Superuser = Callable[[], psycopg.Connection[Any]]
TABLES = ("ledger_leaf", "ledger_tile", "ledger_checkpoint", "ledger_sequenced", "ledger_entry", "ledger_writer")


def sequence() -> None:
    """Give every waiting entry its place."""
    with psycopg.connect(current().database("sequencer"), autocommit=True) as connection:
        sequencer.run_once(connection)


@pytest.fixture
def attacker(fresh_world: World, superuser: Superuser, installation: Installation) -> Iterator[psycopg.Connection[Any]]:
    """A superuser who has lifted every trigger of the ledger, on a log of two rounds with reviews in it."""
    for number in range(2):
        rows = [row | {"notice_no": f"R{number}-{n}"} for n, row in enumerate(rows_of("violation", 3))]
        deliver(fresh_world.collector, "violation", rows)
        sequence()
    assert codes() == set()
    connection = superuser()
    for table in TABLES:
        connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    yield connection


def codes() -> set[str]:
    """The verdicts of a full check."""
    return {fault.code for fault in verify.verify()}


def size(connection: psycopg.Connection[Any]) -> int:
    """How long the tree is."""
    row = connection.execute("SELECT max(size) FROM ledger_checkpoint").fetchone()
    assert row is not None
    return int(row[0])


def cut(connection: psycopg.Connection[Any], keep: int) -> None:
    """Cut the tree back to `keep` leaves, and the entries that stood behind them."""
    connection.execute(
        "DELETE FROM ledger_entry e USING ledger_leaf l WHERE l.index >= %s AND e.writer = l.writer AND e.n = l.n",
        [keep],
    )
    connection.execute("DELETE FROM ledger_leaf WHERE index >= %s", [keep])
    connection.execute("DELETE FROM ledger_checkpoint WHERE size > %s", [keep])


def reset_counters(connection: psycopg.Connection[Any]) -> None:
    """Let every counter fit what is left, as a careful attacker does."""
    connection.execute(
        """UPDATE ledger_writer w SET n = coalesce((SELECT max(n) FROM ledger_entry e WHERE e.writer = w.writer), 0)"""
    )
    connection.execute("DELETE FROM ledger_sequenced")
    connection.execute("INSERT INTO ledger_sequenced SELECT writer, max(n) FROM ledger_leaf GROUP BY 1")


def rebuild(connection: psycopg.Connection[Any], source: keys.KeySource) -> None:
    """Make tiles and one checkpoint anew over the leaves that are there, signed with `source`."""
    from suyuan.formats import leaf_hash
    from suyuan.ledger.entries import encode

    rows = connection.execute(
        """SELECT e.writer, e.n, e.at, e.act, e.person, e.ground, e.agency, e.record, e.rev, e.batch, e.digest, e.shown,
                  e.detail, e.mac
           FROM ledger_leaf l JOIN ledger_entry e USING (writer, n) ORDER BY l.index"""
    ).fetchall()
    leaves = [leaf_hash(encode(entry), mac) for entry, mac in map(sequencer.entry_of, rows)]
    connection.execute("DELETE FROM ledger_tile")
    connection.execute("DELETE FROM ledger_checkpoint")
    tiles: dict[tuple[int, int], bytes] = {}
    for level, index, hashes in grow(lambda lv, ix: tiles.get((lv, ix), b""), 0, leaves):
        tiles[level, index] = hashes
        connection.execute("INSERT INTO ledger_tile VALUES (%s, %s, %s)", [level, index, hashes])
    tree = Frontier()
    tree.extend(leaves)
    note = sign(Checkpoint(tree.size, tree.root()), source)
    connection.execute("INSERT INTO ledger_checkpoint VALUES (%s, %s, now(), %s)", [tree.size, tree.root(), note])


def renumber(connection: psycopg.Connection[Any]) -> None:
    """Close the holes that deleted leaves left."""
    connection.execute(
        """UPDATE ledger_leaf l SET index = -1 - n.place FROM (
               SELECT index, row_number() OVER (ORDER BY index) - 1 AS place FROM ledger_leaf) n WHERE n.index = l.index"""
    )
    connection.execute("UPDATE ledger_leaf SET index = -1 - index")


class Stolen:
    """Another signing key, and the true MAC key: an attacker who could make entries but not sign."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()

    def mac_key(self) -> bytes:
        """See `KeySource`."""
        return keys.source().mac_key()

    def sign(self, message: bytes) -> bytes:
        """See `KeySource`."""
        return self._key.sign(message)

    def signers(self) -> list[keys.Signer]:
        """See `KeySource`."""
        return [keys.Signer(self._key.public_key().public_bytes_raw(), 0)]


@pytest.mark.clause("5.3.1")
@pytest.mark.parametrize("tail", ["one", "ten", "all"])
def test_a_cut_tail_is_noticed(attacker: psycopg.Connection[Any], tail: str) -> None:
    """Of one entry, ten or all: the count of what had its place tells, and so does the witness."""
    whole = size(attacker)
    cut(attacker, {"one": whole - 1, "ten": max(whole - 10, 0), "all": 0}[tail])
    assert codes() >= {"ledger.tail_cut", "ledger.entries_missing", "ledger.behind_witness"}


def test_a_careful_cut_is_noticed_by_the_witness(attacker: psycopg.Connection[Any]) -> None:
    """With every counter set back it looks like yesterday's log, which is shorter than what was witnessed."""
    cut(attacker, size(attacker) - 5)
    reset_counters(attacker)
    rebuild(attacker, keys.source())
    found = codes()
    assert "ledger.behind_witness" in found
    assert not found & {"ledger.tail_cut", "ledger.entries_missing", "ledger.sequence_gap"}


@pytest.mark.control("C18")
def test_cut_and_appended_again_to_the_same_length_is_a_fork(attacker: psycopg.Connection[Any]) -> None:
    """The length is right, the root is not the one that was witnessed."""
    whole = size(attacker)
    cut(attacker, whole - 3)
    reset_counters(attacker)
    rebuild(attacker, keys.source())
    connection.close()  # a process that had seen the longer log would refuse to write after it
    for _ in range(3):
        actions.append(actions.SYSTEM, Act.sign_in)
    _sequence_apart()
    assert size(attacker) >= whole
    assert "ledger.fork" in codes()


def _sequence_apart() -> None:
    """Sequence without telling the witness: the attacker's server does not."""
    kept = witness.keep
    witness.keep = lambda size, note: None
    try:
        sequence()
    finally:
        witness.keep = kept


def test_a_tree_rebuilt_by_the_superuser_is_noticed(attacker: psycopg.Connection[Any]) -> None:
    """Two entries taken out of the middle and everything made anew: with another key it shows at once, with ours too."""
    attacker.execute(
        "DELETE FROM ledger_entry e USING ledger_leaf l WHERE l.index IN (2, 3) AND e.writer = l.writer AND e.n = l.n"
    )
    attacker.execute("DELETE FROM ledger_leaf WHERE index IN (2, 3)")
    renumber(attacker)
    reset_counters(attacker)
    rebuild(attacker, Stolen())
    assert "ledger.other_key" in codes()
    rebuild(attacker, keys.source())
    assert codes() >= {"ledger.behind_witness", "ledger.sequence_gap"}


def test_without_a_witness_a_rebuilt_tree_would_pass(
    attacker: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: a whole tail taken out and all rebuilt with the true key is seen by witnesses alone."""
    cut(attacker, size(attacker) - 4)
    reset_counters(attacker)
    rebuild(attacker, keys.source())
    assert "ledger.behind_witness" in codes()
    monkeypatch.setattr(verify, "_witnesses", lambda *_: ())
    assert not {code for code in codes() if code.startswith("ledger.")}


def test_entries_deleted_before_they_were_sequenced_are_missed(attacker: psycopg.Connection[Any]) -> None:
    """The writer's counter says that they were committed; the sequencer stops rather than pass over them."""
    actions.append(actions.SYSTEM, Act.sign_in)
    attacker.execute(
        "DELETE FROM ledger_entry e WHERE NOT EXISTS (SELECT FROM ledger_leaf l WHERE l.writer = e.writer AND l.n = e.n)"
    )
    assert "ledger.entries_missing" in codes()
    with pytest.raises(sequencer.LedgerGap):
        sequence()


def test_a_gap_in_a_writers_numbers_is_named(attacker: psycopg.Connection[Any]) -> None:
    """One entry out of the middle."""
    attacker.execute(
        "DELETE FROM ledger_entry WHERE (writer, n) = (SELECT writer, min(n) FROM ledger_entry GROUP BY 1 ORDER BY count(*) DESC LIMIT 1)"
    )
    assert codes() >= {"ledger.sequence_gap", "ledger.entry_missing"}


def test_records_without_their_log_and_a_log_without_its_records(attacker: psycopg.Connection[Any]) -> None:
    """The one put back without the other, both ways."""
    attacker.execute("ALTER TABLE records_revision DISABLE TRIGGER USER")
    attacker.execute("CREATE TABLE kept AS SELECT * FROM records_revision")
    attacker.execute("DELETE FROM records_revision")
    assert "record.missing" in codes()
    attacker.execute("INSERT INTO records_revision SELECT * FROM kept")
    assert codes() == set()
    cut(attacker, 0)
    assert "record.not_in_ledger" in codes()


def test_another_signing_key_is_named(attacker: psycopg.Connection[Any]) -> None:
    """An old or wrong key is told apart from a damaged signature."""
    point = attacker.execute("SELECT size, root FROM ledger_checkpoint ORDER BY size LIMIT 1").fetchone()
    assert point is not None
    note = sign(Checkpoint(point[0], bytes(point[1])), Stolen())
    attacker.execute("UPDATE ledger_checkpoint SET note = %s WHERE size = %s", [note, point[0]])
    assert codes() == {"ledger.other_key"}
    attacker.execute(
        "UPDATE ledger_checkpoint SET note = overlay(note placing 'A' from length(note) - 8) WHERE size = %s",
        [point[0]],
    )
    assert codes() <= {"ledger.checkpoint_altered", "ledger.other_key"}
    assert codes()


def test_a_lost_witness_is_named(attacker: psycopg.Connection[Any]) -> None:
    """No file, nothing to compare with; that is said, not passed over."""
    for path in current().witness.glob("[!.]*"):
        path.unlink()
    assert codes() == {"ledger.witness_lost"}


@pytest.mark.control("C18")
def test_yesterdays_database_is_refused_at_the_start(
    fresh_world: World,
    superuser: Superuser,
    installation: Installation,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever was put back, the start compares with the witnesses first; an auditor can accept a restore that is known."""
    outside = tmp_path / "stick"
    outside.mkdir()
    monkeypatch.setenv("SUYUAN_WITNESSES", f"folder:{outside}")
    deliver(fresh_world.collector, "violation", rows_of("violation", 1))
    sequence()
    connection = superuser()
    yesterday = {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES}
    actions.append(actions.SYSTEM, Act.sign_in)
    sequence()
    witness.Courier(_never(), every=0).deliver()
    assert witness.compare() == []
    for table in TABLES:
        connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        connection.execute(f"DELETE FROM {table}")
    for table, rows in yesterday.items():
        overriding = "OVERRIDING SYSTEM VALUE" if table == "ledger_writer" else ""
        for row in rows:
            marks = ", ".join(["%s"] * len(row))
            connection.execute(f"INSERT INTO {table} {overriding} VALUES ({marks})", [_stored(value) for value in row])
    with pytest.raises(LedgerBehindWitness) as refused:
        witness.compare()
    assert refused.value.code == "ledger.behind"
    (current().witness / "latest").unlink()  # the attacker reaches the installation's own folder, but not the stick
    with pytest.raises(LedgerBehindWitness):
        witness.compare()
    assert len(witness.accept("按令〔2026〕1号恢复")) == 1
    assert witness.compare() == []


def _stored(value: Any) -> Any:
    from psycopg.types.json import Jsonb

    return Jsonb(value) if isinstance(value, dict) else value


def _never() -> Any:
    import threading

    return threading.Event()


def test_clean_logs_raise_no_alarm(fresh_world: World) -> None:
    """Negative control: round after round of honest work, nothing is found."""
    for number in range(5):
        deliver(
            fresh_world.collector,
            "violation",
            [rows_of("violation", 1)[0] | {"notice_no": f"C-{number}-{time.time_ns()}"}],
        )
        sequence()
        assert codes() == set()
        assert witness.compare() == []
