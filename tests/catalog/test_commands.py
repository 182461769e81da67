"""`suyuan catalog`: what each command says, and that a filled-in template goes through the import."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from suyuan import catalog as room
from suyuan.catalog.cli import catalog
from suyuan.catalog.errors import UnknownType
from suyuan.collection import mapping, propose
from suyuan.collection.imports import rows_of, run
from suyuan.collection.readers.options import Options
from suyuan.collection.readers.process import open_source
from suyuan.collection.rehearsal import Rehearsal

KNOWN = room.load()
TYPES = sorted(KNOWN.types)
OWN = """video_point:
  groups:
    - {id: own, label: {zh: 自有, en: Own}, fields: [desk_no]}
  fields:
    desk_no: {type: text, label: {zh: 承办台号, en: Desk number}}
"""


def told(*words: str, code: int = 0) -> str:
    """What a command prints; it must end with that exit code."""
    done = CliRunner().invoke(catalog, list(words))
    assert done.exit_code == code, (done.output, done.exception)
    return done.output


def own(folder: Path, text: str = OWN) -> Path:
    """An overlay folder."""
    (folder / "types").mkdir(parents=True)
    (folder / "types" / "own.yaml").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.clause("6.1.1")
def test_check_counts_what_is_there_and_finds_nothing_wrong() -> None:
    """Exit code 0, numbers for scripts."""
    said = json.loads(told("check", "--json"))
    assert said["ok"]
    assert (said["types"], said["mistakes"], said["quarantine"]) == (22, [], [])
    assert said["rules"] >= 200


def test_check_of_an_overlay_names_file_line_and_mend(tmp_path: Path) -> None:
    """A mistake ends with exit code 1, a quarantined field with a word on clearing it."""
    bad = own(tmp_path / "bad", OWN.replace("type: text", "type: txet"))
    assert "bad/types/own.yaml:5" in told("check", str(bad), code=1)
    held = told("check", str(own(tmp_path / "held", OWN.replace("承办台号", "民族"))))
    assert "cleared.yaml" in held
    assert "held/types/own.yaml:5" in held


@pytest.mark.parametrize("type_id", TYPES)
def test_every_type_is_shown_whole(type_id: str) -> None:
    """Each field and each rule of it."""
    said = told("show", type_id)
    one = KNOWN.types[type_id]
    assert all(name in said for name in one.fields)
    assert all(rule.id in said for rule in one.rules)
    assert json.loads(told("show", type_id, "--json"))["id"] == type_id


def test_a_type_that_is_not_there_is_told_with_its_neighbours() -> None:
    """As an error with a way out, not a trace."""
    done = CliRunner().invoke(catalog, ["show", "vilation"])
    assert isinstance(done.exception, UnknownType)
    assert "violation" in str(done.exception.as_dict())


def test_a_difference_says_whether_it_breaks(tmp_path: Path) -> None:
    """A new field does not; a field that is gone does, with exit code 1."""
    folder = own(tmp_path / "own")
    added = json.loads(told("diff", "shipped", str(folder), "--json"))
    assert [(one["change"], one["breaking"]) for one in added if one["where"] == "video_point.desk_no"] == [
        ("added", False)
    ]
    gone = json.loads(told("diff", str(folder), "shipped", "--json", code=1))
    assert [one["breaking"] for one in gone if one["where"] == "video_point.desk_no"] == [True]
    assert json.loads(told("diff", "shipped", "shipped", "--json")) == []


@pytest.mark.parametrize("type_id", TYPES)
def test_a_schema_accepts_what_the_check_makes_of_the_example(type_id: str) -> None:
    """Every property it names is a field, and the example's content has the declared types."""
    from suyuan.catalog.check import check

    said = json.loads(told("schema", type_id))
    one = KNOWN.types[type_id]
    assert set(said["properties"]) == set(one.fields)
    assert set(said["required"]) == {name for name, field in one.fields.items() if field.required}
    import pyarrow as pa

    row = {name: pa.array([field.example], pa.string()) for name, field in one.fields.items() if field.example}
    [content] = check(one, pa.table({"_row": pa.array([1], pa.int64()), **row})).rows["content"].to_pylist()
    kinds: dict[str, Any] = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list}
    for name, value in json.loads(content).items():
        assert isinstance(value, kinds[said["properties"][name]["type"]]), name
        if "enum" in said["properties"][name]:
            assert value in said["properties"][name]["enum"]


