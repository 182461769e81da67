"""Rows that a program delivers: one batch, by the same check and the same way in as the form and the file.

A key of the sender's makes it safe to send again what got no answer: the same delivery is told the same and adds nothing.
Without one it adds nothing either, since every row is known by then, but its rows come back as duplicates.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

import pyarrow as pa
from django.db import connection

from suyuan.access.acting import Acting
from suyuan.catalog.check import Checked, check
from suyuan.catalog.model import RecordType
from suyuan.collection.errors import KeyReused
from suyuan.collection.tally import message
from suyuan.i18n import say
from suyuan.installation.sql import statements
from suyuan.records import actions as records
from suyuan.records.actions import BatchReceipt, ChunkResult
from suyuan.records.arrival import Finding
from suyuan.vault import actions as vault

MOST_ROWS = 5_000
_ANSWER = "collection.delivery"
_MULTIPLE = "；"
_SQL = statements("collection", "delivery")
Rows = Sequence[Mapping[str, Any]]


def deliver(
    who: Acting, record_type: RecordType, rows: Rows, basis: str, *,
    label: str = "", amends: Mapping[int, UUID] | None = None, key: str = "",
) -> tuple[dict[str, Any], bool]:  # fmt: skip
    """Take in rows (numbered from 1) as one batch; gives the answer as JSON values and whether it was given before.

    Values are text, numbers, booleans, null, or lists of them. `amends` names the records that rows correct. Raises
    `NotAllowed`, `NotFound` for a record to amend, `KeyReused` for a key that came with another delivery.
    """
    if not key:
        return _take_in(who, record_type, rows, basis, label, amends), False
    sent = json.dumps([record_type.id, basis, label, list(rows), amends], sort_keys=True, default=str).encode()
    return _once(who, record_type, key, sent, lambda: _take_in(who, record_type, rows, basis, label, amends))


def _once(
    who: Acting, record_type: RecordType, key: str, sent: bytes, take_in: Callable[[], dict[str, Any]]
) -> tuple[dict[str, Any], bool]:
    values: dict[str, Any] = {
        "person": who.person, "agency": who.agency, "level": record_type.level,
        "key": sha256(f"{who.person} {who.agency} {key}".encode()).digest(),
    }  # fmt: skip
    digest = sha256(sent).hexdigest()
    with connection.cursor() as cursor:
        cursor.execute(_SQL["alone"], values)
        cursor.execute(_SQL["earlier"], values)
        if row := cursor.fetchone():
            batch, sealed = row
            kept = json.loads(vault.open_sealed(_ANSWER, batch.bytes, bytes(sealed)))
            if kept["sent"] != digest:
                raise KeyReused
            return kept["answer"], True
        answer = take_in()
        batch = UUID(answer["batch"])
        kept = {"sent": digest, "answer": answer}
        sealed = vault.seal(_ANSWER, batch.bytes, json.dumps(kept, ensure_ascii=False).encode())
        cursor.execute(_SQL["remember"], values | {"batch": batch, "answer": sealed})
    return answer, False


def _take_in(
    who: Acting, record_type: RecordType, rows: Rows, basis: str, label: str, amends: Mapping[int, UUID] | None
) -> dict[str, Any]:
    checked = check(record_type, table(record_type, rows))
    batch = records.open_batch(who, record_type, checked.release, "api", basis, label=label)
    result = records.submit(who, batch, checked, amends=amends)
    return _answer(checked, result, records.close_batch(who, batch))


def table(record_type: RecordType, rows: Rows) -> pa.Table:
    """Rows of JSON values as the check reads them: text, as a form or a file would bring it."""
    columns = {name: pa.array([text(row.get(name)) for row in rows], pa.string()) for name in record_type.fields}
    return pa.table({"_row": pa.array(range(1, len(rows) + 1), pa.int64()), **columns})


def text(value: Any) -> str | None:
    """A JSON value as text; blank is nothing. A list is written as the form writes several values."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        value = _MULTIPLE.join(filter(None, map(text, value)))
    return (str(value).strip() or None) if value is not None else None


def _answer(checked: Checked, result: ChunkResult, receipt: BatchReceipt) -> dict[str, Any]:
    return {
        "batch": str(receipt.batch), "type": checked.type.id, "state": receipt.state, "release": checked.release,
        "digest": receipt.digest.hex() if receipt.digest else None,
        "rows": len(result.outcomes), "accepted": receipt.accepted, "accepted_with_warnings": receipt.warned,
        "returned": receipt.returned, "duplicate": receipt.duplicate,
        "outcomes": [
            {"row": row, "outcome": str(outcome), "record": str(result.records[row]) if row in result.records else None}
            for row, outcome in sorted(result.outcomes.items())
        ],
        "findings": [_finding(checked, one) for one in sorted(result.findings, key=lambda one: one.row_no)],
    }  # fmt: skip


def _finding(checked: Checked, one: Finding) -> dict[str, Any]:
    words = message(one.rule) or (checked.message(one.rule, "zh"), checked.message(one.rule, "en"))
    return {"row": one.row_no, "field": one.field, "rule": one.rule, "severity": one.severity,
            "message": say(*words), "value": one.value}  # fmt: skip
