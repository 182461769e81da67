"""The review desk, and the page on which a batch is reviewed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_GET, require_http_methods

from suyuan import catalog
from suyuan.access.web import ActingRequest, with_acting
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


@require_GET
@with_acting
def desk(request: ActingRequest) -> HttpResponse:
    """Batches that wait for this person, oldest first."""
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
        else:
            signed = bytes.fromhex(posted.get("digest", ""))
            actions.decide(who, task.batch, task.step, posted.get("outcome", ""), signed,
                           reason=posted.get("reason", ""), returns=_returns(posted))  # fmt: skip
            messages.success(request, _("已签署：") + _(OUTCOMES[posted["outcome"]]))
            return redirect("review:desk")
    except (ReviewRefused, ValueError) as exc:
        refused = exc if isinstance(exc, ReviewRefused) else ReviewRefused("review_decision_digest")
        messages.error(request, f"{refused}{refused.mend}")
    return redirect("review:batch", batch=task.batch)


def _returns(posted: QueryDict) -> list[actions.GivenBack]:
    """Rows ticked to go back: `back` is "record rev field", with its kind and words in fields of that name."""
    found = []
    for ticked in posted.getlist("back"):
        record, rev = ticked.split(" ")
        field = posted.get(f"field {ticked}", "")
        code = posted.get(f"code {ticked}", "other")
        reason = posted.get(f"why {ticked}", "").strip() or _(CODES.get(code, "其他"))
        found.append(actions.GivenBack(UUID(record), int(rev), field, code, reason))
    return found


def _page(request: ActingRequest, task: queries.Task) -> dict[str, Any]:
    who = request.acting
    mine = task.step and any(one.batch == task.batch for one in queries.waiting(who))
    left = queries.remaining(task.batch)
    drawn = queries.sample(who, task.batch, task.step) if mine else None
    rows, following = _rows(request, task, drawn, bool(mine))
    record_type = catalog.current().types[task.type]
    return {
        "task": task, "record_type": record_type, "rows": [_shown(one) for one in rows], "following": following,
        "may_decide": mine, "left": left, "sample": drawn, "needs_sample": left > sample.WITHOUT_SAMPLE,
        "size": sample.size(left), "step_word": _(STEP_WORDS.get(task.step, "")),
        "decisions": [(one, _(STEP_WORDS[one.step]), _(OUTCOMES[one.outcome])) for one in queries.decisions([task.batch])],
        "returns": [(one, _(STEP_WORDS[one.step]), _(CODES[one.code])) for one in queries.returns(task.batch)],
        "codes": [(code, _(word)) for code, word in CODES.items()], "digest": task.digest.hex(),
        "complete": drawn is None or drawn.looked >= len(drawn.seqs),
    }  # fmt: skip


def _rows(
    request: ActingRequest, task: queries.Task, drawn: queries.Sample | None, mine: bool
) -> tuple[list[RecordView], int | None]:
    """A page of the sample where there is one, else of the batch; and where the next page starts."""
    who = request.acting
    start = int(request.GET.get("from", 0)) if request.GET.get("from", "0").isdigit() else 0
    if drawn is not None:
        seqs = sorted(drawn.seqs)[start : start + PAGE]
        more = start + PAGE if start + PAGE < len(drawn.seqs) else None
        return actions.look(who, task.batch, task.step, seqs), more
    rows = records.batch_rows(who, task.batch, offset=start, limit=PAGE + 1)
    return rows[:PAGE], start + PAGE if len(rows) > PAGE else None


def _shown(view: RecordView) -> dict[str, Any]:
    """A row with its fields in the order of the form, and what an amendment changes."""
    record_type = catalog.current().types[view.type]
    fields = [
        (record_type.fields[name], view.content[name])
        for group in record_type.groups
        for name in group.fields
        if name in view.content
    ]
    return {"view": view, "type": record_type, "fields": fields, "id": f"{view.record_id} {view.rev}"}
