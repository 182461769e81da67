"""Second factors and old passwords are guessed at no further than passwords: five wrong ones end the try."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from allauth.account.internal.stagekit import pop_login
from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as base
from allauth.mfa.webauthn import forms as webauthn
from cryptography.exceptions import InvalidSignature
from django.contrib.auth.forms import PasswordChangeForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from suyuan.access.sign_in import attempts, own
from suyuan.access.sign_in.attempts import FACTOR, PASSKEY, PASSWORD, Kind

T = TypeVar("T")


def counted(kind: Kind, subject: str, request: HttpRequest, check: Callable[[], T], wrong: ValidationError) -> T:
    """What `check` gives. Raises `ValidationError`, alike for what is wrong and for what is not checked any more.

    With the last try the half-done sign-in ends: whoever goes on begins with the password.
    """
    attempt = attempts.spend(kind, subject, request)
    if attempt is None:
        pop_login(request)
        raise wrong
    try:
        found = check()
    except (ValidationError, InvalidSignature):
        if attempt.lost():
            pop_login(request)
        raise wrong from None
    attempt.won()
    return found


def _wrong() -> ValidationError:
    error: ValidationError = get_adapter().validation_error("incorrect_code")
    return error


class _Code:
    """A form that asks for a one-time password or a spare code."""

    user: Any

    def clean_code(self) -> Any:
        """See `counted`."""
        check = own.by(self.user.pk, super().clean_code)  # type: ignore[misc]
        return counted(FACTOR, self.user.username, context.request, check, _wrong())


class _Key:
    """A form that takes what a security key signed."""

    user: Any

    def clean_credential(self) -> Any:
        """See `counted`. By a passkey alone nobody has said yet who they are."""
        kind, name = (FACTOR, self.user.username) if self.user else (PASSKEY, "")
        return counted(kind, name, context.request, super().clean_credential, _wrong())  # type: ignore[misc]


class AuthenticateForm(_Code, base.AuthenticateForm):  # type: ignore[misc]  # the library is untyped
    """The second step of signing in."""


class ReauthenticateForm(_Code, base.ReauthenticateForm):  # type: ignore[misc]  # the library is untyped
    """A fresh factor."""


class AuthenticateWebAuthnForm(_Key, webauthn.AuthenticateWebAuthnForm):  # type: ignore[misc]  # untyped
    """The second step of signing in, by key."""


class ReauthenticateWebAuthnForm(_Key, webauthn.ReauthenticateWebAuthnForm):  # type: ignore[misc]  # untyped
    """A fresh factor, by key."""


class LoginWebAuthnForm(_Key, webauthn.LoginWebAuthnForm):  # type: ignore[misc]  # the library is untyped
    """Signing in by a passkey alone."""


class OwnPasswordForm(PasswordChangeForm):
    """A new password for an old one, which counts like the one at the door."""

    def __init__(self, request: HttpRequest, data: Any = None) -> None:
        super().__init__(request.user, data)  # type: ignore[arg-type]  # signed in: an account
        self._request = request

    def clean_old_password(self) -> Any:
        """See `counted`."""
        wrong = ValidationError(self.error_messages["password_incorrect"], code="password_incorrect")
        name = self.user.get_username()
        return counted(PASSWORD, name, self._request, super().clean_old_password, wrong)
