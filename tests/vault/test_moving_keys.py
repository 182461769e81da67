"""Keys of an installation move into a transit service or a token and back, while records stay what they say."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner

from delivered import deliver, rows_of
from key_places import Bao, SoftToken, bao, settings_file, soft_token
from suyuan.cli.root import root
from suyuan.errors import SuyuanError
from suyuan.installation import Installation, current
from suyuan.ledger import alarm, sequencer, verify
from suyuan.records import queries, rotation
from suyuan.vault import actions, custody, holder
from suyuan.vault.errors import KeyHolderUnreachable
from tickets import by_process
from world import World

pytestmark = [pytest.mark.clause("5.2.1"), pytest.mark.usefixtures("own_keys")]
Superuser = Callable[[], psycopg.Connection[Any]]


@pytest.fixture(params=["bao", "hsm"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bao | SoftToken]:
    """The settings name a holder; gives what it stands on."""

    def named(kind: str, settings: dict[str, Any]) -> None:
        monkeypatch.setenv("SUYUAN_KEYS", str(settings_file(tmp_path, {"there": {"kind": kind} | settings})))
        holder.holders.cache_clear()

    if request.param == "hsm":
        token = soft_token(tmp_path, "moving")
        named("pkcs11", token.settings())
        yield token
    else:
        with bao(tmp_path) as service:
            named("transit", service.settings(service.token()))
            yield service
    holder.holders.cache_clear()


def delivered(world: World, count: int = 3) -> list[Any]:
    """Records that wait for their first review."""
    _, result, _ = deliver(world.collector, "violation", rows_of("violation", count))
    return list(result.records.values())


def read(world: World, record: Any) -> dict[str, Any]:
    """What a record says to its collector."""
    with world.collector.acting() as who:
        return queries.open_record(who, record).content


def clean(installation: Installation) -> bool:
    """Whether nothing is wrong with anything stored."""
    with psycopg.connect(current().database("sequencer"), autocommit=True) as connection:
        sequencer.run_once(connection)
    return list(verify.verify()) == []


def held() -> dict[int, tuple[str, str]]:
    """Where each key of level 1 lies, and its state."""
    return {one.id: (one.holder, one.state) for one in actions.provider().ring() if one.level == 1}


@pytest.mark.control("C27")
def test_records_and_signatures_move_there_and_back(
    fresh_world: World, installation: Installation, place: Bao | SoftToken
) -> None:
    """By command; the key file holds no key of it; the ledger verifies at every step; the old key can be destroyed there."""
    records = delivered(fresh_world)
    before = [read(fresh_world, record) for record in records]
    run = CliRunner().invoke
    custodian = ["--as", fresh_world.custodian.username]
    for where, expected in (("there", "there"), ("file", "file")):
        for verb in ("rotate", "rotate-signing"):
            result = run(root, ["vault", verb, "--in", where, *custodian, "--json"], standalone_mode=False)
            assert result.exception is None, result.output
        [made] = [key for key, (_, state) in held().items() if state == "current"]
        assert held()[made][0] == expected and by_process(rotation.under_keys) == {made: 3}
        assert actions.provider().signing()[-1].holder == expected
        assert (made in actions.provider().file._wrapping) == (where == "file")
        assert [read(fresh_world, record) for record in records] == before
        assert clean(installation)
    [moved] = [key for key, (where, _) in held().items() if where == "there"]
    for custodian_ in (fresh_world.custodian, fresh_world.custodian2):
        with custodian_.acting() as who:
            rotation.destroy(who, moved)
    with pytest.raises(KeyHolderUnreachable) as caught:
        holder.holder("there").wrap(moved, [(b"p" * 16, b"k" * 32)])
    assert caught.value.reason == "missing"
    assert clean(installation)


def test_a_new_key_is_made_where_the_one_before_lies(fresh_world: World, place: Bao | SoftToken) -> None:
    """As when it is renewed by itself; only who says so moves it."""
    delivered(fresh_world)
    for where in ("there", None):
        with fresh_world.custodian.acting() as who:
            rotation.begin(who, 1, place=where)
            custody.renew_signing(who, where)
        rotation.run(1)
    assert [where for where, _ in held().values()] == ["file", "there", "there"]
    assert [one.holder for one in actions.provider().signing()] == ["file", "there", "there"]


def test_while_it_is_away_its_records_wait_and_nothing_is_half_done(
    fresh_world: World, installation: Installation, place: Bao | SoftToken
) -> None:
    """Reading and entering are refused with its name; a rotation stands still; all goes on when it is back."""
    records = delivered(fresh_world)
    with fresh_world.custodian.acting() as who:
        rotation.begin(who, 1, place="there")
    rotation.run(1)
    with fresh_world.custodian.acting() as who:
        rotation.begin(who, 1)
    with place.away():
        for call in (lambda: read(fresh_world, records[0]), lambda: delivered(fresh_world, 5), lambda: rotation.run(1)):
            with pytest.raises(SuyuanError) as caught:
                call()
            assert "there" in str(caught.value)
    assert rotation.run(1).nothing
    assert all(read(fresh_world, record) for record in records)
    assert sum(by_process(rotation.under_keys).values()) == 3
    assert clean(installation)


def test_without_its_signing_key_the_ledger_waits_and_says_so(
    fresh_world: World, installation: Installation, place: Bao | SoftToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sequencer goes on by itself when it is back; no entry is lost."""
    with fresh_world.custodian.acting() as who:
        custody.renew_signing(who, "there")
    stop, raised = threading.Event(), []

    def noted(kind: str, detail: Any = None) -> None:
        raised.append(kind)
        stop.set()

    monkeypatch.setattr(alarm, "raise_alarm", noted)
    with place.away(), psycopg.connect(current().database("sequencer"), autocommit=True) as connection:
        sequencer._hold(connection, stop)
    assert raised == ["signing_away"]
    assert clean(installation)


def test_level_two_stays_with_its_custodians(fresh_world: World, place: Bao | SoftToken) -> None:
    """Its keys go nowhere else, by whatever is asked."""
    result = CliRunner().invoke(root, ["vault", "rotate", "--level", "2", "--in", "there", "--as", "x"])
    assert result.exit_code == 2 and "--in" in result.output
    assert json.loads(CliRunner().invoke(root, ["vault", "keys", "--json"]).output)[0]["holder"] == "file"
