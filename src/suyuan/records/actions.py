"""What changes records. Everything that arrives is a batch of 1 to N rows, from whatever door.

`open_batch`, then `submit` for each chunk, then `close_batch`, which fixes the digest that reviewers sign
and opens the first review. Each runs in its caller's acting transaction and enters the ledger in it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import uuid_utils
from django.db import IntegrityError, connection

from suyuan import formats
from suyuan.access.acting import Acting
from suyuan.access.decide import require
from suyuan.catalog.check import Checked
from suyuan.catalog.model import RecordType
from suyuan.installation.sql import statements
from suyuan.ledger import actions as ledger
from suyuan.ledger.acts import Act
from suyuan.records.arrival import Arrangement, Arrival, Arrived, Finding, Known, Outcome, arrange, arrive
from suyuan.records.beside import Run, beside
from suyuan.records.digest import Place
from suyuan.records.errors import BatchClosed, NotFound
from suyuan.records.identity import Delivery
from suyuan.records.links import resolve
from suyuan.records.pack import Packed, Row, no_collection, pack
from suyuan.vault import actions as vault
from suyuan.vault import envelope

_CHUNK_SEQ = 1_000_000  # a chunk's revisions are numbered from chunk_no times this
_CIVIL_OFFSET = 8 * 3_600_000_000  # China's civil time is UTC+8 all year: catalog times are civil
_PIECE = 5_000  # rows that the database stores while the next are being encrypted
_SQL = statements("records", "take_in")


class ChunkResult(NamedTuple):
    """What became of a chunk: counts that add up to its source rows, each row's outcome, and the findings."""

    accepted: int
    warned: int
    returned: int
    duplicate: int
    outcomes: dict[int, Outcome]
    findings: list[Finding]
    ids: dict[int, bytes]

    @property
    def records(self) -> dict[int, UUID]:
        """The record of each source row that was stored; with several types the first type's."""
        return {row: UUID(bytes=one) for row, one in self.ids.items()}


@dataclass(frozen=True, slots=True)
class BatchReceipt:
    """A closed batch: what reviewers sign, and the counts over all its chunks."""

    batch: UUID
    digest: bytes | None
    state: str
    accepted: int
    warned: int
    returned: int
    duplicate: int
    skipped: int


