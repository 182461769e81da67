"""The acting context of a page: who is signed in, under which ground, and the transaction around the view."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, cast

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import SimpleTemplateResponse
from django.utils.translation import gettext as _

from suyuan.access import queries
from suyuan.access.acting import Acting, acting
from suyuan.access.errors import NoGround
from suyuan.access.models import Account
from suyuan.access.words import DUTIES


class ActingRequest(HttpRequest):
    """A request inside an acting context."""

    acting: Acting


@dataclass(frozen=True, slots=True)
class Signed:
    """Who is signed in, for the frame of the page."""

    person: int
    name: str
    staff_no: str
    agency_name: str


@dataclass(frozen=True, slots=True)
class Ground:
    """A live ground, for the switch in the frame of the page."""

    id: int
    label: str
    duty: str
    current: bool


View = Callable[..., HttpResponseBase]


def with_acting(view: View) -> View:
    """Run a view inside the acting context of the session's ground, answered before the transaction ends.

    Not signed in: to the sign-in page. No live ground: 403 with the way to one.
    """

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        person = person_of(request)
        if person is None:
            return redirect_to_login(request.get_full_path())
        try:
            ground = current_ground(request, person)
        except NoGround as exc:
            raise PermissionDenied(f"{exc}{exc.mend}") from exc
        with acting(person, ground) as who:
            inside = cast(ActingRequest, request)
            inside.acting = who
            response = view(inside, *args, **kwargs)
            if isinstance(response, SimpleTemplateResponse):
                response.render()
        return response

    return wrapper


def person_of(request: HttpRequest) -> int | None:
    """The person behind the signed-in account, or None."""
    user = getattr(request, "user", None)
    return user.person if isinstance(user, Account) or (user and user.is_authenticated) else None


def current_ground(request: HttpRequest, person: int) -> int:
    """The ground chosen in this session while it lives, else the first live one. Raises `NoGround`."""
    live = [one.ground for one in queries.grounds(person)]
    chosen = request.session.get("ground")
    if chosen in live:
        return int(chosen)
    if not live:
        raise NoGround
    return live[0]


def signed_in(request: HttpRequest) -> Signed | None:
    """Who is signed in, for the frame of the page."""
    person = person_of(request)
    if person is None:
        return None
    found = queries.person(person)
    return Signed(person, found.name, found.staff_no, queries.agency_name(found.agency))


def grounds(request: HttpRequest) -> list[Ground]:
    """The signed-in person's live grounds, the current one marked."""
    person = person_of(request)
    if person is None:
        return []
    live = queries.grounds(person)
    current = current_ground(request, person) if live else None
    return [
        Ground(
            one.ground, f"{_(DUTIES[one.duty])} · {queries.agency_name(one.agency)}", one.duty, one.ground == current
        )
        for one in live
    ]
