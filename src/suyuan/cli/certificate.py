"""`suyuan certificate`: TLS certificates where no public authority can be reached."""

from __future__ import annotations

from pathlib import Path

import click

from suyuan.cli import authority
from suyuan.i18n import say
from suyuan.installation import current
from suyuan.installation.command import data_option

FOLDER = click.option(
    "--folder", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
    help="存放目录，默认为数据目录下的 tls Where the files lie (tls in the data folder)",
)  # fmt: skip


@click.group()
def certificate() -> None:
    """内网 TLS 证书：签发机构和服务器证书。TLS certificates of a closed network; see docs/behind-a-proxy.md."""


@certificate.command("new")
@click.argument("names", nargs=-1, required=True)
@FOLDER
@data_option
def new(names: tuple[str, ...], folder: Path | None) -> None:
    """新建签发机构和服务器证书。Make an authority and a server certificate for host NAMES and addresses."""
    where = folder or current().data / "tls"
    authority.make(where, authority.Names(list(names)))
    _tell(where)
    click.echo(
        say(
            f"把 {where / 'authority.pem'} 装到各终端；authority.key 用完移到离线介质。",
            f"Install {where / 'authority.pem'} on the machines; move authority.key to offline media after use.",
        )
    )


@certificate.command("renew")
@FOLDER
@data_option
def renew(folder: Path | None) -> None:
    """为服务器换新密钥和证书。A new key and certificate for the server, under the same authority and names."""
    where = folder or current().data / "tls"
    authority.renew(where)
    _tell(where)
    click.echo(
        say("重新加载代理或重启 serve 后生效。", "It takes effect when the proxy is reloaded or serve restarted.")
    )


def _tell(folder: Path) -> None:
    names = " ".join(authority.names_in(folder / "server.pem"))
    for name, zh, en in (("authority.pem", "签发机构", "authority"), ("server.pem", "服务器", "server")):
        until = authority.ends(folder / name).date().isoformat()
        click.echo(say(f"{zh}证书 {folder / name}，有效至 {until}", f"{en} {folder / name}, good until {until}"))
    click.echo(say(f"名称：{names}", f"names: {names}"))
