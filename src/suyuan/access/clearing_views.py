"""The page of what lies in quarantine: proposed by one security administrator, approved by another, seen by the auditor."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from suyuan import catalog
from suyuan.access import clearings
from suyuan.access.errors import Conflict, Incomplete, NotAllowed
from suyuan.access.sign_in.fresh import fresh_factor
from suyuan.access.web import ActingRequest, with_acting
from suyuan.catalog.clearing import lacking
from suyuan.i18n import say


@fresh_factor
@with_acting
def listed(request: ActingRequest) -> HttpResponse:
    """What this installation does not load, the proposals that wait, and what was decided."""
    who = request.acting
    found = clearings.listed(who)
    if request.method == "POST":
        _act(request)
        return redirect("access:clearings")
    asked = {one.digest: one for one in found if one.state != "refused"}
    held = [
        {"one": one, "lacks": say(lacking(one, zh=True), lacking(one, zh=False)), "asked": asked.get(one.digest)}
        for one in catalog.current().quarantine if one.digest
    ]  # fmt: skip
    context: dict[str, Any] = {
        "held": held, "waiting": [one for one in found if one.state == "waiting"],
        "settled": [one for one in found if one.state != "waiting"], "me": who.person,
        "may": who.duty == "security_administrator" and who.agency == 0,
    }  # fmt: skip
    return render(request, "access/clearings.html", context)


def _act(request: ActingRequest) -> None:
    who, posted = request.acting, request.POST
    number = posted.get("number", "")
    try:
        if posted.get("act") == "propose":
            held = (one for one in catalog.current().quarantine if one.digest == posted.get("digest"))
            clearings.propose(who, next(held), reason=posted.get("reason", ""))
            messages.success(request, _("已提请，须另一名安全管理员批准。"))
        elif posted.get("act") == "approve" and number.isdecimal():
            clearings.approve(who, int(number))
            messages.success(request, _("已批准，登记目录发布后下次启动时载入。"))
        elif posted.get("act") == "refuse" and number.isdecimal():
            clearings.refuse(who, int(number))
            own = clearings.one(who, int(number)).proposed_by == who.person
            messages.success(request, _("已撤回。") if own else _("已记入：不予批准。"))
    except StopIteration:
        messages.error(request, _("该声明已不在隔离中。"))
    except (Conflict, Incomplete, NotAllowed) as exc:
        messages.error(request, f"{exc}{exc.mend}")
