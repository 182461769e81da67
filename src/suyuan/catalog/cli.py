"""`suyuan catalog`: check, show, compare and hand out the record types. Needs no database."""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

import click
import psycopg
from xlsxwriter.exceptions import FileCreateError

from suyuan import catalog as room
from suyuan.catalog import clearing
from suyuan.catalog import diff as differences
from suyuan.catalog import schema as schemas
from suyuan.catalog import template as templates
from suyuan.catalog.errors import CatalogFaulty, UnknownType
from suyuan.catalog.loader import Loaded, examine
from suyuan.catalog.model import Catalog, Field, Quarantined, RecordType
from suyuan.i18n import say
from suyuan.installation import current
from suyuan.installation.command import data_option, json_option

DOMAINS = {"case": ("案件", "cases"), "population": ("人口", "population"), "order": ("治安", "public order"),
           "traffic": ("交通", "traffic")}  # fmt: skip
PROTECTIONS = {"identifying": ("可识别个人", "identifying"), "protected": ("受保护", "protected")}


@click.group(help="类型目录 · record types and code tables")
def catalog() -> None:
    """Commands of the catalog."""


@catalog.command(
    help="检查目录：逐处指出错误及改正办法 · every mistake with file, line and mend; exit 1 if there is one"
)
@click.argument("overlay", required=False, type=click.Path(path_type=Path, exists=True, file_okay=False))
@data_option
@json_option
def check(overlay: Path | None, as_json: bool) -> None:
    """The shipped catalog with the installation's overlay, or with the folder given."""
    found = _examined(overlay)
    if as_json:
        click.echo(json.dumps(_report(found), ensure_ascii=False))
    else:
        for one in found.report.mistakes:
            click.echo(f"{one.file}:{one.line}: {say(one.zh, one.en)} {say(one.mend_zh, one.mend_en)}".rstrip())
        for held in found.catalog.quarantine:
            click.echo(_held(held))
        click.echo(_summary(found))
    sys.exit(1 if found.report.mistakes else 0)


@catalog.command(help="列出隔离的字段和类型及其声明 · fields and types in quarantine, with their declarations")
@click.argument("overlay", required=False, type=click.Path(path_type=Path, exists=True, file_okay=False))
@data_option
@json_option
def quarantine(overlay: Path | None, as_json: bool) -> None:
    """What is not loaded until two persons cleared it, and what it lacks."""
    held = _examined(overlay).catalog.quarantine
    if as_json:
        click.echo(json.dumps([_entry(one) for one in held], ensure_ascii=False))
        return
    for one in held:
        click.echo(_held(one))
        if one.declaration:
            click.echo(f"    {one.declaration}")
    click.echo(say(f"{len(held)} 项隔离", f"{len(held)} in quarantine"))


@catalog.command(help="显示一个类型的字段和规则；不写类型则列出全部 · a type's fields and rules, or all types")
@click.argument("type_id", metavar="TYPE", required=False)
@data_option
@json_option
def show(type_id: str | None, as_json: bool) -> None:
    """One type, or a line for each."""
    known = _current()
    if type_id is None:
        rows = [{"type": one.id, "zh": one.label.zh, "en": one.label.en, "domain": one.domain, "level": one.level,
                 "fields": len(one.fields), "rules": len(one.rules)} for one in known.types.values()]  # fmt: skip
        click.echo(json.dumps(rows, ensure_ascii=False) if as_json else "\n".join(
            f"{row['type']:22}{say(str(row['zh']), str(row['en']))}" for row in rows))  # fmt: skip
        return
    one = _type(known, type_id)
    if as_json:
        from suyuan.catalog.release import plain

        click.echo(json.dumps({**plain(one), "release": known.release}, ensure_ascii=False))
    else:
        click.echo("\n".join(_lines(one)))


@catalog.command(help="比较两个目录；A、B 为补充目录或整个目录的文件夹，或 shipped、current · "
                      "compare two catalogs: folders of an overlay or of a whole catalog, `shipped` or `current`")  # fmt: skip
