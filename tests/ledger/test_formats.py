"""Formats that are signed or digested stand in one place, field by field, and their bytes never change (norm 5.3.1)."""

from __future__ import annotations

import ast
import base64
import inspect
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

import suyuan
import suyuan_verify as outside
from delivered import deliver, rows_of
from suyuan import formats
from suyuan.access.rows import EVIDENCE
from suyuan.formats import FORMATS, Format, fingerprint
from suyuan.installation import current
from suyuan.ledger.bound import Bound
from suyuan.ledger.entries import Entry, encode
from suyuan.records.digest import Place, header
from suyuan.review import actions as review
from suyuan.review import sample
from suyuan.review.digest import decision_digest, return_digest, return_line
from world import World

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
import formats as page

ID, OTHER, AT = UUID(int=1), UUID(int=2), datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)
A, B, SEED = b"a" * 32, b"b" * 32, b"s" * 32
ENTRY = Entry(
    writer=3, n=4, at=5, act=12, person=6, ground=7, agency=8, record=ID, rev=9, batch=OTHER, digest=b"d" * 32,
    shown=(ID, OTHER), detail={"step": 1, "outcome": "approve"},
)  # fmt: skip
PLACE = Place(
    record=ID.bytes, rev=1, type="vehicle", agency=2, level=1, valid_from=3, recorded_at=4, author=5, batch=OTHER.bytes,
    seq=6, row_no=7, final=True,
)  # fmt: skip
[DEPARTMENT] = [one for one in EVIDENCE if isinstance(one, Bound) and one.table == "access_department"]
ROW = {"department": 1, "agency": 2, "name": "刑警大队", "name_en": ""}
DECISION: dict[str, Any] = {
    "batch": ID, "step": 1, "outcome": "approve", "reviewer": 2, "author": 3, "digest": b"d" * 32, "agency": 4, "level": 1,
    "reason": b"r", "at": AT,
}  # fmt: skip

MADE = {
    "entry": lambda: encode(ENTRY),
    "leaf": lambda: formats.leaf_hash(encode(ENTRY), formats.entry_code(encode(ENTRY), b"k" * 32)),
    "revision's columns": lambda: header(PLACE),
    "revision": lambda: formats.revision(header(PLACE), b"c" * 32),
    "what a ciphertext is bound to": lambda: formats.content_place(header(PLACE), 1, b'{"state":"A"}', b"t"),
    "chunk": lambda: formats.chunk([A, B]),
    "decision": lambda: decision_digest(**DECISION),
    "return": lambda: return_digest([return_line(ID, "place", 1, "wrong", b"r", 2, 3, 1, AT)]),
    "pruning": lambda: formats.pruning(1, "{[0,3)}", 3, 9, b"r" * 32),
    "bound row": lambda: DEPARTMENT.digest([ROW]).encode(),
    "checkpoint": lambda: formats.note(9, b"r" * 32, b"s" * 68).encode(),
}
PINNED = {
    "entry": "966c9d08642b2c7bdbedf806248ff43ec7b12f49065485f35c361d6a9d1a6e03",
    "leaf": "71fbbeeb25131f1184698ab5e7f14a478ae6733a315044c2b0053b955b9b21a4",
    "revision's columns": "23ae62c429dccdd8156ac3caaf4f91225366e388c1968702e079a300fbfaec0e",
    "revision": "f8eae0465aeaf1fa8daeff5f3a302175f9899a9df9f2d648f2ce579c671ebcd3",
    "what a ciphertext is bound to": "eb9bb87e238203952b2c316d52b47991d78a744b804d2f2d69b1abb87c414858",
    "chunk": "afcd0070a6794341c3929f4de0be2f4cb25e409bc4dc7b356d602a6ae03b101c",
    "decision": "7f76960395840d7538f43a154eebc10903edc5e2a94cffb1b9385f1a71b4dca6",
    "return": "250e90cf2f399286c491178cd29e221a3066ac7226ec0926a2bdec079f5aa497",
    "pruning": "4b0f6a0931513d40a2fa31a04b76c42f2b8bb4b998752f64cae9e201e8b66ba6",
    "bound row": "16936628effb59e0bb58b97b15fc7d697eaeff6234b009db1668a83ccd8f21bb",
    "checkpoint": "9e3033ae7cfddb0560aa5ac32a90f3f62692737eea4048903b721b0f4e5a235d",
}
"""Of the release before formats stood in one place: what older data folders hold."""

