"""Two hosts with one database: what is renewed on one is used on the other, or it does nothing (assurance, row 11)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connections

import at_work
from delivered import deliver, rows_of
from suyuan.installation import Installation, current
from suyuan.ledger import alarm, keys, sequencer, verify, witness
from suyuan.ledger.errors import LedgerBehindWitness
from suyuan.records import queries, rotation
from suyuan.vault import actions, agent, custody, errors, generations, hosts
from suyuan.vault.custodians import Custody
from suyuan.vault.keyfile import KeyFile
from tickets import by_process
from two_hosts import HostFolder, two, until
from world import CITY, World, grant

Superuser = Callable[[], psycopg.Connection[Any]]


@pytest.fixture
def pair(
    installation: Installation, fresh_world: World, fresh_database: str, tmp_path: Path
) -> Iterator[tuple[HostFolder, HostFolder]]:
    """Two hosts of the province."""
    with two(installation, actions.key_path(installation), tmp_path, fresh_database) as found:
        yield found


@contextmanager
def on(host: HostFolder) -> Iterator[None]:
    """This process works on that host, with its folder and keys."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("suyuan.installation.model._current", host.here)
        actions.provider.cache_clear()
        yield
    actions.provider.cache_clear()
    connections.close_all()


def beat(*of: HostFolder) -> None:
    """Each of the hosts takes up and tells once, as its agent does every two seconds."""
    for one in of:
        with on(one):
            telling = hosts.Beat(one.here)
            telling.once()


def rotated(world: World) -> int:
    """A custodian renews the keys of level 1, where this process works."""
    with world.custodian.acting() as who:
        return rotation.begin(who, 1)


def sequence() -> None:
    """Give waiting entries their place, by the keys of where this process works."""
    with psycopg.connect(current().database("sequencer"), autocommit=True) as connection:
        sequencer.run_once(connection)


def clean() -> list[verify.Fault]:
    """What is wrong."""
    sequence()
    return list(verify.verify())


@pytest.mark.clause("5.2.1")
def test_a_writer_without_the_current_key_refuses(
    fresh_world: World, pair: tuple[HostFolder, HostFolder], superuser: Superuser
) -> None:
    """The second host was away when keys were renewed: it reads and writes nothing under them, and nothing is doubled."""
    one, other = pair
    sent = rows_of("violation", 20)
    with on(one):
        _, result, _ = deliver(fresh_world.collector, "violation", sent)
        made = rotated(fresh_world)
        assert rotation.run(1).nothing
    with on(other):
        with pytest.raises(errors.GenerationMissing) as refused:
            deliver(fresh_world.collector, "violation", sent)
        assert refused.value.key_id == made
        assert "hand-over" in refused.value.mend_en
        with fresh_world.collector.acting() as who, pytest.raises(errors.GenerationMissing):
            queries.open_record(who, result.records[1])
        with fresh_world.collector.acting() as who, pytest.raises(errors.GenerationMissing):
            queries.search(who, type="violation", text=sent[0]["address"])
    with on(one):
        assert deliver(fresh_world.collector, "violation", sent)[2].state == "empty"
        assert clean() == []
    counted = superuser().execute("SELECT count(*), count(DISTINCT key_id), min(key_id) FROM records_record").fetchone()
    assert counted == (20, 1, made)


