"""Pages of ways in: what waits for a second person, the half of a code that each is shown once, and the person's own side."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from suyuan.access import queries, ways_in
from suyuan.access.decide import decide
from suyuan.access.errors import BadHalves, Conflict, NotAllowed, Unknown
from suyuan.access.forms import ByCodeForm
from suyuan.access.sign_in import attempts
from suyuan.access.sign_in.fresh import fresh_factor
from suyuan.access.ways_in import Way
from suyuan.access.web import ActingRequest, with_acting
from suyuan.access.words import WAY_STATES, WAYS_IN

_SLIPS = "slips"  # where a session keeps halves of codes until they were shown, by way


@fresh_factor
@with_acting
def listed(request: ActingRequest) -> HttpResponse:
    """Accounts, resets and unlockings in range: those that wait first."""
    found = [worded(one) for one in ways_in.ways(request.acting)]
    return render(request, "access/ways_in.html", {"ways": found})


@fresh_factor
@with_acting
def one(request: ActingRequest, number: int) -> HttpResponse:
    """One of them; another administrator confirms it and is shown the second half of the code."""
    who, act = request.acting, request.POST.get("act", "")
    try:
        found = ways_in.one(who, number)
    except Unknown as exc:
        raise Http404 from exc
    try:
        if act == "confirm":
            return slip(request, found, ways_in.confirm(who, number), second=True)
        if act == "refuse":
            ways_in.refuse(who, number)
            own = found.asked_by == who.person
            messages.success(request, _("已撤回。") if own else _("已记入：未予确认。"))
            return redirect("access:ways_in")
    except (Conflict, NotAllowed) as exc:
        messages.error(request, f"{exc}{exc.mend}")
    if kept := _kept(request, number):
        return render(request, "access/way_slip.html", worded(found) | kept)
    may = decide(who, "confirm_way_in", agency=queries.person(found.person).agency).allowed
    context = worded(found) | {"mine": found.asked_by == who.person, "about_me": found.person == who.person, "may": may}
    return render(request, "access/way_in.html", context)


def by_code(request: HttpRequest) -> HttpResponse:
    """Set one's own password by the two halves of the code; then one signs in."""
    form = ByCodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            _open(request, given["username"], given["first"], given["second"], given["password"])
        except BadHalves as exc:
            form.add_error(None, f"{exc}{exc.mend}")
        else:
            messages.success(request, _("密码已设置，请登录。需要第二因素的，登录后先登记。"))
            return redirect("account_login")
    return render(request, "access/by_code.html", {"form": form})


def _open(request: HttpRequest, username: str, first: str, second: str, password: str) -> None:
    """Raises `BadHalves`, for a wrong code and where too many were tried alike."""
    attempt = attempts.spend(attempts.CODE, username, request)
    if attempt is None:
        raise BadHalves
    try:
        ways_in.open_by_code(username, first, second, password)
    except BadHalves:
        attempt.lost()
        raise
    attempt.won()


def slip(request: HttpRequest, way: Way, half: str, *, second: bool) -> HttpResponse:
    """To the slip with one half of a code, shown once; for unlocking, which has none, to the way itself.

    It is shown after a redirect, so that loading the page again does not send the form again.
    """
    if half:
        request.session[_SLIPS] = request.session.get(_SLIPS, {}) | {str(way.way): {"half": half, "second": second}}
    else:
        words = _("已解除锁定。") if second else _("已提请，须由另一名管理员在 7 天内确认。")
        messages.success(request, words)
    return redirect("access:way_in", number=way.way)


def _kept(request: HttpRequest, number: int) -> dict[str, Any] | None:
    """The half that the sealed session keeps until it is looked at, which is once."""
    kept: dict[str, dict[str, Any]] = request.session.get(_SLIPS, {})
    if request.method != "GET" or str(number) not in kept:
        return None
    found = kept.pop(str(number))
    request.session[_SLIPS] = kept
    return found


def worded(one: Way) -> dict[str, Any]:
    """A way in with its words."""
    tone, state = WAY_STATES[one.state]
    return {"one": one, "word": _(WAYS_IN[one.kind]), "tone": tone, "state": _(state)}
