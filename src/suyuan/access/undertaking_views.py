"""Pages of the secrecy undertaking: signing it, printing what was signed, and who has signed which version."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from suyuan.access import decide, queries, undertaking
from suyuan.access.errors import Conflict, NotAllowed, Unknown
from suyuan.access.forms import SignForm, UndertakingForm
from suyuan.access.sign_in.fresh import fresh_factor
from suyuan.access.web import ActingRequest, before_signing, with_acting


@fresh_factor
@with_acting
@before_signing
def sign(request: ActingRequest) -> HttpResponse:
    """The text in force, and one's signature under it."""
    who, text = request.acting, undertaking.current()
    form = SignForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            undertaking.sign(who, given["version"], bytes.fromhex(given["digest"]), given["name"].strip())
        except Conflict as exc:
            form.add_error(None, f"{exc}{exc.mend}")
        else:
            messages.success(request, _("已签署，并记入审计账本。"))
            return redirect("access:undertaking")
    context = {
        "text": text,
        "form": form,
        "signed": undertaking.signed(who.person),
        "own": undertaking.own(who.person),
        "person": who.person,
        "lists": decide.decide(who, "undertakings").allowed,
    }
    return render(request, "access/undertaking.html", context)


@require_GET
@with_acting
@before_signing
def printed(request: ActingRequest, person: int, version: int) -> HttpResponse:
    """A signed undertaking as an A4 sheet."""
    try:
        found = undertaking.signature(request.acting, person, version)
    except Unknown as exc:
        raise Http404 from exc
    return render(request, "access/undertaking_sheet.html", {"one": found, "signer": queries.person(person)})


@fresh_factor
@with_acting
def signed(request: ActingRequest) -> HttpResponse:
    """Who has signed which version; a security administrator of the whole installation proposes a new text."""
    who, text = request.acting, undertaking.current()
    found = undertaking.signers(who)
    form = UndertakingForm(request.POST or None, initial={"body": text.body})
    if request.method == "POST" and form.is_valid():
        try:
            number = undertaking.propose(who, **form.cleaned_data)
        except (Conflict, NotAllowed) as exc:
            form.add_error(None, f"{exc}{exc.mend}")
        else:
            return redirect("access:proposal", number=number)
    context = {
        "text": text,
        "signers": found,
        "missing": sum(one.version != text.version for one in found),
        "form": form if decide.decide(who, "grant", agency=0).allowed else None,
    }
    return render(request, "access/undertaking_signed.html", context)
