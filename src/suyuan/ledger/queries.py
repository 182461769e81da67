"""Reading the ledger: who looked at a record, and proofs. Entries reach the application through functions only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from suyuan.ledger.acts import WORDS, Act


class Seen(NamedTuple):
    """One entry about a record, in words."""

    at: datetime
    act: Act
    person: int
    ground: int
    agency: int
    rev: int | None
    sequenced: bool

    @property
    def words(self) -> tuple[str, str]:
        """The act in Chinese and English."""
        return WORDS[self.act]


def about(record: UUID, limit: int = 200) -> list[Seen]:
    """Entries about a record the acting context reaches, newest first, lists it was shown in included."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM ledger_about(%s, %s)", [record, limit])
        return [
            Seen(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at), Act(act), *rest)
            for at, act, *rest in cursor.fetchall()
        ]
