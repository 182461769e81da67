"""The auditor's pages: the ledger, a record's accesses, one entry, weeks and samples, findings, questions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from suyuan.access import queries as access
from suyuan.access.decide import decide
from suyuan.access.errors import NotAllowed
from suyuan.access.web import ActingRequest, with_acting
from suyuan.access.words import GROUNDS
from suyuan.audit import actions, queries
from suyuan.audit.errors import AuditRefused
from suyuan.audit.queries import Line, Wanted
from suyuan.audit.reading import WEEKLY, reading
from suyuan.audit.words import OPERATIONS, PURPOSES, SIGNALS, SOURCES
from suyuan.i18n import say
from suyuan.ledger.acts import WORDS, Act

PAGE = 50


@require_GET
@with_acting
def search(request: ActingRequest) -> HttpResponse:
    """Search the ledger; without a purpose only the form."""
    _require(request, "audit")
    asked = request.GET
    purpose = chosen_purpose(request)
    context: dict[str, Any] = {
        "purposes": worded(PURPOSES), "purpose": purpose, "asked": asked,
        "operations": [(name, say(*WORDS[Act[name]])) for name in OPERATIONS],
    }  # fmt: skip
    if asked and purpose:
        wanted, unknown = _wanted(request)
        found = [] if unknown else actions.search(request.acting, purpose, wanted, asked.get("after", ""), PAGE)
        context |= _listed(found) | {"searched": True, "unknown": unknown}
    return render(request, "audit/search.html", context)


@require_GET
@with_acting
def record(request: ActingRequest, record: UUID) -> HttpResponse:
    """Who did what with one record and why, each entry with its place in the tree."""
    _require(request, "audit")
    purpose = chosen_purpose(request)
    context: dict[str, Any] = {"record": record, "purposes": worded(PURPOSES), "purpose": purpose}
    if purpose:
        found = actions.search(request.acting, purpose, Wanted(record=record), request.GET.get("after", ""), PAGE)
        context |= _listed(found) | {"placed": sum(one.leaf is not None for one in found[:PAGE])}
    return render(request, "audit/record.html", context)


@require_GET
@with_acting
def entry(request: ActingRequest, writer: int, n: int) -> HttpResponse:
    """One entry, and the proof of its place, checked while the page is made."""
    _require(request, "audit")
    purpose = chosen_purpose(request)
    if not purpose:
        return ask_purpose(request)
    with reading(request.acting, purpose, "read_entry", writer=writer, n=n) as read:
        found = queries.entry(read, writer, n)
    if found is None:
        raise Http404
    reason = queries.reasons([found.entry.ground]).get(found.entry.ground)
    context = {
        "one": found, "at": datetime.fromtimestamp(found.entry.at / 1e6, timezone.get_current_timezone()),
        "words": WORDS[Act(found.entry.act)], "reason": reason, "kind": _(GROUNDS[reason.kind]) if reason else "",
    }  # fmt: skip
    return render(request, "audit/entry.html", context)


@require_GET
@with_acting
def weeks(request: ActingRequest) -> HttpResponse:
    """The weekly reviews, overdue ones first to be seen."""
    _require(request, "audit")
    actions.open_weeks(request.acting)
    return render(request, "audit/weeks.html", {"weeks": queries.weeks(request.acting)})


@require_http_methods(["GET", "POST"])
@with_acting
def week(request: ActingRequest, monday: str) -> HttpResponse:
    """One week: what was done, the sample, and the conclusion."""
    _require(request, "audit")
    who, day = request.acting, parse_date(monday)
    one = next((each for each in queries.weeks(who, limit=520) if each.monday == day), None)
    if one is None or day is None:
        raise Http404
    if request.method == "POST":
        _act(request, {
            "draw": lambda: actions.draw(who, day),
            "answer": lambda: _answer(request),
            "conclude": lambda: actions.conclude(who, day, request.POST.get("conclusion", "")),
        })  # fmt: skip
        return redirect("audit:week", monday=monday)
    since = timezone.make_aware(datetime.combine(day, time()))
    with reading(who, WEEKLY, "read_week", week=monday) as read:
        listed = queries.items(read, day) if one.drawn_at else []
        counted = queries.counts(read, since, since + timedelta(days=7))
    context = {
        "week": one, "sunday": day + timedelta(days=6), "items": _reasoned(listed), "me": who.person,
        "counts": [(say(*WORDS[act]), entries, people) for act, entries, people in counted],
        "done": sum(one.auditor is not None for one in listed),
    }  # fmt: skip
    return render(request, "audit/week.html", context)


@require_http_methods(["GET", "POST"])
@with_acting
def sample(request: ActingRequest) -> HttpResponse:
    """For a head of department: sampled accesses of one's people, to confirm or deny."""
    _require(request, "confirm_sample")
    if request.method == "POST":
        _act(request, {"answer": lambda: _answer(request)})
        return redirect("audit:sample")
    with reading(request.acting, WEEKLY, "read_sample") as read:
        context = {"items": _reasoned(queries.items(read)), "me": request.acting.person}
    return render(request, "audit/sample.html", context)


@require_http_methods(["GET", "POST"])
@with_acting
def findings(request: ActingRequest) -> HttpResponse:
    """Findings: open ones first; an auditor opens and closes them."""
    _require(request, "audit")
    who, posted = request.acting, request.POST
    if request.method == "POST":
        _act(request, {
            "open": lambda: _open_finding(request),
            "close": lambda: actions.close_finding(who, int(posted["finding"]), posted.get("outcome", "")),
        })  # fmt: skip
        return redirect("audit:findings")
    asked = request.GET
    with reading(who, WEEKLY, "read_findings") as read:
        found = queries.findings(read, who.agency)
    context = {
        "findings": [(one, _(SOURCES[one.source])) for one in found],
        "due": timezone.localdate() + timedelta(days=30), "about": asked.get("about", ""), "matter": asked.get("matter", ""),
        "source": "signal" if asked.get("matter") else "auditor", "me": access.person(who.person).staff_no,
    }  # fmt: skip
    return render(request, "audit/findings.html", context)


