"""Imports for good: chunks go in whole, a killed import goes on, and sending again adds nothing."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from django.db import connection

from suyuan import catalog
from suyuan.access.acting import acting
from suyuan.collection import actions, entry, forms, mapping, queries
from suyuan.collection.imports import Result, run
from suyuan.collection.rehearsal import Rehearsal
from suyuan.collection.store import Store
from suyuan.installation import Installation
from suyuan.records import queries as records
from suyuan.review import queries as review
from suyuan.review.actions import GivenBack, decide
from world import Somebody, World

OPEN = Path(__file__).parents[1] / "data" / "open"
UK = OPEN / "uk_west_yorkshire_street_2016-07.csv"


def import_file(staff: Somebody, path: Path, name: str) -> tuple[Result, Store]:
    """Import a file to its end."""
    chosen = mapping.load(name)
    sink = Store(staff.person, staff.ground, path.name)
    with path.open("rb") as stream:
        result = run(stream, chosen, catalog.current(), sink, options=chosen.options)
    sink.finish()
    return result, sink


def stored(staff: Somebody) -> Counter[str]:
    """Records by type that the person can reach."""
    with acting(staff.person, staff.ground), connection.cursor() as cursor:
        cursor.execute("SELECT type, count(*) FROM records_record GROUP BY type")
        return Counter(dict(cursor.fetchall()))


@pytest.mark.clause("3.1.2")
def test_an_import_ends_as_its_rehearsal_said(collector: Somebody) -> None:
    """The same counts with and without the database, and a batch that waits for its first review."""
    result, sink = import_file(collector, UK, "uk_street_crime")
    rehearsal = Rehearsal()
    with UK.open("rb") as stream:
        chosen = mapping.load("uk_street_crime")
        expected = run(stream, chosen, catalog.current(), rehearsal, options=chosen.options)
    assert result.as_dict() == expected.as_dict()
    assert stored(collector) == {"case": result.tally.taken}
    assert sink.receipt is not None
    assert sink.receipt.state == "first_review"


class Killed(BaseException):
    """The process is gone."""


@contextmanager
def killed_after(statements: int) -> Iterator[None]:
    """Let the connection break down before the statement after so many."""
    left = statements

    def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count):
        yield


def import_in_pieces(staff: Somebody, path: Path, name: str) -> tuple[Result, Store]:
    """Import with chunks of a hundred rows."""
    chosen = mapping.load(name)
    sink = Store(staff.person, staff.ground, path.name)
    with path.open("rb") as stream:
        result = run(stream, chosen, catalog.current(), sink, options=chosen.options, chunk=100)
    sink.finish()
    return result, sink


def test_an_import_killed_again_and_again_ends_the_same(collector: Somebody) -> None:
    """Broken off after 1, 2, 3, ... statements and started again each time: nothing lost, nothing twice, same sums."""
    deaths, statements = 0, 1
    while True:
        try:
            with killed_after(statements):
                result, _ = import_in_pieces(collector, UK, "uk_street_crime")
            break
        except Killed:
            deaths, statements = deaths + 1, statements + 1
    assert deaths >= 10
    assert (result.tally.rows, result.tally.taken) == (300, 300)
    assert stored(collector) == {"case": 300}
    with acting(collector.person, collector.ground) as who:
        [job] = queries.jobs(who)
        assert (job.state, job.rows_done, job.chunks_done) == ("done", 300, 3)
        assert sum(map(len, queries.findings(who, job.import_id))) == sum(result.tally.rules.values())


@pytest.mark.control("C11")
def test_a_process_killed_in_the_middle_leaves_whole_chunks_only(
    collector: Somebody, installation: Installation
) -> None:
    """The command itself, killed with signal 9 while it imports; the same command then ends it."""
    command = [sys.executable, "-m", "suyuan", "import", str(OPEN / "fr_baac_2012.csv"), "--mapping", "fr_baac", "--as", collector.username,
               "--json", "--data", str(installation.data)]  # fmt: skip
    first = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while not (first.poll() is not None or _begun(collector)):
        time.sleep(0.02)
    first.kill()
    first.wait()
    second = subprocess.run(command, capture_output=True, text=True, check=False)
    assert second.returncode == 0, second.stderr
    data = json.loads(second.stdout)
    assert (data["rows"], data["accepted"], data["duplicate"]) in {
        (120, 120, 0),
        (120, 0, 120),
    }  # 120 if it was done before
    assert stored(collector) == {"accident": 120, "accident_vehicle": 188, "casualty": 270}


def _begun(staff: Somebody) -> bool:
    with acting(staff.person, staff.ground) as who:
        return bool(queries.jobs(who))


def test_sending_a_file_again_adds_nothing(collector: Somebody) -> None:
    """Every row of the second delivery is a duplicate of the first, those that look alike too."""
    import_file(collector, UK, "uk_street_crime")
    before = stored(collector)
    result, sink = import_file(collector, UK, "uk_street_crime")
    assert (result.tally.duplicate, result.tally.taken) == (300, 0)
    assert stored(collector) == before
    assert sink.receipt is not None
    assert sink.receipt.state == "empty"


def test_children_are_linked_to_their_parents(collector: Somebody) -> None:
    """Persons and vehicles of an accident refer to it."""
    result, _ = import_file(collector, OPEN / "fr_baac_2012.csv", "fr_baac")
    assert not result.tally.rules
    with acting(collector.person, collector.ground), connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(DISTINCT target_id) FROM records_link WHERE field = 'accident'")
        assert cursor.fetchone() == (188 + 270, 120)
        cursor.execute("SELECT DISTINCT type FROM records_record ORDER BY 1")
        assert cursor.fetchall() == [("accident",), ("accident_vehicle",), ("casualty",)]


def test_a_reference_that_nothing_answers_is_a_warning(collector: Somebody) -> None:
    """Inspections before their venues are taken in with a warning; after them without."""
    early, _ = import_file(collector, OPEN / "sf_inspections.csv", "sf_inspections")
    assert early.tally.rules["records.reference_missing"] == 200
    assert early.tally.warned == 200


def test_csv_workbook_and_json_of_the_same_rows_give_the_same_records(collector: Somebody, tmp_path: Path) -> None:
    """Whatever the format: the second and third delivery of the same rows are duplicates, row by row."""
    chosen = mapping.parse(
        mapping.load("uk_street_crime").text.replace("format: csv, encoding: utf-8, ", ""), "any.yaml"
    )
    with UK.open(newline="") as file:
        header, *rows = list(csv.reader(file))
    book = tmp_path / "uk.xlsx"
    with xlsxwriter.Workbook(str(book), {"strings_to_numbers": False}) as workbook:
        sheet = workbook.add_worksheet()
        for number, row in enumerate([header, *rows]):
            for column, cell in enumerate(row):
                sheet.write_string(number, column, cell)
    lines = tmp_path / "uk.jsonl"
    lines.write_text("".join(json.dumps(dict(zip(header, row, strict=True))) + "\n" for row in rows))
    ends = []
    for path in (UK, book, lines):
        sink = Store(collector.person, collector.ground, path.name)
        with path.open("rb") as stream:
            ends.append(run(stream, chosen, catalog.current(), sink, options=chosen.options).tally)
        sink.finish()
    assert [(tally.taken, tally.duplicate, tally.skipped) for tally in ends] == [(300, 0, 0), (0, 300, 0), (0, 300, 0)]


@pytest.mark.clause("3.1.1")
@pytest.mark.control("C39")
def test_a_form_and_a_file_give_the_same_record(collector: Somebody, tmp_path: Path) -> None:
    """One check path: what a file brought, a form with the same values only repeats, and the other way round."""
    values = {
        "notice_no": "T-1",
        "occurred_on": "2024-03-05",
        "act": "",
        "description": "未按导向车道行驶",
        "points": "1",
        "address": "示例大街",
    }
    record_type = catalog.current().types["violation"]
    with acting(collector.person, collector.ground) as who:
        verdict = entry.judge(record_type, values)
        record, _ = forms.submit(who, record_type, verdict, "测试", None)
    assert record
    text = "mapping: t\nlabel: {zh: t, en: t}\nlegal_basis: t\nsource: {format: csv}\nrecords:\n  - type: violation\n    fields: {"
    text += ", ".join(f"{name}: {name}" for name in values) + "}\n"
    path = tmp_path / "one.csv"
    path.write_text(",".join(values) + "\n" + ",".join(values.values()) + "\n")
    chosen = mapping.parse(text, "t.yaml")
    sink = Store(collector.person, collector.ground, "one.csv")
    with path.open("rb") as stream:
        result = run(stream, chosen, catalog.current(), sink, options=chosen.options)
    assert (result.tally.duplicate, result.tally.rows) == (1, 1)
    with acting(collector.person, collector.ground) as who:
        again, problem = forms.submit(who, record_type, entry.judge(record_type, values), "测试", None)
    assert again is None
    assert problem


@pytest.mark.clause("5.1.2")
def test_nobody_else_sees_an_import_or_a_draft(collector: Somebody, cleared: World, superuser: Any) -> None:
    """Another collector of the same agency reads neither, by page or by raw SQL; and the tables hold no plain text."""
    import_file(collector, UK, "uk_street_crime")
    with acting(collector.person, collector.ground) as who:
        actions.save_draft(who, actions.new_id(), "violation", {"address": "示例大街一号"})
        assert len(queries.drafts(who)) == 1
    with cleared.colleague.acting() as who:
        assert queries.jobs(who) == []
        assert queries.drafts(who) == []
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM collection_found")
            assert cursor.fetchone() == (0,)
    dump = repr(superuser().execute("SELECT about, tally FROM collection_import").fetchall())
    dump += repr(superuser().execute("SELECT content FROM collection_draft").fetchall())
    for canary in ("uk_west_yorkshire", "street_crime", "示例大街", "示例大街".encode().hex()):
        assert canary not in dump


@pytest.mark.clause("3.2.1")
def test_a_record_given_back_is_corrected_with_its_reasons_in_sight(collector: Somebody, cleared: World) -> None:
    """The reviewer's reason stands at the field; the corrected form becomes the next revision of the same record."""
    values = {"notice_no": "T-7", "occurred_on": "2024-03-05", "description": "未按导向车道行驶", "points": "1"}
    record_type = catalog.current().types["violation"]
    with collector.acting() as who:
        record, _ = forms.submit(who, record_type, entry.judge(record_type, values), "测试", None)
        assert record
    with cleared.first.acting() as who:
        [task] = review.waiting(who)
        decide(who, task.batch, 1, "return", task.digest, reason="记分有误",
               returns=[GivenBack(record, 1, "points", "wrong", "应为 3 分")])  # fmt: skip
    with collector.acting() as who:
        assert [row.record_id for row in forms.returned(who)] == [record]
        assert forms.reasons(who, record)["points"] == "应为 3 分"
        draft = queries.draft(who, forms.correction(who, record))
        assert draft is not None
        assert (draft.amends, draft.values["description"]) == (record, values["description"])
        better = entry.judge(record_type, draft.values | {"points": "3", "notice_no": "T-8"})
        again, _ = forms.submit(who, record_type, better, "测试", record)
        assert again == record
        assert records.open_record(who, record).content["points"] == 3
        assert len(records.history(who, record)) == 2
