"""Pages of grounds: one's own and how to ask for one; assigning them; emergency access and its review."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from suyuan.access import grounds, queries
from suyuan.access.decide import decide
from suyuan.access.errors import GroundRefused, NotAllowed
from suyuan.access.forms import AssignForm, GroundForm
from suyuan.access.web import ActingRequest, with_acting
from suyuan.access.words import GROUNDS


@with_acting
def show(request: ActingRequest) -> HttpResponse:
    """One's own grounds and requests; for a head of department also what waits for an answer and what is assigned."""
    who, heads = request.acting, decide(request.acting, "assign").allowed
    form: Any = AssignForm(request.POST or None, who=who) if heads else GroundForm(request.POST or None)
    if request.method == "POST" and _change(request, form):
        return redirect("access:grounds")
    context = {
        "mine": [(one, _(GROUNDS[one.kind])) for one in queries.grounds(who.person)],
        "asked": [(one, _(GROUNDS[one.kind])) for one in grounds.asked(who)],
        "assigned": [(one, _(GROUNDS[one.kind])) for one in grounds.assigned(who)],
        "form": form, "heads": heads, "reads": who.scope_hi > who.scope_lo,
    }  # fmt: skip
    return render(request, "access/grounds.html", context)


def _change(request: ActingRequest, form: Any) -> bool:
    who, act = request.acting, request.POST.get("act", "")
    if act == "new":
        return form.is_valid() and _try(request, lambda: form.save(who), _("已提交。"), form)
    number = int(request.POST.get("number", "0"))
    acts: dict[str, tuple[Callable[[], Any], str]] = {
        "grant": (lambda: grounds.answer(who, number, True), _("已同意，事由即时生效。")),
        "refuse": (lambda: grounds.answer(who, number, False), _("已答复不同意。")),
        "end": (lambda: grounds.end(who, number), _("事由已终止。")),
    }
    return act in acts and _try(request, *acts[act])


@with_acting
def emergency(request: ActingRequest) -> HttpResponse:
    """Break the glass, or review those who did."""
    who, act = request.acting, request.POST.get("act", "")
    if act == "break":
        reason = request.POST.get("reason", "").strip()

        def begin() -> None:
            request.session["ground"] = grounds.break_glass(who, reason)

        done = len(reason) >= 4 and _try(
            request, begin, _("紧急查阅已启用，30 分钟后自动关闭；部门负责人和安全审计员已收到告警。")
        )
        if not done and len(reason) < 4:
            messages.error(request, _("请写明紧急情况。"))
        return redirect("records:search" if done else "access:emergency")
    if act == "review":
        number, note = int(request.POST.get("number", "0")), request.POST.get("note", "").strip()
        justified = request.POST.get("justified") == "yes"
        _try(request, lambda: grounds.review_emergency(who, number, justified, note), _("复核结论已记入账本。"))
        return redirect("access:emergency")
    context = {
        "uses": grounds.emergencies(who),
        "reviews": grounds.may_review_emergencies(who),
        "may": who.scope_hi > who.scope_lo,
        "me": who.person,
    }
    return render(request, "access/emergency.html", context)


def _try(request: ActingRequest, change: Callable[[], Any], done: str, form: Any = None) -> bool:
    try:
        change()
    except (GroundRefused, NotAllowed) as exc:
        if form is None:
            messages.error(request, f"{exc}{exc.mend}")
        else:
            form.add_error(None, f"{exc}{exc.mend}")
        return False
    messages.success(request, done)
    return True
