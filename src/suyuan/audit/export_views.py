"""The auditor's page of files that left."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from suyuan.access.decide import require
from suyuan.access.web import ActingRequest, with_acting
from suyuan.access.words import GROUNDS
from suyuan.audit import exports as room
from suyuan.audit import queries
from suyuan.audit.views import PAGE, chosen_purpose, worded
from suyuan.audit.words import PURPOSES


@require_GET
@with_acting
def exports(request: ActingRequest) -> HttpResponse:
    """Who took what out, for whom and what for; without a purpose only the form."""
    require(request.acting, "audit")
    purpose = chosen_purpose(request)
    context: dict[str, Any] = {"purposes": worded(PURPOSES), "purpose": purpose}
    if purpose:
        after = request.GET.get("after", "")
        found = room.exports(request.acting, purpose, int(after) if after.isdecimal() else None, PAGE)
        reasons = queries.reasons(one.ground for one in found)
        rows = [(one, reasons[one.ground], _(GROUNDS[reasons[one.ground].kind])) for one in found[:PAGE]]
        context |= {"rows": rows, "following": str(found[PAGE - 1].export) if len(found) > PAGE else None}
    return render(request, "audit/exports.html", context)
