"""`suyuan duty`, `suyuan policy`: power is proposed by one security administrator and approved by another."""

from __future__ import annotations

from datetime import datetime

import click

from suyuan.access.command import acting_as, as_option
from suyuan.access.common_cli import JSON, database, show

DAY = click.DateTime(["%Y-%m-%d"])
REASON = click.option("--reason", required=True, metavar="TEXT", help="依据（文号或理由） · on what ground")
SECURITY = ["security_administrator"]


@click.group(help="岗位职责与授权审批 · duties and proposals")
def duty() -> None:
    """Commands of duties."""


@duty.command("list", help="列出某人的岗位 · list a person's duties")
@click.argument("person", type=int)
@JSON
def duty_list(person: int, as_json: bool) -> None:
    """Duties of a person."""
    from suyuan.access import queries

    with database():
        show(queries.duties(person), as_json)


@duty.command("propose", help="提请授予岗位，须另一名安全管理员批准 · propose a duty, which another person approves")
@click.argument("person", type=int)
@click.argument("kind")
@click.argument("agency", type=int)
@click.option("--clearance", type=click.IntRange(1, 2), default=1, show_default=True, help="可接触级别 · level")
@click.option("--from", "starts_on", type=DAY, help="开始日期，默认今天 · from this day")
@click.option("--until", "ends_on", type=DAY, help="结束日期，不含 · until this day")
@REASON
@as_option
def duty_propose(
    person: int, kind: str, agency: int, clearance: int, starts_on: datetime | None, ends_on: datetime | None,
    reason: str, username: str,
) -> None:  # fmt: skip
    """Propose a duty; prints the proposal's number."""
    from suyuan.access import proposals

    first, last = starts_on and starts_on.date(), ends_on and ends_on.date()
    with database(), acting_as(username, SECURITY) as who:
        made = proposals.propose_duty(
            who, person, kind, agency, reason=reason, clearance=clearance, starts_on=first, ends_on=last
        )
    click.echo(made)


@duty.command("raise", help="提请提高岗位的可接触级别 · propose a higher clearance for a duty")
@click.argument("number", type=int)
@REASON
@as_option
def duty_raise(number: int, reason: str, username: str) -> None:
    """Propose clearance 2; prints the proposal's number."""
    from suyuan.access import proposals

    with database(), acting_as(username, SECURITY) as who:
        made = proposals.propose_clearance(who, number, 2, reason=reason)
    click.echo(made)


@duty.command("lower", help="降低岗位的可接触级别，立即生效 · lower the clearance of a duty at once")
@click.argument("number", type=int)
@as_option
def duty_lower(number: int, username: str) -> None:
    """Take a duty back to level 1."""
    from suyuan.access import actions

    with database(), acting_as(username, SECURITY) as who:
        actions.lower_clearance(who, number)


@duty.command("proposals", help="列出提请 · list proposals")
@click.option("--waiting", is_flag=True, help="只列待决定的 · only those that wait")
@as_option
@JSON
def duty_proposals(waiting: bool, username: str, as_json: bool) -> None:
    """Proposals within the administrator's range, those that wait first."""
    from suyuan.access import proposals

    with database(), acting_as(username, SECURITY) as who:
        show(proposals.proposals(who, waiting=waiting), as_json)


@duty.command("effect", help="批准前查看权限变化 · who would gain and lose what")
@click.argument("number", type=int)
@as_option
@JSON
def duty_effect(number: int, username: str, as_json: bool) -> None:
    """What an approval would change."""
    from suyuan.access import proposals

    with database(), acting_as(username, SECURITY) as who:
        show([proposals.effect(proposals.proposal(who, number))], as_json)


@duty.command("approve", help="批准他人的提请，立即生效 · approve what somebody else proposed")
@click.argument("number", type=int)
@as_option
def duty_approve(number: int, username: str) -> None:
    """Approve a proposal; prints the number of the duty it made."""
    from suyuan.access import proposals

    with database(), acting_as(username, SECURITY) as who:
        made = proposals.approve(who, number)
    if made is not None:
        click.echo(made)


@duty.command("refuse", help="不予批准，或撤回自己的提请 · refuse a proposal, or withdraw one's own")
@click.argument("number", type=int)
@as_option
def duty_refuse(number: int, username: str) -> None:
    """Refuse or withdraw a proposal."""
    from suyuan.access import proposals

    with database(), acting_as(username, SECURITY) as who:
        proposals.refuse(who, number)


@duty.command("end", help="终止岗位，立即生效 · end a duty at once")
@click.argument("number", type=int)
@as_option
def duty_end(number: int, username: str) -> None:
    """End a duty."""
    from suyuan.access import actions

    with database(), acting_as(username, SECURITY) as who:
        actions.end_duty(who, number)


@click.group(help="访问策略：查阅、检索、导出的限额 · policy: limits of looks, searches and exports")
def policy() -> None:
    """Commands of policy."""


@policy.command("limits", help="列出限额 · list the limits")
@JSON
def policy_limits(as_json: bool) -> None:
    """The limits in force."""
    from suyuan.access import proposals

    with database():
        show(proposals.limits(), as_json)


@policy.command(
    "propose", help="提请变更限额，须另一名安全管理员批准 · propose another limit, which another person approves"
)
@click.argument("kind")
@click.argument("most", type=click.IntRange(1))
@REASON
@as_option
def policy_propose(kind: str, most: int, reason: str, username: str) -> None:
    """Propose a limit; prints the proposal's number."""
    from suyuan.access import proposals

    with database(), acting_as(username, SECURITY) as who:
        made = proposals.propose_limit(who, kind, most, reason=reason)
    click.echo(made)


commands = [duty, policy]
