"""Every revision recomputed: decrypted, digested, and held against its ledger entry, its chunk and its batch.

Two workers share the records by the last byte of their id; each streams, so memory does not grow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, NamedTuple

import psycopg

from suyuan import formats
from suyuan.installation import current
from suyuan.installation.sql import statements
from suyuan.ledger.acts import Act
from suyuan.ledger.faults import Fault
from suyuan.records import releases
from suyuan.records.digest import Place, header, name
from suyuan.records.reading import canonical, unwrapped
from suyuan.records.recognised import Recognised
from suyuan.vault import envelope
from suyuan.vault.actions import provider
from suyuan.vault.errors import ContentDamaged

_SQL = statements("records", "verify")
_POSTGRES_EPOCH = 946_684_800_000_000
_PAGE = 2_000  # revisions checked at a time
_PARALLEL_FROM = 20_000  # below this, starting a second process costs more than it saves
_ARRIVALS = [int(Act.collect), int(Act.amend)]

_WORDS = {
    "record.content_damaged": (
        "版本内容或其绑定的字段被改动",
        "the content of the revision, or a column bound to it, was changed",
    ),
    "record.digest_altered": ("版本的摘要被改动", "the stored digest of the revision was changed"),
    "record.not_in_ledger": ("版本在审计账本中没有登记", "the revision has no ledger entry"),
    "record.ledger_differs": (
        "版本与审计账本登记的摘要不一致",
        "the revision differs from the digest in its ledger entry",
    ),
    "record.erased_is_back": (
        "已销毁的记录重新出现，恢复备份后须重新执行销毁",
        "an erased record is back: after a restore it must be erased again",
    ),
    "record.missing": ("审计账本登记的版本已不存在", "a revision entered in the ledger is gone"),
    "record.state_unproved": (
        "记录状态与其版本、审核结果不符",
        "the state of the record does not follow from its revisions and reviews",
    ),
    "record.key_altered": (
        "记录的编号或内容标识与其内容不符，或被删去、改指他处",
        "what the record is recognised by does not follow from its contents: changed, removed, or another record's",
    ),
    "record.link_unproved": (
        "关联没有相应的版本或记录",
        "a link has no revision that it leaves from, or no record that it leads to",
    ),
    "release.altered": (
        "登记的目录发布与其摘要不符",
        "a recorded release of the catalog is not what its digest says",
    ),
    "chunk.altered": ("批次分块与其版本不符", "the chunk does not match its revisions"),
    "batch.altered": (
        "批次或其摘要与分块、审计账本不符",
        "the batch, or its digest, does not match its chunks or the ledger",
    ),
}


def verify_revisions() -> Iterator[Fault]:
    """Faults in stored revisions, chunks, batches and states, each naming what is wrong and where."""
    with psycopg.connect(current().database("owner")) as connection:
        count = connection.execute("SELECT count(*) FROM records_revision").fetchone()
        yield from _sums(connection)
    if count and count[0] >= _PARALLEL_FROM:
        with ProcessPoolExecutor(2, get_context("fork")) as pool:
            for found in pool.map(_share, [(0, 2), (1, 2)]):
                yield from (_fault(code, where) for code, where in found)
    else:
        yield from (_fault(code, where) for code, where in _share((0, 1)))


def verify_catalog() -> Iterator[Fault]:
    """Faults in what is kept of releases of the catalog."""
    for where, fits in releases.verify_releases():
        if not fits:
            yield _fault("release.altered", where)


def _sums(connection: psycopg.Connection) -> Iterator[Fault]:
    for code, statement in (
        ("chunk.altered", "chunks"),
        ("batch.altered", "batches"),
        ("batch.altered", "counts"),
        ("record.state_unproved", "states"),
        ("record.key_altered", "keys"),
        ("record.link_unproved", "links"),
    ):
        for row in connection.execute(_SQL[statement], {"open": int(Act.batch_open), "close": int(Act.batch_close)}):
            yield _fault(code, " ".join(str(part) for part in row))


def _share(share: tuple[int, int]) -> list[tuple[str, str]]:
    with psycopg.connect(current().database("owner")) as connection:
        connection.execute("SET work_mem = '256MB'")
        with connection.cursor("verify", binary=True) as cursor:
            values = {"acts": _ARRIVALS, "erase": int(Act.erase), "share": share[0], "shares": share[1]}
            cursor.execute(_SQL["revisions"], values)
            faults: list[tuple[str, str]] = []
            recognised = Recognised()
            while rows := cursor.fetchmany(_PAGE):
                faults += _check(rows, recognised)
            return [*faults, *recognised.altered()]


def _check(rows: Sequence[Sequence[Any]], recognised: Recognised) -> list[tuple[str, str]]:
    """What is wrong with some revisions, and which they are; their data keys are unwrapped together."""
    wrapped: dict[int, dict[bytes, bytes]] = {}
    stored = [Stored._make(row) for row in rows]
    for row in stored:
        if not (row.missing or row.erased):
            wrapped.setdefault(row.key_id, {})[row.record] = row.wrapped or b""
    keys = {key_id: unwrapped(key_id, list(held.items())) for key_id, held in wrapped.items()}
    suites = {key_id: provider().suite(key_id) for key_id, opened in keys.items() if opened}
    found = []
    for row in stored:
        key = keys.get(row.key_id, {}).get(row.record, b"")
        if wrong := _wrong(row, key, suites.get(row.key_id, ""), recognised):
            found.append((wrong, name(row.record, row.rev)))
    return found


class Stored(NamedTuple):
    """A revision as it lies, with what it is held against, in the order of the statement."""

    record: bytes
    rev: int
    type: str
    agency: int
    level: int
    valid_from: bytes
    recorded_at: bytes
    author: int
    batch: bytes
    seq: int
    row_no: int
    final: bool
    facets: str
    terms: bytes
    digest: bytes
    content: bytes
    key_id: int
    wrapped: bytes | None
    entered: bytes | None
    missing: bool
    erased: bool
    latest_rev: int
    keys: list[bytes] | None
    marks: list[bytes] | None
    batches: list[bytes] | None
    depths: list[int] | None
    release: bytes | None

    @property
    def head(self) -> bytes:
        """The bytes of its plain columns."""
        return header(
            Place(
                record=self.record, rev=self.rev, type=self.type, agency=self.agency, level=self.level,
                valid_from=_micros(self.valid_from), recorded_at=_micros(self.recorded_at), author=self.author,
                batch=self.batch, seq=self.seq, row_no=self.row_no, final=self.final,
            )
        )  # fmt: skip


def _wrong(row: Stored, key: bytes, suite: str, recognised: Recognised) -> str | None:
    if row.missing:
        return "record.missing"
    if row.erased:
        return _erased(row.wrapped or row.content, row.digest, row.entered or b"")
    if not key:
        return "record.content_damaged"
    head = row.head
    try:
        place = formats.content_place(head, row.key_id, canonical(row.facets), row.terms)
        plain, commitment = envelope.decrypt(suite, key, row.content, place, "")
    except ContentDamaged:
        return "record.content_damaged"
    recomputed = formats.revision(head, commitment)
    if recomputed != row.digest:
        return "record.digest_altered"
    if row.entered is None:
        return "record.not_in_ledger"
    if row.entered != recomputed:
        return "record.ledger_differs"
    return None if recognised.by(row, plain) else "record.key_altered"


def _erased(left: bytes, digest: bytes, entered: bytes) -> str | None:
    """Of an erased revision nothing is left but its digest, which is the one that was entered."""
    if left:
        return "record.erased_is_back"
    return "record.ledger_differs" if entered != digest else None


def _micros(sent: bytes) -> int:
    return int.from_bytes(sent, "big", signed=True) + _POSTGRES_EPOCH


def _fault(code: str, where: str) -> Fault:
    zh, en = _WORDS[code]
    return Fault(code, where, zh, en)
