"""Imports rehearsed: every row of the source has exactly one end, and what must not get through does not."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import python_calamine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from suyuan import catalog
from suyuan.collection import findings, mapping
from suyuan.collection.errors import MappingFault, SourceRefused
from suyuan.collection.imports import Result, run
from suyuan.collection.plan import Plan
from suyuan.collection.readers.process import open_source
from suyuan.collection.rehearsal import Rehearsal

OPEN = Path(__file__).parents[1] / "data" / "open"
CATALOG = catalog.load()


def rehearse(file: Path | bytes, chosen: mapping.Mapping, tmp_path: Path | None = None) -> tuple[Result, Rehearsal]:
    """A dry run of a file, or of a file with these bytes."""
    if isinstance(file, bytes):
        assert tmp_path
        path = tmp_path / "file.csv"
        path.write_bytes(file)
    else:
        path = file
    sink = Rehearsal()
    with path.open("rb") as stream:
        return run(stream, chosen, CATALOG, sink, options=chosen.options), sink


@pytest.mark.clause("3.1.2")
@pytest.mark.parametrize(
    ("file", "name", "counts", "children"),
    [
        ("uk_west_yorkshire_street_2016-07.csv", "uk_street_crime", (300, 204, 96, 0, 0, 0), {}),
        ("fr_baac_2012.csv", "fr_baac", (120, 120, 0, 0, 0, 0), {"accident_vehicle": 188, "casualty": 270}),
        ("gm_stats19_casualties.csv", "gm_stats19_casualties", (200, 200, 0, 0, 0, 0), {"accident": 200}),
        ("montgomery_md_traffic_violations.csv", "montgomery_violations", (149, 147, 0, 2, 0, 0), {}),
        ("seattle_911_responses_2016.csv", "seattle_911", (120, 120, 0, 0, 0, 0), {}),
        ("sf_businesses.csv", "sf_businesses", (146, 146, 0, 0, 0, 0), {}),
        ("sf_inspections.csv", "sf_inspections", (200, 200, 0, 0, 0, 0), {}),
        ("gm_gambling_premises.csv", "gm_gambling", (120, 0, 120, 0, 0, 0), {}),
    ],
)  # fmt: skip
def test_shipped_mappings_take_in_their_sources(
    file: str, name: str, counts: tuple[int, ...], children: dict[str, int]
) -> None:
    """Real files with all their oddities: rows, accepted, with warnings, returned, duplicate, skipped."""
    data = rehearse(OPEN / file, mapping.load(name))[0].as_dict()
    names = ("rows", "accepted", "accepted_with_warnings", "returned", "duplicate", "skipped")
    assert tuple(data[one] for one in names) == counts
    assert data["children"] == children
    assert data["rows"] == sum(data[one] for one in names[1:])


def test_rows_that_look_alike_stay_separate() -> None:
    """Anti-social behaviour has no number: equal rows are separate incidents, and none is called a duplicate."""
    with (OPEN / "uk_west_yorkshire_street_2016-07.csv").open(newline="") as file:
        rows = [tuple(row) for row in csv.reader(file)]
    assert len(set(rows)) < len(rows)
    assert (
        rehearse(OPEN / "uk_west_yorkshire_street_2016-07.csv", mapping.load("uk_street_crime"))[0].tally.duplicate == 0
    )


@pytest.mark.clause("1.3.1")
def test_race_reaches_nothing() -> None:
    """No value of the file's `Race` column is in what the mapping makes of it, nor in the findings."""
    chosen = mapping.load("montgomery_violations")
    path = OPEN / "montgomery_md_traffic_violations.csv"
    with open_source(path, chosen.options) as source, Plan(chosen, CATALOG, source.report.columns) as plan:
        [(_, rows)] = [part for chunk in source.batches() for part in plan.run(chunk).parts]
    text = json.dumps(rows.to_pylist())
    for word in ("HISPANIC", "ASIAN"):
        assert word in path.read_text()
        assert word not in text
    colours = {row["colour"] for row in rows.to_pylist()}
    assert "BLACK" in colours  # the colour of a car, which is another column
    assert not any(
        "Race" in str(spec) or "Gender" in str(spec) for record in chosen.records for spec in record.fields.values()
    )


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (("drop: [Race, Gender]", "drop: [Gender]"), "`Race` is a protected attribute"),
        (("model: {column: Model,", "model: {column: Race,"), "may not reach"),
        (("model: {column: Model, codes: {NONE: null, UNK: null, UNKNOWN: null}}", "model: {sql: \"lower(Race)\"}"), "may not reach"),
        (("drop: [Race", "skip: [{when: \"Race = 'X'\", zh: x, en: x}]\ndrop: [Race"), "condition"),
    ],
)  # fmt: skip
def test_a_protected_column_must_be_dropped_and_used_nowhere(change: tuple[str, str], word: str) -> None:
    """Leaving it out of `drop`, mapping it, or using it in an expression or a skip rule is refused."""
    text = mapping.load("montgomery_violations").text
    assert change[0] in text
    chosen = mapping.parse(text.replace(*change), "m.yaml")
    with pytest.raises(MappingFault) as caught:
        rehearse(OPEN / "montgomery_md_traffic_violations.csv", chosen)
    assert word in caught.value.en


