"""What a page that has stood open asks about its session."""

from __future__ import annotations

import time

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.views.decorators.http import require_GET

from suyuan.access.sign_in.sessions import ABSOLUTE_SECONDS
from suyuan.access.web import person_of


@require_GET
def session(request: HttpRequest) -> HttpResponse:
    """Whose session this is, for how many seconds more, and the token its forms need now; 401 where it has ended."""
    person = person_of(request)
    if person is None:
        return JsonResponse({"person": None}, status=401)
    return JsonResponse({"person": person, "left": seconds_left(request), "csrf": get_token(request)})


def seconds_left(request: HttpRequest) -> int:
    """After how many seconds without another request the session ends."""
    since = request.session.get("since", time.time())
    return max(0, min(settings.SESSION_COOKIE_AGE, int(since + ABSOLUTE_SECONDS - time.time())))