GIVEN: dict[str, tuple[Any, ...]] = {
    "entry": (3, 4, 5, 12, 6, 7, 8, ID.bytes, 9, OTHER.bytes, b"d" * 32, True, 1, ID.bytes, b'{"step":1}'),
    "leaf": (b"entry", A), "node": (A, B), "checkpoint": ("suyuan/ledger", 9, "cg=="), "note": ("body\n", "cg=="),
    "key name": (A,), "hand-over of the signing key": (A, B, 7), "pruning": (1, "{[0,3)}", 3, 9, A),
    "bound row": (b'{"agency":2}',), "check value of a secret": (b"ledger",), "custodian's share": (b"1234", b"\1", A[:16]),
    "custodians' file": ({"format": "suyuan-custodians-2", "holders": [], "keys": [], "retired": [], "set": "ab",
                          "threshold": 2},),
    "place of a sealed thing": (b"export", b"\0", A), "voucher of a session": ("session 1 ab", 7), "what a host tells": (7, "{}"),
    "commitment": (A[:16], b"{}"), "columns of a revision": (ID.bytes, 1, 1, 2, 3, 4, 5, OTHER.bytes, 6, 7, True, b"vehicle"),
    "revision": (A, B), "place of a content": (b"head", b"\0\0\0\1", b"\0\0\0\2", b"{}", b"t"), "chunk": (A + B,),
    "batch": (ID, "vehicle", 1, 1, 2, "form", "-", "-", A, B, 3, 0, "-", "-", 1, 0, 0, 0, 0, "依据"),
    "words of an export": ({"salt": "00", "recipient": "检察院", "purpose": "起诉", "revisions": []},),
    "columns of an export": ({"person": 1, "ground": 2, "agency": 3, "level": 1, "type": "vehicle", "format": "csv",
                              "whole": False, "rows": 1, "at": 5, "expires_on": "2026-01-02"},),
    "export": (b"{}", b"\0", b"{}"), "decision": (ID, 1, "approve", 2, 3, A, 4, 1, 5, B),
    "return of a field": (ID, "place", 1, "wrong", A, 2, 3, 1, 5), "return": ("line",),
    "sample": (ID, 1, 2, 3, 1, 100, "0.01", "0.95", SEED, "{1,2}", 5), "order of a sample": (SEED, b"\0\0\0\1"),
    "order of a week's draw": (SEED, b"\0\0\0\1", b"\0" * 7 + b"\2"),
    "release of the catalog": ({"codes": {}, "format": 1, "types": {}},),
    "declaration of what an agency adds": ({"subject": "a.b", "purpose": "p", "basis": "b", "retention": None,
                                            "declared": {"label": "甲"}, "codes": {}},),
    "code table of a declaration": ({"name": "t", "label": ["甲", "a"], "standard": "", "edition": "", "source": "",
                                     "licence": "", "valid_from": None, "codes": []},),
}  # fmt: skip
"""Values for each format that exists."""
VECTORS = {
    "what a host tells 1": "f78a5dc04e27da79efc31b4cad688308abe7ddeeab4e41530f9bbbec2fb01eff",
    "entry 1": "ab4cdc31ff04044692ceb44b7b020bb35ddea213aae9e1712f973d59f10639ed",
    "leaf 1": "9dad196e29ace274115599c9393f02de78f6ddf20f5de3e180d86be58cb26d6e",
    "node 1": "8e85fd55f207495e4566faf404cfe7ec0f259f2ca8c6a19ce36040b426819d81",
    "checkpoint 1": "9de040e67e5036df38e9b5ef0ba7452cc05e3ae90fbb5d9de067b771c6dc9079",
    "note 1": "9fb1368be97092a205d1b0acebd294b658ebe599be6efe0e269ad95f44e78bf6",
    "key name 1": "0b159ea9c5dff4fcc4ab38f05e8ccfa576b454bdf31ff700d50fbd74de6dfa64",
    "hand-over of the signing key 1": "cb5e8f4602a6b9a9faff055d358ae8385286657bc7195d6f534fbef4cb64d77a",
    "pruning 1": "676f99ed1056d865f822aaebd03082c4be66a49050ebc9db6eb8255b121b7c46",
    "bound row 1": "61ec4361a348b4f539dcd9a62b4981ab483bafe251145df78aae5a653c2f62fc",
    "check value of a secret 1": "9715e5059ddca38fc168dd50e0d05955069d8bb8450a76a9433d2664828f55de",
    "custodian's share 1": "460570a1643bff7b2d8b88a45f8c8b1760c0568bc275655a4f0670151d5c6b1d",
    "custodians' file 2": "bbcff5aad67c2ebd5c5bf3599598e2219147477272b17f9b15e93e724992075f",
    "place of a sealed thing 1": "6963dda5a7502aee58694344ff6c1eef5939848c40dac2da6ce5b5e407710254",
    "voucher of a session 1": "35283985aab2e3c5d1417a80f396751eef3cc137dc445b92a2085bd1c5546313",
    "commitment 1": "acebf31ae14ad22a684f07eca83815ff26b3ca26220104203a0d8f1b1d6274bb",
    "columns of a revision 1": "23ae62c429dccdd8156ac3caaf4f91225366e388c1968702e079a300fbfaec0e",
    "revision 1": "fdd2a64d014f2c406d2ece67c23212a92b356314f4deb42b24c395296ee304d2",
    "place of a content 1": "609842c8dea280c0027c565358c0a613f6011d01c623dfff2d30000835fb1b23",
    "chunk 1": "fdd2a64d014f2c406d2ece67c23212a92b356314f4deb42b24c395296ee304d2",
    "batch 1": "c3901610aa0feec00de1cafa7f1c883bed773b347f675513b9d572983f4a22ff",
    "words of an export 1": "94146d92d3a03f5cfef92b131af302d40a595708c878a0a74b09eb6523d19ce2",
    "columns of an export 1": "61bf145bdaa075b7131c1ff57c23539f45ed57141b89b607c405aaa588f5a766",
    "export 1": "88d73a71539dcb2b0a6b98efb05a58ed36f6ac5e11b2ae6d7c5fa376adbae4e3",
    "decision 1": "f516795ade25f9392a56ffb2fdf1de9df8972c08542ad10673d0f4473cb09bbd",
    "return of a field 1": "4c61ab0ebb3bcf69b02e2e89ee6c8b88e58a2198529a96c72af07d06e7f12901",
    "return 1": "38a9c1e721584da284b90ceea4ed7eb8db15ac4ea86c2c75ec925d5f8799fcf0",
    "sample 1": "54f80ca2d4c8562c84187accdb399d103b651b08861426acca538cc571e2b602",
    "order of a sample 1": "62b7e00d6c84c622abe89d6d8b9194089378e2648b917987d745ae0cfee368c3",
    "order of a week's draw 1": "8810728eb1fec99db9b157a337c8b97c7d7c70e66cf3571fd063aa8dcf55fce3",
    "release of the catalog 1": "a184e1402e764fe8b59f1a3f22ddce03c48d99eb469407aa940a412f88c05e97",
    "declaration of what an agency adds 1": "3357b6dea9b3cc72a234144e8b0069efb955f3875e4b90cbb798ed504ada42d4",
    "code table of a declaration 1": "535cb78aadda04f04cec22f0eebb626955701dab378b6b2f1f28447f52ee5eba",
}
"""SHA-256 of their bytes."""


