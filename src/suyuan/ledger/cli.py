"""`suyuan ledger`: check the log."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TextIO

import click

from suyuan.i18n import say
from suyuan.installation.command import data_option, json_option, with_database
from suyuan.ledger.faults import Fault, fold


@click.group(help="审计账本 · the audit ledger")
def ledger() -> None:
    """Commands of the ledger."""


@ledger.command(help="从记录本身重新计算并核对账本 · recompute everything and name what is wrong")
@with_database
@json_option
def verify(as_json: bool) -> None:
    """Exit code 0 when clean, 1 when something is wrong. Hints say what is odd and no fault, and leave the code at 0.

    What follows from a fault is counted under it; `--json` lists everything.
    """
    from suyuan.ledger import evidence, witness
    from suyuan.ledger import verify as room

    faults, hints = list(room.verify()), list(room.hints())
    if as_json:
        found = {
            "clean": not faults,
            "faults": [one._asdict() for one in faults],
            "hints": [one._asdict() for one in hints],
            "witnessed_outside": not witness.alone(),
            "not_evidence": [
                {"tables": tables, "zh": zh, "en": en} for (zh, en), tables in evidence.unverified().items()
            ],
        }
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        _tell(faults, hints)
        click.echo(say("不作为证据、因而不核对的表：", "Not evidence, hence not verified:"))
        for reason, tables in evidence.unverified().items():
            click.echo(f"    {', '.join(tables)}\n        {say(*reason)}")
        if said := witness.warning():
            click.echo(said)
    sys.exit(1 if faults else 0)


def _tell(faults: list[Fault], hints: list[Fault]) -> None:
    folded = fold(faults)
    for fault, following in (*((hint, {}) for hint in hints), *folded):
        click.echo(f"{fault.code}  {fault.where}\n    {fault.zh} · {fault.en}")
        if following:
            many, kinds = sum(following.values()), ", ".join(f"{code} {n}" for code, n in following.items())
            click.echo(f"    由此引起 {many} 处 · {many} more follow from it: {kinds}")
    click.echo("账本完好 · clean" if not faults else f"发现 {len(folded)} 处问题 · {len(folded)} faults")


@ledger.command(help="列出告警 · list alarms")
@data_option
@json_option
def alarms(as_json: bool) -> None:
    """The last alarms, oldest first. Needs no database."""
    from suyuan.ledger import alarm

    for one in alarm.latest():
        if as_json:
            click.echo(json.dumps({"id": one.id, "at": one.at.isoformat(), "kind": one.kind, "detail": one.detail}))
        else:
            click.echo(f"{one.at.astimezone():%Y-%m-%d %H:%M:%S}  {say(*one.words)}  {json.dumps(one.detail)}")


@ledger.group(help="见证方 · witnesses of the log")
def witness() -> None:
    """Commands of witnesses."""


@witness.command("list", help="各见证方保存的最新检查点 · the newest checkpoint each witness holds")
@with_database
@json_option
def witness_list(as_json: bool) -> None:
    """Exit code 1 when one of them disagrees with the log or cannot be asked."""
    from suyuan.ledger import witness as room

    bad = False
    for held in room.newest():
        said, size, here = room.check(held.note) if held.note is not None else ("silent", 0, 0)
        bad |= said != "agrees"
        if as_json:
            click.echo(json.dumps({"witness": held.where, "verdict": said, "size": size, "log": here}))
        else:
            click.echo(f"{held.where}  {say(*VERDICTS[said])}  {size} / {here}")
    sys.exit(1 if bad else 0)


@witness.command("check", help="比对已保存的检查点（文件或标准输入） · hold a kept note against the log")
@click.argument("note", type=click.File(encoding="utf-8"), default="-")
@with_database
@json_option
def witness_check(note: TextIO, as_json: bool) -> None:
    """The note as it was printed, scanned or copied; exit code 1 unless it agrees."""
    from suyuan.ledger import witness as room

    said, size, here = room.check(room.tidied(note.read()))
    if as_json:
        click.echo(json.dumps({"verdict": said, "size": size, "log": here}))
    else:
        click.echo(f"{say(*VERDICTS[said])}  {size} / {here}")
    sys.exit(0 if said == "agrees" else 1)


@witness.command("print", help="生成最新检查点的打印页（含二维码） · the newest checkpoint as a page to print, with QR")
@click.option("-o", "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.html")
@with_database
def witness_print(out: Path) -> None:
    """For closed networks: printed, signed and kept in a safe, it witnesses the log as well as a server does."""
    from suyuan.ledger.paper import page

    out.write_text(page(), encoding="utf-8")
    click.echo(out)


VERDICTS = {
    "agrees": ("一致", "agrees"),
    "behind": ("账本短于见证", "the log is shorter"),
    "fork": ("不一致", "disagrees"),
    "altered": ("见证被改动或由另一把密钥签名", "the note was changed or is signed by another key"),
    "silent": ("没有应答或没有保存", "no answer, or nothing kept"),
}
commands = [ledger]
