"""What the frame of every page needs: who is signed in, under which ground, and where they can go."""

from __future__ import annotations

from functools import cached_property

from django.http import HttpRequest
from django.urls import reverse
from django.utils import translation

from suyuan import catalog
from suyuan.access import web as access
from suyuan.access.queries import founders_expected
from suyuan.access.session_views import seconds_left
from suyuan.web import navigation
from suyuan.web.navigation import ADMINISTRATION, DESK, READERS, WORK, Domain, Item


class Shell:
    """The frame for one request. Everything is read only when the template asks for it."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def person(self) -> access.Signed | None:
        """Who is signed in; nobody on the sign-in page."""
        return access.signed_in(self._request)

    @property
    def founders_expected(self) -> bool:
        """Whether the first administrators of an empty installation are still to come in."""
        return founders_expected()

    @cached_property
    def ground(self) -> access.Ground | None:
        """The ground under which everything on this page is done."""
        return next((one for one in self.grounds if one.current), None)

    @cached_property
    def grounds(self) -> list[access.Ground]:
        """The person's live grounds, for switching."""
        return access.grounds(self._request) if self.person else []

    @property
    def duty(self) -> str:
        """The duty of the current ground."""
        return self.ground.duty if self.ground else ""

    @property
    def reads_records(self) -> bool:
        """Whether the current duty has anything to do with records."""
        return self.duty in READERS

    @property
    def work(self) -> list[Item]:
        """The daily work of this duty."""
        return list(navigation.items((DESK, *WORK), self.duty, self._request.path))

    @property
    def administration(self) -> list[Item]:
        """Agencies, people, accounts."""
        return list(navigation.items(ADMINISTRATION, self.duty, self._request.path))

    @property
    def domains(self) -> list[Domain]:
        """Record types by domain."""
        return navigation.domains(catalog.current(), self._request.path, self._clearance) if self.reads_records else []

    @property
    def _clearance(self) -> int:
        """The highest level the current duty reads; the lowest one where no duty acts on this page."""
        acting = getattr(self._request, "acting", None)
        return acting.clearance if acting else 1

    @property
    def session_left(self) -> int:
        """After how many seconds without a request this session ends."""
        return seconds_left(self._request)

    @property
    def english(self) -> bool:
        """Whether the page speaks English."""
        return (translation.get_language() or "").startswith("en")

    @property
    def ground_url(self) -> str:
        """Where the choice of a ground is sent."""
        return reverse("access:ground")

    @property
    def sign_out_url(self) -> str:
        """Where signing out is sent."""
        return reverse("access:sign_out")

    @property
    def account_url(self) -> str:
        """The person's own account."""
        return reverse("access:account")


class Alone(Shell):
    """The frame of a page that asks nothing of the database, because the database may be what failed."""

    @property
    def person(self) -> None:
        """Nobody."""
        return


def shell(request: HttpRequest) -> dict[str, Shell]:
    """Context processor: `shell` in every template."""
    return {"shell": Shell(request)}
