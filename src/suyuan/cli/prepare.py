"""`suyuan prepare`: everything between a running database and serving. `suyuan up` calls it; so may a deployment."""

from __future__ import annotations

import importlib
import json

import click

from suyuan.i18n import say
from suyuan.installation import Installation, current
from suyuan.installation.command import start_django, with_database


def tell(zh: str, en: str) -> None:
    """Progress goes to stderr: stdout is the report."""
    click.echo(say(zh, en), err=True)


@click.command()
@with_database
@click.option("--demo", is_flag=True, help="载入演示数据（仅一次） Load the demonstration (once)")
def prepare(demo: bool) -> None:
    """建立角色、密钥和数据表，检查后列出可登录人员。Make roles, keys and tables, check them, report who can sign in (JSON)."""
    here = current()
    if here.place.embedded:
        from suyuan.installation.roles import prepare_embedded

        prepare_embedded(here)
    start_django()
    _tables(here)
    _keys(here)
    _witnesses()
    _first_entry()
    _catalog()
    if demo:
        _demonstration(here)
    click.echo(json.dumps(_report(here), ensure_ascii=False))


def _keys(here: Installation) -> None:
    """The keys of this host must be the database's, or nothing is served; they are made for an empty log only."""
    from suyuan.access import proof
    from suyuan.vault import installed

    installed.settle(here, tell)
    installed.enter()
    proof.settle()


def _tables(here: Installation) -> None:
    from suyuan.installation.findings import refuse_unsafe
    from suyuan.installation.migrate import migrate

    migrate(tell)
    for finding in refuse_unsafe(here):
        click.echo(str(finding), err=True)


def _witnesses() -> None:
    """The log must be the one the witnesses saw, or nothing is served."""
    from suyuan.ledger import witness

    for where in witness.compare():
        tell(f"见证方 {where} 没有应答，未能比对。", f"The witness {where} does not answer; not compared.")
    if said := witness.warning():
        click.echo(said, err=True)


def _first_entry() -> None:
    """The log of a new installation begins with the rows its tables came with: limits, the undertaking, the first agency."""
    from suyuan.access import actions as access

    access.install()


def _catalog() -> None:
    """The catalog's files are those of the release recorded last, or nothing is served."""
    from suyuan.records import releases

    releases.settle()


def _demonstration(here: Installation) -> None:
    done = here.data / "demonstration-loaded"
    if done.exists():
        return
    tell("正在载入演示数据…", "Loading the demonstration…")
    importlib.import_module("suyuan.demo").load(tell)
    done.touch()


def _report(here: Installation) -> dict[str, object]:
    from suyuan.access import actions as access

    accounts = here.secrets / "accounts.txt"
    report: dict[str, object] = {"activation": access.first_activation_code()}
    if accounts.exists():
        report["accounts_file"] = str(accounts)
        report["accounts"] = [_without_password(line) for line in accounts.read_text().splitlines() if line.strip()]
    return report


def _without_password(line: str) -> str:
    """A line of accounts.txt is `username TAB password TAB who`."""
    name, _, *who = line.split("\t")
    return "  ".join([name, *who])
