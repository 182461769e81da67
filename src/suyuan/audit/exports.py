"""What left as a file: who took it, what it held, for whom and what for. Reading this is entered in the ledger too."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

from django.db import ProgrammingError, connection

from suyuan.access.acting import Acting
from suyuan.access.errors import NotAllowed
from suyuan.audit.reading import reading
from suyuan.records.export import words


class Left(NamedTuple):
    """One file that left. `writer` and `n` name the entry that lists its records."""

    export: int
    at: datetime
    person: int
    agency: int
    ground: int
    type: str
    format: str
    whole: bool
    rows: int
    expires_on: date
    recipient: str
    purpose: str
    writer: int | None
    n: int | None


def exports(who: Acting, purpose: str, before: int | None = None, limit: int = 50) -> list[Left]:
    """Files that people in the auditor's range took, newest first, one more than `limit` where there are more.

    Raises `NotAllowed`, and `AuditRefused` for a purpose that is none of the four.
    """
    with reading(who, purpose, "read_exports"), connection.cursor() as cursor:
        try:
            cursor.execute("SELECT * FROM audit_exports(%s, %s)", [before, limit + 1])
        except ProgrammingError as exc:  # insufficient privilege
            raise NotAllowed("当前岗位不能查询审计账本。", "The current duty does not read the ledger.") from exc
        rows = cursor.fetchall()
    return [_left(*row) for row in rows]


def _left(number: int, *columns: object) -> Left:
    *plain, sealed, digest, writer, n = columns
    said = words(bytes(digest), bytes(sealed))  # type: ignore[call-overload]  # database columns
    return Left._make((number, *plain, said["recipient"], said["purpose"], writer, n))
