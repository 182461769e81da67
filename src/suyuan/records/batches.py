"""A person's own batches: what became of what they sent. Shows no content, so nothing is entered in the ledger."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from suyuan.access.acting import Acting
from suyuan.installation.sql import statements
from suyuan.vault import actions as vault

_SQL = statements("records", "batches")


class Batch(NamedTuple):
    """A batch as its collector follows it. `taken` rows became revisions, `returned` ones did not pass the check."""

    batch: UUID
    type: str
    state: str
    source: str
    opened_at: datetime
    closed_at: datetime | None
    taken: int
    returned: int


def mine(who: Acting, limit: int = 10) -> list[Batch]:
    """The acting person's latest batches, newest first."""
    with connection.cursor() as cursor:
        cursor.execute(_SQL["mine"], {"person": who.person, "limit": limit})
        return [
            Batch(batch, kind, state, vault.open_sealed("batch.label", batch.bytes, bytes(label)).decode(), *rest)
            for batch, kind, state, label, *rest in cursor.fetchall()
        ]


def returned(who: Acting, limit: int = 1000) -> list[UUID]:
    """The acting person's records that wait to be corrected, latest first."""
    with connection.cursor() as cursor:
        cursor.execute(_SQL["returned"], {"person": who.person, "limit": limit})
        return [record for (record,) in cursor.fetchall()]
