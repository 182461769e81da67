"""Reading code tables: `tables.yaml` says what each is, `NAME.csv` holds its codes."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from suyuan.catalog.codes import COLUMNS, Code, CodeTable, Words, read_rows
from suyuan.catalog.model import Place
from suyuan.catalog.yamlfile import Node, Report, Section, parse, read_text

TABLE_KEYS = ("label", "standard", "edition", "source", "licence", "valid_from")


def read_tables(folder: Path, shown: str, report: Report) -> dict[str, CodeTable]:
    """All tables of a folder. `shown` is the folder's name in messages."""
    register, file = folder / "tables.yaml", f"{shown}/tables.yaml"
    text = read_text(register, file, report) if register.exists() else None
    root = parse(file, text, report) if text is not None else None
    entries = (root.items or {}) if root else {}
    for path in sorted(folder.glob("*.csv")):
        if path.stem not in entries:
            report.add(Place(f"{shown}/{path.name}", 1), "unregistered", f"代码表 {path.name} 没有写进 tables.yaml",
                       f"the code table {path.name} is not in tables.yaml",
                       "请写明名称、标准、版本、来源和许可。", "Say its label, standard, edition, source and licence.")  # fmt: skip
    read = (_table(name, node, folder, shown, report) for name, node in entries.items())
    return {table.name: table for table in read if table}


def _table(name: str, node: Node, folder: Path, shown: str, report: Report) -> CodeTable | None:
    section = Section(node, f"代码表“{name}”", TABLE_KEYS, report)
    label = section.label("label")
    said = {key: section.text(key, need=True) for key in ("standard", "edition", "source", "licence")}
    since = _day(section.text("valid_from") or "", section.place("valid_from"), report)
    path = folder / f"{name}.csv"
    if not path.exists():
        report.add(
            node.place,
            "no_file",
            f"缺少代码文件 {name}.csv",
            f"the file {name}.csv is missing",
            "请放入该文件，或从 tables.yaml 删去该表。",
            "Put the file there, or take the table out of tables.yaml.",
        )
        return None
    text = read_text(path, f"{shown}/{name}.csv", report)
    if text is None:
        return None
    codes = _codes(text, f"{shown}/{name}.csv", report)
    if not label or not all(said.values()):
        return None
    texts = {key: value or "" for key, value in said.items()}
    return CodeTable(name=name, label=Words(*label), valid_from=since, codes=codes, **texts)


def _codes(text: str, file: str, report: Report) -> tuple[Code, ...]:
    heading = text.partition("\n")[0].strip().split(",")
    if tuple(heading) != COLUMNS:
        report.add(
            Place(file, 1),
            "heading",
            f"表头应为 {','.join(COLUMNS)}",
            f"the heading must be {','.join(COLUMNS)}",
            "请改正第一行。",
            "Mend the first line.",
        )
        return ()
    found = [one for line, cells in read_rows(text) if (one := _code(cells, Place(file, line), report))]
    _overlaps(found, file, report)
    _parents(found, file, report)
    return tuple(found)


def _code(cells: list[str], place: Place, report: Report) -> Code | None:
    code, name, english, begin, end, parent = (cell.strip() for cell in (*cells, "", "", "", "", "")[:6])
    if not code or not name or len(cells) > len(COLUMNS):
        report.add(
            place,
            "row",
            "代码或名称为空，或列数不对",
            "code or name is empty, or there are too many cells",
            "每行依次为代码、名称、英文名称、启用日期、停用日期、上级，后四项可空。",
            "A line has code, name, English name, first day, last day and parent; the last four may be empty.",
        )
        return None
    first, last = _day(begin, place, report), _day(end, place, report)
    if first and last and first > last:
        report.add(
            place,
            "span",
            f"代码 {code} 的停用日期早于启用日期",
            f"the code {code} ends before it begins",
            "请改正两个日期。",
            "Mend the two dates.",
        )
    return Code(code, name, english, first, last, parent)


def _day(text: str, place: Place, report: Report) -> dt.date | None:
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        report.add(
            place,
            "day",
            f"“{text}”不是 2016-07-01 形式的日期",
            f"`{text}` is no date such as 2016-07-01",
            "请写成 2016-07-01 这样的日期，或留空。",
            "Write a date such as 2016-07-01, or leave it empty.",
        )
        return None


def _overlaps(codes: list[Code], file: str, report: Report) -> None:
    """The same code twice on the same day."""
    spans: dict[str, list[tuple[dt.date, dt.date]]] = {}
    for line, one in enumerate(codes, 2):
        first, last = one.valid_from or dt.date.min, one.valid_to or dt.date.max
        if any(first <= end and begin <= last for begin, end in spans.get(one.code, ())):
            report.add(Place(file, line), "code_twice", f"代码 {one.code} 在同一时间有两行",
                       f"the code {one.code} stands twice for the same time",
                       "请为其中一行写停用日期，或删去。", "Give one an end, or remove it.")  # fmt: skip
        spans.setdefault(one.code, []).append((first, last))


def _parents(codes: list[Code], file: str, report: Report) -> None:
    known = {one.code for one in codes}
    for line, one in enumerate(codes, 2):
        if one.parent and one.parent not in known:
            report.add(Place(file, line), "parent", f"代码 {one.code} 的上级 {one.parent} 不在表中",
                       f"the parent {one.parent} of code {one.code} is not in the table",
                           "请补上该上级，或留空。", "Add the parent, or leave it empty.")  # fmt: skip
