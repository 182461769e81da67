"""Everything the page of one record says, read in one go and entered in the ledger as one look.

Beside the content: where each value came from, every revision with what it changed, and the records it refers to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from suyuan import catalog
from suyuan.access import decide, grounds
from suyuan.access.acting import Acting
from suyuan.ledger import actions as ledger
from suyuan.ledger.acts import Act
from suyuan.records import queries
from suyuan.records.errors import NotFound
from suyuan.records.queries import Change, Neighbour, RevisionInfo
from suyuan.records.reading import RecordView


@dataclass(frozen=True, slots=True)
class Step:
    """One revision and how it differs from the one before it."""

    info: RevisionInfo
    changes: list[Change]


@dataclass(frozen=True, slots=True)
class Dossier:
    """One record as its page shows it. `origins` names for each field the revision that brought its value."""

    view: RecordView
    origins: dict[str, RevisionInfo]
    steps: list[Step]
    neighbours: list[Neighbour]


def open_dossier(
    who: Acting, record: UUID, *, as_of: datetime | None = None, known_at: datetime | None = None
) -> Dossier:
    """Read the page of one record; the look is entered in the ledger. Raises `NotFound`."""
    view = queries.open_record(who, record, as_of=as_of, known_at=known_at)
    contents = queries.every_revision(record)
    infos = {one.rev: one for one in queries.revisions(record)}
    before = {one.rev: one for one in contents}  # an earlier one may lie out of reach
    steps = [
        Step(infos[one.rev], queries.changes(before[one.rev - 1], one) if one.rev - 1 in before else [])
        for one in contents
    ]
    origins = {field: infos[rev] for field, rev in _origins(contents, view).items()}
    return Dossier(view, origins, steps[::-1], queries.neighbours(who, record, view.rev))


def reveal(who: Acting, record: UUID, rev: int, field: str) -> tuple[RecordView, Any]:
    """One protected value in clear; who saw it is entered in the ledger.

    Raises `NotFound`, `LimitReached`, and `NotAllowed` for a duty that only sees masked values.
    """
    decide.require(who, "reveal")
    grounds.spend(who, "reveal")
    for one in queries.every_revision(record):
        known = catalog.current().types[one.type].fields  # what lies in quarantine is shown to nobody
        if one.rev == rev and field in one.content and field in known:
            _require(who, one)
            ledger.append(who, Act.reveal, record=record, rev=rev, detail={"field": field})
            return one, one.content[field]
    raise NotFound


def reveal_identity(who: Acting, view: RecordView) -> None:
    """Enter that a person had every identifying value of a revision shown in full.

    Raises `LimitReached`, and `NotAllowed` for a duty that only sees masked values.
    """
    _require(who, view)
    grounds.spend(who, "reveal")
    ledger.append(who, Act.reveal, record=view.record_id, rev=view.rev)


def _require(who: Acting, view: RecordView) -> None:
    decide.require(who, "reveal", agency=view.agency, level=view.level, state=view.state)


def _origins(contents: Sequence[RecordView], view: RecordView) -> dict[str, int]:
    """For each value of `view`, the revision since which it has stood unchanged."""
    since: dict[str, int] = {}
    earlier: RecordView | None = None
    for one in contents:
        if one.rev > view.rev:
            break
        changed = {change.field for change in queries.changes(earlier, one)}
        since |= {field: one.rev for field in one.content if field not in since or field in changed}
        earlier = one
    return {field: since[field] for field in view.content}
