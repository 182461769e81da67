"""`suyuan ledger prove` and `suyuan ledger verifier`: proofs for outsiders, and what they check them with."""

from __future__ import annotations

import json
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from uuid import UUID

import click

from suyuan.access.command import acting_as, as_option, ground_option
from suyuan.i18n import say
from suyuan.installation.command import json_option, with_database
from suyuan.ledger.cli import ledger, witness


@ledger.command(help="出具一条记录的证明包，可离线核验 · issue the proof of a record, to be checked offline")
@click.argument("record", type=click.UUID)
@click.option("-o", "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.zip")
@click.option("--with-content", is_flag=True, help="含内容，即对外提供 With the content: a disclosure")
@click.option("--recipient", default="", metavar="TEXT", help="接收方 To whom it goes")
@as_option
@ground_option
@with_database
@json_option
def prove(
    record: UUID, out: Path, with_content: bool, recipient: str, username: str, ground: int | None, as_json: bool
) -> None:
    """Write the bundle; heads of department and security auditors may. Entered in the ledger."""
    from suyuan.audit.bundle import prove as run
    from suyuan.ledger.keys import source

    with acting_as(username, PROVERS, ground=ground) as who:
        bundle = run(who, record, recipient=recipient, with_content=with_content)
    out.write_bytes(bundle)
    key = source().signers()[-1].public.hex()
    if as_json:
        click.echo(json.dumps({"bundle": str(out), "bytes": len(bundle), "public_key": key}))
    else:
        click.echo(say(f"已写入 {out}（{len(bundle):,} 字节）。请另行告知对方公钥：{key}",
                       f"{out} written ({len(bundle):,} bytes). Tell the public key by another way: {key}"))  # fmt: skip


@ledger.command(help="取出核验工具：单文件程序或离线网页 · write out the verifier: one-file program or offline page")
@click.option(
    "-o", "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), metavar="verify.html|verify.py"
)
def verifier(out: Path) -> None:
    """By its ending: `.html` the page that works offline, `.py` the program (Python 3.11, no dependency)."""
    out.write_bytes(page() if out.suffix == ".html" else program())
    click.echo(out)


@ledger.command(
    help="按保存期限清理旧条目（每日自动执行） · prune what the policy no longer keeps; done by itself daily"
)
@as_option
@with_database
@json_option
def prune(username: str, as_json: bool) -> None:
    """By a security auditor; how long entries are kept is settled by two security administrators."""
    from suyuan.ledger import pruning

    with acting_as(username, ["security_auditor"]) as who:
        done = pruning.prune(who)
    gone = sum(one.entries for one in done)
    if as_json:
        click.echo(json.dumps({"entries": gone, "prunings": [one.pruning for one in done]}))
    else:
        click.echo(say(f"已清理 {gone:,} 个条目", f"{gone:,} entries pruned"))


@ledger.command("staff", help="登记某人员本人对应的记录 · say which record is about a member of staff")
@click.argument("person", type=int)
@click.argument("record", type=click.UUID)
@as_option
@with_database
def staff(person: int, record: UUID, username: str) -> None:
    """So that looks at oneself, at colleagues and at kin can be asked about; by a security auditor."""
    from suyuan.audit import actions

    with acting_as(username, ["security_auditor"]) as who:
        actions.note_staff(who, person, record)
    click.echo(say("已登记。", "Noted."))


@ledger.command("absence", help="登记人员休假或调离 · say that a member of staff is on leave or transferred")
@click.argument("person", type=int)
@click.option("--from", "starts", type=click.DateTime(["%Y-%m-%d"]), required=True, help="首日 First day")
@click.option("--until", "ends", type=click.DateTime(["%Y-%m-%d"]), required=True, help="回岗之日 Day of coming back")
@click.option("--kind", type=click.Choice(["leave", "transfer"]), default="leave", show_default=True)
@as_option
@with_database
def absence(person: int, starts: datetime, ends: datetime, kind: str, username: str) -> None:
    """So that looks meanwhile can be asked about; by a security auditor."""
    from suyuan.audit import actions

    with acting_as(username, ["security_auditor"]) as who:
        actions.note_absence(who, person, starts.date(), ends.date(), kind)
    click.echo(say("已登记。", "Noted."))


@witness.command("accept", help="确认一次已知的恢复，此前的见证不再比对 · accept a known restore")
@click.option("--reason", required=True, metavar="TEXT", help="恢复的依据和经过 Which restore, on whose order")
@as_option
@with_database
def witness_accept(reason: str, username: str) -> None:
    """Set aside what witnesses saw beyond this log; by a security auditor, entered in the ledger."""
    from suyuan.ledger import actions
    from suyuan.ledger import witness as room
    from suyuan.ledger.acts import Act

    with acting_as(username, ["security_auditor"]) as who:
        digests = room.accept(reason)
        actions.append(who, Act.administer, detail={"done": "accept_restore", "notes": digests})
    for digest in digests:
        click.echo(digest)


def page() -> bytes:
    """The offline page, from the static build."""
    return (files("suyuan") / "web" / "static" / "dist" / "verify.html").read_bytes()


def program() -> bytes:
    """The one-file program."""
    import suyuan_verify

    return Path(suyuan_verify.__file__).read_bytes()


PROVERS = ("department_head", "security_auditor")
commands: list[click.Command] = []
