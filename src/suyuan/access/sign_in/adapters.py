"""How django-allauth signs people in here: by account name only, nobody registers, secrets are sealed by the vault."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.contrib import messages
from django.http import HttpRequest
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from suyuan.access.models import Account
from suyuan.access.sign_in import provider, sealed_factors

WRONG = _("账号或密码不正确，或尝试次数过多。15 分钟内输错 5 次将暂时锁定，可请安全管理员解除锁定。")
_SAID = {
    "mfa/messages/totp_activated.txt": _("动态口令已启用。"),
    "mfa/messages/totp_deactivated.txt": _("动态口令已停用。"),
    "mfa/messages/webauthn_added.txt": _("安全密钥已登记。"),
    "mfa/messages/webauthn_removed.txt": _("安全密钥已移除。"),
    "mfa/messages/recovery_codes_generated.txt": _("备用码已生成，请打印保存；原有备用码作废。"),
    "usersessions/messages/sessions_logged_out.txt": _("其他会话已全部退出。"),
}


class Accounts(DefaultAccountAdapter):  # type: ignore[misc]  # the library is untyped
    """Accounts are made by an administrator; a message says what changed, in the words of this product."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": WRONG,
        "too_many_login_attempts": WRONG,
        "incorrect_password": _("密码不正确。"),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody registers."""
        return False

    def add_message(self, request: HttpRequest, level: int, message_template: str | None = None, *args: Any,
                    **kwargs: Any) -> None:  # fmt: skip
        """Say what changed; what a page shows by itself (being signed in) is not said."""
        if said := kwargs.get("message"):
            messages.add_message(request, level, str(said))
        elif message_template in _SAID:
            messages.add_message(request, messages.SUCCESS, str(_SAID[message_template]))

    def get_client_ip(self, request: HttpRequest) -> str:
        """The client's address, as `web.peer` has set it right."""
        return str(request.META.get("REMOTE_ADDR") or "127.0.0.1")


class Factors(DefaultMFAAdapter):  # type: ignore[misc]  # the library is untyped
    """Second factors; what they share with a telephone or a key lies sealed in the database."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _(
            "动态口令不正确、已使用，或尝试次数过多。请待下一个口令出现后重试；错 5 次须从密码重新开始，并暂时锁定。"
        ),
    }

    def encrypt(self, text: str) -> str:
        """A secret that is sealed for its row as soon as there is one."""
        return sealed_factors.Fresh.of(text)

    def decrypt(self, encrypted_text: str) -> str:
        """The secret of a row. Raises `ContentDamaged` for what was sealed for anything else."""
        return sealed_factors.opened(encrypted_text)

    def get_totp_issuer(self) -> str:
        """What an authenticator app shows above the account."""
        return "溯源 Suyuan"


class Provider(DefaultSocialAccountAdapter):  # type: ignore[misc]  # the library is untyped
    """The agency's identity provider: it says who somebody is, never what they may do."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """An identity without an account here gets none."""
        return False

    def list_apps(self, request: HttpRequest, provider: Any = None, client_id: Any = None) -> list[Any]:
        """The provider of the settings alone: a row of the library's table is none, whoever wrote it."""
        found = super().list_apps(request, provider=provider, client_id=client_id)
        return [app for app in found if app.pk is None]

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Join an identity to the active account that the configured claim names; else refuse, and say whom to ask."""
        if sociallogin.is_existing:
            return
        account = self._named(sociallogin.account)
        if account is None:
            page = render(request, "socialaccount/authentication_error.html", {"unknown": True}, status=403)
            raise ImmediateHttpResponse(page)
        # Not `connect`, which saves the account as well: this role may not.
        sociallogin.user = sociallogin.account.user = account
        sociallogin.account.save()

    def _named(self, identity: SocialAccount) -> Account | None:
        info = identity.extra_data.get("userinfo") or identity.extra_data
        name = info.get(provider.claim())
        return Account.objects.filter(username=name, is_active=True).first() if isinstance(name, str) else None
