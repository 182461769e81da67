"""The proof of one record: a zip that anybody can check without the server, the database or their keys.

It holds the headers of all revisions with the commitments of their contents, the digests through which reviewers
signed them, the reviews themselves, and every ledger entry about the record with its RFC 9162 inclusion proof under one
signed checkpoint. `suyuan_verify.py` and the offline page read it; `docs/proof.md` describes it.
"""

from __future__ import annotations

import io
import json
import zipfile
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import ProgrammingError, connection, transaction

from suyuan import formats
from suyuan.access import grounds
from suyuan.access import queries as access
from suyuan.access.acting import Acting
from suyuan.access.errors import NoPurpose
from suyuan.audit.errors import ContentUnproved, NotSequenced
from suyuan.ledger import actions as ledger
from suyuan.ledger import keys
from suyuan.ledger.acts import WORDS, Act
from suyuan.ledger.checkpoint import signer_of
from suyuan.ledger.entries import encode
from suyuan.ledger.sequencer import entry_of
from suyuan.ledger.tiles import TileTree
from suyuan.records import queries as records
from suyuan.records.digest import Place, header, microseconds, name
from suyuan.records.errors import NotFound
from suyuan.records.reading import canonical
from suyuan.vault import envelope
from suyuan.vault.actions import provider

FORMAT = "suyuan-proof-1"
_PLACED = (Act.collect, Act.amend, Act.batch_close, Act.review)  # what the proof rests on; looks may still wait
_EARLY = (1980, 1, 1, 0, 0, 0)  # a zip of the same proof is the same bytes


def prove(who: Acting, record: UUID, *, recipient: str = "", with_content: bool = False) -> bytes:
    """The proof of a record as a zip. Issuing it is entered in the ledger as a disclosure to `recipient`.

    With its content it is a file that leaves, and counts as an export. Raises `NotFound`, alike for a record out of
    reach; `NoPurpose` in an emergency; `NotSequenced`; `ContentUnproved`; and for content `LimitReached` and what
    `records.queries.open_record` raises.
    """
    if who.purpose == "emergency":
        raise NoPurpose
    revisions = _rows("SELECT * FROM audit_proof_revisions(%s)", record)
    if not revisions:
        raise NotFound
    if with_content:
        if not recipient or who.scope_hi == who.scope_lo:
            raise ContentUnproved
        records.open_record(who, record)
        grounds.spend(who, "export")
    proof = _proof(record, revisions, with_content)
    _issue(who, record, recipient, with_content)
    return _zip(proof)


def _proof(record: UUID, revisions: Sequence[tuple[Any, ...]], with_content: bool) -> dict[str, Any]:
    size, note = _checkpoint()
    entries, waiting = _entries(record, size)
    batches = _batches(record)
    proof = {
        "format": FORMAT,
        "record": str(record),
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        **_signers(note),
        "checkpoint": note,
        "revisions": [_revision(record, row, with_content) for row in revisions],
        "batches": batches,
        "entries": entries,
        "waiting": waiting,
    }
    return proof | {"names": _names(proof)}


def _signers(note: str) -> dict[str, Any]:
    """The key that signed the checkpoint, and how it followed from the ones before: who holds any of those can check it."""
    signed = signer_of(note, keys.source().signers())
    chain = []
    for one in provider().signing():
        chain.append({"public": one.public.hex(), "since": one.since, "signature": one.signature.hex()})
        if signed and one.public == signed.public:
            break
    return {"public_key": chain[-1]["public"]} | ({"handovers": chain} if len(chain) > 1 else {})


def _revision(record: UUID, row: tuple[Any, ...], with_content: bool) -> dict[str, Any]:
    (rev, kind, agency, level, valid_from, recorded_at, author, batch, seq, row_no, final, facets, terms, digest,
     content, key_id, wrapped) = row  # fmt: skip
    place = Place(record.bytes, rev, kind, agency, level, microseconds(valid_from), microseconds(recorded_at), author,
                  batch.bytes, seq, row_no, final)  # fmt: skip
    fixed = {**place._asdict(), "record": str(record), "batch": str(batch), "digest": bytes(digest).hex()}
    if wrapped is None:  # erased: that it was there can still be proved, what it said cannot
        return fixed | {"commitment": None}
    [key] = provider().unwrap(key_id, [(record.bytes, bytes(wrapped))])
    bound = formats.content_place(header(place), key_id, canonical(facets), bytes(terms))
    salted, commitment = envelope.open_salted(provider().suite(key_id), key, bytes(content), bound, name(record, rev))
    opened = {"opened": b64encode(salted).decode()} if with_content else {}
    return fixed | {"commitment": commitment.hex()} | opened


