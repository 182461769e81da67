"""Level 2 opens when enough custodians present their shares, in every process, and closes at once."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivered import checked, deliver, rows_of
from suyuan.access.errors import NotAllowed
from suyuan.installation import Installation
from suyuan.records import queries
from suyuan.vault import agent, custody, errors
from suyuan.vault.custodians import MOST_WRONG, Custody, Share, read
from world import CITY, World, grant, signed_in, sole_agent

READER = """
import sys, uuid, django
django.setup()
from suyuan.access import proof
from suyuan.access.acting import acting
from suyuan.records import queries
from suyuan.errors import SuyuanError
for line in sys.stdin:
    person, ground, record = line.split()
    try:
        with proof.by_command(int(person)), acting(int(person), int(ground)) as who:
            print(len(queries.open_record(who, uuid.UUID(record)).content) > 0, flush=True)
    except SuyuanError as error:
        print(error.code, flush=True)
"""
HOLDERS = ["custodian", "analyst", "trainer"]


@pytest.fixture
def held(installation: Installation, fresh_world: World) -> Iterator[tuple[World, list[str]]]:
    """The province with an agent running, and three custodians of whom two are needed; gives their shares."""
    for name in HOLDERS[1:]:
        grant(fresh_world, fresh_world.people[name].person, "storage_custodian", CITY)
    with psycopg.connect(installation.database("owner"), autocommit=True) as owner:
        owner.execute("UPDATE access_duty SET clearance = 2 WHERE duty = %s", [fresh_world.collector.duty])
    with sole_agent(installation):
        with fresh_world.custodian.acting() as who:
            made = custody.appoint(who, 2, HOLDERS)
        yield fresh_world, [share for _, share in made]


def open_level(world: World, shares: list[str]) -> None:
    """Present shares as their custodian would."""
    for share in shares:
        with world.custodian.acting() as who:
            assert custody.present(who, share).refused is None


def measure(world: World) -> UUID:
    """A control measure, which is of level 2, delivered by the collector."""
    _, result, _ = deliver(world.collector, "control_measure", rows_of("control_measure", 1))
    [record] = result.records.values()
    return record


@pytest.mark.clause("5.2.1")
@given(st.integers(2, 6).flatmap(lambda n: st.tuples(st.just(n), st.integers(2, n))))
def test_any_m_shares_open_and_no_fewer_do(tmp_path_factory: pytest.TempPathFactory, sizes: tuple[int, int]) -> None:
    """Every subset of M shares opens; every smaller one leaves the level sealed."""
    count, needed = sizes
    path = tmp_path_factory.mktemp("set") / "level2.sealed"
    shares = Custody(path).appoint(needed, range(1, count + 1), "aes-256-gcm")
    for size in (needed - 1, needed):
        for some in itertools.combinations(shares, size):
            fresh = Custody(path)
            for share in some:
                fresh.present(share)
            assert fresh.status().open is (size == needed)
            if size < needed:
                with pytest.raises(errors.VaultSealed):
                    fresh.wrap(2, [(b"place", b"key")])


def test_fewer_shares_do_not_combine_by_going_round_the_count(tmp_path: Path) -> None:
    """The count is not the lock: with the threshold in the file lowered, M-1 shares still open nothing.

    The same attack with enough shares and an unchanged file opens, so it is the shares that are missing.
    """
    path = tmp_path / "level2.sealed"
    shares = Custody(path).appoint(3, [1, 2, 3, 4], "aes-256-gcm")
    honest = path.read_text()
    path.write_text(json.dumps(read(path) | {"threshold": 2}))
    lowered = Custody(path)
    lowered.present(shares[0])
    with pytest.raises(errors.ContentDamaged):
        lowered.present(shares[1])
    assert not lowered.status().open
    path.write_text(honest)
    control = Custody(path)
    for share in shares[:3]:
        control.present(share)
    assert control.status().open


@pytest.mark.clause("5.2.1")
def test_each_refused_share_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    """Mistyped, of another installation, of an older set, repeated: four different answers; then a pause."""
    path = tmp_path / "level2.sealed"
    keeper = Custody(path)
    old = keeper.appoint(2, [1, 2, 3], "aes-256-gcm")
    new = keeper.replace(old[:2], 2, [1, 2, 4])
    other = Custody(tmp_path / "other").appoint(2, [1, 2], "aes-256-gcm")
    forged = Share(Share.read(new[0]).set_id, 1, bytes(16)).text()
    keeper.present(new[0].lower().replace("-", " "))
    with pytest.raises(errors.ShareRepeated):
        keeper.present(new[0])
    wrong = [(new[1][:-1] + ("A" if new[1][-1] != "A" else "B"), errors.ShareMistyped), (other[0], errors.ShareWrong)]
    wrong += [(forged, errors.ShareWrong), (old[2], errors.ShareRetired), ("", errors.ShareMistyped)]
    assert len(wrong) == MOST_WRONG
    for text, error in wrong:
        with pytest.raises(error):
            keeper.present(text)
    with pytest.raises(errors.TooManyWrong):
        keeper.present(new[1])
    assert not keeper.status().open


def test_replacing_takes_enough_shares_and_keeps_what_is_encrypted(tmp_path: Path) -> None:
    """One share does not make a new set; two do, and what was wrapped before unwraps after."""
    path = tmp_path / "level2.sealed"
    keeper = Custody(path)
    old = keeper.appoint(2, [1, 2, 3], "aes-256-gcm")
    for share in old[:2]:
        keeper.present(share)
    wrapped = keeper.wrap(2, [(b"place", b"key")])
    keeper.seal()
    with pytest.raises(errors.SharesMissing):
        keeper.replace([old[0], old[0]], 2, [1, 2, 4])
    for share in keeper.replace(old[1:], 2, [1, 2, 4])[1:]:
        keeper.present(share)
    assert keeper.unwrap(2, wrapped and [(b"place", wrapped[0])]) == [b"key"]


@pytest.fixture
def readers(installation: Installation) -> Iterator[Callable[[World, UUID], list[str]]]:
    """Two processes that serve, as web workers do; asks both for a record."""
    started = [
        subprocess.Popen([sys.executable, "-c", READER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]

    def ask(world: World, record: UUID) -> list[str]:
        said = []
        for one in started:
            assert one.stdin
            assert one.stdout
            one.stdin.write(f"{world.collector.person} {world.collector.ground} {record}\n")
            one.stdin.flush()
            said.append(one.stdout.readline().strip())
        return said

    yield ask
    for one in started:
        one.kill()
        one.communicate()


@pytest.mark.clause("5.2.1")
@pytest.mark.control("C31")
def test_two_processes_see_the_opening_and_the_sealing(
    held: tuple[World, list[str]], readers: Callable[[World, UUID], list[str]], installation: Installation
) -> None:
    """Both read after two shares, neither after the sealing, and neither after the agent was started anew."""
    world, shares = held
    open_level(world, shares[:2])
    record = measure(world)
    assert readers(world, record) == ["True", "True"]
    with world.custodian.acting() as who:
        custody.seal(who)
    assert readers(world, record) == ["vault.sealed"] * 2
    open_level(world, shares[1:])
    assert readers(world, record) == ["True", "True"]
    with agent.serving(installation.data):
        assert readers(world, record) == ["vault.sealed"] * 2
        assert agent.Client(installation.data).status().presented == 0


@pytest.mark.clause("5.2.1")
@pytest.mark.control("C10")
def test_sealed_a_level_two_record_is_unreadable_everywhere_and_level_one_is_not(
    held: tuple[World, list[str]], installation: Installation
) -> None:
    """Page, list, search and entry refuse with the way to open it; violations go on as ever; nothing lies in plain text."""
    world, shares = held
    open_level(world, shares[:2])
    record = measure(world)
    _, violations, _ = deliver(world.collector, "violation", rows_of("violation", 1))
    page = signed_in("collector")
    at = page.session
    at["ground"] = world.collector.ground
    at.save()
    assert page.get(f"/record/{record}/").status_code == 200
    number = next(iter(checked("control_measure", rows_of("control_measure", 1)).rows["exact"][0].as_py()))
    with world.collector.acting() as who:
        assert [one.record_id for one in queries.search(who, exact=[number]).rows] == [record]
    with world.custodian.acting() as who:
        custody.seal(who)
    answer = page.get(f"/record/{record}/")
    assert answer.status_code >= 400
    assert "封闭" in answer.content.decode()
    with world.collector.acting() as who:
        assert queries.search(who, exact=[number]).rows == []
        assert queries.open_record(who, next(iter(violations.records.values()))).content
    with pytest.raises(errors.VaultSealed), world.collector.acting() as who:
        queries.search(who, type="control_measure")
    with pytest.raises(errors.VaultSealed):
        deliver(world.collector, "control_measure", rows_of("control_measure", 2))
    with psycopg.connect(installation.database("admin")) as raw:
        stored = raw.execute("SELECT string_agg(r::text, '') FROM records_revision r WHERE level = 2").fetchone()
    assert stored
    assert number.split("\x1f")[1] not in str(stored[0])


@pytest.mark.clause("5.2.1")
@pytest.mark.control("C14")
def test_everything_done_with_shares_is_in_the_ledger_and_no_share_is(
    held: tuple[World, list[str]], installation: Installation
) -> None:
    """Appointing, each presentation, the wrong one too, opening and sealing have their entries; others may do none of it."""
    world, shares = held
    with world.custodian.acting() as who:
        assert isinstance(custody.present(who, "AAAA").refused, errors.ShareMistyped)
    open_level(world, shares[:2])
    with world.custodian.acting() as who:
        custody.seal(who)
    with psycopg.connect(installation.database("admin")) as raw:
        entered = [row[0] for row in raw.execute("SELECT detail FROM ledger_entry WHERE act = 27 ORDER BY writer, n")]
    assert sorted(one["did"] for one in entered) == ["appoint", "present", "present", "present", "seal"]
    assert [one["why"] for one in entered if "why" in one] == ["vault.share_mistyped"]
    assert sum(one.get("open", False) for one in entered) == 1
    assert not any(share in json.dumps(entered) for share in shares)
    with pytest.raises(NotAllowed), world.collector.acting() as who:
        custody.seal(who)


def test_the_commands_open_and_seal(held: tuple[World, list[str]]) -> None:
    """`suyuan vault unseal` takes shares from a pipe, counts, and `seal` closes; no share is ever said."""
    _, shares = held

    def suyuan(*words: str, given: str = "") -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "suyuan", *words], input=given, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr

    code, said = suyuan("vault", "unseal", "--as", "custodian", "--json", given=shares[0] + "\n")
    assert (code, json.loads(said)["presented"]) == (1, 1)
    code, said = suyuan("vault", "unseal", "--as", "custodian", given=shares[2] + "\n")
    assert code == 0, said
    assert json.loads(suyuan("vault", "status", "--json")[1])["open"] is True
    assert suyuan("vault", "seal", "--as", "custodian")[0] == 0
    found = suyuan("vault", "status", "--json")[1]
    assert json.loads(found)["open"] is False
    assert not any(share in said + found for share in shares)


def test_the_socket_is_the_owners_alone(held: tuple[World, list[str]], installation: Installation) -> None:
    """Mode 0600; and no agent means sealed, said as such."""
    folder = agent.custodians_path(installation.data).parent
    assert (folder / "agent.sock").stat().st_mode & 0o777 == 0o600
    (folder / "agent.sock").unlink()
    with pytest.raises(errors.VaultSealed):
        agent.Client(installation.data).unwrap(2, [(b"", b"")])


@pytest.mark.clause("5.2.1")
def test_the_page_takes_shares_and_seals_for_custodians_only(held: tuple[World, list[str]]) -> None:
    """A share, a wrong one, the next, then the button; names of holders, no share; the collector has no such page."""
    _, shares = held
    page = signed_in("custodian")
    assert signed_in("collector").get("/vault/").status_code == 403

    def send(**values: str) -> str:
        said = page.post("/vault/", values, follow=True).content.decode()
        assert not any(share in said for share in shares)
        return said

    assert "已输入 1 份密钥分量" in send(act="present", share=shares[0])
    assert "密钥分量已输入" in send(act="present", share=shares[0])
    said = send(act="present", share=shares[2])
    assert "立即封闭" in said
    assert all(name in said for name in ("冯存", "陈析", "沈训"))
    assert "已输入 0 份密钥分量" in send(act="seal")
