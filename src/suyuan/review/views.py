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
from suyuan.access.web import ActingRequest, keeps_typed, typed_before, with_acting
from suyuan.catalog.check import check
from suyuan.catalog.model import Field, RecordType
from suyuan.i18n import say
from suyuan.records import queries as records
from suyuan.records.errors import NotFound
from suyuan.records.queries import Change
from suyuan.records.reading import RecordView
from suyuan.review import actions, marks, queries, sample
from suyuan.review.errors import ReviewRefused
from suyuan.review.marks import Line

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
_SIGNED_EN = {"approve": "approved", "return": "given back", "reject": "rejected"}
STEP_WORDS = {1: gettext_noop("初审"), 2: gettext_noop("复审"), 3: gettext_noop("终审")}
PAGE = 20
LINES = 3
"""Reasons that can be given for one record at once."""
REASON = 300
OPINION = "opinion"
"""Where a session keeps what was typed about a batch while its pages are turned."""
OPINION_MOST = 500


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
@keeps_typed
def batch(request: ActingRequest, batch: UUID) -> HttpResponse:
    """One batch: findings, rows or sample, earlier decisions, and the form that decides."""
    try:
        task = queries.task(request.acting, batch)
    except NotFound as exc:
        raise Http404 from exc
    if request.method == "POST":
        return _act(request, task)
    sent = typed_before(request)
    if sent is None:
        return render(request, "review/batch.html", _page(request, task) | _opinion(request, task))
    messages.warning(request, _("登录曾结束，刚才没有签署。您填写的内容都在，请核对后重新签署。"))
    if queries.waiting(request.acting, task.batch):
        _keep_marks(request.acting, task, sent)
    typed = {"reason": sent.get("reason", ""), "lines": _ticked(sent)}
    return render(request, "review/batch.html", _page(request, task) | {"typed": typed})


def _act(request: ActingRequest, task: queries.Task) -> HttpResponse:
    """Do as asked, after the rows that were shown have been marked as they are ticked now.

    What is refused comes back on the same page with all that was filled in.
    """
    who, posted = request.acting, request.POST
    try:
        _keep_marks(who, task, posted)
        if posted.get("act") == "mark" and request.headers.get("HX-Request"):
            return render(request, "review/parts/signing.html", _signing(who, task) | {"swap": True})
        if posted.get("act") == "draw":
            actions.draw(who, task.batch, task.step)
        elif posted.get("act") == "take":
            request.session["ground"] = actions.take(who, task.batch)
        elif "unmark" in posted:
            marks.unmark(who, task.batch, task.step, *_id(posted["unmark"]))
        elif "outcome" in posted:
            return _sign(request, task)
    except (ReviewRefused, ValueError) as exc:
        refused = exc if isinstance(exc, ReviewRefused) else ReviewRefused("review_decision_digest")
        return _refused(request, queries.task(who, task.batch), refused)
    if typed := posted.get("reason", ""):
        request.session[OPINION] = {str(task.batch): typed[:OPINION_MOST]}
    there = posted.get("go") or request.GET.get("from", "0")
    return redirect(f"{request.path}?from={int(there) if there.isdecimal() else 0}")


def _opinion(request: ActingRequest, task: queries.Task) -> dict[str, Any]:
    """What was typed about this batch before another page of it was asked for, once."""
    kept = request.session.pop(OPINION, {}).get(str(task.batch), "")
    return {"typed": {"reason": kept}} if kept else {}


def _refused(request: ActingRequest, task: queries.Task, refused: ReviewRefused) -> HttpResponse:
    messages.error(request, f"{refused}{refused.mend}")
    if request.headers.get("HX-Request"):
        context = _signing(request.acting, task) | {"swap": True, "refused": refused}
        return render(request, "review/parts/signing.html", context, status=409)
    typed = {"reason": request.POST.get("reason", ""), "lines": _ticked(request.POST)}
    return render(request, "review/batch.html", _page(request, task) | {"typed": typed}, status=409)


def _sign(request: ActingRequest, task: queries.Task) -> HttpResponse:
    """Decide as asked, about everything that is marked too."""
    outcome, signed = request.POST["outcome"], bytes.fromhex(request.POST.get("digest", ""))
    reason = request.POST.get("reason", "")
    done = actions.decide(request.acting, task.batch, task.step, outcome, signed, reason=reason)
    messages.success(request, _signed_words(outcome, done))
    return redirect("review:desk")


def _signed_words(outcome: str, done: actions.Signed) -> str:
    """What was signed, by numbers: how many records passed (or were rejected) and how many went back."""
    whole = outcome == "return"
    counts = {outcome: done.decided + done.given_back * whole} | ({} if whole else {"return": done.given_back})
    zh = "，".join(f"{OUTCOMES[one]} {n} 条" for one, n in counts.items() if n or one == outcome)
    en = ", ".join(f"{n} {_SIGNED_EN[one]}" for one, n in counts.items() if n or one == outcome)
    return say(f"已签署：{zh}", f"Signed: {en}")


def _keep_marks(who: Acting, task: queries.Task, posted: QueryDict) -> None:
    """Mark the rows of this page that are ticked, and take the marks of its others back."""
    ticked = _ticked(posted)
    for row in posted.getlist("shown"):
        if row in ticked:
            marks.mark(who, task.batch, task.step, *_id(row), ticked[row])
        else:
            marks.unmark(who, task.batch, task.step, *_id(row))


