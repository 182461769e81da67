"""Pages of proposals: what waits for a second person, what would change, and the decision."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from suyuan.access import decide, proposals, queries
from suyuan.access.errors import Conflict, NotAllowed, Unknown
from suyuan.access.forms import LimitForm
from suyuan.access.proposals import Proposal
from suyuan.access.sign_in.fresh import fresh_factor
from suyuan.access.web import ActingRequest, with_acting
from suyuan.access.words import DUTIES, LIMITS, POWERS, PROPOSALS, SETTINGS, STRETCHES
from suyuan.i18n import say


@fresh_factor
@with_acting
def listed(request: ActingRequest) -> HttpResponse:
    """Proposals in range, those that wait first; the limits, and another limit to propose."""
    who = request.acting
    form = LimitForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            number = proposals.propose_limit(who, **form.cleaned_data)
        except (Conflict, NotAllowed) as exc:
            form.add_error(None, f"{exc}{exc.mend}")
        else:
            return redirect("access:proposal", number=number)
    found = proposals.proposals(who)
    context = {
        "waiting": [(one, headline(one)) for one in found if one.state == "waiting"],
        "settled": [(one, headline(one)) for one in found if one.state != "waiting"],
        "limits": [
            (_(LIMITS[one.kind]), _(STRETCHES[one.stretch]), setting(one.kind, one.most)) for one in proposals.limits()
        ],
        "form": form if who.agency == 0 else None,
        "me": who.person,
    }
    return render(request, "access/proposals.html", context)


@fresh_factor
@with_acting
def one(request: ActingRequest, number: int) -> HttpResponse:
    """One proposal: who would gain and lose what, and the decision of another person."""
    who = request.acting
    try:
        found = proposals.proposal(who, number)
    except Unknown as exc:
        raise Http404 from exc
    if request.method == "POST" and _decide(request, found):
        return redirect("access:proposals")
    effect = proposals.effect(found)
    context: dict[str, Any] = {
        "one": found,
        "headline": headline(found),
        "duty": _(DUTIES[_kind(found)]) if found.what in ("grant", "clearance") else "",
        "effect": effect,
        "gains": [say(*decide.action_word(action)) for action in effect.gains],
        "loses": [say(*decide.action_word(action)) for action in effect.loses],
        "apart": [_(POWERS[power]) for power in effect.apart],
        "power": _(POWERS[decide.power_of(_kind(found))]),
        "mine": found.proposed_by == who.person,
        "about_me": found.person == who.person,
    }
    return render(request, "access/proposal.html", context)


def setting(kind: str | None, most: int | None) -> Any:
    """What a limit or a standing policy is set to, in words where it has some."""
    return _(SETTINGS[kind][most]) if kind in SETTINGS and most in SETTINGS[kind] else most


def headline(one: Proposal) -> str:
    """What a proposal is about, in a line."""
    word, colon = _(PROPOSALS[one.what]), _("：")
    if one.what == "limit":
        return f"{word}{colon}{_(LIMITS[one.kind or ''])}"
    if one.what == "undertaking":
        return word
    return f"{word}{colon}{queries.person_name(one.person or 0)} · {_(DUTIES[_kind(one)])}"


def _kind(one: Proposal) -> str:
    if one.what == "clearance":
        return next(held.kind for held in queries.duties(one.person or 0) if held.duty == one.duty)
    return one.kind or ""


def _decide(request: ActingRequest, found: Proposal) -> bool:
    who, act, number = request.acting, request.POST.get("act", ""), found.proposal
    try:
        if act == "approve":
            proposals.approve(who, number)
            messages.success(request, _("已批准，即时生效。"))
        elif act == "refuse":
            proposals.refuse(who, number)
            own = found.proposed_by == who.person
            messages.success(request, _("已撤回。") if own else _("已记入：不予批准。"))
    except (Conflict, NotAllowed) as exc:
        messages.error(request, f"{exc}{exc.mend}")
        return False
    return act in ("approve", "refuse")
