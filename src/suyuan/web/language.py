"""Chinese first: the page speaks Chinese until its reader has chosen English, whatever the browser announces.

Programs have no switch: they say it with each call, in Accept-Language.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header

Answer = Callable[[HttpRequest], HttpResponseBase]


def chosen(request: HttpRequest) -> str:
    """The language chosen by the switch in the top bar, or announced by a program; else Chinese."""
    if request.path.startswith("/api/"):
        return _announced(request.headers.get("Accept-Language", ""))
    code = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    return code if code in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def _announced(header: str) -> str:
    for code, _ in parse_accept_lang_header(header):
        if code[:2] in ("zh", "en"):
            return "en" if code[:2] == "en" else settings.LANGUAGE_CODE
    return settings.LANGUAGE_CODE


def speak(answer: Answer) -> Answer:
    """Middleware: answer each request in its reader's language."""

    def in_language(request: HttpRequest) -> HttpResponseBase:
        code = chosen(request)
        with translation.override(code):
            request.LANGUAGE_CODE = code
            response = answer(request)
        response.setdefault("Content-Language", code)
        return response

    return in_language
