"""Spreadsheets (XLSX, XLSM, XLSB, XLS, ODS) by calamine, after their container has been checked.

Formulas are never run: what the program that saved the file computed is read. Formula errors make their
row a faulty one, and so do numbers too long for a spreadsheet to keep.
"""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, BinaryIO

import pyarrow as pa
import python_calamine as calamine

from suyuan.collection.readers import limits, table
from suyuan.collection.readers.container import check_workbook
from suyuan.collection.readers.options import Options, Report
from suyuan.collection.readers.refused import Refused
from suyuan.collection.readers.table import SourceRow

_EXACT = 10**15
_ERROR_CELL = re.compile(rb"<c\b[^>]*\br=\"[A-Z]+(\d+)\"[^>]*\bt=\"e\"|<c\b[^>]*\bt=\"e\"[^>]*\br=\"[A-Z]+(\d+)\"")
_BLOCK = 1 << 20


@dataclass(slots=True)
class Workbook:
    """One sheet of a workbook, examined; `batches` passes its rows on."""

    sheet: Any
    report: Report
    header: int = 0
    errors: set[int] = field(default_factory=set)

    def batches(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """All rows in order."""
        return table.batches(_rows(self, Counter()), schema)


def examine(file: BinaryIO, options: Options, report: Report, *, zipped: bool) -> Workbook:
    """Open the workbook, choose the sheet and the header, and look at every row once."""
    parts = check_workbook(file) if zipped else []
    if zipped:
        _refuse_other_zip({part.filename for part in parts}, report)
    if _is_encrypted(file, zipped=zipped):
        raise Refused("encrypted")
    file.seek(0)
    try:
        book = calamine.load_workbook(file)
        name = _choose(book, options.sheet, report)
        sheet = book.get_sheet_by_name(name)
    except calamine.PasswordError as exc:
        raise Refused("encrypted") from exc
    except (calamine.CalamineError, calamine.XmlError, calamine.ZipError) as exc:
        raise _broken(exc) from exc
    source = Workbook(sheet, report)
    if zipped and report.format == "xlsx":
        source.errors = _error_rows(file, [part.filename for part in parts], book, name)
    _survey(source, options.header_row)
    return source


def _refuse_other_zip(names: set[str], report: Report) -> None:
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        report.note("工作簿中的宏没有运行，只读取了数据", "Macros in the workbook were not run; only data was read")
    if "content.xml" in names:
        report.format = "ods"
    elif any(name.lower().startswith("xl/") or name.lower() == "[content_types].xml" for name in names):
        report.format = "xlsb" if any(name.endswith("workbook.bin") for name in names) else "xlsx"
    else:
        raise Refused("archive", kind="ZIP")


def _is_encrypted(file: BinaryIO, *, zipped: bool) -> bool:
    """An encrypted OOXML package lies in an OLE container; an ODS file says so in its manifest."""
    file.seek(0)
    if not zipped:
        return "EncryptedPackage".encode("utf-16-le") in file.read(limits.UNPACKED)
    with zipfile.ZipFile(file) as archive:
        try:
            return b"encryption-data" in archive.read("META-INF/manifest.xml")
        except KeyError:
            return False


def _broken(exc: Exception) -> Refused:
    text = str(exc)
    if "password" in text.lower() or "encrypt" in text.lower():
        return Refused("encrypted")
    if "Cell limit" in text:
        return Refused("memory", limit=limits.MEMORY >> 20)
    detail = (
        "cannot be parsed as a workbook / 不是有效的工作簿" if "detect" in text or not text else text.splitlines()[0]
    )
    return Refused("broken", detail=detail[:120])


def _choose(book: Any, wanted: str | None, report: Report) -> str:
    sheets = [meta for meta in book.sheets_metadata if meta.typ == calamine.SheetTypeEnum.WorkSheet]
    report.sheets = tuple(meta.name for meta in sheets)
    if wanted is not None:
        if wanted not in report.sheets:
            raise Refused("no_sheet", sheet=wanted, sheets="、".join(report.sheets[:10]))
        name = wanted
    else:
        visible = [meta.name for meta in sheets if meta.visible == calamine.SheetVisibleEnum.Visible]
        name = next((one for one in visible if _filled(book, one)), (visible or [""])[0])
        if len(sheets) > 1:
            report.note(
                f"工作簿有 {len(sheets)} 个工作表，读取的是“{name}”",
                f"The workbook has {len(sheets)} sheets; “{name}” was read",
            )
    if not name:
        raise Refused("no_rows", where="0")
    report.sheet = name
    return name


def _filled(book: Any, name: str) -> bool:
    """Whether a sheet has cells; one that cannot be read counts as filled, so that its fault is reported."""
    try:
        return bool(book.get_sheet_by_name(name).height)
    except calamine.CalamineError:
        return True


def _survey(source: Workbook, wanted: int | None) -> None:
    report = source.report
    table.check_width(1, source.sheet.width or 0)
    first = [[_text(cell)[0] for cell in row] for row in islice(source.sheet.iter_rows(), _head_rows(wanted))]
    if wanted == 0:
        source.header = -1
        report.columns = tuple(f"#{i}" for i in range(1, (source.sheet.width or 0) + 1))
    else:
        source.header = table.find_header(first or [[]], wanted)
        report.columns = tuple(table.column_names(first[source.header]))
    report.header_row = source.header + 1
    problems: Counter[str] = Counter()
    report.rows = sum(1 for _ in _rows(source, problems))
    report.blank_rows = problems.pop("blank", 0)
    report.problems = dict(problems)


def _head_rows(wanted: int | None) -> int:
    return max(limits.HEADER_SEARCH, wanted or 0) + 200


def _rows(source: Workbook, problems: Counter[str]) -> Iterator[SourceRow]:
    start = source.header + 1
    width = len(source.report.columns)
    for number, row in enumerate(islice(source.sheet.iter_rows(), start, None), start + 1):
        pairs = [_text(cell) for cell in row]
        cells = [text for text, _ in pairs]
        if number in source.errors:
            problem: str | None = "error_cell"
        elif table.is_blank(cells):
            problems["blank"] += 1
            continue
        else:
            problem = next((issue for _, issue in pairs if issue), None)
        if problem:
            problems[problem] += 1
        yield SourceRow(number, cells[:width], problem)


def _text(cell: Any) -> tuple[str, str | None]:
    """A cell as text, and what is wrong with it."""
    if isinstance(cell, str):
        return (cell.replace("\0", "␀"), "nul") if "\0" in cell else (cell, None)
    if isinstance(cell, bool):
        return ("true" if cell else "false"), None
    if isinstance(cell, float):
        return _number(cell)
    if isinstance(cell, dt.datetime):
        return cell.isoformat(sep=" "), None
    if isinstance(cell, dt.timedelta):
        return _duration(cell), None
    return (cell.isoformat() if isinstance(cell, dt.date | dt.time) else str(cell)), None


def _number(value: float) -> tuple[str, str | None]:
    if value.is_integer() and abs(value) < 1e21:
        whole = int(value)
        return str(whole), "digits_lost" if abs(whole) >= _EXACT else None
    return repr(value), None


def _duration(value: dt.timedelta) -> str:
    seconds = int(value.total_seconds())
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _error_rows(file: BinaryIO, names: list[str], book: Any, sheet: str) -> set[int]:
    """Rows of the sheet with formula errors, which calamine reads as blank.

    The sheet's part is found by its place among the sheets; where the parts are numbered otherwise the
    errors of all sheets count, which returns a row too many rather than one too few.
    """
    parts = [name for name in names if re.fullmatch(r"xl/worksheets/[^/]+\.xml", name, re.IGNORECASE)]
    if len(parts) == len(book.sheet_names):
        wanted = f"xl/worksheets/sheet{book.sheet_names.index(sheet) + 1}.xml"
        parts = [name for name in parts if name.lower() == wanted] or parts
    rows: set[int] = set()
    with zipfile.ZipFile(file) as archive:
        for name in parts:
            with archive.open(name) as stream:
                rows |= _errors_in(stream)
    return rows


def _errors_in(stream: Any) -> set[int]:
    rows: set[int] = set()
    tail = b""
    while block := stream.read(_BLOCK):
        text = tail + block
        if b't="e"' in text:
            rows.update(int(one or other) for one, other in _ERROR_CELL.findall(text))
        tail = text[-300:]
    return rows
