"""The findings workbook: which row of the source, which field, why, and the value as it stood.

Every cell is a typed string, so nothing a source holds can run as a formula.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import xlsxwriter

from suyuan.catalog.model import Catalog
from suyuan.collection.imports import Result, Words

_MOST = 1_048_000
_MOST_IN_MEMORY = 100_000  # rows of a sheet that is made in memory; the summary counts all
_HEADINGS = ("来源行号 Source row", "记录类型 Record type", "字段 Field", "字段名称 Field name", "处理 Outcome",
             "原因 Reason", "Reason (English)", "规则 Rule", "原值 Value")  # fmt: skip
_WIDTHS = (12, 16, 18, 18, 12, 48, 48, 32, 30)
_SEVERITIES = {"reject": "退回 returned", "warn": "提示 warning"}


def write(out: Path | BinaryIO, result: Result, found: Iterable[pa.Table]) -> int:
    """Write the findings of an import; returns how many rows the sheet of findings has."""
    own = isinstance(out, Path)
    # What goes to a browser is put on no disk here; a command writes to the disk of whoever has the file anyway.
    room = {"constant_memory": True} if own else {"in_memory": True}
    book = xlsxwriter.Workbook(
        str(out) if own else out,
        room | {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False},
    )  # fmt: skip
    try:
        _summary(book, result)
        return _details(book, result, found, _MOST if own else _MOST_IN_MEMORY)
    finally:
        book.close()


def _summary(book: Any, result: Result) -> None:
    bold = book.add_format({"bold": True})
    sheet = book.add_worksheet("汇总 Summary")
    sheet.set_column(0, 0, 44)
    sheet.set_column(1, 3, 18)
    data, tally = result.as_dict(), result.tally
    lines: list[tuple[Any, ...]] = [
        ("来源行数 Rows", tally.rows), ("接收 Accepted", tally.accepted), ("接收（有提示） With warnings", tally.warned),
        ("退回 Returned", tally.returned), ("重复 Duplicate", tally.duplicate), ("略过 Skipped", tally.skipped),
        ("映射 Mapping", data["mapping"]), ("编码 Encoding", data["encoding"]), ("摘要 SHA-256", data["digest"]), (),
    ]  # fmt: skip
    for number, line in enumerate(lines):
        _line(sheet, number, line)
    start = len(lines)
    _line(sheet, start, ("原因 Reason", "处理 Outcome", "次数 Count", "规则 Rule"), bold)
    for number, one in enumerate(data["findings"], start + 1):
        _line(sheet, number, (f"{one['zh']} {one['en']}", _SEVERITIES[one["severity"]], one["count"], one["rule"]))


def _line(sheet: Any, row: int, values: tuple[Any, ...], form: Any = None) -> None:
    for column, value in enumerate(values):
        if isinstance(value, int):
            sheet.write_number(row, column, value, form)
        else:
            sheet.write_string(row, column, str(value), form)


def _details(book: Any, result: Result, found: Iterable[pa.Table], most: int) -> int:
    sheet = book.add_worksheet("问题 Findings")
    for column, width in enumerate(_WIDTHS):
        sheet.set_column(column, column, width)
    _line(sheet, 0, _HEADINGS, book.add_format({"bold": True, "bg_color": "#E8EEF7"}))
    sheet.freeze_panes(1, 0)
    words = Words(result.catalog, result.mapping)
    row = 0
    for table in found:
        for one in table.to_pylist():
            if row >= most:
                return row
            row += 1
            _line(sheet, row, _cells(one, words, result.catalog))
    sheet.autofilter(0, 0, max(row, 1), len(_HEADINGS) - 1)
    return row


def _cells(one: dict[str, Any], words: Words, catalog: Catalog) -> tuple[Any, ...]:
    record_type = catalog.types.get(one["type"] or "")
    field = record_type.fields.get(one["field"] or "") if record_type else None
    rule = one["rule"]
    return (
        one["row"], record_type.label.zh if record_type else "", one["field"] or "", field.label.zh if field else "",
        _SEVERITIES[one["severity"]], words.of(rule, "zh"), words.of(rule, "en"), rule, one["value"] or "",
    )  # fmt: skip