def open_batch(
    who: Acting,
    record_type: RecordType,
    release: str,
    channel: str,
    legal_basis: str,
    *,
    source_digest: bytes | None = None,
    mapping_digest: bytes | None = None,
    label: str = "",
    level: int | None = None,
) -> UUID:
    """Open a batch of one type. `label` is what the collector calls the source; it is stored encrypted.

    `release` is the catalog release (64 hex digits) every row will be checked against. `level` is that of the
    highest type in it, where rows of other types come with it. Raises `NotAllowed`.
    """
    at = level or record_type.level
    require(who, "collect", agency=who.agency, level=at)
    batch = UUID(str(uuid_utils.uuid7()))
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO records_batch (batch_id, type, agency, level, collector, channel, legal_basis,
                                          source_digest, mapping_digest, release, label)
               VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
               RETURNING encode(records_batch_head(records_batch), 'hex')""",
            [batch, record_type.id, who.agency, at, who.person, channel, legal_basis, source_digest,
             mapping_digest, bytes.fromhex(release), vault.seal("batch.label", batch.bytes, label.encode())],
        )  # fmt: skip
        [head] = cursor.fetchone()
    ledger.append(who, Act.batch_open, batch=batch, digest=source_digest, detail={"head": head})
    return batch


def submit(
    who: Acting,
    batch: UUID,
    checked: Checked,
    *,
    children: Sequence[Checked] = (),
    amends: Mapping[int, UUID] | None = None,
) -> ChunkResult:
    """Take in checked rows as the only chunk of a batch.

    `children` are rows of other types that came with the same source rows (same `_row`); a source row goes
    in whole or not at all. `amends` names the record that a row corrects, where its number or content may have
    changed with it. Raises `BatchClosed`, `NotFound` for a record to amend that is out of reach, and `NotAllowed` for
    one of another agency.
    """
    return take_in(who, batch, arrive([checked, *children], Delivery(who.agency)), amends=amends)


def take_in(
    who: Acting, batch: UUID, arrived: Arrived, *, chunk_no: int = 0, amends: Mapping[int, UUID] | None = None
) -> ChunkResult:
    """Take in one chunk of a delivery: encrypt, store, link and enter in the ledger the rows that pass. As `submit`."""
    with no_collection():
        return _take_in(who, batch, arrived, chunk_no, amends)


def _take_in(
    who: Acting, batch: UUID, arrived: Arrived, chunk_no: int, amends: Mapping[int, UUID] | None
) -> ChunkResult:
    _hold_keys()
    with vault.ring_pinned():
        return _take_in_now(who, batch, arrived, chunk_no, amends)


def _take_in_now(
    who: Acting, batch: UUID, arrived: Arrived, chunk_no: int, amends: Mapping[int, UUID] | None
) -> ChunkResult:
    parts, found = arrived.parts, arrived.arrivals()
    known = _known(batch, found)
    if amends:
        known |= _amended(who, [one for one in found if one.type == parts[0].type.id], amends, known)
    arrangement = arrange(parts, found, known, arrived.worst)
    levels = {part.type.id: part.type.level for part in parts}
    ids = _write(who, batch, levels, chunk_no, arrangement)
    counts = _counts(arrangement)
    return ChunkResult(*counts, arrangement.outcomes, arrangement.findings, ids)


def close_batch(who: Acting, batch: UUID, *, skipped: int = 0) -> BatchReceipt:
    """Close a batch: its content is fixed from here on, and the first review opens. Raises `BatchClosed`."""
    with connection.cursor() as cursor:
        try:
            cursor.execute(
                """SELECT encode(records_batch_head(b), 'hex'), digest, state, accepted, warned, returned, duplicate, skipped
                   FROM records_close(%s, %s) b""",
                [batch, skipped],
            )
        except IntegrityError as exc:
            raise BatchClosed from exc
        head, digest, *rest = cursor.fetchone()
    receipt = BatchReceipt(batch, bytes(digest) if digest else None, *rest)
    ledger.append(who, Act.batch_close, batch=batch, digest=receipt.digest, detail={"head": head})
    return receipt


def _hold_keys() -> None:
    """Until the transaction ends no other key becomes current: a rotation waits for whoever is writing."""
    with connection.cursor() as cursor:
        cursor.execute(_SQL["hold_keys"])


def _known(batch: UUID, found: Sequence[Arrival]) -> dict[bytes, Known]:
    """What is stored under the keys that arrive, by the keys of now, whether or not a rotation has reached it."""
    now = {one.mark.before: one.mark.key_digest for one in found if one.mark.before}
    keys = b"".join({*(one.mark.key_digest for one in found), *now})
    with connection.cursor() as cursor:
        cursor.execute(_SQL["known"], {"batch": batch, "keys": keys})
        rows = [
            (bytes(key), Known(bytes(mark), record, rev, state, key_id, bytes(wrapped) if wrapped else None, same))
            for key, mark, record, rev, state, key_id, wrapped, same in cursor.fetchall()
        ]
    older = [one for key, one in rows if key in now]
    marks = dict(zip(map(id, older), vault.identity_moved_on([one.mark for one in older]), strict=True))
    moved = {now[key]: one._replace(mark=marks[id(one)]) for key, one in rows if key in now}
    return moved | {key: one for key, one in rows if key not in now}


def _amended(
    who: Acting, found: Sequence[Arrival], amends: Mapping[int, UUID], known: Mapping[bytes, Known]
) -> dict[bytes, Known]:
    """The records that rows correct, under the rows' own keys; a key that another record holds is a repeat.

    Raises `NotFound`, and `NotAllowed` for a record that is read and not collected: another agency's.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SQL["amended"], {"records": list(amends.values())})
        stored = {row[0]: row for row in cursor.fetchall()}
    if set(amends.values()) - set(stored):
        raise NotFound
    for *_, agency, level in stored.values():
        require(who, "collect", agency=agency, level=level)
    result = {}
    for one in found:
        target, holder = amends.get(one.row_no), known.get(one.mark.key_digest)
        if target and holder and holder.record != target:
            result[one.mark.key_digest] = holder._replace(same_delivery=True)
        elif target:
            _, rev, state, key_id, wrapped, *_ = stored[target]
            mark = holder.mark if holder else b""
            result[one.mark.key_digest] = Known(mark, target, rev, state, key_id, wrapped and bytes(wrapped), False)
    return result


def _write(
    who: Acting, batch: UUID, levels: Mapping[str, int], chunk_no: int, arrangement: Arrangement
) -> dict[int, bytes]:
    """Store what is to be written, each record at the level of its type, the chunk itself at the highest."""
    ids = {id(one): _record_id(one) for one in arrangement.arrivals if one.write}
    resolve(who, batch, chunk_no, levels, arrangement, ids)
    written = list(arrangement.writes())
    _hold_amended([one for one in written if one.known])
    if len(written) > _PIECE:
        with beside() as run:
            digests = _store_all(run, who, batch, levels, chunk_no, written, ids)
    else:
        digests = _store_all(_at_once, who, batch, levels, chunk_no, written, ids)
    _chunk_row(who, batch, max(levels.values()), chunk_no, arrangement, written, digests)
    return {one.row_no: ids[id(one)] for one in reversed(written)}


def _hold_amended(found: Sequence[Arrival]) -> None:
    """Keep a rotation off the records to be amended, and take their keys as they are from here on."""
    if not found:
        return
    with connection.cursor() as cursor:
        cursor.execute(_SQL["hold_amended"], {"records": [one.known.record for one in found if one.known]})
        held = {record: (key_id, bytes(wrapped) if wrapped else None) for record, key_id, wrapped in cursor.fetchall()}
    for one in found:
        if one.known and one.known.record in held:
            key_id, wrapped = held[one.known.record]
            one.known = one.known._replace(key_id=key_id, wrapped=wrapped)


def _at_once(work: Callable[..., None], *arguments: Any) -> None:
    work(*arguments)


