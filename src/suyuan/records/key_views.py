"""The page of keys: which there are, how many records lie under each, renewing and destroying them (norm 5.2.1)."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from suyuan.access import decide
from suyuan.access.sign_in.fresh import fresh_factor
from suyuan.access.web import ActingRequest, with_acting
from suyuan.errors import SuyuanError
from suyuan.records import disposal, rotation, tasks
from suyuan.vault import actions, custody, generations
from suyuan.vault.errors import KeySettingsWrong
from suyuan.vault.holder import holders
from suyuan.vault.ring import Generation
from suyuan.vault.suites import SUITES

STATES = {
    "next": ("wait", gettext_lazy("备用")),
    "current": ("good", gettext_lazy("在用")),
    "retiring": ("act", gettext_lazy("更换中")),
    "retired": ("rest", gettext_lazy("已停用")),
    "destroyed": ("rest", gettext_lazy("已销毁")),
}
HOLDERS = {"file": gettext_lazy("密钥文件"), "custodians": gettext_lazy("密钥保管人（分量）")}


class Listed(NamedTuple):
    """One generation, and the records that lie under it. `share` is how much of its uses is spent, in per cent."""

    key: Generation
    records: int
    share: float

    @property
    def tone(self) -> str:
        """The colour of its state."""
        return STATES[self.key.state][0]

    @property
    def state(self) -> str:
        """Its state in words."""
        return str(STATES[self.key.state][1])

    @property
    def holder(self) -> str:
        """Where the key lies, in words."""
        return str(HOLDERS.get(self.key.holder, self.key.holder))


def inventory() -> list[Listed]:
    """Every key of both levels, the newest of each first."""
    used = rotation.under_keys()
    ring = sorted(actions.provider().ring(), key=lambda one: (one.level, -one.id))
    return [Listed(one, used.get(one.id, 0), 100 * used.get(one.id, 0) / rotation.MOST_USES) for one in ring]


@fresh_factor
@with_acting
def keys(request: ActingRequest) -> HttpResponse:
    """Look at the keys; renew those of a level or the signing key; destroy a retired one."""
    decide.require(request.acting, "keys")
    if request.method == "POST":
        try:
            _act(request)
        except SuyuanError as error:
            messages.error(request, f"{error}{error.mend}")
        return redirect("keys:list")
    listed = inventory()
    context = {
        "listed": listed, "signing": list(reversed(actions.provider().signing())), "suites": list(SUITES),
        "places": _places(), "levels": [_level(level, listed) for level in generations.levels()],
    }  # fmt: skip
    return render(request, "records/keys.html", context)


@fresh_factor
@with_acting
def disposals(request: ActingRequest) -> HttpResponse:
    """Records that are to be erased, and those that were; erasing one."""
    who = request.acting
    listed = disposal.waiting(who)
    if request.method == "POST":
        chosen = next((one.record for one in listed if str(one.record) == request.POST.get("record")), None)
        if chosen:
            try:
                disposal.erase(who, chosen)
                messages.success(request, _("已销毁，内容不可恢复；何人何时办理记入审计账本。"))
            except SuyuanError as error:
                messages.error(request, f"{error}{error.mend}")
        return redirect("keys:disposals")
    return render(request, "records/disposals.html", {"listed": listed, "me": who.person})


def _places() -> list[tuple[str, str]]:
    """Where new keys may lie, with the words for it; the key file alone where the settings of others cannot be used."""
    try:
        names = list(holders())
    except KeySettingsWrong:
        names = []
    return [(name, str(HOLDERS.get(name, name))) for name in ("file", *names)]


def _level(level: int, listed: list[Listed]) -> dict[str, Any]:
    """How a level's renewal stands: how many records are over, of how many."""
    mine = [one for one in listed if one.key.level == level]
    left = next((one.records for one in mine if one.key.state == "retiring"), None)
    over = next((one.records for one in mine if one.key.state == "current"), 0)
    now = next(one.key for one in mine if one.key.state == "current")
    return {
        "level": level,
        "left": left,
        "over": over,
        "all": over + (left or 0),
        "suite": now.suite,
        "place": now.holder,
    }


def _act(request: ActingRequest) -> None:
    who, given = request.acting, request.POST
    if given.get("act") == "renew" and given.get("level") in ("1", "2") and given.get("suite") in SUITES:
        rotation.begin(who, int(given["level"]), given["suite"], given.get("place"))
        tasks.defer()
        messages.success(request, _("已开始更换，后台逐条重新加密，期间照常使用。"))
    elif given.get("act") == "signing":
        custody.renew_signing(who, given.get("place"))
        messages.success(request, _("签名密钥已更换，旧公钥的持有者可凭交接签名继续核验。"))
    elif given.get("act") == "destroy" and given.get("key", "").isdecimal():
        if rotation.destroy(who, int(given["key"])):
            messages.success(request, _("密钥已销毁，旧备份中以它加密的内容从此不可读。"))
        else:
            messages.success(request, _("已提请销毁，须由根机构的另一名存储管理员在 7 天内办理。"))
