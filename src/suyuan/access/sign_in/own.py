"""What belongs to an account is written by its person: second factors, and identities of the agency's provider.

The database holds that (`installation/sql/grants.sql`); here the library's own writing is done as that person. Who has no
session yet came by a passkey or by the provider, which this process has checked: it vouches, for that one statement. It shows
that it is a process, too: a session's secret alone adds no key that would last longer than the session.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db.models.signals import pre_delete

from suyuan.access import proof

T = TypeVar("T")


def connect() -> None:
    """Called once at start."""
    for model in (Authenticator, SocialAccount):
        model.save = _as_owner(model.save)
        pre_delete.connect(_deleting, sender=model, dispatch_uid=f"access.own.{model.__name__}")


def _as_owner(save: Callable[..., None]) -> Callable[..., None]:
    def saved(self: Any, *args: Any, **kwargs: Any) -> None:
        with _being(self.user_id) as proven:
            if proven:  # else the account is closed, and whoever comes for it is refused in a moment
                save(self, *args, **kwargs)

    return saved


def _deleting(instance: Any, **_: Any) -> None:
    """Within the transaction of the deletion."""
    proof.be_process()
    proof.be(instance.user_id)


def by(account: int, check: Callable[[], T]) -> Callable[[], T]:
    """`check` as the person of an account: it holds rows of theirs."""

    def checked() -> T:
        with _being(account):
            return check()

    return checked


@contextmanager
def _being(account: int) -> Iterator[bool]:
    with proof.as_process():
        yield proof.be(account)