@pytest.mark.clause("5.3.1")
@pytest.mark.parametrize("name", MADE)
def test_version_one_is_as_it_was(name: str) -> None:
    """What older data folders hold still verifies."""
    assert fingerprint(MADE[name]()).hex() == PINNED[name]


@pytest.mark.clause("5.3.1")
def test_every_format_has_its_vector() -> None:
    """Whatever format exists is pinned byte by byte, under its name and version; a new one is red until it is."""
    names = [one.name for one in FORMATS]
    assert len(set(names)) == len(names)
    assert {
        f"{one.name} {one.version}": fingerprint(one.to_bytes(*GIVEN[one.name])).hex() for one in FORMATS
    } == VECTORS


@pytest.mark.parametrize("one", FORMATS, ids=[one.name for one in FORMATS])
def test_a_format_takes_its_fields_and_no_others(one: Format) -> None:
    """One field more or less is no such format."""
    given = GIVEN[one.name]
    if isinstance(given[0], dict):
        fewer, more = (dict(list(given[0].items())[1:]),), (given[0] | {"favour": 1},)
    else:
        fewer, more = given[1:], (*given, b"")
    for wrong in (fewer, more):
        with pytest.raises(ValueError, match=one.name):
            one.to_bytes(*wrong)


def test_the_order_of_a_dict_changes_nothing() -> None:
    """Members stand in the order that is written down, however they were put together."""
    for one in FORMATS:
        if isinstance(one, formats.Object):
            [given] = GIVEN[one.name]
            assert one.to_bytes(dict(reversed(given.items()))) == one.to_bytes(given)


