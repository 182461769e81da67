"""`suyuan vault hosts, hand-over, receive`: the hosts that work on one database, and bringing keys from one to another."""

from __future__ import annotations

import json
from pathlib import Path

import click

from suyuan.access.command import acting_as, as_option
from suyuan.access.common_cli import JSON
from suyuan.i18n import say
from suyuan.installation import current
from suyuan.installation.command import with_database
from suyuan.installation.model import write_private
from suyuan.vault.errors import ParcelWrong

CUSTODIAN = ["storage_custodian"]
LEVEL2 = {"none": ("未启用", "not in use"), "sealed": ("封闭", "sealed"), "open": ("已启封", "open")}


@click.group("hosts", help="在同一数据库上工作的主机 · hosts that work on one database")
def hosts() -> None:
    """Which hosts there are."""


@hosts.command("list", help="各主机、其持有的密钥和 2 级状态 · hosts, the keys they hold, how level 2 stands there")
@with_database
@JSON
def list_hosts(as_json: bool) -> None:
    """A line each; it needs no account and shows no key."""
    from suyuan.vault import hosts as room

    known = room.known()
    if as_json:
        click.echo(json.dumps([one._asdict() for one in known], ensure_ascii=False))
    else:
        for one in known:
            click.echo(line(one.host, one.name, running(one.live, one.stopped), one.level2, " ".join(one.holds)))


@hosts.command("strike", help="除名一台停用的主机 · strike off a host that is gone")
@click.argument("host")
@as_option
@with_database
def strike(host: str, username: str) -> None:
    """Keys that wait for it are waited for no longer. A running host is not struck off."""
    from suyuan.vault import custody

    with acting_as(username, CUSTODIAN) as who:
        custody.strike(who, host)
    click.echo(say(f"主机 {host} 已除名。", f"Host {host} is struck off."))


@click.command(
    "hand-over", help="把本机的密钥写入文件，带到另一台主机 · write this host's keys to a file for another host"
)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@as_option
@with_database
def hand_over(file: Path, username: str) -> None:
    """The file is sealed under the passphrase of the installation, and entered in the ledger by its digest."""
    from suyuan.vault import custody

    with acting_as(username, CUSTODIAN) as who:
        if file.exists():
            raise click.UsageError(say(f"{file} 已存在，请换一个文件名。", f"{file} exists: give another name."))
        parts = custody.hand_over(who)
    write_private(file, json.dumps(parts))
    click.echo(say(f"已写入 {file}；带到另一台主机执行 suyuan vault receive，然后删除此文件。",
                   f"Written to {file}: bring it to the other host, run `suyuan vault receive`, then delete it."))  # fmt: skip


@click.command("receive", help="收下从另一台主机带来的密钥 · take up keys that were brought from another host")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_database
def receive(file: Path) -> None:
    """Nothing is taken from another installation, and nothing that is here is lost."""
    from suyuan.vault import hosts as room

    try:
        parts = {str(name): str(text) for name, text in json.loads(file.read_text()).items()}
        held = room.receive(current(), parts)
    except (ValueError, KeyError, AttributeError) as error:
        raise ParcelWrong from error
    click.echo(say(f"本机现有密钥：{'、'.join(held)}", f"Keys of this host now: {', '.join(held)}"))


def line(host: str, name: str, state: str, level2: str, holds: str) -> str:
    """One host as a line."""
    return "\t".join((host, name, state, say(*LEVEL2[level2]), holds))


def running(live: bool, stopped: bool) -> str:
    """Whether a host runs, in words."""
    if live:
        return say("运行中", "running")
    return say("已停止", "stopped") if stopped else say("无响应", "silent")
