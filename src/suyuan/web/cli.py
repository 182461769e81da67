"""`suyuan record`: what the record page shows, by command: a record as it stood at any time, and its life."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from django.utils import timezone

from suyuan import catalog
from suyuan.access import queries as access
from suyuan.access.command import acting_as, as_option, ground_option
from suyuan.catalog.model import Field, RecordType
from suyuan.i18n import say
from suyuan.installation.command import json_option, with_database
from suyuan.ledger import queries as ledger
from suyuan.records import disposal, dossier, export, listing, plain, queries
from suyuan.records.export import Wish
from suyuan.records.listing import Wanted
from suyuan.records.meanings import Under
from suyuan.records.queries import Change, RevisionInfo
from suyuan.records.reading import RecordView
from suyuan.web import sheet
from suyuan.web.values import show as write

EXPORTERS = ("department_head", "analyst")
RECORD = click.argument("record", type=click.UUID)


class Moment(click.ParamType[datetime]):
    """A day or a moment in ISO 8601; without a zone in China's civil time, a day meaning its end."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """See above."""
        try:
            read = datetime.fromisoformat(value)
        except ValueError:
            self.fail(say(f"“{value}”不是时间，写成 2026-03-05 或 2026-03-05T14:30",
                          f"{value!r} is no time; write 2026-03-05 or 2026-03-05T14:30"), param, ctx)  # fmt: skip
        if len(value) == len("2026-03-05"):
            read = read.replace(hour=23, minute=59, second=59, microsecond=999_999)
        return read if read.tzinfo else timezone.make_aware(read)


@click.group(help="记录 · records")
def record() -> None:
    """Commands of records."""


@record.command("dispose", help="提请销毁记录 · ask for a record to be erased")
@RECORD
@click.option("--basis", required=True, metavar="TEXT", help="依据和文号 Which rule, order or request")
@as_option
@ground_option
@with_database
def dispose(record: UUID, basis: str, username: str, ground: int | None) -> None:
    """By a head of department; a custodian of the keys does it (`suyuan vault erase`)."""
    with acting_as(username, ("department_head",), ground=ground) as who:
        disposal.ask(who, record, basis)
    click.echo(say("已提请销毁，由密钥保管人办理。", "Asked; a custodian of the keys does it."))


@record.command(
    "show", help="查看一条记录，可指定事实时间和入库时间 · show a record as of a (valid, known) pair of times"
)
@RECORD
@click.option("--as-of", type=Moment(), metavar="T", help="事实时间 When it was true (now)")
@click.option("--known-at", type=Moment(), metavar="T", help="入库时间 When it was known here (now)")
@click.option(
    "--reveal", is_flag=True, help="显示完整的标识信息，记入账本 Identifying values in full; entered in the ledger"
)
@as_option
@ground_option
@with_database
@json_option
def show(
    record: UUID, as_of: datetime | None, known_at: datetime | None, reveal: bool, username: str, ground: int | None,
    as_json: bool,
) -> None:  # fmt: skip
    """The revision in force, else the latest; or the one of a pair of times. The look is entered in the ledger."""
    with acting_as(username, ground=ground) as who:
        view = queries.open_record(who, record, as_of=as_of, known_at=known_at)
        rtype = catalog.current().types[view.type]
        if reveal:
            dossier.reveal_identity(who, view)
        else:
            view = replace(view, content=view.content | plain.masked(view.content, rtype))
        if as_json:
            click.echo(_json(plain.head(view) | plain.content(view, plain.open_content(view.content, rtype), rtype)))
            return
        click.echo("\n".join(_lines(view, rtype)))


@record.command("history", help="一条记录的版本、逐项变化和查阅情况 · revisions, what each changed, and who looked")
@RECORD
@as_option
@ground_option
@with_database
@json_option
def history(record: UUID, username: str, ground: int | None, as_json: bool) -> None:
    """Every revision, oldest first, with the fields it changed; then who did what with the record."""
    with acting_as(username, ground=ground) as who:
        revisions = queries.history(who, record)
        views = queries.every_revision(record)
        rtype = catalog.current().types[views[0].type]
        seen = ledger.about(record)
        steps = plain.steps(revisions, views, rtype)
        if as_json:
            told = {
                "revisions": [plain.revision(*one, rtype) for one in steps],
                "entries": [plain.entry(one) for one in seen],
            }
            click.echo(_json(told))
            return
        for info, changed in steps:
            click.echo("\n".join(_step(info, changed, rtype)))
        click.echo(say("查阅和办理：", "Looked at and dealt with:"))
        for one in seen:
            click.echo(f"  {_moment(one.at)}  {access.person_name(one.person)}  {say(*one.words)}")


