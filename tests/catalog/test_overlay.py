"""An agency's own overlay from the file to the workbook: checked, shown, templated; what is in quarantine is none of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner

from suyuan import catalog as room
from suyuan.catalog.check import check
from suyuan.catalog.cli import catalog
from suyuan.catalog.errors import UnknownColumn
from suyuan.catalog.loader import SHIPPED, examine
from suyuan.installation import Installation, current, use

OWN = """lost_item:
  label: {zh: 遗失物品, en: Lost item}
  domain: order
  about: thing
  title: [item_name]
  key: [item_no]
  time: found_on
  level: 1
  tracking: {cycle: P1Y}
  retention: {years: 1, source: 本单位规定}
  groups:
    - {id: main, label: {zh: 物品, en: Item}, fields: [item_no, item_name, found_on, returned_on, race_kind]}
  fields:
    item_no: {type: text, label: {zh: 物品编号, en: Item number}, required: true, search: exact, max_length: 40, example: W0001}
    item_name: {type: text, label: {zh: 物品名称, en: Item}, required: true, search: text, max_length: 100, example: 雨伞}
    found_on: {type: date, label: {zh: 拾得日期, en: Found on}, facet: true, required: true, example: "2026-01-05"}
    returned_on: {type: date, label: {zh: 归还日期, en: Returned on}, facet: true, example: "2026-01-09"}
    race_kind: {type: text, label: {zh: 赛事种类, en: Kind of race}, max_length: 40, example: 长跑}
  rules:
    - id: lost_item.returned_after_found
      says: returned_on IS NULL OR returned_on >= found_on
      fields: [returned_on, found_on]
      message: {zh: 归还日期早于拾得日期, en: Returned before it was found}
      severity: reject
      dimension: 一致性
video_point:
  groups:
    - {id: own, label: {zh: 自有, en: Own}, fields: [desk_no]}
  fields:
    desk_no: {type: text, label: {zh: 承办台号, en: Desk number}, max_length: 20, example: "7"}
