"""Erasing a record: its key is destroyed, so its content is unreadable everywhere, in this database and in every copy of it
that has no key of its own. That it was there, and who did what with it, stays in the ledger.

A head of department asks and says on what basis; a custodian of the keys does it: two persons, by constraint.
Source: PIPL art. 47; norm 1.3.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import IntegrityError, ProgrammingError, connection, transaction

from suyuan.access import decide
from suyuan.access.acting import Acting
from suyuan.access.errors import NotAllowed
from suyuan.formats import fingerprint
from suyuan.ledger import actions as ledger
from suyuan.ledger.acts import Act
from suyuan.records.errors import DisposalRefused, NotFound
from suyuan.vault import actions as vault

_PURPOSE = "disposal"


class Disposal(NamedTuple):
    """One record that is to be erased, or was. `basis` is in words; `done_at` is None while it waits."""

    record: UUID
    agency: int
    asked_by: int
    asked_at: datetime
    basis: str
    done_by: int | None
    done_at: datetime | None


def ask(who: Acting, record: UUID, basis: str) -> None:
    """Ask for a record to be erased, on a stated basis (a retention rule, a court's order, a request).

    Raises `NotAllowed`, `DisposalRefused`, and `NotFound` alike for a record that is hidden and one that is missing.
    """
    decide.require(who, "dispose")
    if not basis.strip():
        raise DisposalRefused("records_disposal_basis")
    sealed = vault.seal(_PURPOSE, record.bytes, basis.strip().encode())
    with _worded(), connection.cursor() as cursor:
        cursor.execute("SELECT records_ask_disposal(%s, %s)", [record, sealed])
    detail = {"done": "ask_disposal", "basis": fingerprint(sealed).hex()}
    ledger.append(who, Act.administer, record=record, detail=detail, changes=True)


def erase(who: Acting, record: UUID) -> None:
    """Destroy the key of a record that somebody else asked to have erased. Raises `NotAllowed`, `DisposalRefused`."""
    decide.require(who, "erase")
    with _worded(), connection.cursor() as cursor:
        cursor.execute("SELECT records_erase(%s)", [record])
    ledger.append(who, Act.erase, record=record, changes=True)


def waiting(who: Acting) -> list[Disposal]:
    """What waits for this custodian, then what was done. Raises `NotAllowed`."""
    decide.require(who, "erase")
    return _disposals("SELECT * FROM records_disposals()", [])


def of(record: UUID) -> Disposal | None:
    """Whether a record within reach is to be erased."""
    found = _disposals("SELECT * FROM records_disposal WHERE record_id = %s", [record])
    return found[0] if found else None


def _disposals(statement: str, values: list[UUID]) -> list[Disposal]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [
            Disposal(record, agency, asked_by, asked_at, _words(record, bytes(basis)), done_by, done_at)
            for record, agency, _, asked_by, asked_at, basis, done_by, done_at in cursor.fetchall()
        ]


def _words(record: UUID, basis: bytes) -> str:
    return vault.open_sealed(_PURPOSE, record.bytes, basis).decode()


@contextmanager
def _worded() -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
    except IntegrityError as exc:
        constraint = getattr(getattr(exc.__cause__, "diag", None), "constraint_name", None) or ""
        raise NotFound if constraint == "records_not_found" else DisposalRefused(constraint) from exc
    except ProgrammingError as exc:  # insufficient privilege
        raise NotAllowed("当前岗位不能办理销毁。", "The current duty has no part in erasing.") from exc
