"""A hundred thousand rows, broken off at twenty places and sent again: each ends once (assurance, row 4)."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import xlsxwriter
from django.db import connection

from collection.test_store import Killed, killed_after
from suyuan import catalog
from suyuan.access.acting import acting
from suyuan.collection import mapping
from suyuan.collection.imports import Result, run
from suyuan.collection.store import Store
from suyuan.records.actions import BatchReceipt
from world import Somebody

ROWS, CHUNK, CRASHES = 100_000, 20_000, 20
NO_DATE, AGAIN, CHANGED = 2_000, 1_500, 500  # rows without a day, rows that repeat one, rows that contradict one
COLUMNS = ("number", "day", "time", "kind", "where")
MAPPING = """mapping: calls
legal_basis: 合成数据
source: {%s}
records:
  - type: alarm_call
    fields:
      call_no: number
      received_on: day
      received_time: time
      source_category: kind
      address: where
"""


def rows() -> Iterator[tuple[str, ...]]:
    """Synthetic calls with a known number of each fault, spread over the file."""
    every = ROWS // (NO_DATE + AGAIN + CHANGED)
    before: tuple[str, ...] = ()
    for number in range(ROWS):
        index, place = divmod(number, every)
        day = f"2026-{number % 9 + 1:02}-{number % 28 + 1:02}"
        row = (f"J{number:07}", day, f"{number % 24:02}:{number % 60:02}", f"类{number % 7}", f"示例路{number % 900}号")
        if place < every - 1:
            yield row
        elif index < NO_DATE:
            yield (row[0], "", *row[2:])
        elif index < NO_DATE + AGAIN:
            yield before
        else:
            yield (before[0], *row[1:])
        before = row


def take_in(staff: Somebody, path: Path, source: str) -> tuple[Result, BatchReceipt]:
    """Import a file in chunks of 20,000 to its end."""
    chosen = mapping.parse(MAPPING % source, "calls.yaml")
    sink = Store(staff.person, staff.ground, path.name)
    with path.open("rb") as stream:
        result = run(stream, chosen, catalog.current(), sink, options=chosen.options, chunk=CHUNK)
    return result, sink.finish()


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file as CSV."""
    path = tmp_path_factory.mktemp("calls") / "calls.csv"
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        writer.writerows(rows())
    return path


def as_workbook(path: Path) -> Path:
    """The same rows as a workbook."""
    target = path.with_suffix(".xlsx")
    with xlsxwriter.Workbook(target, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate((COLUMNS, *rows())):
            sheet.write_row(number, 0, row)
    return target


def as_json_lines(path: Path) -> Path:
    """The same rows as JSON lines."""
    target = path.with_suffix(".jsonl")
    with target.open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(dict(zip(COLUMNS, row, strict=True)), ensure_ascii=False) + "\n" for row in rows())
    return target


def numbers_of(result: Result) -> tuple[int, int, int, int]:
    """Taken, returned, duplicate, skipped."""
    tally = result.tally
    return tally.taken, tally.returned, tally.duplicate, tally.skipped


@pytest.mark.clause("3.1.2")
def test_every_row_of_a_large_file_ends_once_however_often_it_was_broken_off(collector: Somebody, calls: Path) -> None:
    """Twenty crashes inside the import; then the sums, the stored rows, and two more deliveries that add nothing."""
    deaths, statements = 0, 3
    while True:
        try:
            with killed_after(statements if deaths < CRASHES else 10**9):
                result, receipt = take_in(collector, calls, "format: csv, encoding: utf-8")
            break
        except Killed:
            deaths, statements = deaths + 1, (statements + 7) % 33
    assert deaths == CRASHES
    assert result.tally.rows == ROWS
    assert numbers_of(result) == (ROWS - NO_DATE - AGAIN - CHANGED, NO_DATE + CHANGED, AGAIN, 0)
    assert (receipt.accepted + receipt.warned, receipt.returned, receipt.duplicate) == numbers_of(result)[:3]
    kept = stored_rows(collector)
    assert set(kept.values()) == {1}
    assert len(kept) == result.tally.taken
    faulty = {line for line, row in enumerate(rows(), 2) if not row[1]}
    assert not faulty & kept.keys()
    for source, path in (
        ("format: csv, encoding: utf-8", calls), ("", as_workbook(calls)), ("format: jsonl", as_json_lines(calls)),
    ):  # fmt: skip
        again, nothing = take_in(collector, path, source)
        assert numbers_of(again)[0] == 0
        assert again.tally.rows == ROWS
        assert nothing.state == "empty"
    assert stored_rows(collector) == kept


def stored_rows(staff: Somebody) -> Counter[int]:
    """How many revisions came of each row of the source."""
    with acting(staff.person, staff.ground), connection.cursor() as cursor:
        cursor.execute("SELECT row_no FROM records_revision")
        return Counter(row for (row,) in cursor.fetchall())
