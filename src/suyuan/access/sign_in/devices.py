"""Browsers that an account is known to: each has a count of tries of its own, so that nobody elsewhere can lock it out.

A browser is marked, by a signed cookie, when somebody has signed in in it; or beforehand, by a pass that a known browser
of the same account shows. A pass opens nothing by itself: it only makes the new browser one whose tries count apart.
Source: OWASP, "Slow Down Online Guessing Attacks with Device Cookies".
"""

from __future__ import annotations

import base64
import hmac
import secrets
import time
from contextlib import suppress
from hashlib import sha256
from ipaddress import ip_address, ip_network
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

COOKIE = "suyuan_device"
PASS_MINUTES = 15
_PASS_BYTES = 10  # 80 bits: no guessing, hence nothing to lock
_COOKIE_DAYS = 180
_IPV6, _IPV6_HALF = 6, 64
_MOST = 8  # accounts that one browser remembers


def source_of(request: HttpRequest | None, username: str) -> str:
    """Where a try comes from: the mark of a browser that knows the account, else the peer's address."""
    if request is None:
        return "local"
    mark = _mark(request)
    if username in mark.get("known", []):
        return f"device {mark['id']}"
    return f"address {_network(str(request.META.get('REMOTE_ADDR', '')))}"


def _network(address: str) -> str:
    """An address; of IPv6 the first half, since whoever has one has all that share it."""
    with suppress(ValueError):
        if (found := ip_address(address)).version == _IPV6:
            return str(ip_network((found, _IPV6_HALF), strict=False))
    return address


def remember(request: HttpRequest, response: HttpResponse, username: str) -> None:
    """Mark the browser as one that the account is known to."""
    mark = _mark(request)
    known = [name for name in mark.get("known", []) if name != username]
    value = {"id": mark.get("id") or secrets.token_hex(8), "known": [*known, username][-_MOST:]}
    response.set_cookie(
        COOKIE, signing.dumps(value, salt=COOKIE), max_age=_COOKIE_DAYS * 86_400, httponly=True, samesite="Strict",
        secure=settings.TLS,
    )  # fmt: skip


def pass_of(username: str) -> str:
    """What makes another browser a known one, for the next 15 to 30 minutes, in groups of four signs."""
    made = _pass(username, _now())
    return "-".join(made[at : at + 4] for at in range(0, len(made), 4))


def is_pass(username: str, said: str) -> bool:
    """Whether somebody with a known browser of the account was shown this pass just now."""
    plain = "".join(said.upper().replace("-", "").split())
    right = [hmac.compare_digest(_pass(username, slot).encode(), plain.encode()) for slot in (_now(), _now() - 1)]
    return any(right)


def _pass(username: str, slot: int) -> str:
    made = salted_hmac("access.pass", f"{slot} {username}", algorithm="sha256").digest()
    return base64.b32encode(sha256(made).digest()[:_PASS_BYTES]).decode()


def _now() -> int:
    return int(time.time()) // (PASS_MINUTES * 60)


def _mark(request: HttpRequest) -> dict[str, Any]:
    try:
        found: dict[str, Any] = signing.loads(
            request.COOKIES.get(COOKIE, ""), salt=COOKIE, max_age=_COOKIE_DAYS * 86_400
        )
    except signing.BadSignature:
        return {}
    return found
