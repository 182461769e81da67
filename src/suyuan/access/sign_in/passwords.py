"""Two named password policies, one in force at a time: rules from two standards are never mixed.

- `mlps`: GB/T 22239-2019 8.1.4.1 a), as assessors read it: complex, and changed from time to time.
- `asvs`: OWASP ASVS 5.0, 6.2: long, any characters, none of the common ones, never changed by the calendar.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.contrib.auth.password_validation import CommonPasswordValidator, UserAttributeSimilarityValidator
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from suyuan.access import queries


class Policy(NamedTuple):
    """What a password must be. `least` and `most` in characters, `days` until it must be changed (0: never)."""

    name: str
    label: Any
    least: int
    most: int
    classes: int
    days: int


MLPS = Policy(
    "mlps", gettext_lazy("等级保护：至少 8 个字符，含大写、小写、数字、符号中的三类，90 天更换一次"), 8, 128, 3, 90
)
ASVS = Policy("asvs", gettext_lazy("ASVS：至少 12 个字符，不用常见密码，不必定期更换"), 12, 128, 0, 0)
POLICIES = {1: MLPS, 2: ASVS}  # by what `access_policy` holds


def in_force() -> Policy:
    """The policy that the installation chose."""
    return POLICIES[queries.policy("password")]


def due(changed_at: datetime) -> bool:
    """Whether a password of that age must be changed now."""
    days = in_force().days
    return bool(days) and timezone.now() - changed_at > timedelta(days=days)


def _classes(password: str) -> int:
    kinds = (str.islower, str.isupper, str.isdigit, lambda one: not one.isalnum())
    return sum(any(kind(one) for one in password) for kind in kinds)


class Validator:
    """Django's seam: checks a new password against the policy in force, and common ones and one's own name always."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raises `ValidationError` that says what is missing."""
        policy = in_force()
        if not policy.least <= len(password) <= policy.most:
            words = _("密码应为 %(least)s 至 %(most)s 个字符。") % {"least": policy.least, "most": policy.most}
            raise ValidationError(words, code="length")
        if _classes(password) < policy.classes:
            raise ValidationError(_("密码应含大写字母、小写字母、数字、符号中的三类。"), code="classes")
        CommonPasswordValidator().validate(password, user)
        UserAttributeSimilarityValidator(("username",)).validate(password, user)

    def get_help_text(self) -> str:
        """The policy in words."""
        return str(in_force().label)
