"""A code means what it meant in the release under which its record was approved (norm 6.1.2, 1.3.2)."""

from __future__ import annotations

import ast
import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
import pytest
from click.testing import CliRunner
from django.db import connection
from django.template import TemplateSyntaxError, engines
from django.test.utils import CaptureQueriesContext

import suyuan
from delivered import checked, deliver
from program import Program
from suyuan import catalog
from suyuan.catalog import loader
from suyuan.cli.root import root
from suyuan.records import actions, export, listing, meanings, releases
from suyuan.records.export import Wish
from suyuan.records.listing import Wanted
from suyuan.review import actions as review
from suyuan.web import sheet
from world import World, signed_in

BEFORE, NOW = "小型轿车", "甲类小客车"
VINS = {"old": ("LSVAA49J4E2000001", "LSVAA49J1E2000098"), "new": ("LSVAA49J0E2000013", "LSVAA49JXE2000097")}
Read = Callable[[World, "Car"], str]


class Car(NamedTuple):
    """A vehicle in force, and one like it that still waits for its first review."""

    record: UUID
    vin: str
    waiting: UUID
    batch: UUID


class Two(NamedTuple):
    """The world, a vehicle approved before a code was given another meaning, and one approved after."""

    world: World
    old: Car
    new: Car


def vehicle(vin: str, **values: str) -> dict[str, str]:
    """A vehicle of type K33."""
    fields = catalog.current().types["vehicle"].fields.values()
    return {one.name: one.example for one in fields if one.example} | {"vin": vin, "vehicle_type": "K33"} | values


def entered(world: World, which: str) -> Car:
    """One through its reviews, one waiting."""
    vin, other = VINS[which]
    batch, result, receipt = deliver(world.collector, "vehicle", [vehicle(vin)])
    assert receipt.digest, result.findings
    _approved(world, batch, receipt.digest)
    waiting, second, _ = deliver(world.collector, "vehicle", [vehicle(other)])
    return Car(result.records[1], vin, second.records[1], waiting)


def _approved(world: World, batch: UUID, digest: bytes) -> None:
    for who, step in ((world.first, 1), (world.second, 2)):
        with who.acting() as doing:
            review.decide(doing, batch, step, "approve", digest)


