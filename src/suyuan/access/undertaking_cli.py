"""`suyuan undertaking`: the secrecy undertaking by command."""

from __future__ import annotations

from pathlib import Path

import click

from suyuan.access.command import acting_as, as_option
from suyuan.access.common_cli import JSON, database, show
from suyuan.i18n import say


@click.group(help="保密承诺书 · secrecy undertaking")
def undertaking() -> None:
    """Commands of the undertaking."""


@undertaking.command("show", help="显示现行文本 · show the text in force")
def undertaking_show() -> None:
    """Print the version in force, its digest and its text."""
    from suyuan.access import undertaking as room

    with database():
        text = room.current()
    click.echo(
        say(f"第 {text.version} 版", f"version {text.version}") + f"\tSHA-256 {text.digest.hex()}\n\n{text.body}"
    )


@undertaking.command("sign", help="签署现行文本 · sign the text in force")
@click.option("--name", required=True, metavar="TEXT", help="本人登记的姓名 · one's name as registered")
@click.option("--version", type=int, required=True, metavar="N", help="已阅读的版本 · the version that was read")
@as_option
def undertaking_sign(name: str, version: int, username: str) -> None:
    """Sign under one's registered name."""
    from suyuan.access import undertaking as room

    with database(), acting_as(username, before_signing=True) as who:
        room.sign(who, version, room.current().digest, name)


@undertaking.command("signed", help="各版本签署情况 · who has signed which version")
@as_option
@JSON
def undertaking_signed(username: str, as_json: bool) -> None:
    """Staff in range with the newest version each signed."""
    from suyuan.access import undertaking as room

    with database(), acting_as(username, ["training_manager", "security_administrator"]) as who:
        show(room.signers(who), as_json)


@undertaking.command("propose", help="提请发布新版本，须另一名安全管理员批准 · propose a new version from a text FILE")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--reason", required=True, metavar="TEXT", help="依据（文号或理由） · on what ground")
@as_option
def undertaking_propose(file: Path, reason: str, username: str) -> None:
    """Propose the text of a UTF-8 file; prints the proposal's number."""
    from suyuan.access import undertaking as room

    with database(), acting_as(username, ["security_administrator"]) as who:
        made = room.propose(who, file.read_text(encoding="utf-8"), reason=reason)
    click.echo(made)


commands = [undertaking]
