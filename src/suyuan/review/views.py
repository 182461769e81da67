"""The review desk, and the page on which a batch is reviewed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pyarrow as pa
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_GET, require_http_methods

from suyuan import catalog
from suyuan.access.acting import Acting
from suyuan.access.web import ActingRequest, with_acting
from suyuan.catalog.check import check
from suyuan.catalog.model import Field, RecordType
from suyuan.i18n import say
from suyuan.records import queries as records
from suyuan.records.errors import NotFound
from suyuan.records.reading import RecordView
from suyuan.review import actions, queries, sample
from suyuan.review.errors import ReviewRefused

CODES = {
    "missing": gettext_noop("缺漏"),
    "wrong": gettext_noop("填写错误"),
    "untrue": gettext_noop("与事实不符"),
    "unrelated": gettext_noop("与本案（事）无关"),
    "unlawful": gettext_noop("缺少法律依据"),
    "unclear": gettext_noop("表述不清"),
    "other": gettext_noop("其他"),
}
OUTCOMES = {"approve": gettext_noop("通过"), "return": gettext_noop("退回"), "reject": gettext_noop("驳回")}
STEP_WORDS = {1: gettext_noop("初审"), 2: gettext_noop("复审"), 3: gettext_noop("终审")}
PAGE = 20
LINES = 3
"""Reasons that can be given for one record at once."""


@require_GET
@with_acting
def desk(request: ActingRequest) -> HttpResponse:
    """Batches that wait for this person, oldest first."""
    if request.acting.duty not in queries.STEPS:
        raise PermissionDenied(_("您当前的岗位不审核数据。"))
    types = catalog.current().types
    waiting = [(one, types[one.type]) for one in queries.waiting(request.acting) if one.type in types]
    return render(request, "review/desk.html", {"waiting": waiting})


@require_http_methods(["GET", "POST"])
@with_acting
def batch(request: ActingRequest, batch: UUID) -> HttpResponse:
    """One batch: findings, rows or sample, earlier decisions, and the form that decides."""
    try:
        task = queries.task(request.acting, batch)
    except NotFound as exc:
        raise Http404 from exc
    if request.method == "POST":
        return _act(request, task)
    return render(request, "review/batch.html", _page(request, task))


def _act(request: ActingRequest, task: queries.Task) -> HttpResponse:
    who, posted = request.acting, request.POST
    try:
        if posted.get("act") == "draw":
            actions.draw(who, task.batch, task.step)
        elif posted.get("act") == "take":
            request.session["ground"] = actions.take(who, task.batch)
        else:
            outcome = _sign(who, task, posted)
            messages.success(request, _("已签署：") + _(OUTCOMES[outcome]))
            return redirect("review:desk")
    except (ReviewRefused, ValueError) as exc:
        refused = exc if isinstance(exc, ReviewRefused) else ReviewRefused("review_decision_digest")
        messages.error(request, f"{refused}{refused.mend}")
    return redirect("review:batch", batch=task.batch)


def _sign(who: Acting, task: queries.Task, posted: QueryDict) -> str:
    """Decide as asked. Where every row is ticked to go back nothing is left to approve: the batch goes back."""
    outcome, reason, back = posted.get("outcome", ""), posted.get("reason", ""), _returns(posted)
    if outcome == "approve" and len({one[:2] for one in back}) == queries.remaining(task.batch):
        outcome, reason = "return", reason.strip() or _("记录已逐条退回，理由见各条。")
    signed = bytes.fromhex(posted.get("digest", ""))
    actions.decide(who, task.batch, task.step, outcome, signed, reason=reason, returns=back)
    return outcome


def _returns(posted: QueryDict) -> list[actions.GivenBack]:
    """Rows ticked to go back ("record rev"), each with up to `LINES` reasons: field, kind and words."""
    found: dict[tuple[str, str], actions.GivenBack] = {}
    for ticked in posted.getlist("back"):
        record, rev = ticked.split(" ")
        said = [line for number in range(LINES) if any((line := _line(posted, ticked, number))[::2])]
        for field, code, why in said or [_line(posted, ticked, 0)]:
            reason = why or _(CODES.get(code, "其他"))
            found[ticked, field] = actions.GivenBack(UUID(record), int(rev), field, code, reason)
    return list(found.values())


def _line(posted: QueryDict, ticked: str, number: int) -> tuple[str, str, str]:
    """One line of reasons as it was filled in: field, kind, words."""
    field, code, why = (posted.get(f"{name} {ticked} {number}", "").strip() for name in ("field", "code", "why"))
    return field, code or "other", why


def _page(request: ActingRequest, task: queries.Task) -> dict[str, Any]:
    who = request.acting
    mine = task.step and any(one.batch == task.batch for one in queries.waiting(who))
    left = queries.remaining(task.batch)
    drawn = queries.sample(who, task.batch, task.step) if mine else None
    rows, following = _rows(request, task, drawn, bool(mine))
    # Showing this page was a look at its rows: the count must know of it.
    drawn = queries.sample(who, task.batch, task.step) if drawn else None
    record_type = catalog.current().types[task.type]
    return {
        "task": task, "record_type": record_type, "rows": _shown(rows, _notes(rows) if task.warned else {}),
        "following": following, "reviews": who.duty in queries.STEPS,
        "opens": who.purposeful, "may_decide": mine, "left": left, "sample": drawn, "needs_sample": left > sample.WITHOUT_SAMPLE,
        "size": sample.size(left), "step_word": _(STEP_WORDS.get(task.step, "")),
        "decisions": [(one, _(STEP_WORDS[one.step]), _(OUTCOMES[one.outcome])) for one in queries.decisions([task.batch])],
        "returns": [(one, _(STEP_WORDS[one.step]), _(CODES[one.code])) for one in queries.returns(task.batch)],
        "codes": [(code, _(word)) for code, word in CODES.items()], "digest": task.digest.hex(),
        "complete": drawn is None or drawn.looked >= len(drawn.seqs), "lines": range(LINES),
        "previous": max(_start(request) - PAGE, 0) if _start(request) else None,
    }  # fmt: skip


def _start(request: ActingRequest) -> int:
    said = request.GET.get("from", "0")
    return int(said) if said.isdecimal() else 0


def _rows(
    request: ActingRequest, task: queries.Task, drawn: queries.Sample | None, mine: bool
) -> tuple[list[RecordView], int | None]:
    """A page of the sample where there is one, else of the batch; and where the next page starts."""
    who = request.acting
    start = _start(request)
    if drawn is not None:
        seqs = sorted(drawn.seqs)[start : start + PAGE]
        more = start + PAGE if start + PAGE < len(drawn.seqs) else None
        return actions.look(who, task.batch, task.step, seqs), more
    rows = records.batch_rows(who, task.batch, offset=start, limit=PAGE + 1)
    return rows[:PAGE], start + PAGE if len(rows) > PAGE else None


def _shown(rows: list[RecordView], notes: dict[int, list[str]]) -> list[dict[str, Any]]:
    """Rows with their fields in the order of the form, and the check's warnings about each."""
    return [
        {"view": one, "type": record_type, "fields": _fields(record_type, one), "notes": notes.get(one.seq, []),
         "id": f"{one.record_id} {one.rev}"}
        for one in rows
        for record_type in [catalog.current().types[one.type]]
    ]  # fmt: skip


def _fields(record_type: RecordType, view: RecordView) -> list[tuple[Field, Any]]:
    names = [name for group in record_type.groups for name in group.fields]
    return [(record_type.fields[name], view.content[name]) for name in names if name in view.content]


def _notes(rows: list[RecordView]) -> dict[int, list[str]]:
    """What the check warns of in each row, by its place in the batch: the reviewer looks there first."""
    notes: dict[int, list[str]] = {}
    for type_id in {one.type for one in rows}:
        record_type = catalog.current().types[type_id]
        alike = [one for one in rows if one.type == type_id]
        columns = {name: pa.array([_text(one.content.get(name)) for one in alike], pa.string())
                   for name in record_type.fields}  # fmt: skip
        checked = check(record_type, pa.table({"_row": pa.array([one.seq for one in alike], pa.int64()), **columns}))
        for found in checked.findings.to_pylist():
            if found["severity"] == "warn":
                words = say(checked.message(found["rule"], "zh"), checked.message(found["rule"], "en"))
                notes.setdefault(found["_row"], []).append(words)
    return notes


def _text(value: Any) -> str | None:
    """A stored value as the check reads it."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return "；".join(map(str, value)) if isinstance(value, list) else str(value)
