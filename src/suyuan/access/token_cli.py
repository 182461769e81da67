"""`suyuan token`: one's own API tokens by command. Making one asks for the account's password once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from suyuan.access.command import as_option
from suyuan.access.common_cli import JSON, database, show
from suyuan.i18n import say

if TYPE_CHECKING:
    from suyuan.access.models import Account


@click.group(help="接口令牌 · API tokens")
def token() -> None:
    """Commands of tokens."""


@token.command("new", help="建立令牌，只显示一次 · make a token; it is shown once")
@click.argument("name")
@click.option("--days", type=click.IntRange(1, 90), default=90, show_default=True, help="有效天数 · days it lasts")
@as_option
def new(name: str, days: int, username: str) -> None:
    """Make a token for programs that act for the account's person; prints its number and the token."""
    from django.contrib.auth import authenticate

    from suyuan.access import proof, tokens
    from suyuan.access.errors import NotAllowed
    from suyuan.access.models import Account

    with database():
        password = click.prompt(say("密码", "Password"), hide_input=True, err=True)
        account = authenticate(username=username, password=password)
        if not isinstance(account, Account):
            raise NotAllowed(
                "密码不正确，或账号已锁定、停用。", "The password is wrong, or the account locked or disabled."
            )
        with proof.holding(account.proof):
            made, secret = tokens.issue(account, name, days)
        proof.end(account.proof)
    click.echo(f"{made}\t{secret}")


@token.command("list", help="列出我的令牌 · list my tokens")
@as_option
@JSON
def list_(username: str, as_json: bool) -> None:
    """One's tokens, newest first: number, name, made, expires, last used, revoked."""
    from suyuan.access import tokens

    with database():
        show(tokens.of(_account(username)), as_json)


@token.command("revoke", help="撤销令牌，立即生效 · revoke a token at once")
@click.argument("number", type=int)
@as_option
def revoke(number: int, username: str) -> None:
    """End a token."""
    from suyuan.access import proof, tokens

    with database():
        account = _account(username)
        with proof.by_command(account.person):
            tokens.revoke(account, number)


def _account(username: str) -> Account:
    from suyuan.access.errors import Unknown
    from suyuan.access.models import Account

    found = Account.objects.filter(username=username, is_active=True).first()
    if found is None:
        raise Unknown(username)
    return found


commands = [token]
