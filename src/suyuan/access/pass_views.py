"""A browser that knows an account lets in another one: whatever others try meanwhile, its tries count apart."""

from __future__ import annotations

from typing import cast

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from suyuan.access.models import Account
from suyuan.access.sign_in import devices
from suyuan.access.sign_in.fresh import fresh_factor_first
from suyuan.ledger import actions as ledger
from suyuan.ledger.acts import Act


class PassForm(forms.Form):
    """What somebody types in the new browser."""

    username = forms.CharField(label=gettext_lazy("账号名"), max_length=60)
    code = forms.CharField(label=gettext_lazy("通行码"), max_length=40)

    def clean(self) -> None:
        """Raises `ValidationError`, alike for an unknown account, a wrong pass and an old one."""
        given = self.cleaned_data
        if not devices.is_pass(given.get("username", ""), given.get("code", "")):
            raise forms.ValidationError(_("通行码不正确或已过期，浏览器没有登记。请在已登录过的浏览器上重新查看。"))


@login_required
@fresh_factor_first
def shown(request: HttpRequest) -> HttpResponse:
    """The pass of one's own account, for the next quarter of an hour."""
    account = cast(Account, request.user)
    ledger.append(ledger.Somebody(account.person), Act.administer, detail={"done": "show_pass"})
    context = {"code": devices.pass_of(account.username), "minutes": devices.PASS_MINUTES}
    return render(request, "access/pass.html", context)


def used(request: HttpRequest) -> HttpResponse:
    """Where the pass is typed: the browser is marked, and its owner goes on to sign in."""
    form = PassForm(request.POST or None)
    for field in form.fields.values():
        field.widget.attrs["class"] = "form-control"
    if request.method != "POST" or not form.is_valid():
        return render(request, "access/pass_used.html", {"form": form})
    name = form.cleaned_data["username"]
    person = Account.objects.filter(username=name).values_list("person", flat=True).first()
    ledger.append(ledger.Somebody(person or 0), Act.administer, detail={"done": "use_pass"})
    messages.success(request, _("这个浏览器已登记，请登录。"))
    response = redirect("account_login")
    devices.remember(request, response, name)
    return response