def _batches(record: UUID) -> list[dict[str, Any]]:
    found: dict[UUID, dict[str, Any]] = {}
    for batch, digest, chunk_no, chunk, members in _rows("SELECT * FROM audit_proof_chunks(%s)", record):
        one = found.setdefault(
            batch, {"batch": str(batch), "digest": bytes(digest).hex(), "chunks": [], "decisions": []}
        )
        inside = {"members": [bytes(member).hex() for member in members]} if members else {}
        one["chunks"].append({"chunk_no": chunk_no, "digest": bytes(chunk).hex()} | inside)
    for batch, *columns in _rows("SELECT * FROM audit_proof_decisions(%s)", record):
        step, outcome, reviewer, author, digest, agency, level, reason, at = columns
        found[batch]["decisions"].append({
            "step": step, "outcome": outcome, "reviewer": reviewer, "author": author, "digest": bytes(digest).hex(),
            "agency": agency, "level": level, "at": microseconds(at), "reason": bytes(reason).hex(),
        })  # fmt: skip
    return list(found.values())


def _entries(record: UUID, size: int) -> tuple[list[dict[str, Any]], int]:
    """Entries that stand under the checkpoint, each with its inclusion proof, and how many still wait."""
    tree = TileTree(_tile, size)
    found, waiting = [], 0
    for leaf, *columns, detail, mac in _rows("SELECT * FROM audit_proof_entries(%s)", record):
        entry, _ = entry_of((*columns, _json(detail), mac))
        if leaf is None or leaf >= size:
            if entry.act in _PLACED:
                raise NotSequenced
            waiting += 1
            continue
        path = [step.hex() for step in tree.inclusion(leaf)]
        encoded = b64encode(encode(entry)).decode()
        found.append({"index": leaf, "encoded": encoded, "mac": bytes(mac).hex(), "path": path})
    return found, waiting


def _checkpoint() -> tuple[int, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT size, note FROM ledger_checkpoint ORDER BY size DESC LIMIT 1")
        row = cursor.fetchone()
    if row is None:
        raise NotSequenced
    return int(row[0]), str(row[1])


def _tile(level: int, index: int) -> bytes:
    with connection.cursor() as cursor:
        cursor.execute("SELECT hashes FROM ledger_tile WHERE level = %s AND index = %s", [level, index])
        row = cursor.fetchone()
    return bytes(row[0]) if row else b""


def _names(proof: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Words for the numbers in the proof, for its readers. They are not proved, and the verifiers say so."""
    people = {one["author"] for one in proof["revisions"]}
    people |= {decision["reviewer"] for batch in proof["batches"] for decision in batch["decisions"]}
    agencies = {one["agency"] for one in proof["revisions"]}
    return {
        "people": {str(number): access.person_name(number) for number in sorted(people)},
        "agencies": {str(number): access.agency_name(number) for number in sorted(agencies)},
        "acts": {str(int(act)): zh for act, (zh, _en) in WORDS.items()},
    }


def _issue(who: Acting, record: UUID, recipient: str, with_content: bool) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        try:
            cursor.execute("SELECT audit_issue_proof(%s, %s, %s)", [record, recipient, with_content])
        except ProgrammingError as exc:  # insufficient privilege
            raise NotFound from exc
        [number] = cursor.fetchone()
        detail = {"proof": number, "content": with_content}
        ledger.append(who, Act.disclose, record=record, detail=detail, changes=True)


def _zip(proof: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        text = json.dumps(proof, ensure_ascii=False, sort_keys=True, indent=1)
        file.writestr(zipfile.ZipInfo("proof.json", _EARLY), text, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _rows(statement: str, record: UUID) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, [record])
        return list(cursor.fetchall())
