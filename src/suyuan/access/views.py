"""Pages of people, agencies, duties and one's own account. They parse, call and show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from suyuan.access import actions, proposals, queries, tokens, way_views, ways_in
from suyuan.access.acting import Acting
from suyuan.access.decide import decide
from suyuan.access.errors import BadCode, Conflict, NotAllowed, Unknown
from suyuan.access.forms import (
    AccountForm,
    ActivateForm,
    AgencyForm,
    DutyForm,
    PersonForm,
    RaiseForm,
    ResetForm,
    TokenForm,
)
from suyuan.access.models import Account
from suyuan.access.sign_in import attempts, passwords
from suyuan.access.sign_in.factors import OwnPasswordForm
from suyuan.access.sign_in.fresh import fresh_factor
from suyuan.access.web import ActingRequest, person_of, with_acting
from suyuan.access.words import AGENCY_KINDS, DUTIES

_MOST_DIGITS = 18  # of a number that the database can hold


@require_POST
@login_required
def choose_ground(request: HttpRequest) -> HttpResponse:
    """Switch to another live ground of one's own; anything else leaves the choice as it was."""
    person = person_of(request) or 0
    chosen = request.POST.get("ground", "")
    if chosen in {str(one.ground) for one in queries.grounds(person)}:
        request.session["ground"] = int(chosen)
    following = request.POST.get("next", "/")
    safe = url_has_allowed_host_and_scheme(following, allowed_hosts={request.get_host()})
    return redirect(following if safe else "/")


def activate(request: HttpRequest) -> HttpResponse:
    """Make the first administrators with their one-time codes."""
    form = ActivateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            _activate(request, form.cleaned_data)
        except (BadCode, Conflict) as exc:
            form.add_error("code" if isinstance(exc, BadCode) else "username", f"{exc}{exc.mend}")
        else:
            messages.success(request, _("已激活，请登录。"))
            return redirect("account_login")
    return render(request, "access/activate.html", {"form": form, "expected": queries.founders_expected()})


def _activate(request: HttpRequest, given: dict[str, Any]) -> None:
    """Raises `BadCode`, for a wrong code and where too many were tried alike, and `Conflict`."""
    attempt = attempts.spend(attempts.CODE, "", request)
    if attempt is None:
        raise BadCode
    try:
        actions.activate(**{name: value for name, value in given.items() if name != "again"})
    except BadCode:
        attempt.lost()
        raise
    except Conflict:
        attempt.won()
        raise
    attempt.won()


@login_required
def account(request: HttpRequest) -> HttpResponse:
    """One's own account: duties, API tokens, and a new password."""
    user = cast(Account, request.user)
    form = _password_form(request)
    if request.method == "POST" and form.is_valid():
        form.save(commit=False)
        tokens.change_password(user, form.user.password)
        form.user.refresh_from_db()
        update_session_auth_hash(request, form.user)
        messages.success(request, _("密码已修改，其他会话和全部接口令牌已作废。"))
        return redirect("access:account")
    me = person_of(request) or 0
    context = {
        "form": form,
        "duties": _worded(queries.duties(me)),
        "tokens": tokens.of(user),
        "token_form": TokenForm(),
        "ways": [way_views.worded(one) for one in ways_in.about(me)],
    }
    return render(request, "access/account.html", context)


def _password_form(request: HttpRequest) -> OwnPasswordForm:
    form = OwnPasswordForm(request, request.POST or None)
    for field in form.fields.values():
        field.widget.attrs.update({"class": "form-control", "autofocus": False})
        field.help_text = ""
    form.fields["new_password1"].help_text = passwords.in_force().label
    return form


@with_acting
def agencies(request: ActingRequest) -> HttpResponse:
    """The tree of agencies; a system administrator adds to it."""
    may = decide(request.acting, "administer").allowed
    form = AgencyForm(request.POST or None)
    if (
        request.method == "POST"
        and form.is_valid()
        and _try(form, lambda: actions.add_agency(request.acting, **form.cleaned_data))
    ):
        messages.success(request, _("机构已新增。"))
        return redirect("access:agencies")
    listed = [(one, _(AGENCY_KINDS[one.kind])) for one in queries.agencies()]
    return render(request, "access/agencies.html", {"agencies": listed, "form": form if may else None})


