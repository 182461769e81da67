"""`suyuan vault keys, rotate, rotate-signing, destroy`: the keys under which records lie."""

from __future__ import annotations

import json
from uuid import UUID

import click

from suyuan.access.command import acting_as, as_option
from suyuan.catalog.cli import catalog
from suyuan.i18n import say
from suyuan.installation.command import json_option, with_database
from suyuan.vault.cli import CUSTODIAN, vault
from suyuan.vault.suites import SUITES

PLACE = click.option(
    "--in", "place", metavar="NAME", help="存放处：file 或设置中的名称，默认不变 Where it lies, by default as before"
)
_PIECE = 2.0  # seconds between two lines of progress


@catalog.command("release", help="将现有目录文件登记为新的发布 · record the catalog as it is as a new release")
@click.option("--reason", required=True, metavar="TEXT", help="修改的依据 Why it changed")
@as_option
@with_database
@json_option
def release(reason: str, username: str, as_json: bool) -> None:
    """By a system or security administrator; entered in the ledger. Batches of before keep their release."""
    from suyuan.catalog import current
    from suyuan.records import releases

    files, lines = releases.changed()
    with acting_as(username, ["system_administrator", "security_administrator"]) as who:
        number = releases.record(who, reason)
    if as_json:
        click.echo(json.dumps({"number": number, "release": current().release, "files": files, "changes": lines}))
        return
    for line in lines:
        click.echo(line)
    click.echo(say(f"已登记第 {number} 号发布 {current().release}", f"release {number} recorded: {current().release}"))


@vault.command("keys", help="密钥清单 · the inventory of keys")
@with_database
@json_option
def keys(as_json: bool) -> None:
    """Which keys there are and how many records lie under each; it needs no account, and shows no key."""
    from suyuan.access import proof
    from suyuan.records.key_views import inventory

    with proof.as_process():
        listed = inventory()
    if as_json:
        told = [
            {"records": one.records} | {name: getattr(one.key, name) for name in one.key.__slots__} for one in listed
        ]
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for one in listed:
        click.echo(f"{one.key.id}\t{one.key.level}\t{one.key.suite}\t{one.holder}\t{one.state}\t{one.records}")


@vault.command("rotate", help="更换一级密钥，或继续未完成的更换 · renew the keys of a level, or go on with it")
@click.option("--level", type=click.IntRange(1, 2), default=1, show_default=True, help="保密级别 Level")
@click.option("--suite", type=click.Choice(list(SUITES)), help="算法，默认不变 Ciphers, by default the same")
@PLACE
@as_option
@with_database
@json_option
def rotate(level: int, suite: str | None, place: str | None, username: str, as_json: bool) -> int:
    """Every record is encrypted anew; people go on working. Exit code 1 where a damaged record keeps the old key."""
    from suyuan.records import rotation
    from suyuan.vault import custodians, generations

    if level == custodians.LEVEL and place:
        raise click.UsageError(
            say(
                "2 级密钥只能由密钥保管人分持，不能指定 --in。",
                "Level 2's keys stay with its custodians: leave --in out.",
            )
        )
    if generations.retiring(level) is None and generations.waiting(level) is None:
        with acting_as(username, CUSTODIAN) as who:
            rotation.begin(who, level, suite, place)
    while not (left := rotation.run(level, _PIECE)).nothing and not left.damaged:
        click.echo(say(f"剩余 {left.records} 条", f"{left.records} left"), err=True)
    if as_json:
        click.echo(json.dumps({"left": left.records, "damaged": left.damaged}))
    elif left.damaged:
        names = "\n".join(left.damaged)
        click.echo(say(f"以下版本已损坏，从备份恢复后重试：\n{names}",
                       f"These revisions are damaged; restore them from a backup and try again:\n{names}"))  # fmt: skip
    else:
        click.echo(say("已全部更换，旧密钥已停用。", "All records are over; the old key is retired."))
    return 1 if left.damaged else 0


@vault.command("rotate-signing", help="更换账本签名密钥 · renew the ledger's signing key")
@PLACE
@as_option
@with_database
@json_option
def rotate_signing(place: str | None, username: str, as_json: bool) -> None:
    """The old key signs the new one; its public half is printed."""
    from suyuan.vault import custody

    with acting_as(username, CUSTODIAN) as who:
        made = custody.renew_signing(who, place)
    told = {"number": made.number, "since": made.since, "public_key": made.public.hex()}
    click.echo(
        json.dumps(told) if as_json else say(f"新公钥：{made.public.hex()}", f"New public key: {made.public.hex()}")
    )


@vault.command("destroy", help="销毁停用的密钥 · destroy a retired key")
@click.argument("key", type=int)
@click.option("--yes", is_flag=True, help="不再询问 Without asking")
@as_option
@with_database
def destroy(key: int, yes: bool, username: str) -> None:
    """What old backups hold under it is unreadable from then on."""
    from suyuan.records import rotation

    words = say(
        "旧备份中以此密钥加密的内容将永久不可读。确定销毁？",
        "What old backups hold under it will never be readable. Sure?",
    )
    if not yes:
        click.confirm(words, abort=True)
    with acting_as(username, CUSTODIAN) as who:
        done = rotation.destroy(who, key)
    asked = say(
        f"已提请销毁密钥 {key}，须另一人 7 天内办理。", f"Asked: another person destroys key {key} within 7 days."
    )
    click.echo(say(f"密钥 {key} 已销毁。", f"Key {key} is destroyed.") if done else asked)


@vault.command("disposals", help="待办和已办的销毁 · records to be erased, and those that were")
@as_option
@with_database
@json_option
def disposals(username: str, as_json: bool) -> None:
    """A line each: record, basis, who asked, who did it."""
    from suyuan.access import queries
    from suyuan.records import disposal

    with acting_as(username, CUSTODIAN) as who:
        for one in disposal.waiting(who):
            done = queries.person_name(one.done_by) if one.done_by else ""
            if as_json:
                click.echo(json.dumps(one._asdict(), ensure_ascii=False, default=str))
            else:
                click.echo(f"{one.record}\t{one.basis}\t{queries.person_name(one.asked_by)}\t{done}")


@vault.command("erase", help="销毁一条已提请的记录 · erase a record that was asked to be erased")
@click.argument("record", type=click.UUID)
@click.option("--yes", is_flag=True, help="不再询问 Without asking")
@as_option
@with_database
def erase(record: UUID, yes: bool, username: str) -> None:
    """Its key is destroyed; nobody can bring it back."""
    from suyuan.records import disposal

    if not yes:
        click.confirm(say("销毁后任何人均不能恢复。确定销毁？", "Nobody can bring it back. Sure?"), abort=True)
    with acting_as(username, CUSTODIAN) as who:
        disposal.erase(who, record)
    click.echo(say("已销毁。", "Erased."))


commands = [vault]