@click.argument("a")
@click.argument("b")
@data_option
@json_option
def diff(a: str, b: str, as_json: bool) -> None:
    """Types, fields, rules and tables; for each, whether what is stored stays readable. Exit code 1 where one breaks."""
    found = list(differences.diff(_named(a), _named(b)))
    if as_json:
        click.echo(json.dumps([one._asdict() for one in found], ensure_ascii=False))
    else:
        for one in found:
            click.echo(f"{one.change:8} {one.what:6} {one.where:40} {_verdict(one)}  {one.detail}".rstrip())
        click.echo(say(f"{len(found)} 处不同", f"{len(found)} differences"))
    sys.exit(1 if any(one.breaking for one in found) else 0)


@catalog.command(help="生成填报用的工作簿，带下拉列表 · a workbook to fill in, with drop-downs")
@click.argument("type_id", metavar="TYPE")
@click.option("-o", "out", required=True, type=click.Path(path_type=Path, dir_okay=False), metavar="X.xlsx")
@data_option
def template(type_id: str, out: Path) -> None:
    """Columns with the fields' labels and notes, an example row, the codes on a sheet of their own."""
    one = _type(_current(), type_id)
    try:
        offered = templates.write(one, out)
    except FileCreateError as exc:
        raise click.FileError(str(out), say("无法写入", "cannot be written") + f": {exc}") from exc
    click.echo(say(f"已写入 {out}：{len(one.fields)} 个字段，{offered} 个下拉列表",
                   f"wrote {out}: {len(one.fields)} fields, {offered} drop-downs"))  # fmt: skip


@catalog.command(help="记录内容的 JSON Schema · JSON Schema of a record's content")
@click.argument("type_id", metavar="TYPE")
@data_option
def schema(type_id: str) -> None:
    """Draft 2020-12."""
    click.echo(json.dumps(schemas.schema(_type(_current(), type_id)), ensure_ascii=False, indent=2))


def _overlays(given: Path | None) -> list[Path]:
    folder = given or current().data / room.OVERLAY
    return [folder] if folder.is_dir() else []


def _examined(overlay: Path | None) -> Loaded:
    folders = _overlays(overlay)
    return examine(folders, cleared=_cleared() if folders else ())


def _cleared() -> Collection[str]:
    """What two persons cleared; nothing where the database is not running, since these commands need none."""
    try:
        return room.approved()
    except psycopg.OperationalError:
        say_so = (
            "数据库未运行，已放行的内容也按隔离列出。",
            "The database is not running: what was cleared counts as held.",
        )
        click.echo(say(*say_so), err=True)
        return ()


def _current() -> Catalog:
    """The installation's catalog, without what was cleared where the database is not running."""
    try:
        return room.current()
    except psycopg.OperationalError:
        return room.load(_overlays(None))


def _named(word: str) -> Catalog:
    if word == "shipped":
        return room.load()
    if word == "current":
        return _current()
    folder = Path(word)
    if not folder.is_dir():
        raise click.BadParameter(say(f"没有文件夹“{word}”；也可写 shipped 或 current",
                                     f"there is no folder {word!r}; `shipped` and `current` are also known"))  # fmt: skip
    added, whole = examine([folder]), None
    if added.report.mistakes:
        whole = examine(shipped=folder)
    if whole and whole.catalog.types and not whole.report.mistakes:
        return whole.catalog
    if added.report.mistakes:
        raise CatalogFaulty(added.report.mistakes)
    return added.catalog


def _verdict(one: differences.Difference) -> str:
    if not one.breaking:
        return say("兼容", "compatible")
    if one.readable:
        return say("不兼容，已存数据仍可读", "breaking, stored data stays readable")
    return say("不兼容，已存数据读法改变", "breaking, stored data is read differently")


def _type(known: Catalog, name: str) -> RecordType:
    if name not in known.types:
        raise UnknownType(name, difflib.get_close_matches(name, known.types, 3))
    return known.types[name]