@require_GET
@with_acting
def questions(request: ActingRequest) -> HttpResponse:
    """Accesses that look odd, each as a question; of the last thirty days unless a time is given."""
    _require(request, "audit")
    purpose = chosen_purpose(request)
    if not purpose:
        return ask_purpose(request)
    until = parse_date(request.GET.get("until", "")) or timezone.localdate()
    since = parse_date(request.GET.get("since", "")) or until - timedelta(days=30)
    first, last = since.isoformat(), until.isoformat()
    with reading(request.acting, purpose, "read_questions", since=first, until=last) as read:
        found = queries.signals(read, _start(since), _start(until + timedelta(days=1)))
    groups: dict[str, list[queries.Signal]] = {}
    for one in found:
        groups.setdefault(one.kind, []).append(one)
    context = {
        "groups": [(_(SIGNALS[kind][0]), _(SIGNALS[kind][1]), ones[:100], len(ones)) for kind, ones in groups.items()],
        "since": since, "until": until,
    }  # fmt: skip
    return render(request, "audit/questions.html", context)


def _require(request: ActingRequest, action: str) -> None:
    decision = decide(request.acting, action)
    if not decision.allowed:
        raise NotAllowed(decision.reason_zh + "。", decision.reason_en + ".")


def chosen_purpose(request: HttpRequest) -> str:
    """The purpose chosen, kept for the session: it is asked once, not at every page."""
    said = request.GET.get("purpose", "")
    if said in PURPOSES:
        request.session["audit_purpose"] = said
    return str(request.session.get("audit_purpose", ""))


def ask_purpose(request: HttpRequest) -> HttpResponse:
    """The form that asks what the log is read for; the page itself comes after it, with what was asked for."""
    kept = [(name, value) for name, value in request.GET.items() if name != "purpose"]
    return render(request, "audit/purpose.html", {"purposes": worded(PURPOSES), "kept": kept})


def _wanted(request: HttpRequest) -> tuple[Wanted, list[str]]:
    """What the form asks for, and what of it nobody knows."""
    asked, unknown = request.GET, list[str]()
    person = _person(asked.get("person", "").strip(), unknown)
    record = _uuid(asked.get("record", "").strip(), unknown)
    ground = asked.get("ground", "").strip()
    if ground and not ground.isdecimal():
        unknown.append(ground)
    acts = tuple(Act[name] for name in asked.getlist("act") if name in OPERATIONS)
    since, until = parse_date(asked.get("since", "")), parse_date(asked.get("until", ""))
    wanted = Wanted(
        person, record, int(ground) if ground.isdecimal() else None, acts,
        _start(since) if since else None, _start(until + timedelta(days=1)) if until else None,
    )  # fmt: skip
    return wanted, unknown


def _person(said: str, unknown: list[str]) -> int | None:
    if not said:
        return None
    found = [one.person for one in access.people() if said in (one.staff_no, one.name)]
    if len(found) != 1:
        unknown.append(said)
        return None
    return found[0]


def _uuid(said: str, unknown: list[str]) -> UUID | None:
    try:
        return UUID(said) if said else None
    except ValueError:
        unknown.append(said)
        return None


def _start(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))


def _listed(found: list[Line]) -> dict[str, Any]:
    reasons = queries.reasons(one.ground for one in found if one.ground)
    rows = [(one, reasons.get(one.ground), _kind(reasons.get(one.ground))) for one in found[:PAGE]]
    return {"rows": rows, "following": found[PAGE - 1].cursor if len(found) > PAGE else None}


def _reasoned(items: Iterable[queries.Item]) -> list[tuple[queries.Item, Any, str]]:
    listed = list(items)
    reasons = queries.reasons(one.ground for one in listed)
    return [(one, reasons.get(one.ground), _kind(reasons.get(one.ground))) for one in listed]


def _kind(reason: queries.Reason | None) -> str:
    return _(GROUNDS[reason.kind]) if reason else ""


def _answer(request: ActingRequest) -> None:
    agency, monday, writer, n = request.POST.get("item", "").split(" ")
    day = parse_date(monday)
    if day is None:
        raise Http404
    founded = request.POST.get("founded") == "yes"
    actions.confirm(
        request.acting, (int(agency), day, int(writer), int(n)), founded, request.POST.get("note", "").strip()
    )


def _open_finding(request: ActingRequest) -> None:
    posted, unknown = request.POST, list[str]()
    about, owner = (_person(posted.get(name, "").strip(), unknown) for name in ("about", "owner"))
    due, matter = parse_date(posted.get("due_on", "")), posted.get("matter", "").strip()
    if unknown or owner is None or due is None or not matter:
        raise AuditRefused("audit_finding_form")
    agency = access.person(about).agency if about else request.acting.agency
    source = "signal" if posted.get("source") == "signal" else "auditor"
    actions.open_finding(request.acting, source, agency, about, matter, owner, due)


def _act(request: ActingRequest, acts: dict[str, Callable[[], Any]]) -> None:
    wanted = acts.get(request.POST.get("act", ""))
    if wanted is None:
        raise Http404
    try:
        wanted()
    except (AuditRefused, NotAllowed) as exc:
        messages.error(request, f"{exc}{exc.mend}")
    else:
        messages.success(request, _("已记入账本。"))


def worded(table: dict[str, str]) -> list[tuple[str, str]]:
    """Keys with their words in the reader's language."""
    return [(key, _(word)) for key, word in table.items()]