def test_a_rejected_child_returns_its_whole_row(tmp_path: Path) -> None:
    """One impossible casualty: the accident row is returned, and its other records are not counted."""
    text = (OPEN / "fr_baac_2012.csv").read_text()
    lines = text.splitlines(keepends=True)
    broken = "".join([*lines[:3], lines[3].replace("u'sexe': 2", "u'sexe': 7", 1), *lines[4:10]])
    result, sink = rehearse(broken.encode(), mapping.load("fr_baac"), tmp_path)
    assert (result.tally.rows, result.tally.returned) == (9, 1)
    assert {row["row"] for table in sink.found for row in table.to_pylist()} == {4}


def test_a_list_that_cannot_be_read_returns_its_row(tmp_path: Path) -> None:
    """A cell that is no list of literals is named with its column."""
    lines = (OPEN / "fr_baac_2012.csv").read_text().splitlines(keepends=True)
    broken = lines[0] + lines[1] + lines[2].replace("[{u'an_nais'", "[open('/etc/passwd'), {u'an_nais'", 1)
    result, sink = rehearse(broken.encode(), mapping.load("fr_baac"), tmp_path)
    [found] = [row for table in sink.found for row in table.to_pylist()]
    assert (result.tally.returned, found["rule"], found["field"]) == (1, "source.nested", "usagers")


def test_the_findings_workbook_holds_no_formula(tmp_path: Path) -> None:
    """Values that spreadsheets would run are typed strings in it, unchanged."""
    values = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1+1", '=HYPERLINK("http://x")']
    header = "business_id,name,address,city,state,postal_code,latitude,longitude,phone_number\n"
    out = io.StringIO(header, newline="")
    out.seek(0, io.SEEK_END)
    csv.writer(out).writerows([str(i), "x", "y", "", "", "", "", "", value] for i, value in enumerate(values))
    chosen = mapping.load("sf_businesses")
    result, sink = rehearse(
        out.getvalue().encode(),
        dataclasses.replace(chosen, options=dataclasses.replace(chosen.options, encoding="utf-8")),
        tmp_path,
    )
    path = tmp_path / "findings.xlsx"
    findings.write(path, result, sink.found)
    sheet = python_calamine.load_workbook(str(path)).get_sheet_by_index(1).to_python()
    shown = {row[8] for row in sheet[1:]}
    assert {value.strip() for value in values} - {""} <= {str(value).strip() for value in shown}
    assert b"<f>" not in b"".join(_parts(path))


def _parts(path: Path) -> list[bytes]:
    import zipfile

    with zipfile.ZipFile(path) as archive:
        return [archive.read(name) for name in archive.namelist()]


def test_an_uncertain_encoding_is_not_imported_unasked(tmp_path: Path) -> None:
    """The command asks for --encoding rather than guess."""
    text = mapping.load("sf_businesses").text.replace("encoding: windows-1252, ", "")
    header = "business_id,name,address,city,state,postal_code,latitude,longitude,phone_number\n"
    with pytest.raises(SourceRefused) as caught:
        rehearse((header + "1,Caf\xe9,x,,,,,,\n").encode("cp1252"), mapping.parse(text, "m.yaml"), tmp_path)
    assert caught.value.reason == "encoding_unsure"


def test_an_expression_that_fails_on_a_row_returns_that_row(tmp_path: Path) -> None:
    """Nothing is silently emptied, and the other rows go in."""
    chosen = mapping.parse(
        "mapping: t\nlabel: {zh: t, en: t}\nlegal_basis: t\nsource: {format: csv}\nrecords:\n  - type: violation\n    fields:\n"
        "      occurred_on: day\n      description: what\n      points: {sql: 'CAST(points AS INTEGER) * 2'}\n", "m.yaml",
    )  # fmt: skip
    result, sink = rehearse(b"day,what,points\n2020-01-01,a,3\n2020-01-02,b,x\n2020-01-03,c,\n", chosen, tmp_path)
    assert (result.tally.taken, result.tally.returned) == (2, 1)
    assert [
        (row["row"], row["rule"]) for table in sink.found for row in table.to_pylist() if row["severity"] == "reject"
    ] == [(3, "source.expression")]


