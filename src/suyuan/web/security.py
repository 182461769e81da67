"""Headers that keep a page to itself: own scripts and styles only, nothing kept in shared caches."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from suyuan.access.sign_in import provider

POLICY = "; ".join(
    [
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        # The identity provider's button is a form that ends there.
        f"form-action 'self' {provider.origin()}".rstrip(),
        "frame-ancestors 'none'",
    ]
)

Answer = Callable[[HttpRequest], HttpResponseBase]


def headers(answer: Answer) -> Answer:
    """Middleware: the content security policy on every page, and no copy of a page in any cache."""

    def with_headers(request: HttpRequest) -> HttpResponseBase:
        response = answer(request)
        response.setdefault("Content-Security-Policy", POLICY)
        response.setdefault("Referrer-Policy", "same-origin")
        response.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        response.setdefault("Cache-Control", "no-store")
        return response

    return with_headers
