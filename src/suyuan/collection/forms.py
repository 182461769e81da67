"""What the entry form does with the records room: hints of twins, sending, and correcting what was given back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from suyuan import catalog
from suyuan.access import decide
from suyuan.access.acting import Acting
from suyuan.catalog.model import RecordType
from suyuan.collection import actions
from suyuan.collection.entry import Verdict
from suyuan.collection.tally import message
from suyuan.i18n import say
from suyuan.records import actions as records
from suyuan.records import batches, dossier, queries
from suyuan.records.reading import RecordView

Reasons = Callable[[Acting, UUID], dict[str, str]]
"""Reasons per field ("" for the whole record) for which a record was given back."""

_reasons: list[Reasons] = []
_MULTIPLE = "；"


def provide_reasons(source: Reasons) -> None:
    """The review room's answer to why a record was given back; set once when the program starts."""
    _reasons[:] = [source]


def reasons(who: Acting, record: UUID) -> dict[str, str]:
    """Why a record was given back, by field."""
    return _reasons[0](who, record) if _reasons else {}


def returned(who: Acting) -> list[RecordView]:
    """One's own records that wait to be corrected."""
    return queries.views_of(who, batches.returned(who, limit=20), latest=True)


def twins(who: Acting, record_type: RecordType, verdict: Verdict) -> list[RecordView]:
    """Stored records that carry one of the form's numbers. Finding them is a search, so it needs a purpose too."""
    if not verdict.exact or not (who.purposeful or not record_type.about_people):
        return []
    return queries.search(who, type=record_type.id, exact=verdict.exact, limit=5).rows


def submit(
    who: Acting, record_type: RecordType, verdict: Verdict, basis: str, amends: UUID | None
) -> tuple[UUID | None, str]:
    """Send one form as a batch of one. The record, or None and the reason why not, for the person."""
    batch = records.open_batch(who, record_type, verdict.checked.release, "form", basis)
    corrects = {1: amends} if amends else {}
    result = records.submit(who, batch, verdict.checked, amends=corrects)
    records.close_batch(who, batch)
    if result.records:
        return next(iter(result.records.values())), ""
    for one in result.findings:
        words = message(one.rule)
        if one.severity == "reject" and words:
            return None, say(*words)
    return None, _("内容与已登记的记录完全相同，没有新增。")


def correction(who: Acting, record: UUID) -> UUID:
    """A draft with the content of a record that was given back or is in force.

    Raises `NotFound` when there is none to correct, and `NotAllowed` for one of another agency or under review.
    """
    view = queries.open_record(who, record)
    decide.require(who, "collect", agency=view.agency, level=view.level, state=view.state)
    dossier.reveal_identity(who, view)  # the form shows every value in full
    record_type = catalog.current().types[view.type]
    values = {name: _text(value) for name, value in view.content.items() if name in record_type.fields}
    draft = actions.new_id()
    actions.save_draft(who, draft, view.type, values, record)
    return draft


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return _MULTIPLE.join(map(_text, value))
    return str(value)
