"""A code table is part of a release: edited files stop the start until somebody records them (norm 6.1.2, 1.3.2)."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner

from suyuan import catalog
from suyuan.access.errors import NotAllowed
from suyuan.catalog import loader
from suyuan.cli import run
from suyuan.cli.doctor import _catalog as in_doctor
from suyuan.cli.root import root
from suyuan.ledger import verify
from suyuan.ledger.acts import Act
from suyuan.records import releases
from suyuan.records.errors import CatalogChanged
from world import World


@pytest.fixture
def swapped(fresh_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A first release was recorded; then somebody let A and C of the vehicles' states exchange their meanings."""
    releases.settle()
    shipped = tmp_path / "catalog"
    shutil.copytree(loader.SHIPPED, shipped, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    path = shipped / "codes" / "vehicle_states.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("A,正常", "A,?").replace("C,被盗抢", "C,正常").replace("A,?", "A,被盗抢"), encoding="utf-8"
    )
    changed = loader.load(shipped=shipped)
    monkeypatch.setattr(releases, "SHIPPED", shipped)
    monkeypatch.setattr(catalog, "current", lambda: changed)
    yield fresh_world


def test_what_it_came_with_is_recorded_at_the_first_start(fresh_world: World) -> None:
    """Once; a second start finds it."""
    for _ in range(2):
        releases.settle()
    with psycopg.connect(_owner()) as owner:
        rows = owner.execute("SELECT encode(release, 'hex'), person FROM records_release").fetchall()
        acts = owner.execute("SELECT count(*) FROM ledger_entry WHERE act = %s", [int(Act.catalog_release)]).fetchone()
    assert rows == [(catalog.current().release, 0)]
    assert acts == (1,)
    assert list(verify.verify()) == []


@pytest.mark.clause("6.1.2", "1.3.2")
@pytest.mark.control("C18")
def test_an_edited_code_table_stops_the_start_and_is_named(swapped: World) -> None:
    """`up` (through prepare), `serve`, `worker` and `doctor`: the file, the codes, both meanings, and the way out."""
    for start in (releases.settle, run._compare):
        with pytest.raises(CatalogChanged) as refused:
            start()
        assert "codes/vehicle_states.csv" in str(refused.value)
        assert "vehicle_states A: 正常 → 被盗抢" in str(refused.value)
        assert "suyuan catalog release" in refused.value.mend
    [finding] = in_doctor()
    assert finding.fatal
    assert "codes/vehicle_states.csv" in finding.zh


@pytest.mark.clause("6.1.2")
def test_a_lawful_edit_is_recorded_with_its_reason(swapped: World) -> None:
    """By an administrator; then it starts, both releases are kept word for word, and the log verifies."""
    before = catalog.load().release
    command = ["catalog", "release", "--reason", "标准修订", "--as", swapped.system.username, "--json"]
    told = CliRunner().invoke(root, command, standalone_mode=False)
    assert told.exception is None
    assert json.loads(told.output.splitlines()[-1])["files"] == ["codes/vehicle_states.csv"]
    releases.settle()
    with psycopg.connect(_owner()) as owner:
        kept = owner.execute(
            "SELECT encode(release, 'hex'), reason, person FROM records_release ORDER BY number"
        ).fetchall()
    assert kept == [(before, "first", 0), (catalog.current().release, "标准修订", swapped.system.person)]
    assert list(verify.verify()) == []


def test_nobody_else_records_a_release(swapped: World) -> None:
    """The database refuses, whatever the command believes."""
    with swapped.collector.acting() as who, pytest.raises(NotAllowed):
        releases.record(who, "无权")


def test_a_kept_release_that_was_changed_is_named(
    fresh_world: World, superuser: Callable[[], psycopg.Connection[Any]]
) -> None:
    """By a superuser, with every trigger off."""
    releases.settle()
    attacker = superuser()
    attacker.execute("SET session_replication_role = replica")
    attacker.execute("UPDATE records_release SET content = set_byte(content, 200, 0)")
    assert "records_release 1" in {fault.where for fault in verify.verify()}


def test_without_the_comparison_it_would_start(swapped: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: where nobody compares, the stolen vehicles are in order."""
    monkeypatch.setattr(releases, "refuse_changed", lambda: None)
    releases.settle()


def _owner() -> str:
    from suyuan.installation import current

    return current().database("owner")