def test_a_new_column_changes_no_digest() -> None:
    """A row counts by the columns that are written out, in whatever order they come, and by no other."""
    wider = {"favour": 1, **dict(reversed(ROW.items()))}
    assert DEPARTMENT.digest([wider]) == DEPARTMENT.digest([ROW])
    assert DEPARTMENT.digest([ROW | {"agency": 3}]) != DEPARTMENT.digest([ROW])


def test_what_is_made_faster_is_made_the_same() -> None:
    """Functions for many thousands against the format as it is described."""
    fixed = (3, 4, 5, 12, 6, 7, 8, ID.bytes, 9, OTHER.bytes, A)
    shown, detail = [ID.bytes, OTHER.bytes], {"step": 1, "a": None}
    assert formats.entry(*fixed, shown, detail) == formats.ENTRY.to_bytes(
        *fixed, True, 2, b"".join(shown), formats.canonical(detail)
    )
    assert formats.entry(*fixed[:7], None, None, None, None) == formats.ENTRY.to_bytes(
        *fixed[:7], bytes(16), -1, bytes(16), bytes(32), False, 0, b"", b""
    )
    assert formats.arrival(*fixed) == formats.ENTRY.to_bytes(*fixed, True, 0, b"", b"")
    assert header(PLACE) == formats.COLUMNS.to_bytes(*GIVEN["columns of a revision"])
    assert formats.leaf_hash(b"entry", A) == fingerprint(formats.LEAF.to_bytes(b"entry", A))
    assert formats.node_hash(A, B) == fingerprint(formats.NODE.to_bytes(A, B))
    assert formats.commitment(A[:16] + b"{}") == fingerprint(formats.COMMITMENT.to_bytes(A[:16], b"{}"))
    assert formats.revision(b"head", A) == fingerprint(formats.REVISION.to_bytes(fingerprint(b"head"), A))
    assert formats.chunk([A, B]) == fingerprint(formats.CHUNK.to_bytes(A + B))
    place = GIVEN["place of a content"]
    assert formats.content_place(b"head", 1, b"{}", b"t") == formats.CONTENT_PLACE.to_bytes(*place)


@pytest.mark.clause("5.3.1")
def test_the_verifier_that_imports_nothing_writes_the_same() -> None:
    """`suyuan_verify.py` and the ledger agree byte by byte on all that a proof holds."""
    read = outside.entry(encode(ENTRY))
    assert (read.writer, read.n, read.at, read.act, read.person, read.ground, read.agency) == (3, 4, 5, 12, 6, 7, 8)
    assert (read.record, read.rev, read.batch, read.digest) == (str(ID), 9, str(OTHER), (b"d" * 32).hex())
    assert (read.shown, read.detail) == ([str(ID), str(OTHER)], ENTRY.detail)
    assert outside._ENTRY.format == formats.ENTRY.fixed.format
    assert outside._HEADER.format == formats.COLUMNS.fixed.format
    told = {**PLACE._asdict(), "record": str(ID), "batch": str(OTHER), "commitment": A.hex()}
    assert outside.revision_digest(told) == formats.revision(header(PLACE), A).hex()
    decided = DECISION | {"at": 1767323045678901, "digest": DECISION["digest"].hex(), "reason": fingerprint(b"r").hex()}
    assert outside.decision_digest(str(ID), decided) == decision_digest(**DECISION).hex()
    left, right = formats.leaf_hash(b"entry", A), formats.leaf_hash(b"other", B)
    assert outside.included(left, 0, 2, [right], formats.node_hash(left, right))
    chunk = {"members": [A.hex(), B.hex()], "digest": formats.chunk([A, B]).hex()}
    assert outside._in_chunk({"seq": 1, "digest": B.hex()}, [chunk])


