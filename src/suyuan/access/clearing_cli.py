"""`suyuan clearing`: what the catalog adds about persons leaves quarantine by two security administrators."""

from __future__ import annotations

from pathlib import Path

import click

from suyuan.access.command import acting_as, as_option
from suyuan.access.common_cli import JSON, database, show
from suyuan.access.duty_cli import REASON, SECURITY


@click.group(help="目录放行：涉及人员的字段和类型 · clearing what the catalog adds about persons")
def clearing() -> None:
    """Commands of clearing."""


@clearing.command(
    "propose", help="提请放行一个字段或类型，须另一名安全管理员批准 · propose to clear TYPE or TYPE.FIELD"
)
@click.argument("subject")
@click.option("--from", "folder", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="FOLDER",
              help="尚未放入数据目录的补充目录 · an overlay that does not lie in the data folder yet")  # fmt: skip
@REASON
@as_option
def clearing_propose(subject: str, folder: Path | None, reason: str, username: str) -> None:
    """Propose the declaration as it stands in the files now; prints the proposal's number."""
    from suyuan.access import clearings
    from suyuan.access.errors import NotHeld
    from suyuan.catalog import OVERLAY
    from suyuan.catalog.loader import examine
    from suyuan.installation import current

    place = folder or current().data / OVERLAY
    with database(), acting_as(username, SECURITY) as who:
        held = examine([place] if place.is_dir() else [], cleared=clearings.cleared()).catalog.quarantine
        found = next((one for one in held if one.subject == subject and one.digest), None)
        if found is None:
            raise NotHeld(subject)
        click.echo(clearings.propose(who, found, reason=reason))


@clearing.command("list", help="列出放行的提请和结论 · list proposals and what became of them")
@as_option
@JSON
def clearing_list(username: str, as_json: bool) -> None:
    """For security administrators and auditors."""
    from suyuan.access import clearings

    with database(), acting_as(username, [*SECURITY, "security_auditor"]) as who:
        show(clearings.listed(who), as_json)


@clearing.command(
    "approve",
    help="批准他人的提请，登记目录发布后下次启动时生效 · approve somebody else's; it counts once the release is recorded",
)
@click.argument("number", type=int)
@as_option
def clearing_approve(number: int, username: str) -> None:
    """Clear it."""
    from suyuan.access import clearings

    with database(), acting_as(username, SECURITY) as who:
        clearings.approve(who, number)


@clearing.command("refuse", help="不予批准，或撤回自己的提请 · refuse a proposal, or withdraw one's own")
@click.argument("number", type=int)
@as_option
def clearing_refuse(number: int, username: str) -> None:
    """Refuse or withdraw it."""
    from suyuan.access import clearings

    with database(), acting_as(username, SECURITY) as who:
        clearings.refuse(who, number)


commands = [clearing]
