"""Sessions end: after half an hour idle (settings), after twelve hours at most, and at once for whoever left.

Somebody whose password must be changed, or who lacks the second factor that the installation asks for, gets to the page
where that is mended and nowhere else.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.stagekit import LOGIN_SESSION_KEY, clear_login
from allauth.account.signals import authentication_step_completed
from allauth.account.utils import url_str_to_user_pk
from allauth.mfa import signals as factors
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.utils.translation import gettext as _

from suyuan.access import proof, queries, ways_in
from suyuan.access.models import Account
from suyuan.access.sign_in import devices, passwords
from suyuan.ledger import actions as ledger
from suyuan.ledger.acts import Act

ABSOLUTE_SECONDS = 12 * 3600
_ASKED = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]  # factors for which a sign-in waits
_OPENED = "opened"  # what the password opened, until the second factor was shown: by account
PROOF = "proof"  # where a session keeps what proves it to the database, sealed like all of it
REQUIRED = 2  # what the policy "second_factor" says when everybody needs one
# Pages without which nothing could be mended.
_ALWAYS = ("/account/", "/sign-out/", "/sign-in/", "/language/", "/static/", "/reauthenticate/", "/api/")

Answer = Callable[[HttpRequest], HttpResponse]


def limit(get_response: Answer) -> Answer:
    """Middleware: sign out a session that is older than the absolute limit. Inactive accounts are nobody already."""

    def middleware(request: HttpRequest) -> HttpResponse:
        since = request.session.get("since")
        if since is not None and (time.time() - since > ABSOLUTE_SECONDS or PROOF not in request.session):
            logout(request)
        _drop_dead(request)
        # Between password and second factor nobody is signed in, and what the password opened proves whose factor it is.
        opened = next(iter(request.session.get(_OPENED, {}).values()), "")
        secret = request.session.get(PROOF, "") if request.user.is_authenticated else opened
        with proof.holding(bytes.fromhex(secret)):
            response = _first_mend(request) or get_response(request)
        if known := getattr(request, "signed_in_now", None):
            devices.remember(request, response, known)
        return response

    return middleware


def _drop_dead(request: HttpRequest) -> None:
    """Forget a sign-in that waits for a factor which its person has no more, or whose password opens nothing any more.

    Else the page of the factor and the sign-in page would send the browser to each other for as long as it waits.
    """
    waiting = request.session.get(LOGIN_SESSION_KEY)
    if not waiting or request.user.is_authenticated:
        return
    number = url_str_to_user_pk(waiting["user_pk"])  # in base 36
    account = Account.objects.filter(pk=number).first()
    opened = request.session.get(_OPENED, {}).get(str(number))
    dead = opened is not None and not proof.lives(bytes.fromhex(opened))
    if account is None or dead or not is_mfa_enabled(account, _ASKED):
        clear_login(request)
        request.session.pop(_OPENED, None)


def _first_mend(request: HttpRequest) -> HttpResponse | None:
    """The way to what must be mended before anything else, if something must."""
    user = request.user
    if not isinstance(user, Account) or request.path.startswith(_ALWAYS):
        return None
    if request.path == "/":  # the desk opens whatever else is due, but shows nothing before somebody has come in
        return _closed(request, user)
    if passwords.due(user.password_at):
        messages.warning(request, _("请先修改密码：已到期的密码不能继续使用。"))
        return redirect("access:account")
    if away := _closed(request, user):
        return away
    if queries.policy("second_factor") == REQUIRED and not (_by_provider(request) or is_mfa_enabled(user)):
        messages.warning(request, _("请先登记第二因素：动态口令或安全密钥。"))
        return redirect("mfa_index")
    return None


def _closed(request: HttpRequest, user: Account) -> HttpResponse | None:
    if request.session.get("closed") and not _come_in(request, user):
        messages.warning(request, _("请先登记第二因素，再用它登录一次；在此之前办理事由不能使用。"))
        return redirect("mfa_index")
    return None


def _come_in(request: HttpRequest, user: Account) -> bool:
    """Whether somebody whose way in was made anew has come through it, so that their grounds are open again."""
    if ways_in.finish(user.person):
        del request.session["closed"]
        return True
    return False


def _by_provider(request: HttpRequest) -> bool:
    """Whether the agency's identity provider vouched for this session; second factors are its business then."""
    return any(one["method"] == "socialaccount" for one in get_authentication_records(request, request.user))


def _stepped(request: HttpRequest, user: Account, **_: Any) -> None:
    if user.proof:
        request.session[_OPENED] = {str(user.pk): user.proof.hex()}


def _signed_in(request: HttpRequest, user: Account, **_: Any) -> None:
    request.session["since"] = time.time()
    opened = request.session.pop(_OPENED, {})
    secret = user.proof or bytes.fromhex(opened.get(str(user.pk), "")) or proof.open_by_voucher(user.pk)
    request.session[PROOF] = secret.hex()
    proof.ask("SELECT access_signed_in(%s)", [secret])
    # A way in that is confirmed later ends this session, so that asking once is enough.
    if ways_in.closed(user.person):
        request.session["closed"] = True
    if ways_in.about(user.person):
        words = gettext("近期有人提请或办理过您的账号事项，请在“我的账号”核对；不是您要求的，请告知安全审计员。")
        messages.warning(request, words, fail_silently=True)
    request.signed_in_now = user.username  # type: ignore[attr-defined]  # the middleware marks the browser
    ledger.append(ledger.Somebody(user.person), Act.sign_in)


def _signed_out(user: Account | None, **_: Any) -> None:
    if user is not None:
        ledger.append(ledger.Somebody(user.person), Act.sign_out)


def _factor_changed(done: str) -> Callable[..., None]:
    def receiver(user: Account, authenticator: Any, **_: Any) -> None:
        detail = {"done": done, "factor": authenticator.type, "person": user.person}
        ledger.append(ledger.Somebody(user.person), Act.administer, detail=detail)

    return receiver


def connect() -> None:
    """Enter signing in, signing out, and every change of a second factor in the ledger. `attempts` enters failing to."""
    user_logged_in.disconnect(dispatch_uid="update_last_login")  # the database keeps it, see `access_signed_in`
    authentication_step_completed.connect(_stepped, dispatch_uid="access.stepped")
    user_logged_in.connect(_signed_in, dispatch_uid="access.sign_in")
    user_logged_out.connect(_signed_out, dispatch_uid="access.sign_out")
    for signal, done in (
        (factors.authenticator_added, "factor_added"),
        (factors.authenticator_removed, "factor_removed"),
        (factors.authenticator_reset, "factor_reset"),
    ):
        signal.connect(_factor_changed(done), weak=False, dispatch_uid=f"access.{done}")
