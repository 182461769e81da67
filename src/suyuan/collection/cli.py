"""Commands of collection: `import` and `inspect`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from suyuan import catalog
from suyuan.collection import findings, mapping
from suyuan.collection.errors import SourceRefused
from suyuan.collection.imports import Progress, Result, rows_of, run
from suyuan.collection.readers.options import Options
from suyuan.collection.readers.process import open_source
from suyuan.collection.rehearsal import Rehearsal
from suyuan.i18n import say
from suyuan.installation.command import data_option, json_option


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--mapping", "-m", "mapping_name", required=True, metavar="MAPPING",
              help="内置映射名称或 YAML 文件 A shipped mapping's name, or a YAML file")  # fmt: skip
@click.option("--as", "username", metavar="USER", help="以何人身份导入 Whose import it is")
@click.option("--dry-run", is_flag=True, help="只检查，不入库；无须安装 Only check; needs no installation")
@click.option("--findings", "findings_path", type=click.Path(path_type=Path, dir_okay=False), metavar="OUT.xlsx",
              help="把问题写入工作簿 Write the findings to a workbook")  # fmt: skip
@click.option("--encoding", metavar="NAME", help="文件编码 The encoding, where it cannot be told")
@click.option("--basis", default="", metavar="TEXT", help="采集依据 The legal basis")
@json_option
@data_option
def import_(
    file: Path, mapping_name: str, username: str | None, dry_run: bool, findings_path: Path | None,
    encoding: str | None, basis: str, as_json: bool,
) -> int:  # fmt: skip
    """导入文件 Import FILE: CSV, TSV, JSON lines, XLSX or ODS, gzip or not.

    每一行恰有一个结果：接收、接收（有提示）、退回、重复、略过。中断后再执行同一命令即可续完。
    Every row ends in exactly one way; run the same command again after an interruption.
    """
    chosen = mapping.load(mapping_name)
    options = _with(chosen.options, encoding)
    if dry_run:
        result, extra = _rehearse(file, chosen, options, findings_path, as_json)
    elif username is None:
        raise click.UsageError(
            say("请用 --as 指明导入人账号，或加 --dry-run", "Say whose import it is with --as, or add --dry-run")
        )
    else:
        from suyuan.collection.command import import_for_good

        result, extra = import_for_good(file, chosen, options, username, basis, findings_path, _progress(as_json))
    _show(result, extra, as_json)
    return 1 if result.tally.returned else 0


@click.command("inspect")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--encoding", metavar="NAME", help="文件编码 The encoding")
@click.option("--sheet", metavar="NAME", help="工作表 The sheet")
@click.option("--rows", default=5, show_default=True, help="显示行数 Rows to show")
@json_option
def inspect_(file: Path, encoding: str | None, sheet: str | None, rows: int, as_json: bool) -> int:
    """查看文件 Show what a file is: format, encoding, columns, and its first rows."""
    with open_source(file, Options(encoding=encoding, sheet=sheet, preview=max(1, rows))) as source:
        report, first = source.report, list(rows_of(source, rows))
    if as_json:
        click.echo(json.dumps({**report.as_dict(), "first": first}, ensure_ascii=False))
        return 0
    click.echo(f"{report.format} {report.encoding} {report.confidence:.2f} {report.delimiter!r} {report.sheet}")
    click.echo(
        say(
            f"表头在第 {report.header_row} 行，{report.rows} 行数据",
            f"header in row {report.header_row}, {report.rows} rows",
        )
    )
    for zh, en in report.notes:
        click.echo(say(zh, en))
    for name in report.columns:
        click.echo(f"  {name}: {' | '.join(str(row[name] or '')[:30] for row in first)}")
    return 0


commands = [import_, inspect_]


def _with(options: Options, encoding: str | None) -> Options:
    from dataclasses import replace

    return replace(options, encoding=encoding) if encoding else options


def _rehearse(
    file: Path, chosen: mapping.Mapping, options: Options, out: Path | None, as_json: bool
) -> tuple[Result, dict[str, Any]]:
    sink = Rehearsal()
    with _opened(file) as stream:
        result = run(stream, chosen, catalog.current(), sink, options=options, progress=_progress(as_json))
    extra: dict[str, Any] = {"dry_run": True, "references": "unchecked", "stored": "unchecked"}
    if out:
        extra["findings_rows"] = findings.write(out, result, sink.found)
    return result, extra


def _opened(file: Path) -> Any:
    try:
        return file.open("rb")
    except OSError as exc:
        raise SourceRefused("missing", {"path": str(file)}) from exc


def _progress(as_json: bool) -> Progress | None:
    if as_json or not sys.stderr.isatty():
        return None
    return _count


def _count(done: int, rows: int) -> None:
    click.echo(f"\r{done:,} / {rows:,}", nl=done >= rows, err=True)


def _show(result: Result, extra: dict[str, Any], as_json: bool) -> None:
    data = {**result.as_dict(), **extra}
    if as_json:
        click.echo(json.dumps(data, ensure_ascii=False))
        return
    tally = result.tally
    click.echo(say(
        f"共 {tally.rows:,} 行：接收 {tally.accepted:,}，接收（有提示）{tally.warned:,}，退回 {tally.returned:,}，"
        f"重复 {tally.duplicate:,}，略过 {tally.skipped:,}",
        f"{tally.rows:,} rows: {tally.accepted:,} accepted, {tally.warned:,} with warnings, {tally.returned:,} returned, "
        f"{tally.duplicate:,} duplicate, {tally.skipped:,} skipped",
    ))  # fmt: skip
    for one in data["findings"][:20]:
        click.echo(f"  {one['count']:>8,}  {one['severity']:<6}  {one['rule']}  {say(one['zh'], one['en'])}")
    for one in data["skipped_because"]:
        click.echo(f"  {one['count']:>8,}  skip    {say(one['zh'], one['en'])}")
    for name, count in data["children"].items():
        click.echo(f"  {count:>8,}  {name}")
    if extra.get("batch"):
        click.echo(
            say(
                f"批次 {extra['batch']}，摘要 {extra['batch_digest']}",
                f"batch {extra['batch']}, digest {extra['batch_digest']}",
            )
        )
