"""A proof of one record that outsiders check with one small program, and what that program notices (norm 5.3.1)."""

from __future__ import annotations

import base64
import copy
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

import suyuan_verify as verifier
from delivered import deliver, rows_of
from suyuan.access import grounds
from suyuan.access.acting import acting
from suyuan.access.errors import LimitReached, NoPurpose
from suyuan.audit.bundle import prove
from suyuan.audit.errors import ContentUnproved, NotSequenced
from suyuan.installation import Installation, current
from suyuan.ledger import keys
from suyuan.ledger.sequencer import run_once
from suyuan.records import queries as records
from suyuan.records.errors import NotFound
from suyuan.review import actions as review
from world import World

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(autouse=True)
def another_day(installation: Installation) -> Iterator[None]:
    """What was spent by one test does not count for the next."""
    yield
    with psycopg.connect(installation.database("owner"), autocommit=True) as owner:
        owner.execute("DELETE FROM access_use")


def sequence() -> None:
    """Give every waiting entry its place."""
    with psycopg.connect(current().database("sequencer"), autocommit=True) as connection:
        run_once(connection)


@pytest.fixture
def record(world: World) -> UUID:
    """One of three violations that went through both reviews and was looked at."""
    rows = [row | {"notice_no": f"B-{uuid4().hex[:8]}"} for row in rows_of("violation", 3)]
    batch, result, receipt = deliver(world.collector, "violation", rows)
    for who, step in ((world.first, 1), (world.second, 2)):
        with who.acting() as acting:
            review.decide(acting, batch, step, "approve", receipt.digest or b"")
    with world.colleague.acting() as acting:
        records.open_record(acting, result.records[2])
    sequence()
    return result.records[2]


@pytest.fixture
def bundle(world: World, record: UUID) -> dict[str, Any]:
    """The proof of it with content, unpacked."""
    with world.head.acting() as who:
        return unpacked(prove(who, record, recipient="市人民检察院", with_content=True))


def unpacked(data: bytes) -> dict[str, Any]:
    """What is in a bundle."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        found: dict[str, Any] = json.loads(file.read("proof.json"))
        return found


def holds(bundle: dict[str, Any], outside: str = "") -> bool:
    """Whether the verifier finds nothing wrong."""
    try:
        return all(one.good for one in verifier.verify(bundle, outside))
    except verifier.Unreadable:
        return False


@pytest.mark.clause("5.3.1")
def test_a_proof_holds_with_the_key_from_outside(bundle: dict[str, Any]) -> None:
    """Every check is passed; the story names who looked and under which ground."""
    public = keys.source().signers()[-1].public
    assert [one for one in verifier.verify(bundle, public.hex()) if not one.good] == []
    assert holds(bundle, hashlib.sha256(public).hexdigest())
    acts = {one.act for _, one in verifier.Proof(bundle).entries}
    assert acts >= {1, 3, 12, 13, 14}
    assert len(bundle["batches"][0]["decisions"]) == 2
    content = json.loads(base64.b64decode(bundle["revisions"][0]["opened"])[16:])
    assert content["fine_amount"]


def test_the_wrong_key_from_outside_is_noticed(bundle: dict[str, Any]) -> None:
    """A bundle signed by somebody else is consistent in itself and nothing more."""
    assert not holds(bundle, "00" * 32)


def paths(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The place of every single value in a bundle, but for names and what is said of the bundle itself."""
    if isinstance(value, dict):
        for name, one in value.items():
            if place or name not in ("format", "names", "made_at", "waiting"):
                yield from paths(one, (*place, name))
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from paths(one, (*place, number))
    else:
        yield place