@with_acting
def people(request: ActingRequest) -> HttpResponse:
    """Staff; a system administrator enters new ones."""
    may = decide(request.acting, "administer").allowed
    form = PersonForm(request.POST or None)
    if (
        request.method == "POST"
        and form.is_valid()
        and _try(form, lambda: actions.add_person(request.acting, **form.cleaned_data))
    ):
        messages.success(request, _("人员已登记。"))
        return redirect("access:people")
    wanted = request.GET.get("q", "").strip()
    found = [one for one in queries.staff(request.acting) if wanted in one.name or wanted in one.staff_no]
    return render(request, "access/people.html", {"people": found, "form": form if may else None, "q": wanted})


@fresh_factor
@with_acting
def person(request: ActingRequest, number: int) -> HttpResponse:
    """One member of staff: duties, accounts, and what the administrator in charge may change."""
    one, act = _person(request.acting, number), request.POST.get("act", "")
    may = {
        action
        for action in ("administer", "grant", "ask_account", "ask_reset")
        if decide(request.acting, action, agency=one.agency).allowed
    }
    forms: dict[str, Any] = {
        "grant": DutyForm(request.POST if act == "grant" else None),
        "raise": RaiseForm(request.POST if act == "raise" else None, person=number),
        "account": AccountForm(request.POST if act == "account" else None),
        "reset": ResetForm(request.POST if act == "reset" else None, person=number),
    }
    if request.method == "POST" and (answer := _change(request, act, number, forms.get(act))):
        return answer
    return render(request, "access/person.html", _shown(one, may, forms))


def _person(who: Acting, number: int) -> queries.Person:
    try:
        return queries.member(who, number)
    except Unknown as exc:
        raise Http404 from exc


def _shown(one: queries.Person, may: set[str], forms: dict[str, Any]) -> dict[str, Any]:
    usernames = queries.usernames(one.person)
    return {
        "one": one,
        "duties": _worded(queries.duties(one.person)),
        "usernames": usernames,
        "duty_form": forms["grant"] if "grant" in may else None,
        "raise_form": forms["raise"] if "grant" in may and forms["raise"].fields["duty"].choices else None,
        "account_form": forms["account"] if "ask_account" in may else None,
        "reset_form": forms["reset"] if "ask_reset" in may and usernames else None,
        "administers": "administer" in may,
        "grants": "grant" in may,
    }


@with_acting
def accounts(request: ActingRequest) -> HttpResponse:
    """Accounts with the people they belong to."""
    return render(request, "access/accounts.html", {"accounts": queries.accounts(request.acting)})


def _change(request: ActingRequest, act: str, number: int, form: Any) -> HttpResponse | None:
    """Do what was sent; gives the answer, or None where the form is to be shown again."""
    who, again = request.acting, redirect("access:person", number=number)
    if form is not None:
        answers: list[HttpResponse] = []
        if form.is_valid() and _try(form, lambda: answers.append(_fill_in(request, act, number, form.cleaned_data))):
            return answers[0]
        return None
    if act == "end":
        actions.end_duty(who, _number(request))
    elif act == "lower":
        actions.lower_clearance(who, _number(request))
    elif act in ("disable", "enable"):
        actions.set_active(who, number, act == "enable")
    else:
        return None
    return again


def _number(request: HttpRequest) -> int:
    said = request.POST.get("duty", "")
    if not (said.isascii() and said.isdecimal() and len(said) <= _MOST_DIGITS):
        raise Http404
    return int(said)


def _fill_in(request: ActingRequest, act: str, number: int, given: dict[str, Any]) -> HttpResponse:
    who = request.acting
    if act in ("account", "reset"):
        kind = given.get("kind", "account")
        asked = ways_in.ask(who, kind, number, given["username"], given["reason"])
        return way_views.slip(request, ways_in.one(who, asked.way), asked.half, second=False)
    if act == "grant":
        proposals.propose_duty(who, number, **given)
    else:
        proposals.propose_clearance(who, given["duty"], 2, reason=given["reason"])
    messages.success(request, _("已提请，须由另一名安全管理员在 7 天内批准。"))
    return redirect("access:person", number=number)


def _try(form: Any, change: Callable[[], Any]) -> bool:
    try:
        change()
    except (Conflict, NotAllowed) as exc:
        form.add_error(None, f"{exc}{exc.mend}")
        return False
    return True


def _worded(duties: list[queries.Duty]) -> list[tuple[queries.Duty, str, str]]:
    return [(one, _(DUTIES[one.kind]), queries.agency_name(one.agency)) for one in duties]
