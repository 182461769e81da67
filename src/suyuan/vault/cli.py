"""`suyuan vault`: opening and sealing level 2, and who holds its shares."""

from __future__ import annotations

import json
import sys

import click

from suyuan.access.command import acting_as, as_option
from suyuan.access.common_cli import JSON, database
from suyuan.i18n import say
from suyuan.installation.command import data_option
from suyuan.vault import host_cli
from suyuan.vault.holder_cli import holders
from suyuan.vault.host_cli import LEVEL2

CUSTODIAN = ["storage_custodian"]
THRESHOLD = click.option(
    "--threshold", required=True, type=click.IntRange(2, 16), metavar="M", help="启封所需分量数 · shares needed to open"
)
NAMES = click.argument("names", nargs=-1, required=True, metavar="NAME…")


@click.group(help="警务工作秘密启封与密钥保管人 · opening level 2, and its custodians")
def vault() -> None:
    """Commands of the vault."""


@vault.command(
    "status", help="警务工作秘密在哪些主机启封、由谁保管密钥 · where level 2 is open, and who holds its shares"
)
@data_option
@JSON
def show_status(as_json: bool) -> None:
    """Say how level 2 stands; it needs no account."""
    _say(as_json)


@vault.command("unseal", help="逐一输入密钥分量，不回显 · present shares one by one, unseen")
@JSON
@as_option
def unseal(as_json: bool, username: str) -> None:
    """Ask for shares until level 2 is open. Exit code 1 when a share was refused or too few came (from a script)."""
    from suyuan.vault import custody

    code = 0
    with database():
        while not custody.status().open:
            text = _share()
            if not text:
                code = 1
                break
            with acting_as(username, CUSTODIAN) as who:
                found = custody.present(who, text)
            if found.refused:
                code = 1
                click.secho(f"{found.refused}{found.refused.mend}", err=True, fg="red")
            elif not as_json and not found.status.open:
                click.echo(_progress())
        _say(as_json)
    sys.exit(code)


@vault.command("seal", help="立即封闭警务工作秘密（2 级） · seal level 2 at once")
@JSON
@as_option
def seal(as_json: bool, username: str) -> None:
    """Seal in every process of the installation."""
    from suyuan.vault import custody

    with database():
        with acting_as(username, CUSTODIAN) as who:
            custody.seal(who)
        _say(as_json)


@vault.group("custodians", help="保管人 · custodians")
def custodians() -> None:
    """Who holds shares."""


@custodians.command(
    "appoint", help="指定首批密钥保管人并逐一交付分量 · appoint the first custodians and hand out shares"
)
@THRESHOLD
@NAMES
@as_option
def appoint(threshold: int, names: tuple[str, ...], username: str) -> None:
    """Make the first set; each share is shown once."""
    from suyuan.vault import custody

    with database(), acting_as(username, CUSTODIAN) as who:
        made = custody.appoint(who, threshold, names)
    _hand_out(made)


@custodians.command(
    "replace", help="更换密钥保管人，需输入现有分量 · replace custodians, which takes the current shares"
)
@THRESHOLD
@NAMES
@as_option
def replace(threshold: int, names: tuple[str, ...], username: str) -> None:
    """Make a new set; the shares of the old one are void."""
    from suyuan.vault import custody

    with database():
        given = [_share() for _ in range(custody.status().threshold)]
        with acting_as(username, CUSTODIAN) as who:
            made = custody.replace(who, given, threshold, names)
    _hand_out(made)


def _share() -> str:
    """One share, unseen at a terminal, a line of what is piped in else."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    words = say("密钥分量（直接回车结束）", "Share (Enter alone to end)")
    return str(click.prompt(words, hide_input=True, default="", show_default=False)).strip()


def _hand_out(made: list[tuple[str, str]]) -> None:
    """One page a holder: at a terminal each is confirmed and cleared away before the next is shown."""
    for username, share in made:
        click.echo(f"{username}\n{share}")
        if sys.stdout.isatty():
            click.pause(say("请密钥保管人抄录保存后按任意键……", "Let the holder write it down, then press any key…"))
            click.clear()


def _progress() -> str:
    from suyuan.vault import custody

    found = custody.status()
    if not found.appointed:
        return say(
            "尚未指定密钥保管人，警务工作秘密（2 级）处于封闭状态。", "No custodians are appointed; level 2 is sealed."
        )
    if found.open:
        return say("本机 2 级已启封。", "Level 2 is open on this host.")
    return say(
        f"本机警务工作秘密（2 级）已封闭：已输入 {found.presented} 份密钥分量，共需 {found.threshold} 份。",
        f"Level 2 is sealed on this host: {found.presented} of {found.threshold} needed shares presented.",
    )


def _say(as_json: bool) -> None:
    from suyuan.access import queries
    from suyuan.vault import custody
    from suyuan.vault.hosts import known

    found = custody.status()
    with database():
        names = [queries.person_name(person) for person in found.holders]
        hosts = [(one.name, one.level2) for one in known() if one.live]
    if as_json:
        where = [{"name": name, "level2": level2} for name, level2 in hosts]
        click.echo(json.dumps(found._asdict() | {"holders": names, "hosts": where}, ensure_ascii=False))
        return
    click.echo(_progress())
    for number, name in enumerate(names, 1):
        click.echo(f"{number}\t{name}")
    for name, level2 in hosts:
        click.echo(f"{name}\t{say(*LEVEL2[level2])}")


for command in (holders, host_cli.hosts, host_cli.hand_over, host_cli.receive):
    vault.add_command(command)
commands = [vault]
