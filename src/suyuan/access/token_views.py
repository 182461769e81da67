"""API tokens of one's own account: made after a fresh factor, shown once, revoked at once."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from suyuan.access import tokens
from suyuan.access.errors import Conflict, NoToken
from suyuan.access.forms import TokenForm
from suyuan.access.models import Account
from suyuan.access.sign_in.fresh import fresh_factor


@require_POST
@login_required
@fresh_factor
def issue(request: HttpRequest) -> HttpResponse:
    """Make a token and show it, this once."""
    form, secret = TokenForm(request.POST), ""
    if form.is_valid():
        try:
            _number, secret = tokens.issue(cast(Account, request.user), **form.cleaned_data)
        except Conflict as exc:
            form.add_error(None, f"{exc}{exc.mend}")
    return render(request, "access/token.html", {"form": form, "secret": secret}, status=200 if secret else 422)


@require_POST
@login_required
def revoke(request: HttpRequest, number: int) -> HttpResponse:
    """End a token."""
    try:
        tokens.revoke(cast(Account, request.user), number)
    except NoToken as exc:
        messages.error(request, f"{exc}{exc.mend}")
    else:
        messages.success(request, _("令牌已撤销，立即失效。"))
    return redirect("access:account")
