"""`suyuan user account, reset, asked, confirm, refuse, open`: ways in, asked by one administrator and confirmed by another."""

from __future__ import annotations

import click

from suyuan.access.command import acting_as, as_option
from suyuan.access.common_cli import JSON, database, show
from suyuan.i18n import say

BOTH = ["system_administrator", "security_administrator"]
REASON = click.option("--reason", required=True, metavar="TEXT", help="依据（文号或理由） · on what ground")


def _ask(username: str, duties: list[str], kind: str, person: int, account: str, reason: str) -> None:
    from suyuan.access import ways_in

    with database(), acting_as(username, duties) as who:
        asked = ways_in.ask(who, kind, person, account, reason)
    click.echo(f"{asked.way}\t{_said(asked.half, say('激活码前半', 'first half'))}".rstrip())


def _said(half: str, which: str) -> str:
    """A half of a code with which half it is; empty for unlocking, which has none."""
    return f"{half}\t{which}" if half else ""


@click.command("account", help="提请建立账号，须另一名管理员确认 · ask for an account, which another confirms")
@click.argument("person", type=int)
@click.argument("account")
@REASON
@as_option
def account(person: int, account: str, reason: str, username: str) -> None:
    """Ask for an account; prints the number of what was asked and the first half of the code, this once."""
    _ask(username, ["system_administrator"], "account", person, account, reason)


@click.command("reset", help="提请重置密码、清除第二因素或解除锁定 · ask for a reset, which another confirms")
@click.argument("person", type=int)
@click.argument("account")
@click.argument("kind", type=click.Choice(["password", "factors", "unlock"]))
@REASON
@as_option
def reset(person: int, account: str, kind: str, reason: str, username: str) -> None:
    """Ask for a reset; prints the number of what was asked and the first half of the code, this once."""
    _ask(username, BOTH, kind, person, account, reason)


@click.command("asked", help="列出账号事项 · list what was asked about accounts")
@as_option
@JSON
def asked(username: str, as_json: bool) -> None:
    """Accounts, resets and unlockings in range, those that wait first."""
    from suyuan.access import ways_in

    with database(), acting_as(username, [*BOTH, "security_auditor"]) as who:
        show(ways_in.ways(who), as_json)


@click.command("confirm", help="确认他人提请的账号事项 · confirm what another asked")
@click.argument("number", type=int)
@as_option
def confirm(number: int, username: str) -> None:
    """Confirm; prints the second half of the code, this once."""
    from suyuan.access import ways_in

    with database(), acting_as(username, BOTH) as who:
        half = ways_in.confirm(who, number)
    click.echo(_said(half, say("激活码后半", "second half")) or say("已解除锁定。", "Unlocked."))


@click.command("refuse", help="不予确认，或撤回自己的提请 · refuse, or withdraw one's own")
@click.argument("number", type=int)
@as_option
def refuse(number: int, username: str) -> None:
    """Refuse or withdraw what was asked."""
    from suyuan.access import ways_in

    with database(), acting_as(username, BOTH) as who:
        ways_in.refuse(who, number)


@click.command("open", help="本人凭激活码设置密码 · set one's own password by the two halves of the code")
@click.argument("account")
def open_(account: str) -> None:
    """Set one's own password; both halves and the password are typed, never given as arguments."""
    from django.contrib.auth.password_validation import validate_password

    from suyuan.access import ways_in
    from suyuan.access.models import Account

    first = click.prompt(say("激活码前半", "First half"), hide_input=True)
    second = click.prompt(say("激活码后半", "Second half"), hide_input=True)
    password = click.prompt(say("新密码", "New password"), hide_input=True, confirmation_prompt=True)
    with database():
        validate_password(password, Account(username=account))
        ways_in.open_by_code(account, first, second, password)


def join(user: click.Group) -> None:
    """Add these to `suyuan user`."""
    for command in (account, reset, asked, confirm, refuse, open_):
        user.add_command(command)
