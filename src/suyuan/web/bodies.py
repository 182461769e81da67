"""How much a request may carry, settled before a byte of it is read.

Whoever is not signed in sends the few fields of a form. A signed-in person sends more, a program with a live token what
its description says, and a file goes where files belong (`access.web.takes_files`), from those whose duty brings files.
Only the announced length counts: what has none is not read at all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from suyuan.access import tokens
from suyuan.access.errors import BadToken
from suyuan.access.web import Files, files_from, person_of
from suyuan.web import views

OF_NOBODY = 64 << 10
OF_A_PERSON = 2 << 20
_FRAME = 64 << 10  # what a form adds around its file
_BEARER = "bearer "
View = Callable[..., HttpResponseBase]


class Bound:
    """Middleware. It stands before whatever reads a form, and knows the view that is meant."""

    def __init__(self, answer: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Nothing is done on the way in and out."""
        return self._answer(request)

    def process_view(self, request: HttpRequest, view: View, *_: Any) -> HttpResponse | None:
        """Django calls this when the address is known and nothing is read yet; an answer ends it."""
        length = request.META.get("CONTENT_LENGTH") or ("" if _is_streamed(request) else "0")
        if not length.isascii() or not length.isdecimal():
            return views.unmeasured(request)
        files = _files(request, view)
        request.takes_files = files is not None  # type: ignore[attr-defined]  # for `uploads`
        most = files.largest + _FRAME if files else _most(request, int(length))
        return None if int(length) <= most else views.too_large(request, most)


def _is_streamed(request: HttpRequest) -> bool:
    return "HTTP_TRANSFER_ENCODING" in request.META


def _files(request: HttpRequest, view: View) -> Files | None:
    """What the view takes, if it takes files and this person may bring one."""
    if request.method != "POST" or not hasattr(view, "takes_files"):
        return None
    return files_from(request, view)


def _most(request: HttpRequest, length: int) -> int:
    if length <= OF_NOBODY:
        return OF_NOBODY
    if request.path.startswith("/api/"):
        return int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE) if _is_program(request) else OF_NOBODY
    return OF_A_PERSON if person_of(request) else OF_NOBODY


def _is_program(request: HttpRequest) -> bool:
    """Whether a live token came with it. The operation asks once more, after the body is read."""
    said = request.headers.get("Authorization", "")
    if not said.lower().startswith(_BEARER):
        return False
    try:
        tokens.bearer(said[len(_BEARER) :])
    except BadToken:
        return False
    return True