@pytest.fixture
def renamed(fresh_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Two]:
    """A release in which K33 means one thing, records under it, a release in which it means another, records under that."""
    releases.settle()
    old = entered(fresh_world, "old")
    shipped = tmp_path / "catalog"
    shutil.copytree(loader.SHIPPED, shipped, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    path = shipped / "codes" / "vehicle_types.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(f"K33,{BEFORE}", f"K33,{NOW}"), encoding="utf-8")
    changed = loader.load(shipped=shipped)
    monkeypatch.setattr(releases, "SHIPPED", shipped)
    monkeypatch.setattr(catalog, "current", lambda: changed)
    with fresh_world.system.acting() as who:
        releases.record(who, "标准修订")
    yield Two(fresh_world, old, entered(fresh_world, "new"))


def _page(world: World, who: str, address: str, form: dict[str, str] | None = None) -> str:
    client = signed_in(who)
    client.post("/ground/", {"ground": getattr(world, who).ground})
    answer = client.post(address, form) if form else client.get(address)
    answer = client.get(answer["Location"]) if answer.status_code == 302 else answer
    assert answer.status_code == 200
    return str(answer.content.decode())


def _row(page: str, record: UUID) -> str:
    return next(one for one in re.split(r"<tr", page) if str(record) in one)


def _api(world: World, who: str, path: str, body: Any = None) -> Any:
    program = Program.of(getattr(world, who))
    answer = program.get(path) if body is None else program.post(path, body)
    assert answer.status_code == 200, answer.content
    return answer.json()


def _command(*words: str) -> str:
    told = CliRunner().invoke(root, list(words), standalone_mode=False)
    assert told.exception is None, told.exception
    return str(told.output)


def _of(rows: list[dict[str, Any]], record: UUID) -> str:
    return json.dumps(next(one for one in rows if one["record"] == str(record)), ensure_ascii=False)


def _exported(form: str) -> Read:
    def read(world: World, car: Car) -> str:
        wish = Wish("市人民检察院", "提请批准逮捕", form)
        with world.head.acting() as who:
            rtype = catalog.current().types["vehicle"]
            made = export.export(who, rtype, Wanted(q=car.vin), wish)
            return "\n".join("|".join(row) for row in sheet._rows(made))

    return read


def _said(*words: str) -> Read:
    return lambda world, car: _command(*words, str(car.record), "--as", "head", "--ground", str(world.head.ground))


DOORS: dict[str, Read] = {
    "page: list": lambda world, car: _row(_page(world, "head", "/records/vehicle/"), car.record),
    "page: list narrowed": lambda world, car: _row(
        _page(world, "head", "/records/vehicle/", {"f.vehicle_type": "K33"}), car.record),
    "page: search": lambda world, car: _row(_page(world, "head", "/search/", {"q": car.vin}), car.record),
    "page: record": lambda world, car: re.sub(r'<span class="sy-from">.*?</span>', "",
                                              _page(world, "head", f"/record/{car.record}/")),
    "page: review": lambda world, car: _page(world, "first", f"/review/{car.batch}/"),
    "api: list": lambda world, car: _of(_api(world, "head", "types/vehicle/records")["rows"], car.record),
    "api: search a type": lambda world, car: _of(
        _api(world, "head", "types/vehicle/search", {"q": car.vin})["rows"], car.record),
    "api: search": lambda world, car: _of(_api(world, "head", "search", {"q": car.vin})["rows"], car.record),
    "api: record": lambda world, car: json.dumps(_api(world, "head", f"records/{car.record}"), ensure_ascii=False),
    "api: history": lambda world, car: json.dumps(
        _api(world, "head", f"records/{car.record}/history"), ensure_ascii=False),
    "api: reveal": lambda world, car: json.dumps(
        _api(world, "head", f"records/{car.record}/revisions/1/reveal/vehicle_type", {}), ensure_ascii=False),
    "api: review": lambda world, car: _of(_api(world, "first", f"reviews/{car.batch}/rows")["rows"], car.waiting),
    "export: csv": _exported("csv"),
    "export: xlsx": _exported("xlsx"),
    "command: show": _said("record", "show"),
    "command: show --json": lambda world, car: _said("record", "show", "--json")(world, car),
    "command: history --json": lambda world, car: _said("record", "history", "--json")(world, car),
}  # fmt: skip


@pytest.mark.clause("6.1.2", "1.3.2")
def test_every_door_says_what_a_code_meant_when_it_was_approved(renamed: Two) -> None:
    """The older record goes on saying what four people signed; the newer one says what the newer table says."""
    said = {name: (read(renamed.world, renamed.old), read(renamed.world, renamed.new)) for name, read in DOORS.items()}
    wrong = {
        name for name, (old, new) in said.items() if BEFORE not in old or NOW in old or NOW not in new or BEFORE in new
    }
    assert not wrong


def test_the_walk_notices_a_door_that_reads_by_todays_tables(renamed: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: where nobody asks for the release, each door is named."""
    monkeypatch.setattr(meanings, "recorded", lambda under: None)
    said = {name: read(renamed.world, renamed.old) for name, read in DOORS.items()}
    assert {name for name, old in said.items() if BEFORE not in old} == set(DOORS)


@pytest.mark.clause("6.1.2")
def test_the_page_says_where_a_code_means_something_else_today(renamed: Two) -> None:
    """By which release it is read, and what it means now; nothing where it still means the same."""
    old, new = (_page(renamed.world, "head", f"/record/{one.record}/") for one in (renamed.old, renamed.new))
    [note] = re.findall(r'<span class="sy-from">(按第 1 号目录发布（.*?）的代码表；现行含义：.*?)</span>', old)
    assert note.endswith(f"现行含义：{NOW}")
    assert "现行含义：" not in new


def test_an_amendment_shows_a_code_whose_meaning_changed(renamed: Two) -> None:
    """Nobody wrote another code, yet the record would say something else: reviewer, page and programs see it as a change."""
    world, car = renamed.world, renamed.old
    found = checked("vehicle", [vehicle(car.vin, colour="黑")])
    with world.collector.acting() as who:
        batch = actions.open_batch(who, found.type, found.release, "form", "更正", label="更正")
        actions.submit(who, batch, found)
        receipt = actions.close_batch(who, batch)
    for text in (_page(world, "first", f"/review/{batch}/"), _page(world, "head", f"/record/{car.record}/compare/")):
        assert re.search(rf"<del>{BEFORE}</del>.*<ins>{NOW}</ins>", text, re.DOTALL)
    [changed] = [
        one for one in _api(world, "head", f"records/{car.record}/compare?before=1&after=2")["changes"]
        if one["field"] == "vehicle_type"
    ]  # fmt: skip
    assert (changed["before"], changed["after"]) == ("K33", "K33")
    assert (changed["before_means"]["K33"]["zh"], changed["after_means"]["K33"]["zh"]) == (BEFORE, NOW)
    _approved(world, batch, receipt.digest)
    assert NOW in DOORS["command: show"](world, car)


def test_a_release_that_was_not_kept_is_said_once(
    fresh_world: World, superuser: Callable[[], psycopg.Connection[Any]]
) -> None:
    """Records of before releases were kept are read by today's tables, and the page says so."""
    car = entered(fresh_world, "old")
    attacker = superuser()
    attacker.execute("SET session_replication_role = replica")
    attacker.execute("UPDATE records_batch SET release = decode(repeat('ab', 32), 'hex')")
    page = _page(fresh_world, "head", f"/record/{car.record}/")
    assert page.count("审核时所依据的代码表未留存，代码按现行含义显示。") == 1
    assert BEFORE in page


def test_a_kept_release_is_only_believed_with_its_digest(
    renamed: Two, superuser: Callable[[], psycopg.Connection[Any]]
) -> None:
    """Whoever changes what was kept of a release changes no meaning: its content must be what its digest says."""
    meanings._kept.clear()
    attacker = superuser()
    attacker.execute("SET session_replication_role = replica")
    attacker.execute("UPDATE records_release SET content = (SELECT content FROM records_release WHERE number = 2)")
    page = _page(renamed.world, "head", f"/record/{renamed.old.record}/")
    assert "审核时所依据的代码表未留存" in page


def test_a_page_asks_for_a_release_once(renamed: Two) -> None:
    """However many rows and codes a list has; the second time not at all. A release that is missing is no exception."""
    meanings._kept.clear()
    rtype = catalog.current().types["vehicle"]
    for release in (None, b"\1" * 32):
        asked = []
        for _ in range(2):
            with renamed.world.head.acting() as who, CaptureQueriesContext(connection) as seen:
                rows = listing.find(who, [rtype], Wanted(), type=rtype.id).rows
                for row in rows * 20:
                    under = row.under if release is None else row.under._replace(release=release)
                    meanings.words(rtype.fields["vehicle_type"], "K33", under)
            asked.append(sum("FROM records_release" in one["sql"] for one in seen.captured_queries))
        assert asked == [1, 0]


def test_codes_are_put_into_words_in_one_place() -> None:
    """Whatever else looks into a table is placed here with its reason: it is about what is entered or asked for now."""
    source = Path(suyuan.__file__).parent
    looking = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*.py") if path.relative_to(source).parts[0] != "catalog"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if _looks(node)
    }  # fmt: skip
    assert looking == {
        "records/meanings.py",  # the place
        "records/listing.py",  # codes to narrow a list by
        "records/releases.py",  # writes a release
        "collection/entry.py",  # what is being entered
        "collection/form_views.py",  # its pickers
        "collection/plan.py",  # names in a file that arrives
        "collection/propose.py",  # the same
    }


def _looks(node: ast.AST) -> bool:
    """Whether something reads a code table of a catalog: `….table(field)`, `….codes[…]`, `….codes.values()`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "table":
        return not (isinstance(node.func.value, ast.Name) and node.func.value.id == "pa")
    value = node.value if isinstance(node, ast.Subscript | ast.Attribute) else None
    return isinstance(value, ast.Attribute) and value.attr == "codes"


def test_a_template_cannot_forget_the_release() -> None:
    """The tag that writes a value does not compile without it: `under=None` says on purpose that it is today's."""
    for text in ("{% show field value %}", "{% show field value masked=True %}"):
        with pytest.raises(TemplateSyntaxError, match="under"):
            engines["django"].from_string("{% load suyuan %}" + text)


def test_the_search_for_lookers_finds_one() -> None:
    """Negative control: ways to look into a table."""
    for text in ("catalog.current().table(field).find(code)", "known.codes['x']", "known.codes.name('x', '1')"):
        assert any(_looks(node) for node in ast.walk(ast.parse(text)))
    assert not any(_looks(node) for node in ast.walk(ast.parse("pa.table({})")))