LINE = st.lists(st.sampled_from(["", " ", "2020-01-01", "2020-13-01", "x", '"a\nb"', "a;b", "\0", "盗窃"]), max_size=5)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(LINE, min_size=1, max_size=12))
def test_every_row_ends_exactly_once(tmp_path: Path, lines: list[list[str]]) -> None:
    """Whatever the rows hold: the five ends add up to the rows of the source."""
    chosen = mapping.parse(
        "mapping: t\nlabel: {zh: t, en: t}\nlegal_basis: t\nsource: {format: csv, encoding: utf-8, header_row: 1, delimiter: ','}\nrecords:\n"
        "  - type: violation\n    fields: {notice_no: number, occurred_on: day, description: what}\n"
        "  - type: inspection\n    each: {column: venues, as: venue, split: ';'}\n    fields: {venue: venue, inspected_on: day}\n"
        "skip: [{when: \"what = 'x'\", zh: 略过, en: skip}]\n", "m.yaml",
    )  # fmt: skip
    data = "number,day,what,venues\n" + "\n".join(",".join(cells) for cells in lines) + "\n"
    try:
        result, sink = rehearse(data.encode(), chosen, tmp_path)
    except SourceRefused as refusal:
        assert refusal.reason in ("no_rows", "unknown_format")
        return
    tally = result.tally
    assert tally.taken + tally.returned + tally.duplicate + tally.skipped == tally.rows == result.report.rows
    faulty = {row["row"] for table in sink.found for row in table.to_pylist() if row["severity"] == "reject"}
    assert len(faulty) == tally.returned


def test_children_from_repeated_columns_and_split_cells(tmp_path: Path) -> None:
    """Groups of columns and cells with several values become records of their own; empty ones do not."""
    chosen = mapping.parse(
        "mapping: t\nlabel: {zh: t, en: t}\nlegal_basis: t\nsource: {format: csv}\nrecords:\n"
        "  - type: accident\n    fields: {accident_no: no, occurred_on: day}\n"
        "  - type: accident_vehicle\n    each: {columns: [[car1, kind1], [car2, kind2]], names: [car, kind], as: c}\n"
        "    fields: {accident: no, vehicle_label: c.car, road_user: c.kind}\n"
        "  - type: casualty\n    each: {column: people, as: p, split: '/'}\n"
        "    fields: {accident: no, casualty_no: 'p.#', name: p, casualty_role: {value: '9'}, injury_severity: {value: '3'}}\n", "m.yaml",
    )  # fmt: skip
    data = "no,day,car1,kind1,car2,kind2,people\nS1,2020-01-01,A,10,B,20,甲/乙\nS2,2020-01-02,A,10,,,\n".encode()
    path = tmp_path / "f.csv"
    path.write_bytes(data)
    with open_source(path) as source, Plan(chosen, CATALOG, source.report.columns) as plan:
        parts: dict[str, pa.Table] = {kind.id: rows for kind, rows in plan.run(next(source.batches())).parts}
    assert [(row["_row"], row["vehicle_label"]) for row in parts["accident_vehicle"].to_pylist()] == [
        (2, "A"),
        (2, "B"),
        (3, "A"),
    ]
    assert [(row["casualty_no"], row["name"]) for row in parts["casualty"].to_pylist()] == [("1", "甲"), ("2", "乙")]


@pytest.mark.parametrize(
    ("setting", "cell", "value"),
    [
        ("{column: x, date: ['%d/%m/%Y', '%Y年%m月%d日']}", "5/3/2024", "2024-03-05"),
        ("{column: x, date: ['%d/%m/%Y', '%Y年%m月%d日']}", "2024年3月5日", "2024-03-05"),
        ("{column: x, date: '%m/%Y'}", "3/2024", "2024-03"),
        ("{column: x, date: '%m/%Y'}", "soon", "soon"),
        ("{column: x, scale: '0.01', round: 2}", "12345", "123.45"),
        ("{column: x, unit: 万元}", "1.5", "15000"),
        ("{column: x, codes: {A: '1'}, otherwise: '9'}", "B", "9"),
        ("{column: x, codes: {a: '1'}, ignore_case: true}", "A", "1"),
        ("{column: x, codes: {A: null}}", "A", None),
        ("{column: x, split: '/', take: last}", "a/b/c", "c"),
        ("{column: x, match: '(\\d+)'}", "no 42", "42"),
        ("{column: x, whole: true}", "12.0", "12"),
        ("{columns: [x, x], join: '-'}", "a", "a-a"),
        ("{column: x, list: json, codes: {a: '1'}}", '["a", "b"]', "1；b"),
        ("{sql: \"upper(x) || '!'\"}", "a", "A!"),
        ("{value: k}", "z", "k"),
        ("x", "　a ", "a"),
    ],
)  # fmt: skip
def test_each_step_of_a_field_does_what_the_manual_says(setting: str, cell: str, value: Any, tmp_path: Path) -> None:
    """The table of `docs/mappings.md`, line by line."""
    chosen = mapping.parse(
        "mapping: t\nlabel: {zh: t, en: t}\nlegal_basis: t\nsource: {format: csv, delimiter: ','}\nrecords:\n"
        f"  - type: violation\n    fields:\n      fine_amount: {setting}\n", "m.yaml",
    )  # fmt: skip
    out = io.StringIO()
    csv.writer(out).writerows([["x", "y"], [cell, "filled"]])
    path = tmp_path / "f.csv"
    path.write_text(out.getvalue())
    with open_source(path, chosen.options) as source, Plan(chosen, CATALOG, source.report.columns) as plan:
        [(_, rows)] = plan.run(next(source.batches())).parts
    assert rows["fine_amount"].to_pylist() == [value]
