"""`suyuan agency`, `suyuan user`, `suyuan duty`: administration by command, under the named administrator's own duty."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click

AS = click.option("--as", "username", required=True, metavar="USER", help="以谁的账号办理 · whose account acts")
JSON = click.option("--json", "as_json", is_flag=True, help="机器可读 · machine-readable")


@contextmanager
def _database() -> Iterator[None]:
    from suyuan.installation import current
    from suyuan.installation.serving import database_running

    with database_running(current()):
        yield


@contextmanager
def _acting(username: str, duty: str) -> Iterator[Any]:
    from suyuan.access import queries
    from suyuan.access.acting import acting

    with _database():
        person = queries.person_of(username)
        with acting(person, queries.default_ground(person, duty)) as who:
            yield who


def _show(rows: Sequence[tuple[Any, ...]], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([row._asdict() for row in rows], ensure_ascii=False, default=str))  # type: ignore[attr-defined]  # named tuples
    else:
        for row in rows:
            click.echo("\t".join("" if value is None else str(value) for value in row))


@click.group(help="机构 · agencies")
def agency() -> None:
    """Commands of agencies."""


@agency.command("list", help="列出机构 · list agencies")
@JSON
def agency_list(as_json: bool) -> None:
    """Agencies, each before the ones below it."""
    from suyuan.access import queries

    with _database():
        _show(queries.agencies(), as_json)


@agency.command("add", help="在上级机构下增加机构 · add an agency under PARENT")
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

    with _database():
        _show(queries.people(), as_json)


@user.command("add", help="登记人员并建立账号 · enter a person and make an account")
@click.argument("staff_no")
@click.argument("name")
@click.argument("agency", type=int)
@click.argument("account")
@AS
def user_add(staff_no: str, name: str, agency: int, account: str, username: str) -> None:
    """Enter a person with an account; prints the person's number and the first password."""
    from suyuan.access import actions

    with _acting(username, "system_administrator") as who:
        person = actions.add_person(who, staff_no, name, agency)
        click.echo(f"{person}\t{actions.add_account(who, person, account)}")


@user.command("disable", help="停用人员及其账号,立即生效 · shut a person out at once")
@click.argument("person", type=int)
@AS
def user_disable(person: int, username: str) -> None:
    """Disable a person and every account of theirs."""
    from suyuan.access import actions

    with _acting(username, "system_administrator") as who:
        actions.set_active(who, person, False)


@click.group(help="岗位职责 · duties")
def duty() -> None:
    """Commands of duties."""


@duty.command("list", help="列出某人的岗位 · list a person's duties")
@click.argument("person", type=int)
@JSON
def duty_list(person: int, as_json: bool) -> None:
    """Duties of a person."""
    from suyuan.access import queries

    with _database():
        _show(queries.duties(person), as_json)


@duty.command("grant", help="授予岗位 · grant a duty")
@click.argument("person", type=int)
@click.argument("kind")
@click.argument("agency", type=int)
@click.option("--reason", required=True, help="依据 · on what ground")
@AS
def duty_grant(person: int, kind: str, agency: int, reason: str, username: str) -> None:
    """Grant a duty; prints its number."""
    from suyuan.access import actions

    with _acting(username, "security_administrator") as who:
        click.echo(actions.grant(who, person, kind, agency, reason=reason))


@duty.command("end", help="终止岗位 · end a duty at once")
@click.argument("number", type=int)
@AS
def duty_end(number: int, username: str) -> None:
    """End a duty."""
    from suyuan.access import actions

    with _acting(username, "security_administrator") as who:
        actions.end_duty(who, number)


commands = [agency, user, duty]
