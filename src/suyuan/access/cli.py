"""`suyuan agency`, `suyuan user`, `suyuan ground`: administration by command, under the named administrator's own duty."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import click

from suyuan.access import clearing_cli, duty_cli, token_cli, undertaking_cli, user_cli
from suyuan.access.command import acting_as, as_option, for_person
from suyuan.access.common_cli import JSON, database, show
from suyuan.access.grounds import ASSIGNED
from suyuan.access.words import READERS

AS = click.option("--as", "username", required=True, metavar="USER", help="以何人账号办理 · whose account acts")


KIND = click.argument("kind", type=click.Choice(ASSIGNED))
ENDS = click.option(
    "--until", "ends_on", required=True, type=click.DateTime(["%Y-%m-%d"]), help="结束日期，不含 · until this day"
)


@contextmanager
def _acting(username: str, duty: str) -> Iterator[Any]:
    from suyuan.access import queries

    with database():
        person = queries.person_of(username)
        with for_person(person, queries.default_ground(person, duty)) as who:
            yield who


@click.group(help="机构 · agencies")
def agency() -> None:
    """Commands of agencies."""


@agency.command("list", help="列出机构 · list agencies")
@JSON
def agency_list(as_json: bool) -> None:
    """Agencies, each before the ones below it."""
    from suyuan.access import queries

    with database():
        show(queries.agencies(), as_json)


@agency.command("add", help="在上级机构下新增机构 · add an agency under PARENT")
@click.argument("parent", type=int)
@click.argument("name")
@click.option("--en", "name_en", default="", help="英文名称 · English name")
@click.option("--division", default="", help="区划代码 · division code")
@AS
def agency_add(parent: int, name: str, name_en: str, division: str, username: str) -> None:
    """Add an agency; prints its number."""
    from suyuan.access import actions

    with _acting(username, "system_administrator") as who:
        click.echo(actions.add_agency(who, parent, name, name_en, division))


@click.group(help="人员与账号 · people and accounts")
def user() -> None:
    """Commands of people."""


@user.command("list", help="列出人员 · list people")
@JSON
def user_list(as_json: bool) -> None:
    """People by agency."""
    from suyuan.access import queries

    with database():
        show(queries.people(), as_json)


@user.command("add", help="登记人员 · enter a person")
@click.argument("staff_no")
@click.argument("name")
@click.argument("agency", type=int)
@AS
def user_add(staff_no: str, name: str, agency: int, username: str) -> None:
    """Enter a person; prints their number. `user account` asks for an account."""
    from suyuan.access import actions

    with _acting(username, "system_administrator") as who:
        click.echo(actions.add_person(who, staff_no, name, agency))


@user.command("disable", help="停用人员及其账号，立即生效 · shut a person out at once")
@click.argument("person", type=int)
@AS
def user_disable(person: int, username: str) -> None:
    """Disable a person and every account of theirs."""
    from suyuan.access import actions

    with _acting(username, "system_administrator") as who:
        actions.set_active(who, person, False)


@user.command("enable", help="恢复人员及其账号 · let a person in again")
@click.argument("person", type=int)
@AS
def user_enable(person: int, username: str) -> None:
    """Enable a person and every account of theirs; their passwords are as they were."""
    from suyuan.access import actions

    with _acting(username, "system_administrator") as who:
        actions.set_active(who, person, True)


@click.group(help="办理事由 · grounds")
def ground() -> None:
    """Commands of grounds."""


@ground.command("list", help="列出我的有效事由 · list my live grounds")
@as_option
@JSON
def ground_list(username: str, as_json: bool) -> None:
    """Live grounds, those of duties first."""
    from suyuan.access import queries

    with database():
        show(queries.grounds(queries.person_of(username)), as_json)


@ground.command("request", help="向部门负责人申请事由 · ask the head of department for a ground")
@KIND
@click.option("--reference", default="", metavar="TEXT", help="案件编号或文号 · number of the case or document")
@click.option("--reason", required=True, metavar="TEXT", help="办理事项 · what is to be done")
@ENDS
@as_option
def ground_request(kind: str, reference: str, reason: str, ends_on: datetime, username: str) -> None:
    """Ask for a ground; prints the number of the request."""
    from suyuan.access import grounds

    with database(), acting_as(username, READERS) as who:
        click.echo(grounds.ask(who, kind, reference, reason, ends_on.date()))


@ground.command("waiting", help="待答复的申请 · requests that wait for an answer")
@as_option
@JSON
def ground_waiting(username: str, as_json: bool) -> None:
    """A head of department sees those to answer, everybody else their own."""
    from suyuan.access import grounds

    with database(), acting_as(username) as who:
        show(grounds.asked(who), as_json)


@ground.command("answer", help="答复申请 · answer a request")
@click.argument("number", type=int)
@click.argument("answer", type=click.Choice(["grant", "refuse"]))
@as_option
def ground_answer(number: int, answer: str, username: str) -> None:
    """Grant or refuse; prints the number of the ground that was made."""
    from suyuan.access import grounds

    with database(), acting_as(username, ["department_head"]) as who:
        made = grounds.answer(who, number, answer == "grant")
    if made is not None:
        click.echo(made)


@ground.command("assign", help="向办理人指派事由 · assign a ground to an officer")
@click.argument("person", type=int)
@click.argument("duty", type=int)
@KIND
@click.option("--reference", default="", metavar="TEXT", help="案件编号或文号 · number of the case or document")
@click.option("--reason", required=True, metavar="TEXT", help="办理事项 · what is to be done")
@ENDS
@as_option
def ground_assign(
    person: int, duty: int, kind: str, reference: str, reason: str, ends_on: datetime, username: str
) -> None:
    """Assign a ground under one of an officer's duties (`suyuan duty list`); prints its number."""
    from suyuan.access import grounds

    with database(), acting_as(username, ["department_head"]) as who:
        click.echo(grounds.assign(who, person, duty, kind, reference, reason, ends_on.date()))


@ground.command("end", help="终止事由，立即生效 · end a ground at once")
@click.argument("number", type=int)
@as_option
def ground_end(number: int, username: str) -> None:
    """End one's own ground, or one that a head could have assigned."""
    from suyuan.access import grounds

    with database(), acting_as(username) as who:
        grounds.end(who, number)


user_cli.join(user)
commands = [
    agency,
    user,
    *duty_cli.commands,
    *clearing_cli.commands,
    ground,
    *undertaking_cli.commands,
    *token_cli.commands,
]
