"""`suyuan review`: reviewing by command, under the reviewer's own duty."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import click

from suyuan.access.command import acting_as, as_option
from suyuan.access.common_cli import aligned
from suyuan.catalog.model import Field
from suyuan.i18n import say
from suyuan.installation.command import json_option, with_database
from suyuan.review.queries import STEPS

BATCH = click.argument("batch", type=click.UUID)
_WAITING = {1: ("待初审", "first review"), 2: ("待复审", "second review"), 3: ("待终审", "final review")}


@click.group(help="审核 · review")
def review() -> None:
    """Commands of review."""


@review.command("list", help="待我审核的批次 · batches that wait for me")
@as_option
@with_database
@json_option
def list_(username: str, as_json: bool) -> None:
    """A line each: the batch's number, its type, what waits, how many rows, the digest that is signed."""
    from suyuan import catalog
    from suyuan.review import queries

    with acting_as(username, STEPS) as who:
        waiting = queries.waiting(who)
    if as_json:
        rows = [{"batch": str(one.batch), "type": one.type, "state": one.state, "rows": one.rows,
                 "digest": one.digest.hex()} for one in waiting]  # fmt: skip
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    types = catalog.current().types
    heads = [
        say("批次", "batch"),
        say("类型", "type"),
        say("环节", "step"),
        say("行数", "rows"),
        say("内容摘要", "digest"),
    ]
    table = [[str(one.batch), say(*types[one.type].label), say(*_WAITING[one.step]), str(one.rows), one.digest.hex()]
             for one in waiting]  # fmt: skip
    for line in aligned([heads, *table]) if table else []:
        click.echo(line)


@review.command("show", help="查看批次的样本或全部记录 · look at a batch, or at its sample")
@BATCH
@as_option
@with_database
@json_option
def show(batch: UUID, username: str, as_json: bool) -> None:
    """Show the rows; of a large batch draw the sample first, and count its rows as looked at."""
    from suyuan import catalog
    from suyuan.records import queries as records
    from suyuan.review import actions, queries, sample

    with acting_as(username, STEPS) as who:
        task = queries.task(who, batch)
        if task.step and queries.remaining(batch) > sample.WITHOUT_SAMPLE:
            drawn = actions.draw(who, batch, task.step)
            rows = actions.look(who, batch, task.step, drawn.seqs)
        else:
            rows = records.batch_rows(who, batch, limit=sample.WITHOUT_SAMPLE * 5)
    types = catalog.current().types
    for row in rows:
        if as_json:
            click.echo(json.dumps({"row": row.row_no, "record": str(row.record_id), "rev": row.rev, **row.content},
                                  ensure_ascii=False))  # fmt: skip
        else:
            click.echo(f"{row.row_no}  {row.record_id} r{row.rev}  {_worded(types[row.type].fields, row.content)}")
    click.echo(f"digest {task.digest.hex()}", err=as_json)


def _worded(fields: Mapping[str, Field], content: Mapping[str, Any]) -> str:
    """A row's content by the names of its fields, values as they are stored."""
    shown = [(one.label, content[name]) for name, one in fields.items() if name in content]
    texts = [(label, "；".join(map(str, value)) if isinstance(value, list) else str(value)) for label, value in shown]
    return "  ".join(say(f"{label.zh}：{text}", f"{label.en}: {text}") for label, text in texts)


def _decide(outcome: str, batch: UUID, username: str, digest: str | None, yes: bool, reason: str) -> None:
    from suyuan.review import actions, queries

    with acting_as(username, STEPS) as who:
        task = queries.task(who, batch)
        signed = digest or task.digest.hex()
        if not digest and not yes:
            click.confirm(f"签署摘要 · sign {signed}", abort=True)
        actions.decide(who, batch, task.step, outcome, bytes.fromhex(signed), reason=reason)
        state = queries.task(who, batch).state
    click.echo(f"{batch}  {state}")


def _options(command: Any) -> Any:
    for option in (
        click.option("--digest", help="所签内容的摘要 · the digest that is signed"),
        click.option("--yes", is_flag=True, help="不再询问 · do not ask"),
        as_option,
        with_database,
        BATCH,
    ):
        command = option(command)
    return command


@review.command("approve", help="通过 · approve")
@_options
def approve(batch: UUID, username: str, digest: str | None, yes: bool) -> None:
    """Approve a batch at its step."""
    _decide("approve", batch, username, digest, yes, "")


@review.command("return", help="整批退回，须写理由 · return the whole batch with a reason")
@click.option("--reason", required=True)
@_options
def return_(batch: UUID, username: str, digest: str | None, yes: bool, reason: str) -> None:
    """Return a batch to its collector."""
    _decide("return", batch, username, digest, yes, reason)


@review.command("reject", help="驳回，须写理由 · reject with a reason")
@click.option("--reason", required=True)
@_options
def reject(batch: UUID, username: str, digest: str | None, yes: bool, reason: str) -> None:
    """Reject a batch."""
    _decide("reject", batch, username, digest, yes, reason)


commands = [review]