def _id(said: str) -> tuple[UUID, int]:
    """A row of a form: "record rev". Raises `ValueError`."""
    record, rev = said.split(" ")
    return UUID(record), int(rev)


def _ticked(posted: QueryDict) -> dict[str, list[Line]]:
    """Rows ticked to go back, each with up to `LINES` reasons, one a field.

    A row may be ticked before its reason is written; signing asks for the words.
    """
    found: dict[str, list[Line]] = {}
    for row in posted.getlist("back"):
        said = [line for number in range(LINES) if any((line := _line(posted, row, number))[::2])]
        found[row] = list({one.field: one for one in said or [_line(posted, row, 0)]}.values())
    return found


def _line(posted: QueryDict, row: str, number: int) -> Line:
    """One line of reasons as it was filled in."""
    field, code, why = (posted.get(f"{name} {row} {number}", "").strip() for name in ("field", "code", "why"))
    return Line(field, code if code in CODES else "other", why[:REASON])


def _page(request: ActingRequest, task: queries.Task) -> dict[str, Any]:
    who = request.acting
    mine = bool(task.step and queries.waiting(who, task.batch))
    drawn = queries.sample(who, task.batch, task.step) if mine else None
    rows, following = _rows(request, task, drawn)
    record_type = catalog.current().types[task.type]
    return _signing(who, task) | {
        "record_type": record_type, "rows": _shown(who, task, rows, mine=mine),
        "following": following, "reviews": who.duty in queries.STEPS, "opens": who.purposeful,
        "size": sample.size(queries.remaining(task.batch)),
        "decisions": [(one, _(STEP_WORDS[one.step]), _(OUTCOMES[one.outcome])) for one in queries.decisions([task.batch])],
        "returns": [(one, _(STEP_WORDS[one.step]), _(CODES[one.code])) for one in queries.returns(task.batch)],
        "codes": [(code, _(word)) for code, word in CODES.items()], "page_from": _start(request),
        "previous": max(_start(request) - PAGE, 0) if _start(request) else None,
    }  # fmt: skip


def _signing(who: Acting, task: queries.Task) -> dict[str, Any]:
    """What the foot of the page says: what is marked, what may be signed, what is still to be looked at."""
    mine = bool(task.step and queries.waiting(who, task.batch))
    drawn = queries.sample(who, task.batch, task.step) if mine else None
    marked = marks.marks(who, task.batch, task.step) if mine else []
    left = queries.remaining(task.batch)
    return {
        "task": task, "may_decide": mine, "left": left, "sample": drawn, "digest": task.digest.hex(),
        "step_word": _(STEP_WORDS.get(task.step, "")), "needs_sample": left > sample.WITHOUT_SAMPLE,
        "complete": drawn is None or drawn.looked >= len(drawn.seqs), "all_marked": bool(marked) and len(marked) >= left,
        "marked": [(one, f"{one.record} {one.rev}", _worded_lines(task, one.lines)) for one in marked],
    }  # fmt: skip


def _worded_lines(task: queries.Task, lines: list[Line]) -> list[str]:
    fields = catalog.current().types[task.type].fields
    labels = {name: say(one.label.zh, one.label.en) for name, one in fields.items()}
    none = say("未写理由", "no reason yet")
    return [say(f"{labels.get(one.field, '整条记录')}：{one.reason or none}",
                f"{labels.get(one.field, 'the whole')}: {one.reason or none}") for one in lines]  # fmt: skip


def _start(request: ActingRequest) -> int:
    said = request.GET.get("from", "0")
    return int(said) if said.isdecimal() else 0


def _rows(
    request: ActingRequest, task: queries.Task, drawn: queries.Sample | None
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


def _shown(who: Acting, task: queries.Task, rows: list[RecordView], *, mine: bool) -> list[dict[str, Any]]:
    """Rows with their fields in the order of the form, what an amendment changes, the check's warnings, and marks."""
    notes = _notes(rows) if task.warned else {}
    amended = [one.seq for one in rows if one.rev > 1]
    before = queries.earlier(who, task.batch, amended) if mine and amended else {}
    marked = {(one.record, one.rev): one.lines for one in marks.marks(who, task.batch, task.step)} if mine else {}
    return [
        {"view": one, "type": record_type, "fields": _fields(record_type, one), "notes": notes.get(one.seq, []),
         "id": f"{one.record_id} {one.rev}", "lines": _padded(marked.get((one.record_id, one.rev), [])),
         "marked": (one.record_id, one.rev) in marked, "before": before.get(one.record_id),
         "changes": _changes(record_type, before.get(one.record_id), one)}
        for one in rows
        for record_type in [catalog.current().types[one.type]]
    ]  # fmt: skip


def _padded(lines: list[Line]) -> list[tuple[int, Line]]:
    """The lines of a row's form, those without a reason empty."""
    return list(enumerate([*lines, *[Line("", "", "")] * LINES][:LINES]))


def _changes(record_type: RecordType, before: RecordView | None, view: RecordView) -> list[tuple[Field, Change]]:
    """What differs from what was there before, in the order of the form."""
    if before is None:
        return []
    found = {one.field: one for one in records.changes(before, view)}
    names = [name for group in record_type.groups for name in group.fields if name in found]
    return [(record_type.fields[name], found[name]) for name in names]


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
