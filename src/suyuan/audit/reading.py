"""Reading the log: for one of the four lawful purposes, and entered in the transaction in which it is read.

Whatever reads entries wants a `Reading`, and pages have no other way to one than `reading`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from uuid import UUID

from suyuan.access.acting import Acting
from suyuan.audit.errors import AuditRefused
from suyuan.audit.words import PURPOSES
from suyuan.ledger import actions as ledger
from suyuan.ledger.acts import Act

WEEKLY = "monitoring"
"""The purpose of weekly reviews, of answering their samples, and of following up findings, which are nothing else."""


class Reading(NamedTuple):
    """That somebody reads the log now, for a purpose, in the transaction in which it was entered."""

    person: int
    purpose: str


@contextmanager
def reading(who: Acting, purpose: str, what: str, *, record: UUID | None = None, **about: Any) -> Iterator[Reading]:
    """Let the log be read within, and enter it at the end, so that a list does not begin with its own reading.

    `what` says which part, `about` whose or which entries, by number. Nothing leaves before the transaction is whole.

    Raises `AuditRefused` for a purpose that is none of the four.
    """
    if purpose not in PURPOSES:
        raise AuditRefused("audit_purpose")
    yield Reading(who.person, purpose)
    detail = {"purpose": purpose, "done": what, **{name: value for name, value in about.items() if value}}
    ledger.append(who, Act.audit, record=record, detail=detail)