def test_the_verifier_reads_what_the_ledger_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The text under a signature, of a checkpoint and of a hand-over, as either side writes it."""
    signed: list[bytes] = []
    monkeypatch.setattr(outside, "ed25519", lambda public, message, signature: signed.append(message) or True)
    note = formats.note(9, B, formats.key_name(A) + b"s" * 64)
    assert outside.checkpoint(note, A) == (9, B)
    assert outside._handed_over({"public": A.hex(), "since": 1}, {"public": B.hex(), "since": 7, "signature": "00"})
    assert signed == [formats.checkpoint(9, B).encode(), formats.HANDOVER.to_bytes(A, B, 7)]


@pytest.mark.clause("3.2.1")
def test_the_database_writes_the_same(fresh_world: World) -> None:
    """A batch, a sample and the orders they are drawn in: what SQL digests is what is described."""
    batch, _, _ = deliver(fresh_world.collector, "violation", rows_of("violation", 25))
    with fresh_world.first.acting() as who:
        drawn = review.draw(who, batch, 1)
    with psycopg.connect(current().database("owner")) as owner:
        columns = ", ".join(f"b.{name}" for name, _ in formats.BATCH.fields if name not in ("batch", "needs_final"))
        row = _one(owner, f"SELECT {columns} FROM records_batch b WHERE batch_id = %s", batch)
        row |= {"batch": batch, "needs_final": "false", "label": fingerprint(bytes(row["label"]))}
        said = [_written(row[name]) for name, _ in formats.BATCH.fields]
        head = _one(owner, "SELECT records_batch_head(b) AS head FROM records_batch b WHERE batch_id = %s", batch)[
            "head"
        ]
        assert fingerprint(formats.BATCH.to_bytes(*said)) == bytes(head)

        row = _one(owner, """SELECT *, batch_id AS batch, seqs::text AS said, review_sample_head(s) AS head
                             FROM review_sample s WHERE batch_id = %s""", batch)  # fmt: skip
        said = [_written(row["said" if name == "seqs" else name]) for name, _ in formats.SAMPLE.fields]
        assert fingerprint(formats.SAMPLE.to_bytes(*said)) == bytes(row["head"])
        assert sorted(drawn.seqs) == sorted(sample.choose(bytes(row["seed"]), range(25), len(drawn.seqs)))
        order = _one(owner, "SELECT sha256(%s || int4send(7) || int8send(9)) AS head", SEED)["head"]
        described = formats.DRAW_ORDER.to_bytes(SEED, (7).to_bytes(4, "big"), (9).to_bytes(8, "big"))
        assert fingerprint(described) == bytes(order)


def _one(owner: psycopg.Connection[Any], statement: str, value: Any) -> dict[str, Any]:
    with owner.cursor(row_factory=psycopg.rows.dict_row) as cursor:
        row = cursor.execute(statement, [value]).fetchone()  # type: ignore[arg-type]
        assert row is not None
        return row


def _written(value: Any) -> Any:
    """A column as the database writes it into a digest."""
    if isinstance(value, datetime):
        return (value - datetime(1970, 1, 1, tzinfo=UTC)) // (datetime.resolution * 1)
    return "-" if value is None else bytes(value) if isinstance(value, memoryview) else value


def test_the_page_describes_what_there_is() -> None:
    """`tools/formats.py` renews it."""
    assert page.PAGE.read_text(encoding="utf-8") == page.page()


DIGESTING = {"sha256", "sha512", "sha1", "md5", "blake2b", "sha3_256", "salted_hmac", "HMAC", "SM3", "HKDF", "AESGCM"}
ELSEWHERE = {
    "access/actions.py _digest": "a code is looked up by its digest",
    "access/models.py Account._get_session_auth_hash": "ends sessions when the password changes",
    "access/proof.py digest": "a proof is looked up by its digest",
    "access/sign_in/attempts.py _known": "a name that is no account is kept as a keyed digest",
    "access/sign_in/devices.py _pass": "a pass of a quarter of an hour",
    "access/sign_in/store.py _Key.of": "a session is looked up by its digest",
    "access/tokens.py _digest": "a token is looked up by its digest",
    "access/undertaking_cli.py undertaking_sign": "a person signs by their name; the row is bound",
    "access/undertaking_views.py sign": "the same",
    "access/ways_in.py _digest": "half a code is looked up by its digest",
    "audit/bundle.py _zip": "layout of a proof, which is not digested",
    "catalog/release.py files": "a file as it is; the row that lists it is bound",
    "cli/authority.py _authority": "a certificate of X.509",
    "cli/authority.py _sign": "the same",
    "collection/deliveries.py _once": "knows a delivery that comes twice",
    "collection/deliveries.py deliver": "the same",
    "collection/mapping.py Mapping.digest": "a mapping as it is: a field of `batch`",
    "collection/propose.py as_yaml": "layout of a proposal",
    "collection/readers/child.py _digest": "a file as it is: a field of `batch`",
    "collection/rehearsal.py Rehearsal._place": "counts equal rows",
    "demo/people.py _sign": "a person signs by their name; the row is bound",
    "installation/postgres.py Server.socket_folder": "a short name for a folder",
    "ledger/checkpoint.py sign": "signs `checkpoint`",
    "ledger/paper.py page": "a public key as it is, printed",
    "ledger/witness.py accept": "a note as it is, the name of a file",
    "ledger/witness.py accepted": "the same",
    "records/releases.py _files": "a list as it is; the row that holds it is bound",
    "vault/actions.py LedgerKeys.sign": "signs what it is given",
    "vault/actions.py _small": "derives a key",
    "vault/custodians.py Share.read": "notices a share that was mistyped",
    "vault/custodians.py Share.text": "the same",
    "vault/custodians.py _derived": "derives a key",
    "vault/custodians.py _open": "bound to `custodians' file`",
    "vault/custodians.py _write_sealed": "the same",
    "vault/hosts.py custodians_name": "a short name for a file",
    "vault/hosts.py here_id": "a short name for a host",
    "vault/keyfile.py KeyFile._between_hosts": "derives a key",
    "vault/keyfile.py KeyFile._derived": "the same",
    "vault/keyfile.py KeyFile.sign": "signs what it is given",
    "vault/keyfile.py _open": "bound to the key file's one constant",
    "vault/keyfile.py _seal": "the same",
    "vault/layers.py _sm3": "keyed digests of search terms",
    "vault/layers.py keyed": "the same",
    "vault/provider.py Provider.sign": "signs what it is given",
    "vault/token.py Token.sign.work": "signs what it is given",
}
"""Whatever else digests, signs or seals, and why its bytes are none of the formats; new ones are red until they are placed."""
IN_SQL = {
    "records_batch_head": "`batch`", "records_close": "`chunk` of chunks", "review_sample_head": "`sample`",
    "review_draw": "`order of a sample`, and a seed", "audit_draw": "`order of a week's draw`, and a seed as it is",
    "audit_proof_decisions": "a reason as it is",
    "access_process_mark": "a code of one transaction", "ledger_note_begins": "a code of one transaction",
    "vault_tell": "`what a host tells`",
    "access_random_block": "a key", "access_seal_now": "a code of one transaction", "access_shown": "looks a proof up",
    "access_keep_verifier": "what a password is compared with", "access_check_password": "the same",
    "access_vouched": "`voucher of a session`", "access_end_proof": "looks a proof up",
    "access_publish_undertaking": "a text as it is", "access_propose_clearing": "`declaration of what an agency adds`, as it is",
}  # fmt: skip
STATEMENTS = {
    "records/verify chunks": "`chunk`", "records/verify batches": "`chunk` of chunks", "review/verify returns": "a reason as it is",
}  # fmt: skip
CHECKS = {"access_undertaking": "a text as it is", "access_clearing": "`declaration of what an agency adds`, as it is"}


def _digests(node: ast.AST) -> bool:
    """Whether a node digests, signs, seals, or writes JSON in an order that somebody counts on."""
    if isinstance(node, ast.Attribute) and node.attr == "OPT_SORT_KEYS":
        return True
    if not isinstance(node, ast.Call):
        return False
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    owner = function.value.id if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) else ""
    signs = name == "sign" and isinstance(function, ast.Attribute)
    ordered = any(one.arg == "sort_keys" for one in node.keywords)
    return name in DIGESTING or (owner == "hmac" and name in ("digest", "new")) or signs or ordered


def _found(node: ast.AST, where: str = "") -> Iterator[str]:
    """The functions of a module in which something of the kind is done."""
    for one in ast.iter_child_nodes(node):
        named = isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        here = f"{where}.{one.name}".lstrip(".") if named else where  # type: ignore[attr-defined]
        if _digests(one):
            yield here
        yield from _found(one, here)


@pytest.mark.clause("5.3.1")
def test_nothing_is_signed_or_digested_elsewhere() -> None:
    """Every call in the source that digests, signs or seals is in the module of formats, or placed with its reason."""
    source = Path(suyuan.__file__).parent
    found = {
        f"{path.relative_to(source).as_posix()} {where}"
        for path in source.rglob("*.py") if path.relative_to(source).as_posix() != "formats.py"
        for where in _found(ast.parse(path.read_text(encoding="utf-8")))
    }  # fmt: skip
    assert found == set(ELSEWHERE)


@pytest.mark.clause("5.3.1")
def test_the_database_digests_nothing_else(world: World) -> None:
    """The same of functions, constraints and statements: each is a format that is described, or no evidence."""
    with psycopg.connect(current().database("owner")) as owner:
        functions = owner.execute(
            r"""SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
                AND pg_get_functiondef(oid) ~ '\m(sha(224|256|384|512)|md5|hmac|digest)\('"""
        ).fetchall()
        checks = owner.execute(
            r"SELECT conrelid::regclass::text FROM pg_constraint WHERE pg_get_constraintdef(oid) ~ '\m(sha\d+|md5)\('"
        ).fetchall()
    assert {name for (name,) in functions} == set(IN_SQL)
    assert {name for (name,) in checks} == set(CHECKS)
    source = Path(suyuan.__file__).parent
    found = {
        f"{path.parts[-3]}/{path.stem} {name}"
        for path in source.rglob("sql/*.sql") for name, text in _statements(path).items() if "sha256(" in text
    }  # fmt: skip
    assert found == set(STATEMENTS)


def _statements(path: Path) -> dict[str, str]:
    parts = path.read_text(encoding="utf-8").split("-- name: ")[1:]
    return {one.split(maxsplit=1)[0]: one for one in parts}


def test_a_new_digest_is_noticed() -> None:
    """Negative control: ways to make a format beside the others."""
    made = (
        "def f(x): return sha256(x).digest()", "def f(x): return hashlib.sha256(x)", "def f(x): return hmac.digest(k, x, 'sha256')",
        "def f(x): return keys.sign(x)", "def f(x): return json.dumps(x, sort_keys=True)",
        "def f(x): return orjson.dumps(x, option=orjson.OPT_SORT_KEYS)", "class C:\n    def f(self): return blake2b(b'')",
    )  # fmt: skip
    assert all(list(_found(ast.parse(text))) for text in made)
    assert not list(_found(ast.parse("def f(x): return formats.fingerprint(x)")))


def test_the_verifier_digests_only_what_a_proof_holds() -> None:
    """The program that imports nothing has digests of its own in these functions, each held against a format above."""
    where = set(_found(ast.parse(inspect.getsource(outside))))
    assert where == {
        "Proof._batch", "Proof._included", "Proof._key", "Proof._revisions", "_in_chunk", "checkpoint", "decision_digest",
        "ed25519", "included", "revision_digest",
    }  # fmt: skip


def test_base64_of_a_root_is_the_standard_one() -> None:
    """Notes are C2SP checkpoints: the standard alphabet, padded."""
    assert formats.checkpoint(1, b"\xff" * 32).split("\n")[2] == base64.b64encode(b"\xff" * 32).decode()
