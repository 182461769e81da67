"""`suyuan vault holders`: whether the services and tokens that may hold keys can be used."""

from __future__ import annotations

import json
import sys

import click

from suyuan.access.common_cli import JSON
from suyuan.i18n import say


@click.command("holders", help="逐一询问存放密钥的服务和设备 · ask every service and token that may hold keys")
@JSON
def holders(as_json: bool) -> None:
    """Say of each holder in the settings whether it can be used. Exit code 1 when one cannot."""
    from suyuan.vault import holder

    found = {name: holder.trouble(one) for name, one in holder.holders().items()}
    if as_json:
        said = [{"name": name, "trouble": why.as_dict() if why else None} for name, why in found.items()]
        click.echo(json.dumps(said, ensure_ascii=False))
    elif not found:
        click.echo(say("未设置其他存放处，密钥都在密钥文件中。", "No holder is set up; every key is in the key file."))
    else:
        for name, why in found.items():
            click.echo(f"{name}\t{f'{why}{why.mend}' if why else say('可用', 'can be used')}")
    sys.exit(1 if any(found.values()) else 0)