def altered(value: Any) -> Any:
    """The smallest change: another number, another answer, one other character in the middle."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    middle = len(value) // 2
    return value[:middle] + ("1" if value[middle : middle + 1] == "0" else "0") + value[middle + 1 :]


def with_change(bundle: dict[str, Any], place: tuple[Any, ...], change: Callable[[Any], Any]) -> dict[str, Any]:
    """A copy with one value changed."""
    changed = copy.deepcopy(bundle)
    at: Any = changed
    for step in place[:-1]:
        at = at[step]
    at[place[-1]] = change(at[place[-1]])
    return changed


@pytest.mark.clause("1.3.3", "5.3.1")
@pytest.mark.control("C18")
def test_every_changed_value_is_noticed(bundle: dict[str, Any]) -> None:
    """Each element of each proof, header, digest, review, entry and note: none can be changed unseen."""
    public = keys.source().signers()[-1].public.hex()
    places = list(paths(bundle))
    assert len(places) > 70
    missed = [place for place in places if holds(with_change(bundle, place, altered), public)]
    assert missed == []


def test_what_is_left_out_is_noticed(bundle: dict[str, Any]) -> None:
    """A review, a revision, an arrival in the ledger or a chunk that is not told."""
    public = keys.source().signers()[-1].public.hex()

    def without(*place: Any) -> dict[str, Any]:
        return with_change(bundle, place[:-1], lambda held: [one for n, one in enumerate(held) if n != place[-1]])

    arrival = next(n for n, (_, one) in enumerate(verifier.Proof(bundle).entries) if one.act == 1)
    for place in (
        ("batches", 0, "decisions", 0),
        ("revisions", 0),
        ("entries", arrival),
        ("batches", 0),
        ("batches", 0, "chunks", 0),
    ):
        assert not holds(without(*place), public), place


def test_a_verifier_that_skips_the_tree_would_miss_a_forged_entry(
    bundle: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: with the inclusion check gone a forged look stands; with it, it does not."""
    forged = with_change(bundle, ("entries", -1, "mac"), altered)
    assert not holds(forged)
    monkeypatch.setattr(verifier, "included", lambda *_: True)
    assert holds(forged)


def test_the_auditor_issues_a_proof_without_reading(world: World, record: UUID) -> None:
    """No content, not even for asking; it holds all the same."""
    with world.auditor.acting() as who:
        bundle = unpacked(prove(who, record))
        assert holds(bundle, keys.source().signers()[-1].public.hex())
        assert "opened" not in json.dumps(bundle)
        with pytest.raises(ContentUnproved):
            prove(who, record, recipient="检察院", with_content=True)
    with world.head.acting() as who, pytest.raises(ContentUnproved):
        prove(who, record, with_content=True)


@pytest.mark.parametrize("name", ["collector", "analyst", "outsider", "system", "security", "trainer"])
def test_nobody_else_learns_anything(world: World, record: UUID, name: str) -> None:
    """For other duties, and beyond a head's range, the record is missing; and missing is missing."""
    with getattr(world, name).acting() as who:
        for wanted in (record, uuid4()):
            with pytest.raises(NotFound):
                prove(who, wanted)


@pytest.mark.clause("5.1.2")
@pytest.mark.parametrize("where", ["outsider", "collector"])
def test_an_emergency_proves_nothing(fresh_world: World, where: str) -> None:
    """It opens any record to be looked at; neither a proof nor the content leaves, of another city or of one's own range."""
    world = fresh_world
    _, result, _ = deliver(getattr(world, where), "violation", rows_of("violation", 1))
    sequence()
    with world.head.on_duty() as who:
        emergency = grounds.break_glass(who, "追捕在逃人员，来不及指派")
    with acting(world.head.person, emergency) as who:
        assert records.open_record(who, result.records[1]).content
        for content in (False, True):
            with pytest.raises(NoPurpose):
                prove(who, result.records[1], recipient="某人", with_content=content)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM audit_proof_revisions(%s)", [result.records[1]])
            assert cursor.fetchone() == (0,)  # the database too, whatever the act believes
    with world.head.acting() as who, connection.cursor() as cursor:
        cursor.execute("SELECT audit_may_prove(%s)", [result.records[1]])
        assert cursor.fetchone() == (where == "collector",)  # an assigned ground proves what lies in range


