"""The key that signs checkpoints is renewed, and whoever holds an earlier one can go on checking (assurance, row 11)."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg
import pytest

import suyuan_verify
from delivered import deliver, rows_of
from suyuan.access.errors import NotAllowed
from suyuan.audit import bundle
from suyuan.installation import current
from suyuan.ledger import keys, sequencer, verify
from suyuan.ledger.checkpoint import Checkpoint, sign
from suyuan.vault import actions, custody
from world import World

pytestmark = pytest.mark.usefixtures("own_keys")
Superuser = Callable[[], psycopg.Connection[Any]]


def sequenced() -> None:
    """Everything has its place in the tree."""
    with psycopg.connect(current().database("sequencer"), autocommit=True) as connection:
        sequencer.run_once(connection)


def renewed(world: World) -> None:
    """A custodian renews the signing key."""
    with world.custodian.acting() as who:
        custody.renew_signing(who)


def proof(world: World, record: UUID) -> dict[str, Any]:
    """The proof of a record as outsiders get it."""
    sequenced()
    with world.head.acting() as who, zipfile.ZipFile(io.BytesIO(bundle.prove(who, record))) as file:
        found: dict[str, Any] = json.loads(file.read("proof.json"))
    return found


def holds(told: dict[str, Any], key: str) -> bool:
    """What the outsiders' program says."""
    return all(one.good for one in suyuan_verify.verify(told, key))


@pytest.fixture
def record(fresh_world: World) -> UUID:
    """A record that was entered and sequenced under the first key."""
    _, result, _ = deliver(fresh_world.collector, "violation", rows_of("violation", 1))
    sequenced()
    return result.records[1]


@pytest.mark.clause("5.3.1")
@pytest.mark.control("C27")
def test_whoever_holds_an_earlier_key_can_go_on_checking(fresh_world: World, record: UUID) -> None:
    """Twice renewed: each of the three keys from outside is good, another is not, and the log verifies."""
    for _ in range(2):
        renewed(fresh_world)
        sequenced()
    public = [one.public.hex() for one in keys.source().signers()]
    told = proof(fresh_world, record)
    assert len(public) == 3
    assert told["public_key"] == public[-1]
    assert [holds(told, key) for key in [*public, "", "00" * 32]] == [True, True, True, True, False]
    assert list(verify.verify()) == []


@pytest.mark.control("C18")
def test_a_forged_hand_over_is_noticed(fresh_world: World, record: UUID) -> None:
    """A chain whose signature, time or order was changed holds for no key; without the check it would (the checkpoint is good)."""
    renewed(fresh_world)
    told = proof(fresh_world, record)
    first = told["handovers"][0]["public"]
    assert holds(told, first)
    changes: list[Callable[[list[dict[str, Any]]], object]] = [
        lambda chain: chain[1].update(signature="00" * 64),
        lambda chain: chain[1].update(since=chain[1]["since"] + 1),
        lambda chain: chain[1].update(since=10**6),
        lambda chain: chain[0].update(public="11" * 32),
        lambda chain: chain[0].update(since=1),
        lambda chain: chain.reverse(),
    ]
    for change in changes:
        changed = json.loads(json.dumps(told))
        change(changed["handovers"])
        assert not holds(changed, first)


@pytest.mark.control("C27")
def test_a_key_signs_nothing_after_its_time(fresh_world: World, record: UUID, superuser: Superuser) -> None:
    """Whoever kept the old key cannot sign a newer checkpoint with it."""

    class Kept:
        """The key that was replaced, in somebody's hands."""

        def mac_key(self) -> bytes:
            """See `KeySource`."""
            return keys.source().mac_key()

        def sign(self, message: bytes) -> bytes:
            """See `KeySource`."""
            return actions.provider().file._private[1].sign(message)

        def signers(self) -> list[keys.Signer]:
            """See `KeySource`."""
            return keys.source().signers()[:1]

    renewed(fresh_world)
    sequenced()
    look = superuser()
    look.execute("SET session_replication_role = replica")
    row = look.execute("SELECT size, root FROM ledger_checkpoint ORDER BY size DESC LIMIT 1").fetchone()
    assert row
    note = sign(Checkpoint(row[0], bytes(row[1])), Kept())
    look.execute("UPDATE ledger_checkpoint SET note = %s WHERE size = %s", [note, row[0]])
    assert {one.code for one in verify.verify()} == {"ledger.retired_key"}


def test_only_a_custodian_renews_it(fresh_world: World) -> None:
    """Others are refused and the key stays."""
    with fresh_world.head.acting() as who, pytest.raises(NotAllowed):
        custody.renew_signing(who)
    assert len(keys.source().signers()) == 1
