"""Formats that are signed or digested, version 1, pinned byte by byte: a change here breaks every stored digest."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

import pytest

from suyuan.access.rows import EVIDENCE
from suyuan.ledger import pruning
from suyuan.ledger.bound import Bound
from suyuan.ledger.checkpoint import Checkpoint, sign_text
from suyuan.ledger.entries import Entry, bind, encode, leaf_hash
from suyuan.records.digest import Place, associated_data, chunk_digest, header, revision_digest
from suyuan.review.digest import decision_digest, return_digest, return_line

ID, OTHER, AT = UUID(int=1), UUID(int=2), datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)
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

FORMATS = {
    "entry": lambda: encode(ENTRY),
    "leaf": lambda: leaf_hash(encode(ENTRY), bind(encode(ENTRY), b"k" * 32)),
    "revision's columns": lambda: header(PLACE),
    "revision": lambda: revision_digest(header(PLACE), b"c" * 32),
    "what a ciphertext is bound to": lambda: associated_data(header(PLACE), 1, b'{"state":"A"}', b"t"),
    "chunk": lambda: chunk_digest([b"a" * 32, b"b" * 32]),
    "decision": lambda: decision_digest(
        batch=ID,
        step=1,
        outcome="approve",
        reviewer=2,
        author=3,
        digest=b"d" * 32,
        agency=4,
        level=1,
        reason=b"r",
        at=AT,
    ),
    "return": lambda: return_digest([return_line(ID, "place", 1, "wrong", b"r", 2, 3, 1, AT)]),
    "pruning": lambda: pruning.digest(1, "{[0,3)}", 3, 9, b"r" * 32),
    "bound row": lambda: DEPARTMENT.digest([ROW]).encode(),
    "checkpoint": lambda: sign_text(Checkpoint(9, b"r" * 32), b"s" * 68).encode(),
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


@pytest.mark.clause("5.3.1")
@pytest.mark.parametrize("name", FORMATS)
def test_version_one_is_as_it_was(name: str) -> None:
    """What older data folders hold still verifies."""
    assert sha256(FORMATS[name]()).hexdigest() == PINNED[name]


def test_a_new_column_changes_no_digest() -> None:
    """A row counts by the columns that are written out, in whatever order they come, and by no other."""
    wider = {"favour": 1, **dict(reversed(ROW.items()))}
    assert DEPARTMENT.digest([wider]) == DEPARTMENT.digest([ROW])
    assert DEPARTMENT.digest([ROW | {"agency": 3}]) != DEPARTMENT.digest([ROW])
