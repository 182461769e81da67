"""What readers make of honest files: encodings, delimiters, headers, row numbers, and rows that are faulty."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from suyuan.collection.errors import SourceRefused
from suyuan.collection.readers import child
from suyuan.collection.readers.options import Options, Report
from suyuan.collection.readers.process import open_source
from suyuan.collection.readers.refused import Refused
from suyuan.collection.readers.table import column_names

CHINESE = "案件编号,案件名称,发案地点\n" + "".join(f"A{i:04},张某某盗窃案,幸福路{i}号\n" for i in range(40))


def read(
    data: bytes, tmp_path: Path, options: Options | None = None, name: str = "file.csv"
) -> tuple[Report, list[dict[str, Any]]]:
    """Report and rows of a file with these bytes."""
    path = tmp_path / name
    path.write_bytes(data)
    with open_source(path, options) as source:
        rows = [row for batch in source.batches() for row in batch.to_pylist()]
        return source.report, rows


@pytest.mark.clause("3.1.2")
@pytest.mark.parametrize(
    ("codec", "shown"),
    [("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8"), ("utf-16", "UTF-16"), ("utf-16-le", "UTF-16LE"),
     ("utf-16-be", "UTF-16BE"), ("gb18030", "GB18030")],
)  # fmt: skip
def test_chinese_text_is_read_in_any_common_encoding(codec: str, shown: str, tmp_path: Path) -> None:
    """The encoding is found, with a confidence that needs no question, and the text is right."""
    report, rows = read(CHINESE.encode(codec), tmp_path)
    assert (report.encoding, len(rows), rows[3]["案件名称"]) == (shown, 40, "张某某盗窃案")
    assert report.confidence >= 0.8


def test_western_text_in_windows_1252_is_told_from_chinese(tmp_path: Path) -> None:
    """Single accented letters among Latin ones are not taken for Chinese characters."""
    text = "name;city\n" + "Café Señor Muñoz;São Paulo – Zürich\n" * 20
    report, rows = read(text.encode("cp1252"), tmp_path)
    assert (report.encoding, report.delimiter, rows[0]["city"]) == ("Windows-1252", ";", "São Paulo – Zürich")


def test_an_uncertain_encoding_is_said_to_be_uncertain(tmp_path: Path) -> None:
    """One accented letter proves little: confidence is low and the alternatives are named."""
    report, _ = read("a,b\ncaf\xe9,1\n".encode("cp1252"), tmp_path)
    assert report.confidence < 0.8


def test_a_stated_encoding_that_is_wrong_is_refused_with_the_line(tmp_path: Path) -> None:
    """Nothing is replaced or guessed when the mapping says UTF-8 and the bytes are not."""
    with pytest.raises(SourceRefused) as caught:
        read(b"a,b\n1,2\n3,\xff\xfe4\n", tmp_path, Options(encoding="utf-8"))
    assert (caught.value.reason, caught.value.details["line"]) == ("encoding", 3)


def test_row_numbers_are_those_a_spreadsheet_shows(tmp_path: Path) -> None:
    """Blank lines count as rows but are none; a quoted line break does not start a new row."""
    report, rows = read(b'a,b\n1,"x\ny"\n\n3,4\n', tmp_path)
    assert [(row["_row"], row["b"]) for row in rows] == [(2, "x\ny"), (4, "4")]
    assert (report.rows, report.blank_rows) == (2, 1)


def test_faulty_rows_keep_their_place_and_say_what_is_wrong(tmp_path: Path) -> None:
    """Ragged rows, stray quotes and NUL characters are marked, and the rows about them are unharmed."""
    report, rows = read(b'a,b\n1,2\n1,2,3\n1\n1,"2"x\n1,\x002\n5,6\n7,8\n9,10\n' + b"1,1\n" * 20, tmp_path)
    assert [row["_problem"] for row in rows[:7]] == [
        None,
        "too_many_cells",
        "too_few_cells",
        "bad_quote",
        "nul",
        None,
        None,
    ]
    assert report.problems == {"too_many_cells": 1, "too_few_cells": 1, "bad_quote": 1, "nul": 1}


def test_trailing_delimiters_are_not_a_fault(tmp_path: Path) -> None:
    """Extra cells that are empty lose nothing."""
    report, rows = read(b"a,b\n1,2,\n3,4,,\n", tmp_path)
    assert not report.problems
    assert [row["b"] for row in rows] == ["2", "4"]


@pytest.mark.parametrize(
    ("header", "names"),
    [(["a", "", "c"], ["a", "#2", "c"]), (["名称", "名称", " 名称 "], ["名称#1", "名称#2", "名称#3"]),
     (["Name", "name"], ["Name#1", "name#2"]), (["a\nb", "_row"], ["a b", "_row#1"]), (["x", "x", "x#1"], ["#1", "x#2", "#3"])],
)  # fmt: skip
def test_blank_and_repeated_headers_become_distinct_names(header: list[str], names: list[str]) -> None:
    """Every column can be named in a mapping, and no two alike."""
    assert column_names(header) == names


def test_a_title_above_the_header_is_passed_over(tmp_path: Path) -> None:
    """A one-cell title line is not the header, unless someone says so."""
    data = "某市公安局报表\n编号,名称,日期\n1,甲,2020-01-01\n".encode()
    assert read(data, tmp_path)[0].columns == ("编号", "名称", "日期")
    assert read(data, tmp_path, Options(header_row=1))[0].columns == ("某市公安局报表",)


def test_a_file_without_a_header_has_numbered_columns(tmp_path: Path) -> None:
    """Header row 0 means none."""
    report, rows = read(b"1,2\n3,4\n", tmp_path, Options(header_row=0))
    assert (report.columns, len(rows), rows[0]["#2"]) == (("#1", "#2"), 2, "2")


def test_gzip_is_read_as_it_is_even_in_several_members(tmp_path: Path) -> None:
    """Concatenated members are one text, as gzip defines."""
    report, rows = read(gzip.compress(b"a,b\n1,2\n") + gzip.compress(b"3,4\n"), tmp_path)
    assert (report.gzip, len(rows)) == (True, 2)


def test_json_lines_keep_digits_and_flatten_objects(tmp_path: Path) -> None:
    """A number of twenty digits and a decimal keep every digit; lists stay JSON."""
    line = '{"id": 12345678901234567890, "meta": {"fine": 1.10, "charges": ["盗窃", "抢劫"]}, "x": null, "y": true}\n'
    report, rows = read(line.encode("gb18030") + b'{"id": 1}\n', tmp_path)
    assert report.format == "jsonl"
    assert (rows[0]["id"], rows[0]["meta.fine"], rows[0]["y"], rows[0]["x"]) == (
        "12345678901234567890",
        "1.10",
        "true",
        None,
    )
    assert json.loads(rows[0]["meta.charges"]) == ["盗窃", "抢劫"]
    assert rows[1]["meta.fine"] is None


def test_a_workbook_gives_dates_whole_numbers_and_true_row_numbers(tmp_path: Path) -> None:
    """Blank rows are left out without shifting the numbers; numbers come without `.0`."""
    path = tmp_path / "x.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("数据")
        date = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, ["编号", "金额", "日期"])
        sheet.write_row(1, 0, ["A1", 5, None])
        sheet.write_row(3, 0, ["A3", 1.25])
        sheet.write_number(3, 2, 43831, date)
        sheet.write_number(4, 0, 110101199003070000)
        sheet.write_formula(5, 0, "=1/0", value="#DIV/0!")
    with open_source(path) as source:
        rows = source.report, [row for batch in source.batches() for row in batch.to_pylist()]
    report, found = rows
    assert [row["_row"] for row in found] == [2, 4, 5, 6]
    assert (found[0]["金额"], found[1]["日期"], report.sheet) == ("5", "2020-01-01", "数据")
    assert [row["_problem"] for row in found] == [None, None, "digits_lost", "error_cell"]


def test_a_preview_stops_early_but_counts_all_rows(tmp_path: Path) -> None:
    """The wizard shows twenty rows of a file that has a hundred."""
    report, rows = read(b"a,b\n" + b"1,2\n" * 100, tmp_path, Options(preview=20))
    assert (report.rows, len(rows)) == (100, 20)


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)


def _examined(data: bytes) -> list[dict[str, Any]]:
    source = child.examine(io.BytesIO(data), Options(encoding="utf-8", delimiter=",", header_row=1, format="csv"))
    from suyuan.collection.readers import table

    return [row for batch in source.batches(table.schema(source.report.columns, {})) for row in batch.to_pylist()]


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=12), st.sampled_from(["\n", "\r\n"]))
def test_what_the_csv_writer_wrote_is_read_back_cell_by_cell(table_rows: list[list[str]], ends: str) -> None:
    """Quotes, delimiters, line breaks and any Unicode survive, by whichever of the two readers reads it."""
    out = io.StringIO(newline="")
    bare_return = any("\r" in cell for row in table_rows for cell in row)  # the writer leaves it unquoted
    writer = csv.writer(out, lineterminator=ends, quoting=csv.QUOTE_ALL if bare_return else csv.QUOTE_MINIMAL)
    writer.writerow(["a", "b", "c"])
    writer.writerows(table_rows)
    rows = _examined(out.getvalue().encode())
    assert [[row["a"], row["b"], row["c"]] for row in rows] == table_rows
    assert [row["_row"] for row in rows] == list(range(2, len(table_rows) + 2))


@settings(max_examples=150)
@given(st.text('ab,"\n\r\t x1', max_size=60))
def test_the_quick_reader_agrees_with_the_strict_one(text: str) -> None:
    """Whatever the text, the reader that is chosen gives what the strict one gives."""
    data = b"a,b\n" + text.encode()
    options = Options(encoding="utf-8", delimiter=",", header_row=1, format="csv")
    from suyuan.collection.readers import delimited, table

    try:
        source = child.examine(io.BytesIO(data), options)
    except Refused:
        return
    assert isinstance(source, delimited.Delimited)
    schema = table.schema(source.report.columns, {})
    chosen = [row for batch in source.batches(schema) for row in batch.to_pylist()]
    source.quick = False
    strict = [row for batch in source.batches(schema) for row in batch.to_pylist()]
    assert chosen == strict
    assert len(chosen) == source.report.rows
