"""What commands print for people is in words: headings and values; `--json` is for programs."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from click.testing import CliRunner

from suyuan.access import tables
from suyuan.access.common_cli import aligned
from suyuan.access.ways_in import Way
from suyuan.cli.root import root
from world import CITY, STATION, World, grant

pytestmark = pytest.mark.usefixtures("database")
ROOM = Path(inspect.getfile(tables)).parent
CODED = {"kind", "state", "stretch", "what"}
VALUES = {
    "int": 1,
    "str": "text",
    "bool": True,
    "datetime": datetime(2026, 3, 5, 6, 30, tzinfo=UTC),
    "date": date(2026, 3, 5),
}


def shown() -> set[type[Any]]:
    """The kinds of row that commands of this room show, by what the functions they call give."""
    found = set()
    for path in ROOM.glob("*cli.py"):
        for function in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(function, ast.FunctionDef) and function.name != "show":
                found |= {_row_of(function, call) for call in _shows(function)}
    return found


def _shows(function: ast.FunctionDef) -> Iterator[ast.Attribute]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "show":
            rows = node.args[0].elts[0] if isinstance(node.args[0], ast.List) else node.args[0]
            assert isinstance(rows, ast.Call), ast.unparse(node)
            assert isinstance(rows.func, ast.Attribute), ast.unparse(node)
            yield rows.func


def _row_of(function: ast.FunctionDef, call: ast.Attribute) -> type[Any]:
    assert isinstance(call.value, ast.Name)
    names = {one.asname or one.name: one.name for node in ast.walk(function) if isinstance(node, ast.ImportFrom)
             for one in node.names}  # fmt: skip
    module = importlib.import_module(f"suyuan.access.{names[call.value.id]}")
    given = get_type_hints(getattr(module, call.attr))["return"]
    found: type[Any] = (get_args(given) or (given,))[0]
    return found


def example(kind: type[Any]) -> Any:
    """A row of a kind with something in each column."""
    hints = {name: str(hint) for name, hint in get_type_hints(kind).items()}
    values = {name: next((value for word, value in VALUES.items() if re.search(rf"\b{word}\b", hint)), ())
              for name, hint in hints.items()}  # fmt: skip
    for name in values:
        if known := tables.WORDS.get(f"{kind.__name__}.{name}"):
            values[name] = (next(iter(known)),) if "tuple" in hints[name] else next(iter(known))
        elif "tuple" in hints[name]:
            values[name] = ("read",)
    return kind(**values)


def test_every_column_has_a_name_and_every_code_its_word(world: World) -> None:
    """Of every kind of row that a command shows; coded columns are known by their names."""
    kinds = shown()
    assert len(kinds) >= 9
    for kind in kinds:
        row = example(kind)
        for name in row._fields:
            assert tables.heading(row, name), (kind, name)
            coded = name in CODED or (name == "duty" and "int" not in str(get_type_hints(kind)[name]))
            assert not coded or f"{kind.__name__}.{name}" in tables.WORDS, (kind, name)
            assert "_" not in tables.cell(row, name), (kind, name)


def test_a_column_without_a_name_is_found() -> None:
    """Negative control: one more column is an error, not its raw name."""
    from typing import NamedTuple

    class Odd(NamedTuple):
        ground: int
        raw_column: str

    with pytest.raises(KeyError):
        tables.in_words([Odd(1, "x")])


def test_what_was_asked_about_accounts_is_told_in_words(world: World) -> None:
    """Who, what, why and how far: nothing of it as the table stores it."""
    from suyuan.access import actions, queries, ways_in

    with world.system.acting() as who:
        person = actions.add_person(who, "W0901", "新警", STATION)
        ways_in.ask(who, "account", person, "xinjing", "令〔2026〕9号")
    queries._names.clear()  # a command begins without the names that a page keeps for a minute
    done = CliRunner().invoke(root, ["user", "asked", "--as", world.system.username], env={"SUYUAN_LANG": "zh"})
    assert done.exit_code == 0, done.output
    for words in ("类别：建立账号", "人员：新警 W0901（", "依据或事项：令〔2026〕9号", "提请人：卫系", "状态：待确认"):
        assert words in done.output
    for raw in (*Way._fields, "account", "None", "datetime"):
        assert raw not in re.sub("xinjing", "", done.output)


def test_duties_are_a_table_in_line(world: World) -> None:
    """Columns stand below their headings, a Chinese sign as wide as two others."""
    grant(world, world.colleague.person, "analyst", CITY)
    done = CliRunner().invoke(root, ["duty", "list", str(world.colleague.person)], env={"SUYUAN_LANG": "zh"})
    assert done.exit_code == 0, done.output
    assert "采集人" in done.output
    assert aligned([["编号", "岗位"], ["1", "采集人"], ["12", "x"]]) == ["编号  岗位", "1     采集人", "12    x"]
