"""Accounts, as Django wants them. A person may have several; reviews and grounds look at the person, never the account.

The other tables of this room are plain SQL, in `sql/tables.sql`.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac


class Account(AbstractBaseUser):
    """What a person signs in with."""

    username = models.CharField(max_length=60, unique=True)
    person = models.BigIntegerField()
    email = models.EmailField(blank=True, default="")
    is_active = models.BooleanField(default=True)
    made_at = models.DateTimeField(default=timezone.now)
    password_at = models.DateTimeField(default=timezone.now)
    epoch = models.IntegerField(default=0)

    shown = ""  # what Argon2 made of the password that was typed last
    proof = b""  # of the session that this password opened

    objects: ClassVar[BaseUserManager[Account]] = BaseUserManager()  # type: ignore[assignment]  # Self is Account
    USERNAME_FIELD = "username"

    class Meta:
        app_label = "access"

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session holds of the account: it ends with the password, and when two persons changed the way in."""
        value = f"{self.password} {self.epoch}"
        return salted_hmac("suyuan.access.session", value, secret=secret, algorithm="sha256").hexdigest()

    def check_password(self, raw_password: str | None) -> bool:
        """Whether this is the account's password: the database says so, which alone can."""
        from suyuan.access import proof
        from suyuan.access.sign_in import verifier

        self.shown = verifier.shown(self.password, raw_password or "")
        with proof.as_process():
            [known] = proof.ask("SELECT access_check_password(%s, %s)", [self.pk, self.shown])
        return bool(known)
