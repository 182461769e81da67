"""The acting context of a page: who is signed in, under which ground, and the transaction around the view."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, NamedTuple, cast
from uuid import UUID

from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.template.response import SimpleTemplateResponse

from suyuan.access import queries
from suyuan.access.acting import Acting, acting
from suyuan.access.decide import actions_of, require
from suyuan.access.errors import NoGround, Unproven
from suyuan.access.models import Account
from suyuan.access.undertaking import require_signed
from suyuan.errors import SuyuanError
from suyuan.ledger.actions import Somebody, append
from suyuan.ledger.acts import Act


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
    kind: str
    ends_at: datetime | None
    current: bool

    @property
    def assigned(self) -> bool:
        """Whether somebody assigned it, rather than a duty bringing it along."""
        return self.kind != "duty"


DENIALS = ("access.", "web.", "vault.", "review.duty")
# Rooms whose pages are all about one action, whatever else they check: nobody whose duty lacks it sees any of them.
_ROOMS = {"records": "read", "collection": "collect"}
View = Callable[..., HttpResponseBase]


def with_acting(view: View) -> View:
    """Run a view inside the acting context of the session's ground, answered before the transaction ends.

    Not signed in: to the sign-in page. No live ground, or no signature on the undertaking: 403 with the way to one.
    """

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        person = person_of(request)
        if person is None:
            return _signed_out(request, view)
        try:
            ground = current_ground(request, person)
        except NoGround as exc:
            raise PermissionDenied(f"{exc}{exc.mend}") from exc
        room = request.resolver_match.app_name if request.resolver_match else ""
        unsigned = getattr(view, "before_signing", False)
        try:
            with answering(
                person, ground, _ROOMS.get(room), record=kwargs.get("record"), before_signing=unsigned
            ) as who:
                inside = cast(ActingRequest, request)
                inside.acting = who
                response = view(inside, *args, **kwargs)
                if isinstance(response, SimpleTemplateResponse):
                    response.render()
        except Unproven:  # ended elsewhere, or too old
            logout(request)
            return redirect_to_login(request.get_full_path())
        return response

    return wrapper


def _signed_out(request: HttpRequest, view: View) -> HttpResponseBase:
    """The script of an open page is told; anybody else gets to the sign-in page, with what was typed kept for later."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=401)
    if request.method == "POST" and getattr(view, "keeps_typed", False):
        request.session[TYPED] = {"path": request.path, "sent": dict(request.POST.lists())}
    return redirect_to_login(request.get_full_path())


TYPED = "typed"
"""Where a session keeps a form that came when the one before had ended."""


def keeps_typed(view: View) -> View:
    """Mark a view, right below `with_acting`, whose form comes back filled in when it was sent after the session's end.

    The form says in `_person` who fills it in; the view asks `typed_before` when it is looked at.
    """
    view.keeps_typed = True  # type: ignore[attr-defined]  # a mark on a function
    return view


def typed_before(request: ActingRequest) -> QueryDict | None:
    """What this person had sent here when the session had ended, once. Nobody gets what somebody else had typed."""
    kept: dict[str, Any] = request.session.get(TYPED) or {}
    if kept.get("path") != request.path:
        return None
    del request.session[TYPED]
    if kept["sent"].get("_person") != [str(request.acting.person)]:
        return None
    found = QueryDict(mutable=True)
    for name, values in kept["sent"].items():
        found.setlist(name, values)
    return found


@contextmanager
def answering(
    person: int, ground: int, action: str | None = None, *, record: Any = None, before_signing: bool = False
) -> Iterator[Acting]:
    """The acting context in which one request is answered, by page or API, for those whose duty covers `action`.

    A refusal is entered in the ledger, after what was refused is undone, and raised again.
    """
    try:
        with acting(person, ground) as who:
            if not before_signing:
                require_signed(who)
            if action:
                require(who, action)
            yield who
    except (SuyuanError, PermissionDenied, Http404) as exc:
        _enter_denial(person, ground, exc, record)
        raise


def before_signing(view: View) -> View:
    """Mark a view, right below `with_acting`, as open to those who have not signed the secrecy undertaking yet."""
    view.before_signing = True  # type: ignore[attr-defined]  # a mark on a function
    return view


class Files(NamedTuple):
    """What a view takes: the action that a duty must cover, and the bytes of the largest file."""

    action: str
    largest: int


def takes_files(action: str, largest: int) -> Callable[[View], View]:
    """Mark a view as one of the few that take a file. Everywhere else a body is small and files are dropped unread."""

    def mark(view: View) -> View:
        view.takes_files = Files(action, largest)  # type: ignore[attr-defined]  # a mark on a function
        return view

    return mark


def files_from(request: HttpRequest, view: View) -> Files | None:
    """What the view takes from this person under the ground of the session; None for whoever may bring no file."""
    person = person_of(request)
    taken: Files = view.takes_files  # type: ignore[attr-defined]  # a mark on a function
    if person is None:
        return None
    with suppress(NoGround):
        chosen = current_ground(request, person)
        duty = next(one.duty for one in queries.grounds(person) if one.ground == chosen)
        return taken if taken.action in actions_of(duty) else None
    return None


def _enter_denial(person: int, ground: int, refused: Exception, record: Any) -> None:
    """Refusals are entered too, after what was refused is undone. What is hidden and what is missing look the same."""
    cause = refused.__cause__ if isinstance(refused.__cause__, SuyuanError) else refused
    code = (
        cause.code
        if isinstance(cause, SuyuanError)
        else "web.not_found"
        if isinstance(refused, Http404)
        else "web.refused"
    )
    if code.startswith(DENIALS) or code.endswith("not_found"):
        agency = next((one.agency for one in queries.grounds(person) if one.ground == ground), 0)
        who = Somebody(person, ground, agency)
        append(who, Act.denied, record=record if isinstance(record, UUID) else None, detail={"why": code})


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
    return [Ground(one.ground, one.label, one.duty, one.kind, one.ends_at, one.ground == current) for one in live]
