"""A workbook to fill in: one sheet of data with drop-downs, the codes behind them, and what each field means."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import xlsxwriter

from suyuan.catalog.codes import CodeTable
from suyuan.catalog.model import Field, RecordType

ROWS = 5_000  # rows below the header that offer the drop-downs
MOST = 4_000  # entries of a drop-down; a longer table is looked up on its own sheet
TYPES = {
    "text": "文字 text", "date": "日期 date", "datetime": "日期时间 date and time", "integer": "整数 whole number",
    "decimal": "数字 number", "boolean": "是或否 yes or no", "code": "代码 code", "identifier": "号码 identifier",
    "place": "行政区划代码 division code", "reference": "所引用记录的编号 number of another record",
    "file": "文件摘要 digest of a file",
}  # fmt: skip
_FORMS = {"integer": "0", "decimal": "General", "date": "yyyy-mm-dd", "datetime": "yyyy-mm-dd hh:mm"}
_TEXT = "@"  # or a number loses its zeros, and 2024 for a year becomes a day of 1905


def write(record_type: RecordType, out: Path | BinaryIO) -> int:
    """Write the template of a type; gives the number of columns with a drop-down."""
    book = xlsxwriter.Workbook(str(out) if isinstance(out, Path) else out, {"strings_to_formulas": False})
    try:
        fields = [record_type.fields[name] for group in record_type.groups for name in group.fields]
        sheet = book.add_worksheet("数据")
        lists = _codes(book, record_type, fields)
        _data(book, sheet, fields, record_type, lists)
        _notes(book, record_type, fields)
        return len(lists)
    finally:
        book.close()


def chosen(field: Field, table: CodeTable | None, value: str) -> str:
    """What a cell says for a stored value: the name of a code where names are unambiguous."""
    if field.type == "code" and table and _by_name(table):
        found = table.find(value)
        return found.name if found else value
    return {"true": "是", "false": "否"}.get(value, value) if field.type == "boolean" else value


def _by_name(table: CodeTable) -> bool:
    """Whether no two codes of the table share a name."""
    names: dict[str, str] = {}
    return all(names.setdefault(one.name, one.code) == one.code for one in table.entries())


def _table(record_type: RecordType, field: Field) -> CodeTable | None:
    return record_type.catalog.table(field) if field.type in ("code", "place") else None


def _codes(book: Any, record_type: RecordType, fields: list[Field]) -> dict[str, str]:
    """The sheet of codes, a pair of columns a table; gives the source of each field's drop-down."""
    sheet = book.add_worksheet("代码")
    bold = book.add_format({"bold": True})
    sources: dict[str, str] = {}
    placed: dict[str, str] = {}
    for field in fields:
        table = _table(record_type, field)
        if table is None or field.multiple:
            continue
        if table.name not in placed:
            placed[table.name] = _column(book, sheet, bold, 2 * len(placed), table)
        if len(table.current()) <= MOST:
            sources[field.name] = placed[table.name]
    sheet.freeze_panes(1, 0)
    return sources


def _column(book: Any, sheet: Any, bold: Any, column: int, table: CodeTable) -> str:
    """One table on the sheet of codes: what is chosen, and beside it what it stands for. Gives its defined name."""
    by_name, entries = _by_name(table), table.current()
    sheet.write_string(0, column, f"{table.label.zh} {table.standard}", bold)
    sheet.set_column(column, column, 28)
    for row, one in enumerate(entries, 1):
        first, second = (one.name, one.code) if by_name else (one.code, one.name)
        sheet.write_string(row, column, first)
        sheet.write_string(row, column + 1, second)
    letter = xlsxwriter.utility.xl_col_to_name(column)
    book.define_name(f"code_{table.name}", f"='代码'!${letter}$2:${letter}${len(entries) + 1}")
    return f"=code_{table.name}"


def _data(book: Any, sheet: Any, fields: list[Field], record_type: RecordType, lists: dict[str, str]) -> None:
    needed = book.add_format({"bold": True, "bg_color": "#FCE8E6", "border": 1, "text_wrap": True})
    plain = book.add_format({"bold": True, "bg_color": "#EAF1FB", "border": 1, "text_wrap": True})
    example = book.add_format({"italic": True, "font_color": "#5F6368", "num_format": "@"})
    for column, field in enumerate(fields):
        sheet.write_string(0, column, field.label.zh, needed if field.required else plain)
        sheet.write_comment(0, column, _note(field), {"x_scale": 2})
        cells = book.add_format({"num_format": _form(field)})
        sheet.set_column(column, column, max(12, 2 * len(field.label.zh) + 2), cells)
        value = chosen(field, _table(record_type, field), field.example or "")
        if value:
            sheet.write_string(1, column, value, example)
        _offer(sheet, column, field, lists)
    if fields:
        sheet.write_comment(1, 0, "示例，填写时请覆盖或删除本行\nAn example: write over it or delete the row")
    sheet.freeze_panes(1, 0)


def _form(field: Field) -> str:
    """The format of a column; a date of which only the year may be known is text."""
    return _TEXT if field.partial else _FORMS.get(field.type, _TEXT)


def _offer(sheet: Any, column: int, field: Field, lists: dict[str, str]) -> None:
    source: str | list[str] | None = ["是", "否"] if field.type == "boolean" else lists.get(field.name)
    if source:
        told = {"error_type": "warning", "error_title": "不在列表中", "error_message": "请从下拉列表中选择。"}
        sheet.data_validation(1, column, ROWS, column, {"validate": "list", "source": source, **told})


def _note(field: Field) -> str:
    parts = [f"{field.label.zh} {field.label.en}", f"{field.name} · {TYPES[field.type]}"]
    parts += ["必填 required"] if field.required else []
    parts += ["可填多个，用；分隔 several, separated by ；"] if field.multiple else []
    parts += [f"单位 unit {field.unit}"] if field.unit else []
    parts += [f"依据 {field.standard}"] if field.standard else []
    parts += [f"{field.note.zh}\n{field.note.en}"] if field.note else []
    parts += [f"例 e.g. {field.example}"] if field.example else []
    return "\n".join(parts)


def _notes(book: Any, record_type: RecordType, fields: list[Field]) -> None:
    """What each field means, for printing."""
    sheet = book.add_worksheet("说明")
    bold, wrap = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
    sheet.write_string(0, 0, f"{record_type.label.zh} {record_type.label.en}（{record_type.id}）", bold)
    heads = ("字段 Field", "名称 Name", "类型 Type", "必填 Required", "代码表 Code table", "说明 Note", "示例 Example")
    for column, head in enumerate(heads):
        sheet.write_string(2, column, head, bold)
    for row, field in enumerate(fields, 3):
        table = _table(record_type, field)
        cells = (
            field.label.zh, field.name, TYPES[field.type], "是" if field.required else "",
            f"{table.label.zh}（{table.standard}）" if table else "", field.note.zh if field.note else "", field.example or "",
        )  # fmt: skip
        for column, cell in enumerate(cells):
            sheet.write_string(row, column, cell, wrap)
    sheet.set_column(0, 6, 22)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(2)
