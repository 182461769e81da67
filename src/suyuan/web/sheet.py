"""An export as a file. It says whose it is: above the rows, below every printed page, and in a number on each row.

Nothing in it can run as a formula: a workbook holds typed strings, and text in a CSV that a spreadsheet would take for
a formula is led by an apostrophe. What is stored stays as it is.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import xlsxwriter
from django.utils.translation import gettext as _

from suyuan.access import queries as access
from suyuan.access.acting import Acting
from suyuan.i18n import say
from suyuan.records.export import Exported
from suyuan.web import dates
from suyuan.web.values import EMPTY, show
from suyuan.web.words import LEVELS

TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}
# With their full-width forms, which a spreadsheet under an East Asian locale may read alike (CVE-2021-41270, ASVS 1.2.10).
_LIVE = frozenset("=+-@\t\r\n\0＝＋－＠")
_WIDEST = 40  # signs of a column
_LONGEST = 32_767  # signs that a cell of a workbook holds


def write(who: Acting, one: Exported) -> bytes:
    """The file of an export, in its exporter's language."""
    mark, head, rows = list(_mark(who, one)), _head(one), _rows(one)
    return _workbook(one, mark, head, rows) if one.wish.format == "xlsx" else _text(mark, head, rows)


def name(one: Exported) -> str:
    """What the file is called: no name of a person stands in it."""
    return f"suyuan-{one.rtype.id}-{one.number}.{one.wish.format}"


def harmless(text: str) -> str:
    """Text for a CSV that no spreadsheet takes for a formula."""
    return f"'{text}" if text.lstrip(" \u3000")[:1] in _LIVE else text


def _mark(who: Acting, one: Exported) -> Iterator[str]:
    person, agency = access.person_name(who.person), access.agency_name(who.agency)
    level = _(LEVELS[max(row.level for row in one.rows)])
    label = say(one.rtype.label.zh, one.rtype.label.en)
    ground = next(ground.label for ground in access.grounds(who.person) if ground.ground == who.ground)
    yield say(f"溯源导出第 {one.number} 号　{label}　{level}", f"Suyuan export no. {one.number}, {label}, {level}")
    yield say(f"接收方：{one.wish.recipient}　用途：{one.wish.purpose}",
              f"Recipient: {one.wish.recipient}. Purpose: {one.wish.purpose}")  # fmt: skip
    yield say(f"导出人：{person}　{agency}　办理事由：{ground}（第 {who.ground} 号）",
              f"Exported by {person}, {agency}, under {ground} (no. {who.ground})")  # fmt: skip
    at, end, rows = dates.moment(one.at), dates.day(one.expires_on), len(one.rows)
    yield say(f"{at} 导出，共 {rows} 条。仅供上述接收方用于上述用途，不得转交，须于 {end} 前销毁。",
              f"{rows} records, {at}. For that recipient and purpose only; not to be passed on; to be destroyed by {end}.")  # fmt: skip


def _head(one: Exported) -> list[str]:
    named = [say(field.label.zh, field.label.en) for field in one.fields]
    return [say("导出编号", "Export number"), *named, say("采集单位", "Collected by"), say("记录编号", "Record")]


def _rows(one: Exported) -> Iterator[list[str]]:
    for number, row in enumerate(one.rows, 1):
        shown = [
            show(field, row.content.get(field.name), under=row.under, masked=not one.wish.whole) for field in one.fields
        ]
        values = ["" if value == EMPTY else value for value in shown]
        yield [f"{one.number}-{number:04}", *values, access.agency_name(row.agency), str(row.record_id)]


def _text(mark: list[str], head: list[str], rows: Iterator[list[str]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerows([harmless(line)] for line in mark)
    writer.writerow(map(harmless, head))
    writer.writerows([harmless(value) for value in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def _workbook(one: Exported, mark: list[str], head: list[str], rows: Iterator[list[str]]) -> bytes:
    out = io.BytesIO()
    # In memory: nothing that was exported is left in a temporary folder.
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        bold, note = book.add_format({"bold": True}), book.add_format({"font_color": "#B42318"})
        widths = [len(text) for text in head]
        for number, line in enumerate(mark):
            sheet.write_string(number, 0, line, note)
        for column, text in enumerate(head):
            sheet.write_string(len(mark), column, text, bold)
        for number, row in enumerate(rows, len(mark) + 1):
            widths = [max(pair) for pair in zip(widths, map(len, row), strict=True)]
            for column, text in enumerate(row):
                sheet.write_string(number, column, text[:_LONGEST])
        for column, width in enumerate(widths):
            sheet.set_column(column, column, 2 * min(width, _WIDEST // 2) + 2)
        sheet.freeze_panes(len(mark) + 1, 1)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0, len(mark))
        sheet.set_footer(f"&L{mark[0].replace('&', '&&')}&R&P / &N")
        book.set_properties({"title": mark[0], "comments": mark[1], "author": "Suyuan"})
    return out.getvalue()
