"""The page of the custodians: how level 2 stands, one's share, sealing at once."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from suyuan.access import decide
from suyuan.access.sign_in.fresh import fresh_factor_first
from suyuan.access.web import ActingRequest, with_acting
from suyuan.vault import custody, hosts
from suyuan.vault.errors import NoAgent, NoCustodians


@fresh_factor_first
@with_acting
def level(request: ActingRequest) -> HttpResponse:
    """Present a share or seal; who holds shares by name, never a share."""
    who = request.acting
    decide.require(who, "open_level")
    if request.method == "POST":
        try:
            _act(request)
        except (NoAgent, NoCustodians) as error:
            messages.error(request, f"{error}{error.mend}")
        return redirect("vault:level")
    return render(request, "vault/level.html", {"one": custody.status(), "hosts": hosts.known()})


def _act(request: ActingRequest) -> None:
    if request.POST.get("act") == "seal":
        custody.seal(request.acting)
        messages.success(request, _("警务工作秘密（2 级）已封闭，各进程立即生效。"))
        return
    found = custody.present(request.acting, request.POST.get("share", ""))
    if found.refused:
        messages.error(request, f"{found.refused}{found.refused.mend}")
    elif found.status.open:
        messages.success(request, _("警务工作秘密（2 级）已启封。"))
    else:
        messages.success(request, _("已收到密钥分量，请下一位密钥保管人输入。"))