@pytest.mark.clause("5.2.1")
def test_a_running_host_is_waited_for_and_follows_by_itself(
    fresh_world: World, pair: tuple[HostFolder, HostFolder], superuser: Superuser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key becomes current when the other has taken it up; the old one is retired; the other finds all again."""
    one, other = pair
    monkeypatch.setattr(rotation, "_PATIENCE", 0.3)
    sent = rows_of("violation", 5)
    beat(one, other)
    superuser().execute("UPDATE vault_host SET seen = now() + interval '1 hour'")  # however slow this machine is
    with on(one):
        deliver(fresh_world.collector, "violation", sent)
        made = rotated(fresh_world)
        assert generations.waiting(1) is not None
        with pytest.raises(errors.HostsBehind, match=str(other.here.data)):
            rotation.run(1)
        assert by_process(rotation.under_keys) == {1: 5}
    beat(other)
    with on(one):
        assert rotation.run(1).nothing
        assert by_process(rotation.under_keys) == {made: 5}
    with on(other):
        assert deliver(fresh_world.collector, "violation", sent)[2].state == "empty"
        newer = [row | {"notice_no": "N-9"} for row in rows_of("violation", 1)]
        _, result, _ = deliver(fresh_world.collector, "violation", newer)
        assert clean() == []
    with on(one), fresh_world.collector.acting() as who:
        assert queries.open_record(who, result.records[1]).content
        hosts.announce_here()
    with psycopg.connect(one.here.database("app")) as look:
        assert look.execute("SELECT count(*) FROM vault_parcel").fetchone() == (0,)


def test_a_silent_host_is_not_waited_for_and_is_struck_off_by_name(
    fresh_world: World, pair: tuple[HostFolder, HostFolder], superuser: Superuser
) -> None:
    """What waits for it stays until a custodian strikes it off; a running host cannot be struck off."""
    one, other = pair
    beat(one, other)
    silent = hosts.here_id(other.here)
    superuser().execute("UPDATE vault_host SET seen = now() + interval '1 hour'")
    with on(one):
        with fresh_world.custodian.acting() as who, pytest.raises(errors.HostLive):
            custody.strike(who, silent)
        superuser().execute("UPDATE vault_host SET seen = now() - interval '1 minute' WHERE host = %s", [silent])
        deliver(fresh_world.collector, "violation", rows_of("violation", 2))
        made = rotated(fresh_world)
        assert rotation.run(1).nothing
        assert [one.live for one in hosts.known() if one.host == silent] == [False]
        kept = "SELECT count(*) FROM vault_parcel"
        assert superuser().execute(kept).fetchone() == (1,)
        with fresh_world.custodian.acting() as who:
            custody.strike(who, silent)
        assert superuser().execute(kept).fetchone() == (0,)
        entered = superuser().execute("SELECT count(*) FROM ledger_entry WHERE detail->>'did' = 'strike_host'")
        assert entered.fetchone() == (1,)
        assert clean() == []
    with on(other), pytest.raises(errors.GenerationMissing):
        actions.provider().current_key(1)
    assert made > 2


@pytest.mark.clause("5.2.1")
def test_keys_are_carried_over_in_a_file(
    fresh_world: World, pair: tuple[HostFolder, HostFolder], tmp_path: Path
) -> None:
    """Hand-over and receive by command: entered, sealed, refused when changed or of another installation."""
    one, other = pair
    with on(one):
        _, result, _ = deliver(fresh_world.collector, "violation", rows_of("violation", 1))
        rotated(fresh_world)
        assert rotation.run(1).nothing
        with fresh_world.custodian.acting() as who:
            custody.renew_signing(who)
    file = tmp_path / "carried"
    code, said = one.run("vault", "hand-over", str(file), "--as", "custodian")
    assert code == 0, said
    assert file.stat().st_mode & 0o777 == 0o600
    parts = json.loads(file.read_text())
    wrong = tmp_path / "wrong"
    whole = json.loads(parts["keys"])
    for text in ("{}", "no", json.dumps({"keys": json.dumps(whole | {"keys": whole["salt"]})})):
        wrong.write_text(text)
        code, said = other.run("vault", "receive", str(wrong))
        assert (code, "nothing was done" in said) == (2, True), said
    code, said = other.run("vault", "receive", str(file))
    assert code == 0, said
    assert "signing 2" in said
    with on(other):
        with fresh_world.collector.acting() as who:
            assert queries.open_record(who, result.records[1]).content
        assert clean() == []
    code, said = other.run("vault", "hosts", "list", "--json")
    assert (code, json.loads(said)) == (0, [])


@pytest.mark.clause("5.3.1")
def test_the_sequencer_that_takes_over_signs_by_the_newest_key_only(
    fresh_world: World, pair: tuple[HostFolder, HostFolder]
) -> None:
    """Renewed on one host, taken over on the other: it refuses and raises an alarm, then signs once it has the key."""
    one, other = pair
    with on(one):
        deliver(fresh_world.collector, "violation", rows_of("violation", 1))
        sequence()
        with fresh_world.custodian.acting() as who:
            custody.renew_signing(who)
    with on(other):
        with pytest.raises(errors.SigningKeyMissing):
            sequence()
        started = other.start("worker")
        assert _comes(lambda: any(one.kind == "signing_away" for one in alarm.latest()))
        assert started.poll() is None
    with on(one):
        assert [fault.code for fault in verify.verify()] == []
        carried = hosts.carried(one.here)
        # While the other has no key it leaves the place of the sequencer to whoever has it.
        taken = one.start("worker")
        size = _size(one)
        deliver(fresh_world.collector, "violation", [rows_of("violation", 1)[0] | {"notice_no": "N-1"}])
        assert _comes(lambda: _size(one) > size)
        taken.terminate()
        taken.wait(30)
    with on(other):
        hosts.receive(other.here, carried)
        size = _size(other)
        deliver(fresh_world.collector, "violation", [rows_of("violation", 1)[0] | {"notice_no": "N-2"}])
        assert _comes(lambda: _size(other) > size)
        other.stop()
        assert len(keys.source().signers()) == 2
        assert clean() == []


@pytest.mark.clause("5.3.1")
def test_a_host_that_waits_for_its_turn_is_a_witness_too(
    fresh_world: World, pair: tuple[HostFolder, HostFolder], superuser: Superuser
) -> None:
    """It keeps the checkpoints that the other makes, and not those of a log that was put back meanwhile."""
    one, other = pair

    def follow() -> int:
        with on(other), psycopg.connect(other.here.database("sequencer"), autocommit=True) as look:
            witness.follow(look)
            return int((other.here.witness / "latest").read_text().split("\n")[1])

    with on(one):
        sequence()
    size = _size(one)
    assert follow() == size
    with on(one):
        deliver(fresh_world.collector, "violation", rows_of("violation", 1))
        sequence()
    longer = _size(one)
    assert follow() == longer > size
    attacker = superuser()
    attacker.execute("SET session_replication_role = replica")
    attacker.execute("DELETE FROM ledger_checkpoint WHERE size = %s", [longer])
    assert follow() == longer
    with on(other), pytest.raises(LedgerBehindWitness):
        witness.compare()


@pytest.mark.clause("5.2.1", "5.3.1")
@pytest.mark.control("C27")
def test_nothing_is_doubled_while_keys_are_renewed_and_processes_are_killed(
    fresh_world: World, pair: tuple[HostFolder, HostFolder], superuser: Superuser, tmp_path: Path
) -> None:
    """Four clients on two hosts, keys of data and of signing renewed on one, the sequencer's place taken by the other,
    renewal, sequencer and agent killed: each row once, none under a retired key, and both hosts find the log whole."""
    one, other = pair
    ask = superuser()
    limits = ask.execute("SELECT most, kind FROM access_limit").fetchall()
    ask.execute("UPDATE access_limit SET most = 1000000 WHERE stretch <> 'standing'")  # nobody works as fast
    agents = [host.start("agent") for host in pair]
    first = one.start("worker")
    until(lambda: _sequencer(ask) == first.pid)
    second = other.start("worker")
    until(lambda: _counted(ask, "FROM vault_host h WHERE vault_live(h)") == 2)
    clients = [host.python(at_work.__file__, "enter", str(_told(tmp_path, host))) for host in pair]
    until(lambda: _counted(ask, "FROM records_record") > 2)

    _killed(one.python(at_work.__file__, "renew"), lambda: _counted(ask, "FROM vault_generation") > 2)
    size = _size(one)
    _killed(first, lambda: True)
    until(lambda: _sequencer(ask) == second.pid and _size(one) > size)
    with on(one), fresh_world.custodian.acting() as who:
        custody.renew_signing(who)
    _killed(agents[1], lambda: True)
    other.start("agent")
    moving = "FROM vault_generation WHERE state IN ('retiring', 'retired')"
    _killed(one.python(at_work.__file__, "renew"), lambda: _counted(ask, moving) > 0)
    with on(one):
        until(_renewed, 120)

    for host in pair:
        _told(tmp_path, host).with_suffix(".stop").touch()
    assert [client.wait(60) for client in clients] == [0, 0]
    told = [json.loads(_told(tmp_path, host).read_text()) for host in pair]
    taken = [row for each in told for row in each["taken"]]
    assert sorted(taken) == sorted(set(taken))
    assert [each["wrong"] for each in told] == [[], []]
    assert _counted(ask, "FROM records_record") == len(taken) > 2
    assert _counted(ask, RETIRED) == 0
    assert _counted(ask, "FROM vault_signing") == 2
    for host in pair:
        host.stop()
    ask.cursor().executemany("UPDATE access_limit SET most = %s WHERE kind = %s", limits)
    for host in pair:
        with on(host):
            assert clean() == []
    ask.execute("SET session_replication_role = replica")  # the control: one that is where it must not be is counted
    ask.execute("""UPDATE records_record SET key_id = (SELECT min(key_id) FROM vault_generation WHERE state = 'retired')
                   WHERE record_id IN (SELECT record_id FROM records_record LIMIT 1)""")
    assert _counted(ask, RETIRED) == 1
    with on(one):
        assert {fault.code for fault in clean()} != set()


def _renewed() -> bool:
    """Whether the renewal that was killed is over, after going on with it here."""
    with suppress(errors.HostsBehind):  # the other has just begun anew
        return rotation.run(1).nothing
    return False


def _told(folder: Path, host: HostFolder) -> Path:
    """Where the clients of a host say in the end what they did."""
    return folder / f"{host.here.data.name}.json"


RETIRED = "FROM records_record JOIN vault_generation g USING (key_id) WHERE g.state <> 'current'"


def _killed(process: subprocess.Popen[bytes], once: Callable[[], bool]) -> None:
    """Kill a process, as a machine that fails would, as soon as it has come so far."""
    until(lambda: once() or process.poll() is not None)
    process.kill()
    process.wait()


def _sequencer(ask: psycopg.Connection[Any]) -> int | None:
    """The number of the process that has the sequencer's place."""
    row = ask.execute(
        """SELECT split_part(application_name, ' ', 3) FROM pg_locks JOIN pg_stat_activity USING (pid)
           WHERE locktype = 'advisory' AND granted AND application_name LIKE 'suyuan sequencer %%'
             AND objid = %s AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())""",
        [sequencer._LOCK],
    ).fetchone()
    return int(row[0]) if row else None


def _counted(ask: psycopg.Connection[Any], of: str) -> int:
    row = ask.execute(f"SELECT count(*) {of}").fetchone()  # type: ignore[arg-type]
    return int(row[0]) if row else 0


def _size(host: HostFolder) -> int:
    with psycopg.connect(host.here.database("sequencer")) as look:
        row = look.execute("SELECT max(size) FROM ledger_checkpoint").fetchone()
    return int(row[0] or 0) if row else 0


def _comes(true: Callable[[], bool]) -> bool:
    return bool(until(true))


@pytest.mark.clause("5.2.1")
def test_level_two_opens_host_by_host_and_says_where(fresh_world: World, pair: tuple[HostFolder, HostFolder]) -> None:
    """Appointed on one, the file of custodians comes to the other; each opens for itself; a renewal goes to both."""
    one, other = pair
    grant(fresh_world, fresh_world.analyst.person, "storage_custodian", CITY)
    beat(one, other)
    with agent.serving(one.here.data), agent.serving(other.here.data):
        with on(one), fresh_world.custodian.acting() as who:
            shares = [share for _, share in custody.appoint(who, 2, ["custodian", "analyst"])]
        beat(one, other)
        with on(other):
            with fresh_world.custodian.acting() as who, pytest.raises(errors.AlreadyAppointed):
                custody.appoint(who, 2, ["custodian", "analyst"])
            for share in shares:
                with fresh_world.custodian.acting() as who:
                    assert custody.present(who, share).refused is None
        beat(one, other)
        with on(one):
            assert {host.name.rpartition("/")[2]: host.level2 for host in hosts.known()} == {
                "one": "sealed",
                "two": "open",
            }
            for share in shares:
                with fresh_world.custodian.acting() as who:
                    custody.present(who, share)
            with fresh_world.custodian.acting() as who:
                made = rotation.begin(who, 2)
        beat(one, other)
        with on(one):
            assert rotation.run(2).nothing
        with on(other):
            assert actions.provider().current_key(2) == made
            [wrapped] = actions.provider().wrap(made, [(b"place", b"key")])
        with on(one):
            assert actions.provider().unwrap(made, [(b"place", wrapped)]) == [b"key"]


def test_serve_and_worker_alone_have_one_agent(fresh_world: World, pair: tuple[HostFolder, HostFolder]) -> None:
    """Beside a worker level 2 can be opened; a second agent waits and takes over; `suyuan agent` twice is refused."""
    one, _ = pair
    client = agent.Client(one.here.data)
    Custody(client.path).appoint(2, [1, 2], "aes-256-gcm")
    with on(one):
        generations.custodians_changed(*_first(client))
    worker = one.start("worker")
    _comes(lambda: _answers(client))
    code, said = one.run("agent")
    assert (code, "running already" in said) == (2, True)
    waiting = one.start("agent", "--wait")
    worker.terminate()
    worker.wait(30)
    _comes(lambda: _answers(client))
    waiting.terminate()
    waiting.wait(30)
    assert not _answers(client)


def _first(client: agent.Client) -> list[Any]:
    from suyuan.vault import custodians

    return custodians.generations(custodians.read(client.path))


def _answers(client: agent.Client) -> bool:
    try:
        client.seal()
    except errors.NoAgent:
        return False
    return True


@pytest.mark.clause("5.2.1")
def test_the_database_takes_no_record_under_a_key_that_is_not_current(
    fresh_world: World, own_keys: None, installation: Installation, superuser: Superuser
) -> None:
    """By constraint: neither new nor moved, for the owner too; and no key is retired while a record lies under it."""
    _, result, _ = deliver(fresh_world.collector, "violation", rows_of("violation", 2))
    made = rotated(fresh_world)
    with (
        psycopg.connect(installation.database("owner"), autocommit=True) as owner,
        pytest.raises(psycopg.errors.CheckViolation, match="records_key_in_use"),
    ):
        owner.execute("UPDATE vault_generation SET state = 'retired' WHERE key_id = 1")
    assert rotation.run(1).nothing
    copied = """INSERT INTO records_record (record_id, type, agency, level, state, latest_rev, key_id, wrapped_key, at)
                SELECT gen_random_uuid(), type, agency, level, state, latest_rev, %s, wrapped_key, at FROM records_record"""
    attacker = superuser()
    for key in (1, 2, 99):
        with pytest.raises(psycopg.errors.CheckViolation, match="records_under_current_key"):
            attacker.execute(copied, [key])
        with pytest.raises(psycopg.errors.CheckViolation, match="records_under_current_key"):
            attacker.execute("UPDATE records_record SET key_id = %s WHERE record_id = %s", [key, result.records[1]])
    attacker.execute(copied, [made])
    attacker.execute("ALTER TABLE records_record DISABLE TRIGGER USER")
    attacker.execute(copied, [1])


def test_a_key_that_a_broken_step_left_here_gives_way_to_the_one_of_the_others(
    fresh_world: World, pair: tuple[HostFolder, HostFolder]
) -> None:
    """A host died while it made key 3; another made its own key 3: the first takes that up and is not locked out."""
    one, other = pair
    with on(other):
        coming = generations.ring.announced(
            actions.provider().ring(), 1, actions.provider().next_number(), "aes-256-gcm", "file"
        )
        actions.provider().file.hold(coming)
    beat(one, other)
    with on(one):
        _, result, _ = deliver(fresh_world.collector, "violation", rows_of("violation", 1))
        assert rotated(fresh_world) == coming.id
    with on(other):
        assert not actions.provider().holds(coming.id)
    beat(other)
    with on(one):
        assert rotation.run(1).nothing
    with on(other), fresh_world.collector.acting() as who:
        assert queries.open_record(who, result.records[1]).content
        mine, theirs = (KeyFile(host.keys, host.here.passphrase).secrets() for host in pair)
        assert mine == theirs


def test_a_signing_key_without_a_hand_over_is_refused(fresh_world: World) -> None:
    """The book vouches for no signing key: one slipped into the table without a hand-over is refused."""
    with pytest.MonkeyPatch.context() as patch:
        found = actions.provider().book.signing()
        forged = found[0]._replace(number=2, public=b"\1" * 32, signature=b"\0" * 64)
        patch.setattr(type(actions.provider().book), "signing", lambda _: [*found, forged])
        with pytest.raises(errors.ContentDamaged, match="signing key 2"):
            actions.provider().signing()