@pytest.mark.clause("3.1.1")
@pytest.mark.parametrize("type_id", TYPES)
def test_a_filled_in_template_goes_through_the_import(type_id: str, tmp_path: Path) -> None:
    """The workbook's own example row, by the mapping that the wizard would propose for it."""
    path = tmp_path / f"{type_id}.xlsx"
    assert str(path) in told("template", type_id, "-o", str(path))
    result = imported(type_id, path)
    assert (result.tally.rows, result.tally.taken) == (1, 1), result.findings()


def imported(type_id: str, path: Path) -> Any:
    """A workbook read by the mapping that is proposed for it; every field with an example has its column."""
    with open_source(path, Options()) as source:
        rows = list(rows_of(source, 20))
        proposal = propose.propose(KNOWN, KNOWN.types[type_id], source.report, rows)
        text = propose.as_yaml(proposal, KNOWN, source.report, "template", "测试")
    filled = {name for name, field in KNOWN.types[type_id].fields.items() if field.example}
    assert filled <= set(yaml.safe_load(text)["records"][0]["fields"])
    chosen = mapping.parse(text, "template.yaml")
    with path.open("rb") as stream:
        return run(stream, chosen, KNOWN, Rehearsal(), options=chosen.options)


def test_a_template_offers_the_codes_and_says_what_is_needed(tmp_path: Path) -> None:
    """Drop-downs over the code tables, a comment at every heading, a sheet of notes for printing."""
    import zipfile

    path = tmp_path / "violation.xlsx"
    told("template", "violation", "-o", str(path))
    with zipfile.ZipFile(path) as book:
        sheets = {name: book.read(name).decode() for name in book.namelist() if name.endswith(".xml")}
    data = sheets["xl/worksheets/sheet1.xml"]
    one = KNOWN.types["violation"]
    coded = [field for field in one.fields.values() if field.type == "code" and not field.multiple]
    assert data.count("<dataValidation ") >= len(coded)
    assert sheets["xl/comments1.xml"].count("<comment ") >= len(one.fields)
    assert 'name="说明"' in sheets["xl/workbook.xml"]


def test_a_template_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """Not a trace."""
    assert "nowhere" in told("template", "case", "-o", str(tmp_path / "nowhere" / "x.xlsx"), code=1)


def test_a_template_keeps_digits_and_days(tmp_path: Path) -> None:
    """Numbers of things are text, whole dates are dates, drop-downs go by name to every current division."""
    import zipfile

    path = tmp_path / "case.xlsx"
    told("template", "resident", "-o", str(path))
    with zipfile.ZipFile(path) as book:
        styles, data, names = (
            book.read(f"xl/{name}.xml").decode() for name in ("styles", "worksheets/sheet1", "workbook")
        )
    assert "yyyy\\-mm\\-dd" in styles or "yyyy-mm-dd" in styles
    assert 'formatCode="@"' in styles or 'numFmtId="49"' in styles
    divisions = len(KNOWN.codes["divisions"].current())
    assert "$2:$" in names and f"${divisions + 1}</definedName>" in names
    assert "<formula1>code_divisions</formula1>" in data
    assert 'state="frozen"' in data


@pytest.mark.clause("3.1.1")
@pytest.mark.parametrize("type_id", TYPES)
def test_a_day_typed_as_a_day_is_taken(type_id: str, tmp_path: Path) -> None:
    """A person's spreadsheet makes days of what is typed under a heading with the format of dates."""
    import datetime as dt

    import xlsxwriter

    from suyuan.catalog.template import chosen

    one = KNOWN.types[type_id]
    fields = [field for field in one.fields.values() if field.example]
    path = tmp_path / "typed.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet, days = book.add_worksheet("数据"), book.add_format({"num_format": "yyyy-mm-dd"})
        for column, field in enumerate(fields):
            sheet.write_string(0, column, field.label.zh)
            said = chosen(field, KNOWN.table(field) if field.type == "code" else None, field.example or "")
            if field.type == "date" and not field.partial:
                sheet.write_datetime(1, column, dt.datetime.fromisoformat(said), days)
            else:
                sheet.write_string(1, column, said)
    result = imported(type_id, path)
    assert (result.tally.rows, result.tally.taken) == (1, 1), result.findings()
