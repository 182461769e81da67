"""Signing in with a password, behind the count of wrong tries (`attempts`); the answer is always the same."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.http import HttpRequest

from suyuan.access import proof
from suyuan.access.models import Account
from suyuan.access.sign_in import attempts
from suyuan.access.sign_in.verifier import ProvingBackend


class LockingBackend(ProvingBackend):
    """The password backend behind the lock. The count lies in the database, so a restart does not clear it."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> Account | None:
        """The account, or None: for a wrong password, an unknown name, a locked and an idle account alike."""
        name = (username or "")[:60]
        attempt = attempts.spend(attempts.PASSWORD, name, request)
        if attempt is None:
            return None
        account = super().authenticate(request, username=name, password=password, **kwargs)
        if account is None:
            attempt.lost()
        else:
            attempt.won()
        return account

    def user_can_authenticate(self, user: Account | None) -> bool:  # type: ignore[override]
        """Active, and not idle for too long: who was away for 90 days is disabled on the way in, if not before."""
        disable_idle()
        return user is not None and Account.objects.filter(pk=user.pk, is_active=True).exists()


def disable_idle() -> int:
    """Disable the accounts that nobody has signed in with for 90 days; each is entered in the ledger. Gives how many."""
    from suyuan.ledger import actions as ledger
    from suyuan.ledger.acts import Act

    with proof.as_process():
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM access_disable_idle()")
            people = [person for (person,) in cursor.fetchall()]
        for person in people:
            ledger.append(
                ledger.SYSTEM, Act.administer, detail={"done": "disable_idle", "person": person}, changes=True
            )
    return len(people)
