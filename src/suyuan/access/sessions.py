"""Sessions end: after half an hour idle (settings), after twelve hours at most, and at once for whoever left."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.contrib.auth import logout
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.http import HttpRequest, HttpResponse

from suyuan.access.models import Account
from suyuan.ledger import actions as ledger
from suyuan.ledger.acts import Act

ABSOLUTE_SECONDS = 12 * 3600


def limit(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: sign out a session that is older than the absolute limit. Inactive accounts are nobody already."""

    def middleware(request: HttpRequest) -> HttpResponse:
        since = request.session.get("since")
        if since is not None and time.time() - since > ABSOLUTE_SECONDS:
            logout(request)
        return get_response(request)

    return middleware


def _signed_in(request: HttpRequest, user: Account, **_: Any) -> None:
    request.session["since"] = time.time()
    ledger.append(ledger.Somebody(user.person), Act.sign_in)


def _signed_out(user: Account | None, **_: Any) -> None:
    if user is not None:
        ledger.append(ledger.Somebody(user.person), Act.sign_out)


def _failed(credentials: dict[str, Any], **_: Any) -> None:
    found = Account.objects.filter(username=str(credentials.get("username", ""))[:60]).first()
    ledger.append(ledger.Somebody(found.person if found else 0), Act.sign_in_failed)


def connect() -> None:
    """Enter signing in, signing out and failing to in the ledger."""
    user_logged_in.connect(_signed_in, dispatch_uid="access.sign_in")
    user_logged_out.connect(_signed_out, dispatch_uid="access.sign_out")
    user_login_failed.connect(_failed, dispatch_uid="access.sign_in_failed")
