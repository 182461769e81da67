"""What auditors and heads of department do. Each is one transaction with its ledger entry; the database holds the rules."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.utils import timezone

from suyuan.access import proof
from suyuan.access.acting import Acting
from suyuan.access.errors import NotAllowed
from suyuan.audit import queries
from suyuan.audit.errors import AuditRefused
from suyuan.audit.queries import Line, Wanted
from suyuan.audit.reading import reading
from suyuan.formats import fingerprint
from suyuan.ledger import actions as ledger
from suyuan.ledger.acts import Act
from suyuan.vault import actions as vault

_SEED = "audit.seed"


def search(who: Acting, purpose: str, wanted: Wanted, after: str = "", limit: int = 50) -> list[Line]:
    """Entries that fit, for one of the four purposes; that is entered in the ledger too.

    Raises `NotAllowed`, and `AuditRefused` for a purpose that is none of the four.
    """
    acts = [int(act) for act in wanted.acts]
    about = {"person": wanted.person, "ground": wanted.ground, "acts": acts}
    with reading(who, purpose, "search", record=wanted.record, **about) as read:
        return queries.search(read, wanted, after, limit)


def open_weeks(who: Acting) -> None:
    """Commit the seeds of this week and the last, where that was not done: each digest is in the ledger before its draw."""
    this = timezone.localdate() - timedelta(days=timezone.localdate().weekday())
    for monday in (this - timedelta(days=7), this):
        digest, sealed = _seed(who.agency, monday)
        if _do("SELECT audit_open_week(%s, %s, %s)", [monday, digest, sealed]):
            ledger.append(who, Act.audit_commit, digest=digest, detail={"week": monday.isoformat()}, changes=True)


def begin_weeks() -> int:
    """Commit this week's seed wherever somebody audits, before any of its accesses can be known; gives how many were new."""
    this, made = timezone.localdate() - timedelta(days=timezone.localdate().weekday()), 0
    for (agency,) in queries.seats():
        with proof.as_process():
            digest, sealed = _seed(agency, this)
            if _do("SELECT audit_begin_week(%s, %s, %s)", [agency, digest, sealed]):
                detail = {"week": this.isoformat(), "agency": agency}
                ledger.append(ledger.SYSTEM, Act.audit_commit, digest=digest, detail=detail, changes=True)
                made += 1
    return made


def _seed(agency: int, monday: date) -> tuple[bytes, bytes]:
    """A fresh seed of a week: its digest, and itself sealed."""
    seed = secrets.token_bytes(32)
    return fingerprint(seed), vault.seal(_SEED, _place(agency, monday), seed)


def draw(who: Acting, monday: date) -> int:
    """Draw the sample of a week that is over; its seed is open from now on. Gives the size. Raises `AuditRefused`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sealed_seed FROM audit_week WHERE agency = %s AND monday = %s", [who.agency, monday])
        row = cursor.fetchone()
    if row is None:
        raise AuditRefused("audit_draw_refused")
    seed = vault.open_sealed(_SEED, _place(who.agency, monday), bytes(row[0]))
    size = int(_do("SELECT audit_draw(%s, %s)", [monday, seed]))
    ledger.append(who, Act.audit_draw, digest=seed, detail={"week": monday.isoformat(), "size": size}, changes=True)
    return size


def confirm(who: Acting, item: tuple[int, date, int, int], founded: bool, note: str = "") -> int | None:
    """Say whether a sampled access had its reason; where not, gives the finding that opens.

    `item` is agency, Monday, writer and number. Raises `NotAllowed`, `AuditRefused`.
    """
    made = _do("SELECT audit_confirm(%s, %s, %s, %s, %s, %s)", [*item, founded, note])
    _, monday, writer, n = item
    detail = {"week": monday.isoformat(), "writer": writer, "n": n, "founded": founded, "finding": made}
    ledger.append(who, Act.audit_answer, detail={k: v for k, v in detail.items() if v is not None}, changes=True)
    return made if made is None else int(made)


def conclude(who: Acting, monday: date, conclusion: str) -> None:
    """Conclude a weekly review whose sample is answered. Raises `AuditRefused`."""
    _do("SELECT audit_conclude(%s, %s)", [monday, conclusion.strip()])
    ledger.append(who, Act.audit_answer, detail={"done": "conclude", "week": monday.isoformat()}, changes=True)


def open_finding(
    who: Acting, source: str, agency: int, about: int | None, matter: str, owner: int, due_on: date
) -> int:
    """Open a finding with an owner and a day; gives its number. Raises `NotAllowed`, `AuditRefused`."""
    made = int(_do("SELECT audit_open_finding(%s, %s, %s, %s, %s, %s)", [agency, source, about, matter, owner, due_on]))
    ledger.append(who, Act.audit_answer, detail={"done": "open_finding", "finding": made}, changes=True)
    return made


def close_finding(who: Acting, finding: int, outcome: str) -> None:
    """Close a finding with its outcome. Raises `NotAllowed`, `AuditRefused`."""
    _do("SELECT audit_close_finding(%s, %s)", [finding, outcome.strip()])
    ledger.append(who, Act.audit_answer, detail={"done": "close_finding", "finding": finding}, changes=True)


def note_staff(who: Acting, person: int, record: UUID) -> None:
    """Say which record is about a member of staff, so that looks at oneself and at colleagues can be asked about."""
    _do("SELECT audit_note_staff(%s, %s)", [person, record])
    ledger.append(who, Act.administer, record=record, detail={"done": "note_staff", "on": person}, changes=True)


def note_absence(who: Acting, person: int, starts_on: date, ends_on: date, kind: str) -> None:
    """Say that a member of staff is on leave or transferred from a day until before another."""
    _do("SELECT audit_note_absence(%s, %s, %s, %s)", [person, starts_on, ends_on, kind])
    ledger.append(who, Act.administer, detail={"done": "note_absence", "on": person}, changes=True)


def _place(agency: int, monday: date) -> bytes:
    return f"{agency} {monday}".encode()


def _do(statement: str, values: Sequence[Any]) -> Any:
    with _worded(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone()[0]


@contextmanager
def _worded() -> Iterator[None]:
    try:
        yield
    except IntegrityError as exc:
        raise AuditRefused(getattr(getattr(exc.__cause__, "diag", None), "constraint_name", None) or "") from exc
    except ProgrammingError as exc:  # insufficient privilege
        raise NotAllowed("当前岗位不能办理这项审计工作。", "The current duty does not cover this audit act.") from exc
