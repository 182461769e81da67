"""Who answers for a revision: who collected it, who decided each review, and what is still to come."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext as translate
from django.utils.translation import gettext_noop as _

from suyuan import catalog
from suyuan.catalog.model import RecordType
from suyuan.i18n import say
from suyuan.records.queries import RevisionInfo
from suyuan.records.reading import RecordView
from suyuan.review import queries as review

WORDS = (_("初审"), _("复审"), _("终审"))
WAITS = (_("由采集单位初审人审核"), _("由复审人审核"), _("由上级机关终审人审核"))
OUTCOMES = {"approve": _("通过"), "return": _("退回"), "reject": _("驳回")}


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
    """The steps of one revision in order: what was done by whom, what waits, what is still to come."""
    given_back = [one for one in review.returns(info.batch) if (one.record, one.rev) == (view.record_id, info.rev)]
    decided = {one.step: one for one in review.decisions([info.batch])}
    word = translate("采集") if info.rev == 1 else translate("更正")
    steps = [Step(word, "done", info.author, view.agency, info.recorded_at)]
    for number in range(1, (3 if info.final else 2) + 1):
        backs = [one for one in given_back if one.step == number]
        if backs:
            return [*steps, _back(backs, catalog.current().types[view.type])]
        if number not in decided:
            return [*steps, *_to_come(number, info)]
        steps.append(_decided(decided[number]))
        if decided[number].outcome != "approve":
            return steps
    return steps


def _decided(one: review.Decision) -> Step:
    tone = "done" if one.outcome == "approve" else "bad"
    word, outcome = translate(WORDS[one.step - 1]), translate(OUTCOMES[one.outcome])
    return Step(word, tone, one.reviewer, None, one.at, outcome, one.reason)


def _back(backs: list[review.Return], record_type: RecordType) -> Step:
    first = backs[0]
    reasons = translate("；").join(_worded(one, record_type) for one in backs)
    word = translate(WORDS[first.step - 1])
    return Step(word, "bad", first.reviewer, None, first.at, translate(OUTCOMES["return"]), reasons)


def _worded(one: review.Return, record_type: RecordType) -> str:
    """The reason with the field it is about."""
    field = record_type.fields.get(one.field)
    return say(f"{field.label.zh}：{one.reason}", f"{field.label.en}: {one.reason}") if field else one.reason


def _to_come(number: int, info: RevisionInfo) -> Iterator[Step]:
    for later in range(number, (3 if info.final else 2) + 1):
        tone = "now" if later == number else ""
        yield Step(translate(WORDS[later - 1]), tone, note=translate(WAITS[later - 1]))