@pytest.mark.control("C13")
def test_content_that_is_proved_counts_as_an_export(world: World, record: UUID) -> None:
    """The sixth of a day is refused; a proof without content is not counted."""
    for _ in range(5):
        with world.head.acting() as who:
            prove(who, record, recipient="市人民检察院", with_content=True)
    with pytest.raises(LimitReached), world.head.acting() as who:
        prove(who, record, recipient="市人民检察院", with_content=True)
    with world.head.acting() as who:
        assert prove(who, record)


def test_a_proof_waits_for_its_place_in_the_tree(world: World) -> None:
    """What is not sequenced is not proved."""
    sequence()
    _, result, _ = deliver(world.collector, "violation", [rows_of("violation", 1)[0] | {"notice_no": uuid4().hex[:9]}])
    with world.auditor.acting() as who, pytest.raises(NotSequenced):
        prove(who, result.records[1])


@pytest.mark.control("C15")
def test_issuing_is_a_disclosure_in_the_ledger(world: World, record: UUID) -> None:
    """Who, for whom by number, with content or not."""
    with world.head.acting() as who:
        prove(who, record, recipient="市人民检察院", with_content=True)
    with psycopg.connect(current().database("owner")) as owner:
        row = owner.execute(
            """SELECT e.person, p.recipient, p.with_content FROM ledger_entry e
               JOIN audit_proof p ON p.proof = (e.detail->>'proof')::bigint
               WHERE e.act = 7 AND e.record = %s ORDER BY e.at DESC LIMIT 1""",
            [record],
        ).fetchone()
    assert row == (world.head.person, "市人民检察院", True)


def test_the_program_runs_alone(world: World, record: UUID, tmp_path: Path) -> None:
    """Copied to an empty folder and run by a bare Python it says what holds; a broken file it refuses."""
    program = tmp_path / "verify.py"
    program.write_bytes(Path(verifier.__file__).read_bytes())
    with world.head.acting() as who:
        (tmp_path / "good.zip").write_bytes(prove(who, record))
    (tmp_path / "bad.zip").write_bytes(b"no zip at all")
    (tmp_path / "key").write_text(keys.source().signers()[-1].public.hex())

    def run(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-I", str(program), *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr

    code, said = run("good.zip", "--key", "key", "--story")
    assert code == 0, said
    assert "核验通过" in said
    code, said = run("good.zip")
    assert code == 0
    assert "未提供另行取得的公钥" in said
    assert run("bad.zip")[0] == 2
    assert run("good.zip", "--key", "11" * 32)[0] == 1


VECTORS = (  # RFC 8032, 7.1: public key, message, signature
    ("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
    ("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
)  # fmt: skip


@pytest.mark.parametrize(("public", "message", "signature"), VECTORS)
def test_signatures_are_checked_as_the_standard_says(public: str, message: str, signature: str) -> None:
    """The standard's own vectors, and each with one bit turned."""
    parts = [bytes.fromhex(one) for one in (public, message, signature)]
    assert verifier.ed25519(*parts)
    assert not verifier.ed25519(parts[0], parts[1] + b"x", parts[2])
    assert not verifier.ed25519(parts[0], parts[1], bytes([parts[2][0] ^ 1]) + parts[2][1:])


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=64), st.integers(0, 511))
def test_signatures_are_checked_as_the_library_checks_them(message: bytes, bit: int) -> None:
    """What a well-known library signs is good; with any one bit turned it is not."""
    key = Ed25519PrivateKey.generate()
    signature = bytearray(key.sign(message))
    public = key.public_key().public_bytes_raw()
    assert verifier.ed25519(public, message, bytes(signature))
    signature[bit // 8] ^= 1 << bit % 8
    assert not verifier.ed25519(public, message, bytes(signature))
