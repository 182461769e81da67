"""Who answers for a revision: who collected it, who decided each review, and what is still to come."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext as _

from suyuan.records.queries import RevisionInfo
from suyuan.records.reading import RecordView

OPEN = ("first_review", "second_review", "final_review")


class Step(NamedTuple):
    """One link of the chain. `tone` is done, now, bad, or empty for what is still to come."""

    word: str
    tone: str
    person: int | None = None
    agency: int | None = None
    at: datetime | None = None
    outcome: str = ""
    reason: str = ""
    note: str = ""


def chain(view: RecordView, info: RevisionInfo) -> list[Step]:
    """The steps of one revision in order."""
    collected = Step(_("采集"), "done", info.author, view.agency, info.recorded_at)
    names = (_("初审"), _("复审"), _("终审"))
    needed = 3 if info.final else 2
    reached = OPEN.index(info.batch_state) if info.batch_state in OPEN else needed
    notes = (_("由采集单位初审人核对"), _("由另一名复审人核对"), _("由上级机关终审人核对"))
    steps = [
        Step(names[i], "done" if i < reached else "now" if i == reached else "", note="" if i < reached else notes[i])
        for i in range(needed)
    ]
    return [collected, *steps]