@record.command(
    "export", help="把符合条件的生效记录导出为文件，记入账本 · export records in force as a file, under decision"
)
@click.argument("type_name", metavar="TYPE")
@click.option(
    "-o", "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.xlsx|FILE.csv"
)
@click.option("--query", default="", metavar="TEXT", help="检索词 What to look for （全部 all）")
@click.option("--code", "codes", multiple=True, metavar="FIELD=CODE", help="按代码筛选 Only records with this code")
@click.option("--recipient", required=True, metavar="TEXT", help="接收方 Who is going to use it")
@click.option("--purpose", required=True, metavar="TEXT", help="用途 What for")
@click.option("--whole", is_flag=True, help="含完整的标识信息 With identifying values in full")
@as_option
@ground_option
@with_database
@json_option
def export_file(
    type_name: str, out: Path, query: str, codes: tuple[str, ...], recipient: str, purpose: str, whole: bool,
    username: str, ground: int | None, as_json: bool,
) -> None:  # fmt: skip
    """Heads of department and analysts, under an assigned ground. Written once the entry is committed."""
    rtype = catalog.current().types.get(type_name)
    if rtype is None:
        raise click.BadParameter(say("没有这个记录类型", "no such record type"), param_hint="TYPE")
    wanted = Wanted(query, codes=_codes(codes, rtype))
    with acting_as(username, EXPORTERS, ground=ground) as who:
        made = export.export(who, rtype, wanted, Wish(recipient, purpose, out.suffix.removeprefix("."), whole))
        data = sheet.write(who, made)
    with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
    if as_json:
        click.echo(json.dumps({"export": made.number, "records": len(made.rows), "file": str(out)}, ensure_ascii=False))
    else:
        click.echo(
            say(
                f"第 {made.number} 号导出，{len(made.rows)} 条：{out}",
                f"export no. {made.number}, {len(made.rows)} records: {out}",
            )
        )


def _codes(said: tuple[str, ...], rtype: RecordType) -> dict[str, str]:
    """FIELD=CODE as the list's filters have them; a field that cannot be filtered by is refused."""
    facets, found = {field.name: field for field in listing.facets(rtype)}, {}
    for one in said:
        name, _, code = one.partition("=")
        if name not in facets:
            raise click.BadParameter(say(f"不能按 {name} 筛选", f"{name} cannot be filtered by"), param_hint="--code")
        found[name] = listing.code_of(facets[name], code) or code
    return found


def _lines(view: RecordView, rtype: RecordType) -> Iterator[str]:
    yield f"{say(rtype.label.zh, rtype.label.en)}  {view.record_id} r{view.rev}  {view.state}"
    yield say(f"事实时间 {_moment(view.valid_from)}，入库时间 {_moment(view.recorded_at)}",
              f"valid from {_moment(view.valid_from)}, recorded {_moment(view.recorded_at)}")  # fmt: skip
    yield say(f"采集人 {access.person_name(view.author)}，{access.agency_name(view.agency)}",
              f"collected by {access.person_name(view.author)}, {access.agency_name(view.agency)}")  # fmt: skip
    for group in rtype.groups:
        filled = [rtype.fields[name] for name in group.fields if view.content.get(name) not in (None, "", [])]
        if filled:
            yield f"[{say(group.label.zh, group.label.en)}]"
        for field in filled:
            yield f"  {say(field.label.zh + '：', field.label.en + ': ')}{_value(field, view.content[field.name], view.under)}"
    yield f"digest {view.digest.hex()}"


def _value(field: Field, value: Any, under: Under | None) -> str:
    if field.protection == "protected":
        return say("（受保护，不在此显示）", "(protected, not shown here)")
    return write(field, value, under=under)


def _step(info: RevisionInfo, changed: list[Change], rtype: RecordType) -> Iterator[str]:
    since = _moment(info.in_force_since) if info.in_force_since else say("未生效", "not in force")
    yield (f"r{info.rev}  {_moment(info.recorded_at)}  {access.person_name(info.author)}  {info.channel}  "
           f"{info.source}  {say('生效', 'in force')} {since}")  # fmt: skip
    if info.rev > 1:
        for one in changed:
            field = rtype.fields[one.field]
            before, after = _value(field, one.before, one.before_under), _value(field, one.after, one.after_under)
            yield f"    {say(field.label.zh + '：', field.label.en + ': ')}{before} → {after}"


def _json(value: Any) -> str:
    return json.dumps(
        value, ensure_ascii=False, default=lambda one: one.isoformat() if isinstance(one, datetime) else str(one)
    )


def _moment(at: datetime) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M:%S")


commands = [record]
