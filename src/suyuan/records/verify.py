"""Every revision recomputed: decrypted, digested, and held against its ledger entry, its chunk and its batch.

Two workers share the records by the last byte of their id; each streams, so memory does not grow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import psycopg

from suyuan.installation import current
from suyuan.installation.sql import statements
from suyuan.ledger.acts import Act
from suyuan.ledger.faults import Fault
from suyuan.records.digest import Place, associated_data, header, name, revision_digest
from suyuan.records.reading import canonical, unwrapped
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
        "修订内容或其绑定的字段被改动",
        "the content of the revision, or a column bound to it, was changed",
    ),
    "record.digest_altered": ("修订的摘要被改动", "the stored digest of the revision was changed"),
    "record.not_in_ledger": ("修订在审计账本中没有登记", "the revision has no ledger entry"),
    "record.ledger_differs": (
        "修订与审计账本登记的摘要不一致",
        "the revision differs from the digest in its ledger entry",
    ),
    "record.erased_is_back": (
        "已销毁的记录重新出现,恢复备份后须重新执行销毁",
        "an erased record is back: after a restore it must be erased again",
    ),
    "record.missing": ("审计账本登记的修订已不存在", "a revision entered in the ledger is gone"),
    "record.state_unproved": (
        "记录状态与其修订、审核结果不符",
        "the state of the record does not follow from its revisions and reviews",
    ),
    "chunk.altered": ("批次分块与其修订不符", "the chunk does not match its revisions"),
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


def _sums(connection: psycopg.Connection) -> Iterator[Fault]:
    for code, statement in (
        ("chunk.altered", "chunks"),
        ("batch.altered", "batches"),
        ("batch.altered", "counts"),
        ("record.state_unproved", "states"),
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
            while rows := cursor.fetchmany(_PAGE):
                faults += _check(rows)
            return faults


def _check(rows: Sequence[Sequence[Any]]) -> list[tuple[str, str]]:
    """What is wrong with some revisions, and which they are; their data keys are unwrapped together."""
    wrapped: dict[int, dict[bytes, bytes]] = {}
    for row in rows:
        if not (row[-2] or row[-1]):  # neither missing nor erased
            wrapped.setdefault(row[16], {})[row[0]] = row[17] or b""
    keys = {key_id: unwrapped(key_id, list(held.items())) for key_id, held in wrapped.items()}
    suites = {key_id: provider().suite(key_id) for key_id, opened in keys.items() if opened}
    found = []
    for row in rows:
        key = keys.get(row[16], {}).get(row[0], b"")
        if wrong := _wrong(row, key, suites.get(row[16], "")):
            found.append((wrong, name(row[0], row[1])))
    return found


def _wrong(row: Sequence[Any], key: bytes, suite: str) -> str | None:
    (record, rev, kind, agency, level, valid_from, recorded_at, author, batch, seq, row_no, final,
     facets, terms, digest, content, key_id, wrapped, entered, missing, erased) = row  # fmt: skip
    if missing:
        return "record.missing"
    if erased:
        return _erased(wrapped or content, digest, entered)
    head = header(
        Place(record, rev, kind, agency, level, _micros(valid_from), _micros(recorded_at), author, batch, seq,
              row_no, final)
    )  # fmt: skip
    if not key:
        return "record.content_damaged"
    try:
        place = associated_data(head, key_id, canonical(facets), terms)
        _, commitment = envelope.decrypt(suite, key, content, place, "")
    except ContentDamaged:
        return "record.content_damaged"
    recomputed = revision_digest(head, commitment)
    if recomputed != digest:
        return "record.digest_altered"
    if entered is None:
        return "record.not_in_ledger"
    return "record.ledger_differs" if entered != recomputed else None


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
