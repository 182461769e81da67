"""An error that a person is meant to read becomes a page that says what happened and how to mend it."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from suyuan.installation.errors import explain
from suyuan.web import views

STATUS = {
    "access.bad_token": 401,
    "access.no_ground": 403,
    "access.no_purpose": 403,
    "access.not_signed": 403,
    "access.limit_reached": 429,
    "access.not_allowed": 403,
    "installation.database_away": 503,
    "installation.database_read_only": 503,
    "installation.took_too_long": 503,
    "ledger.unavailable": 503,
    "vault.locked": 503,
    "vault.sealed": 503,
    "api.invalid": 422,
}


class Explain:
    """Middleware. What is hidden and what is missing get the same page; htmx requests get the words alone.

    A refusal without words (a method that an address does not take) gets its page too.
    """

    def __init__(self, answer: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Put words where a refusal has none."""
        response = self._answer(request)
        if response.status_code != 405 or response.streaming or request.path.startswith("/api/"):
            return response
        page = views.unsuited(request)
        page["Allow"] = response.get("Allow", "")
        return page

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Django calls this when a view raises; its transaction is undone already."""
        error = explain(exception)
        if error is None:
            return None
        if error.code.endswith("not_found"):
            return views.not_found(request)
        status = STATUS.get(error.code, 409)
        if request.headers.get("HX-Request"):
            return render(request, "web/parts/explained.html", {"error": error}, status=status)
        return views.explained(request, error, status)