"""
CLEARED = '- {type: lost_item, field: race_kind, who: 王某 数据标准岗, when: 2026-03-01, why: "赛事种类,不是种族"}\n'
ROW = {"item_no": "W1", "item_name": "钥匙", "found_on": "2026-01-05", "returned_on": "2026-01-06"}


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Path]:
    """The overlay of an installation of its own."""
    folder = tmp_path / "data" / room.OVERLAY
    (folder / "types").mkdir(parents=True)
    (folder / "types" / "own.yaml").write_text(OWN, encoding="utf-8")
    before = current()
    use(Installation.open(tmp_path / "data"))
    room._current.cache_clear()
    yield folder
    use(before)
    room._current.cache_clear()


def told(*words: str, code: int = 0) -> str:
    """What a command prints."""
    done = CliRunner().invoke(catalog, list(words))
    assert done.exit_code == code, (done.output, done.exception)
    return done.output


def table(**row: str) -> pa.Table:
    """One row for the check."""
    return pa.table({"_row": pa.array([1], pa.int64()), **{name: pa.array([text]) for name, text in row.items()}})


@pytest.mark.clause("6.1.1")
def test_a_type_of_ones_own_is_checked_shown_and_handed_out(own: Path, tmp_path: Path) -> None:
    """Like a shipped one."""
    said = json.loads(told("check", "--json"))
    assert (said["ok"], said["types"]) == (True, 23)
    shown = told("show", "lost_item")
    assert "物品编号" in shown and "lost_item.returned_after_found" in shown and "治安" in shown
    assert "承办台号" in told("show", "video_point")
    assert json.loads(told("schema", "lost_item"))["required"] == ["item_no", "item_name", "found_on"]
    path = tmp_path / "x.xlsx"
    assert str(path) in told("template", "lost_item", "-o", str(path))
    assert path.stat().st_size > 4000
    one = room.current().types["lost_item"]
    assert check(one, table(**ROW)).rows["verdict"].to_pylist() != []
    assert findings(own, **ROW) == []
    assert findings(own, **ROW | {"returned_on": "2026-01-01"}) == ["lost_item.returned_after_found"]


def findings(own: Path, **row: str) -> list[str]:
    """The rules a row of the type breaks."""
    return list(check(room.current().types["lost_item"], table(**row)).findings["rule"].to_pylist())


@pytest.mark.clause("bounds")
def test_a_field_in_quarantine_is_nowhere_until_a_person_cleared_it(own: Path, tmp_path: Path) -> None:
    """Not shown, not in the schema, refused as a column; after the clearing it is a field like others."""
    [held] = json.loads(told("check", "--json"))["quarantine"]
    assert (held["type"], held["field"], held["line"]) == ("lost_item", "race_kind", 18)
    assert "race_kind" in told("check") and "cleared.yaml" in told("check")
    assert "race_kind" not in told("show", "lost_item") + told("schema", "lost_item")
    with pytest.raises(UnknownColumn):
        findings(own, **ROW, race_kind="长跑")
    (own / "cleared.yaml").write_text(CLEARED, encoding="utf-8")
    room._current.cache_clear()
    assert json.loads(told("check", "--json"))["quarantine"] == []
    assert "race_kind" in told("show", "lost_item")
    assert findings(own, **ROW, race_kind="长跑") == []


def test_differences_say_what_stays_readable(own: Path, tmp_path: Path) -> None:
    """Against the shipped one, and between two whole catalogs."""
    said = {one["where"]: one for one in json.loads(told("diff", "shipped", "current", "--json"))}
    assert (said["lost_item"]["change"], said["video_point.desk_no"]["readable"]) == ("added", True)
    whole = tmp_path / "older"
    shutil.copytree(SHIPPED / "types", whole / "types")
    shutil.copytree(SHIPPED / "codes", whole / "codes")
    path = whole / "types" / "venue.yaml"
    text = path.read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.strip().startswith("venue_state: {"))
    path.write_text(text.replace(line, line.replace("required: true, ", "")), encoding="utf-8")
    assert verdicts(str(whole), "shipped", code=1) == {("venue.venue_state", True, True)}
    assert verdicts("shipped", str(whole)) == {("venue.venue_state", False, True)}


def test_another_type_of_value_is_read_differently(own: Path, tmp_path: Path) -> None:
    """Between two overlays; said in words too."""
    other = tmp_path / "other"
    (other / "types").mkdir(parents=True)
    text = OWN.replace("desk_no: {type: text", "desk_no: {type: integer").replace(
        ", max_length: 20, example", ", example"
    )
    (other / "types" / "own.yaml").write_text(text, encoding="utf-8")
    assert verdicts("current", str(other), code=1) == {("video_point.desk_no", True, False)}
    assert "读法改变" in told("diff", "current", str(other), code=1)


def verdicts(a: str, b: str, code: int = 0) -> set[tuple[str, bool, bool]]:
    """What differs, whether it breaks, and whether what is stored stays readable."""
    return {
        (one["where"], one["breaking"], one["readable"]) for one in json.loads(told("diff", a, b, "--json", code=code))
    }


def test_a_faulty_catalog_is_not_compared(own: Path, tmp_path: Path) -> None:
    """It is told what is wrong with it."""
    bad = tmp_path / "bad"
    (bad / "types").mkdir(parents=True)
    (bad / "types" / "own.yaml").write_text("case:\n  colour: red\n", encoding="utf-8")
    done = CliRunner().invoke(catalog, ["diff", "shipped", str(bad)])
    assert "bad/types/own.yaml:2" in str(done.exception)


def ran(own: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command as a script runs it, without any database."""
    env = {**os.environ, "SUYUAN_LANG": "zh", "DATABASE_URL": "", "SUYUAN_DATABASE": ""}
    command = [sys.executable, "-m", "suyuan", "catalog", *words, "--data", str(own.parent)]
    return subprocess.run(command, capture_output=True, text=True, env=env, timeout=120, check=False)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("check",), 0, "23 个类型"),
        (("show", "lost_itm"), 2, "lost_item"),
        (("schema", "vilation"), 2, "violation"),
        (("diff", "shipped", "nowhere"), 2, "nowhere"),
    ],
)
def test_scripts_get_exit_codes(own: Path, words: tuple[str, ...], code: int, says: str) -> None:
    """0 fine, 1 mistakes, 2 wrong use, with the nearest names; no trace, no database."""
    done = ran(own, *words)
    assert done.returncode == code, done.stderr
    assert says in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_faulty_overlay_ends_with_one(own: Path) -> None:
    """Every command that needs the catalog says where the mistake is."""
    (own / "types" / "own.yaml").write_text(OWN.replace("level: 1", "level: 5"), encoding="utf-8")
    for words in (("check",), ("show", "case")):
        done = ran(own, *words)
        assert done.returncode == 1
        assert "catalog/types/own.yaml:8" in done.stdout + done.stderr


@pytest.mark.parametrize("name", sorted(catalog.commands))
def test_every_command_has_a_help(name: str) -> None:
    """With the data folder, and JSON where it reports."""
    said = told(name, "--help")
    assert "--data" in said
    assert ("--json" in said) is (name in ("check", "quarantine", "show", "diff"))


def test_the_examples_of_the_guide_load(tmp_path: Path) -> None:
    """What `docs/catalog.md` shows can be copied: a clearing without its field is the one thing that is wrong."""
    guide = Path(__file__).parents[2] / "docs" / "catalog.md"
    blocks = re.findall(
        r"```yaml\n# catalog/([a-z/]+\.(?:yaml|csv))\n(.*?)```", guide.read_text(encoding="utf-8"), re.DOTALL
    )
    assert len(blocks) >= 2
    for name, text in blocks:
        path = tmp_path / "catalog" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text((path.read_text(encoding="utf-8") if path.exists() else "") + text, encoding="utf-8")
    loaded = examine([tmp_path / "catalog"])
    assert [one.as_dict() for one in loaded.report.mistakes] == []
    assert [(one.subject, one.lacks) for one in loaded.catalog.quarantine] == [("case.desk_no", ())]
    digests = [one.digest for one in loaded.catalog.quarantine]
    assert examine([tmp_path / "catalog"], cleared=digests).catalog.quarantine == ()
