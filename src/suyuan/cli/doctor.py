"""`suyuan doctor`: what is wrong with an installation, and how to mend it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from suyuan.i18n import say
from suyuan.installation import current
from suyuan.installation.command import json_option, start_django, with_database

if TYPE_CHECKING:
    from suyuan.installation.findings import Finding


def _catalog() -> list[Finding]:
    from suyuan.installation.findings import Finding
    from suyuan.records import releases
    from suyuan.records.errors import CatalogChanged

    start_django()
    try:
        releases.refuse_changed()
    except CatalogChanged as error:
        return [Finding("SY040", True, error.zh, error.en, error.mend_zh, error.mend_en)]
    return []


@click.command()
@with_database
@json_option
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> None:
    """检查角色、行级安全、密钥文件和磁盘。Check roles, row level security, secrets and disk; exit 1 on findings."""
    from suyuan.installation.findings import everything
    from suyuan.ledger import witness

    found = [*everything(current()), *_catalog()]
    if as_json:
        said = {"findings": [finding.as_dict() for finding in found], "witnessed_outside": not witness.alone()}
        click.echo(json.dumps(said, ensure_ascii=False))
    else:
        for finding in found:
            click.echo(str(finding))
        if not found:
            click.echo(say("未发现问题。", "Nothing is wrong."))
        if warned := witness.warning():
            click.echo(warned)
    context.exit(1 if found else 0)