def _store_all(
    run: Run,
    who: Acting,
    batch: UUID,
    levels: Mapping[str, int],
    chunk_no: int,
    written: Sequence[Arrival],
    ids: dict[int, bytes],
) -> list[bytes]:
    """Encrypt rows piece by piece, while `run` stores the piece before; gives their digests in order."""
    now, digests = time.time_ns() // 1000, []
    for start in range(0, len(written), _PIECE):
        piece = written[start : start + _PIECE]
        entered: list[tuple[Place, bytes]] = []
        groups = _rows(who, batch, levels, chunk_no * _CHUNK_SEQ + start, now, piece, ids)
        for (key_id, row_level), rows in groups.items():
            packed = pack(rows, vault.provider(), key_id, row_level)
            entered += zip((row.place for row in rows), packed.digests, strict=True)
            run(_store, batch, packed, any(row.place.rev > 1 for row in rows))
        entered.sort(key=lambda pair: pair[0].seq)
        run(_enter, who, batch, entered)
        digests += [digest for _, digest in entered]
    return digests


def _record_id(one: Arrival) -> bytes:
    return one.known.record.bytes if one.known else uuid_utils.uuid7().bytes


def _rows(
    who: Acting,
    batch: UUID,
    levels: Mapping[str, int],
    first: int,
    now: int,
    written: Sequence[Arrival],
    ids: dict[int, bytes],
) -> dict[tuple[int, int], list[Row]]:
    """The rows to pack, numbered from `first`, by key-encryption key and level."""
    keys = _new_keys(levels, written, ids)
    groups: dict[tuple[int, int], list[Row]] = {}
    for seq, one in enumerate(written, first):
        level = levels[one.type]
        key_id, data_key, wrapped = _existing_key(one.known) if one.known else keys[id(one)]
        place = Place(
            ids[id(one)], one.known.latest_rev + 1 if one.known else 1, one.type, who.agency, level,
            now if one.at is None else one.at - _CIVIL_OFFSET, now, who.person, batch.bytes,
            seq, one.row_no, one.final,
        )  # fmt: skip
        groups.setdefault((key_id, level), []).append(
            Row(place, one.content, one.facets, one.exact, one.text, one.codes,
                one.mark.key_digest, one.mark.content_mark, data_key, wrapped)
        )  # fmt: skip
    return groups


def _new_keys(
    levels: Mapping[str, int], written: Sequence[Arrival], ids: dict[int, bytes]
) -> dict[int, tuple[int, bytes, bytes]]:
    """Key-encryption key, data key and wrapped data key of each new record, by `id(arrival)`."""
    provider = vault.provider()
    found = {}
    for level in sorted(set(levels.values())):
        fresh = [one for one in written if one.known is None and levels[one.type] == level]
        current = provider.current_key(level)
        made = zip(*envelope.new_keys(provider, current, [ids[id(one)] for one in fresh]), strict=True)
        found.update({id(one): (current, *pair) for one, pair in zip(fresh, made, strict=True)})
    return found


def _existing_key(known: Known) -> tuple[int, bytes, bytes]:
    wrapped = known.wrapped or b""  # an erased record is not amendable, so `classify` lets none come here
    [data_key] = vault.provider().unwrap(known.key_id, [(known.record.bytes, wrapped)])
    return known.key_id, data_key, wrapped


def _store(batch: UUID, packed: Packed, amended: bool) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_SQL["staging"])
        with cursor.cursor.copy(_SQL["copy"]) as copy:
            copy.write(packed.stream)
        cursor.execute(_SQL["staged"])
        values: dict[str, Any] = {"batch": batch, "depth": vault.identity_depths()[0]}
        for name in ("keys", *(("rekey", "remark") if amended else ())):
            cursor.execute(_SQL[name], values)


def _enter(who: Acting, batch: UUID, entered: Sequence[tuple[Place, bytes]]) -> None:
    rows = [(place.record, place.rev, digest) for place, digest in entered]
    for act, chosen in (
        (Act.collect, [row for row in rows if row[1] == 1]),
        (Act.amend, [row for row in rows if row[1] > 1]),
    ):
        if chosen:
            ledger.append_many(who, act, chosen, batch)


def _chunk_row(
    who: Acting, batch: UUID, level: int, chunk_no: int,
    arrangement: Arrangement, written: Sequence[Arrival], digests: Sequence[bytes],
) -> None:  # fmt: skip
    accepted, warned, returned, duplicate = _counts(arrangement)
    values: dict[str, Any] = {
        "batch": batch, "chunk_no": chunk_no, "agency": who.agency, "level": level,
        "digest": formats.chunk(digests), "revisions": len(digests), "needs_final": any(one.final for one in written),
        "accepted": accepted, "warned": warned, "returned": returned, "duplicate": duplicate,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_SQL["chunk"], values)


def _counts(arrangement: Arrangement) -> tuple[int, int, int, int]:
    outcomes = list(arrangement.outcomes.values())
    accepted, warned, returned, duplicate = (outcomes.count(one) for one in Outcome)
    return accepted, warned, returned, duplicate