def _report(found: Loaded) -> dict[str, object]:
    types = found.catalog.types.values()
    return {
        "ok": not found.report.mistakes, "release": found.catalog.release, "types": len(types),
        "fields": sum(len(one.fields) for one in types), "rules": sum(len(one.rules) for one in types),
        "tables": len(found.catalog.codes), "mistakes": [one.as_dict() for one in found.report.mistakes],
        "quarantine": [_entry(one) for one in found.catalog.quarantine],
    }  # fmt: skip


def _entry(one: Quarantined) -> dict[str, object]:
    return {
        "type": one.type, "field": one.field, "word": one.word, "zh": one.attribute.zh, "en": one.attribute.en,
        "file": one.place.file, "line": one.place.line, "digest": one.digest, "lacks": list(one.lacks),
        "declaration": one.declaration,
    }  # fmt: skip


def _held(one: Quarantined) -> str:
    if one.lacks:
        zh, en = clearing.lacking(one, zh=True), clearing.lacking(one, zh=False)
        return say(
            f"{one.place}: “{one.subject}”涉及人员，已隔离，不会载入；缺少：{zh}。补全后由两人放行。",
            f"{one.place}: `{one.subject}` is about persons and in quarantine; it does not say: {en}. Say it, then two persons clear it.",
        )
    if one.digest:
        return say(
            f"{one.place}: “{one.subject}”涉及人员，已隔离，不会载入，须由两人放行："
            f"suyuan clearing propose {one.subject} --reason …，再由另一人 suyuan clearing approve。",
            f"{one.place}: `{one.subject}` is about persons and in quarantine until two persons clear it: "
            f"suyuan clearing propose {one.subject} --reason …, then another person suyuan clearing approve.",
        )
    return say(
        f"{one.place}: 字段“{one.type}.{one.field}”像是{one.attribute.zh}（“{one.word}”），已隔离，不会载入。"
        "如确非此类，请在 cleared.yaml 写明何人、何时、何故放行。",
        f"{one.place}: the field `{one.type}.{one.field}` looks like {one.attribute.en} ({one.word!r}) and is in quarantine. "
        "If it is not, say who cleared it, when and why, in cleared.yaml.",
    )


def _summary(found: Loaded) -> str:
    said = _report(found)
    faults, held = len(found.report.mistakes), len(found.catalog.quarantine)
    return say(
        f"{said['types']} 个类型，{said['fields']} 个字段，{said['rules']} 条规则，{said['tables']} 个代码表；"
        f"{faults} 处错误，{held} 项隔离",
        f"{said['types']} types, {said['fields']} fields, {said['rules']} rules, {said['tables']} code tables; "
        f"{faults} mistakes, {held} in quarantine",
    )


def _lines(one: RecordType) -> Iterator[str]:
    head = [
        one.id,
        say(one.label.zh, one.label.en),
        say(*DOMAINS[one.domain]),
        f"{say('保密级别', 'level')} {one.level}",
    ]
    yield "  ".join([*head, f"{say('编号', 'key')} {', '.join(one.key)}" if one.key else "", one.clause]).rstrip()
    for group in one.groups:
        yield f"[{say(group.label.zh, group.label.en)}]"
        yield from (_field(one.fields[name], one) for name in group.fields)
    yield f"[{say('规则', 'Rules')}]"
    for rule in one.rules:
        verdict = say("退回", "reject") if rule.severity == "reject" else say("提示", "warn")
        yield f"  {verdict} {rule.dimension} {rule.id}  {say(rule.message.zh, rule.message.en)}"


def _field(field: Field, one: RecordType) -> str:
    words = [f"  {field.name:24}{say(field.label.zh, field.label.en)}", field.kind or field.type]
    if field.type in ("code", "place"):
        words.append(one.catalog.table(field).name)
    words += [say("必填", "required")] if field.required else []
    words += [say(*PROTECTIONS[field.protection])] if field.protection != "none" else []
    words += [f"→ {field.to}"] if field.to else []
    return "  ".join(words)


commands = [catalog]
