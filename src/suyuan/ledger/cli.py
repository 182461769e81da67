"""`suyuan ledger`: check the log."""

from __future__ import annotations

import json
import sys

import click

from suyuan.installation.command import json_option, with_database


@click.group(help="审计账本 · the audit ledger")
def ledger() -> None:
    """Commands of the ledger."""


@ledger.command(help="从记录本身重新计算并核对账本 · recompute everything and name what is wrong")
@with_database
@json_option
def verify(as_json: bool) -> None:
    """Exit code 0 when clean, 1 when something is wrong."""
    from suyuan.ledger.verify import verify as run

    faults = list(run())
    if as_json:
        click.echo(
            json.dumps({"clean": not faults, "faults": [fault._asdict() for fault in faults]}, ensure_ascii=False)
        )
    else:
        for fault in faults:
            click.echo(f"{fault.code}  {fault.where}\n    {fault.zh} · {fault.en}")
        click.echo("账本完好 · clean" if not faults else f"发现 {len(faults)} 处问题 · {len(faults)} faults")
    sys.exit(1 if faults else 0)


commands = [ledger]
