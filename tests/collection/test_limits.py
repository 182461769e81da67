"""What a mapping may cost: its text is counted before it is built, its expressions run in a process with limits."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from suyuan import catalog
from suyuan.access.models import Account
from suyuan.collection import expressions, mapper_child, mapping, strict, tasks
from suyuan.collection.errors import ImportRefused, MappingFault
from suyuan.collection.imports import run
from suyuan.collection.mapper import Mapper, Unfit
from suyuan.collection.plan import Plan
from suyuan.collection.readers import limits
from suyuan.collection.rehearsal import Rehearsal
from world import Somebody

MB = 1 << 20
HEAD = (
    "mapping: t\nlabel: {zh: 试, en: t}\nlegal_basis: 依法调取\nsource: {format: csv, delimiter: ','}\n"
    'records:\n  - type: violation\n    fields:\n      notice_no: no\n      fine_amount: {sql: "%s"}\n'
)
GROWING = f"left(replace(x, 'a', '{'a' * 1500}'), 5)"
"""Allowed by its looks; over a cell of 900,000 signs it comes to 1.4 GB."""
HUGE = f"no,x\nA1,{'a' * 900_000}\n"


def five_times(inner: str = "x") -> str:
    """The expression of 290 characters that came to 100 million times its cell."""
    for _ in range(5):
        inner = f"replace({inner},'a','{'a' * 40}')"
    return f"left({inner},5)"


def aliases(levels: int) -> str:
    """Some hundred characters that stand for ten to the power of `levels` items."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(lines) + "\n"


@contextmanager
def peak() -> Iterator[list[int]]:
    """How much this process's memory grew at its highest, in bytes; the list has it afterwards."""
    Path("/proc/self/clear_refs").write_text("5")
    before, grown = _status("VmRSS"), [0]
    yield grown
    grown[0] = _status("VmHWM") - before


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(name))


def job(text: str) -> dict[str, Any]:
    """One expression over a column `x`, past every look at it."""
    base = 'CREATE OR REPLACE TEMP TABLE base AS SELECT *, NULL::INT AS _skip, false AS _bad FROM (SELECT c0 AS "x", _row, _problem FROM chunk)'
    part = f"SELECT _row, CAST({text} AS VARCHAR) AS y FROM base ORDER BY _row"
    return {
        "used": ["x"],
        "nulls": [],
        "literals": [],
        "bad": [],
        "base": base,
        "parts": [{"plain": part, "safe": part}],
    }


def rows(*cells: str) -> pa.Table:
    """Rows as a mapper takes them."""
    return pa.table(
        {"c0": pa.array(cells, pa.string()), "_row": pa.array(range(2, len(cells) + 2), pa.int64()),
         "_problem": pa.nulls(len(cells), pa.string())}
    )  # fmt: skip


@pytest.mark.parametrize(
    "expression",
    [five_times(), five_times("concat(x, x)"), "concat(" + "replace(replace(x, 'a', repeated), 'b', repeated)" + ")",
     "regexp_replace(regexp_replace(regexp_replace(x, '.', '\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0', 'g'), '.', "
     "'\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0', 'g'), '.', '\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0', 'g')"],
)  # fmt: skip
@pytest.mark.control("C39")
def test_growth_by_nesting_is_refused_where_it_is_written(expression: str) -> None:
    """Nested replacing that multiplies a text is refused before any row is there, and the words say why."""
    with pytest.raises(expressions.Unsafe, match="multiplies") as caught:
        expressions.columns_of(expression)
    assert "成倍增长" in caught.value.zh


@pytest.mark.parametrize(
    "expression",
    [
        "replace(replace(x, '-', ''), '/', '')",
        "concat_ws(',', a, b, c)",
        "regexp_replace(x, '(..)', '\\1-', 'g')",
        GROWING,
    ],
)
def test_honest_expressions_stay_allowed(expression: str) -> None:
    """Taking signs out and joining columns multiplies nothing."""
    assert expressions.columns_of(expression)


@pytest.mark.parametrize("text", ["1 --", "1 -- x\n", "1 /* x */", "1 AS y", "ALL 1", "1 USING SAMPLE 10%", "1) + (2",
                                  "1) AS y --", "1) USING SAMPLE (1"])  # fmt: skip
def test_what_is_no_expression_of_its_own_is_refused(text: str) -> None:
    """Comments, names, samples and halves of brackets are said to be wrong where they are written."""
    with pytest.raises(MappingFault) as caught:
        mapping.parse(HEAD % text.replace("\n", "\\n"), "m.yaml")
    assert caught.value.where == "m.yaml:9"


@pytest.mark.control("C39")
@pytest.mark.parametrize("text", [GROWING, GROWING.removeprefix("left(").removesuffix(", 5)"), five_times()])
def test_one_row_cannot_take_this_process_s_memory(text: str) -> None:
    """The process that maps ends at its limit; this one grows by next to nothing and says what happened."""
    with peak() as grown, Mapper(job(text)) as mapper, pytest.raises(ImportRefused) as caught:
        mapper.run(rows("a" * 900_000))
    assert caught.value.code == "collection.mapping_cost"
    assert caught.value.mend_zh
    assert grown[0] < 64 * MB


def test_the_measure_notices_an_expression_that_runs_in_the_process() -> None:
    """Negative control: the same work without the limits takes hundreds of megabytes, and is measured so."""
    told, tell = os.pipe()
    if not (child := os.fork()):
        with peak() as grown:
            mapper_child.Runner(job(GROWING)).run(rows("a" * 200_000))
        os.write(tell, str(grown[0]).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert int(os.read(told, 100)) > 200 * MB


def test_a_constant_is_not_worked_out_in_this_process_either() -> None:
    """An engine works constants out before any row: that happens in the other process, when a mapping is saved."""
    with peak() as grown, suppress(ImportRefused, Unfit):
        Mapper(job(five_times(repr("a" * 100)))).close()
    assert grown[0] < 64 * MB


@pytest.mark.parametrize("levels", [5, 7, 9])
@pytest.mark.control("C39")
def test_aliases_are_counted_as_what_they_stand_for(levels: int) -> None:
    """A few hundred characters that stand for ten million items are refused as they are read, with line and mend."""
    with peak() as grown, pytest.raises(MappingFault, match="别名") as caught:
        strict.read(aliases(levels), "m.yaml")
    assert caught.value.where.startswith("m.yaml:")
    assert caught.value.mend_zh
    assert grown[0] < 16 * MB


def test_the_count_is_what_would_be_built(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names, values and lists, as often as they are repeated; without the count they would all be built (the control)."""
    monkeypatch.setattr(limits, "MAPPING_NODES", 1_000)
    strict.read(aliases(2), "m.yaml")
    with pytest.raises(MappingFault):
        strict.read(aliases(3), "m.yaml")
    monkeypatch.setattr(strict, "_count", lambda text, file: None)
    assert _size(strict.read(aliases(3), "m.yaml")) > 1_000


def _size(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(_size, inner))


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, "a: " + "[" * 40 + "]" * 40, "a: &a [*a]", "a: x\n" * 100_000, "a: [" + "x, " * 11_000 + "x]",
     HEAD % "x" + "      place: {column: x, date: [" + "'%Y', " * 30 + "'%m']}\n"],
)  # fmt: skip
def test_text_out_of_bounds_is_refused_with_words(text: str) -> None:
    """Too long, too deep, too many, going round: each refusal names the place and the mend."""
    with pytest.raises(MappingFault) as caught:
        mapping.parse(text, "m.yaml")
    assert caught.value.where.startswith("m.yaml:")
    assert caught.value.zh


def test_a_mapping_that_comes_to_too_much_sql_is_refused() -> None:
    """Steps that repeat a field's text are counted in what they come to."""
    wide = f"{{sql: \"concat({', '.join('x' * 700)})\", scale: '2', date: [{', '.join([repr('%Y')] * 20)}], lookup: sexes, otherwise: x}}"
    text = HEAD % "x" + "".join(f"      {name}: {wide}\n" for name in ("place", "notes", "vehicle_label", "act_text"))
    fields = catalog.load().types["violation"].fields
    chosen = mapping.parse("\n".join(line for line in text.splitlines() if _known(line, set(fields))), "m.yaml")
    with pytest.raises(MappingFault, match="映射过大"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "STATEMENTS", 100_000)
        Plan(chosen, catalog.load(), ["no", "x"])


def _known(line: str, fields: set[str]) -> bool:
    return not line.startswith("      ") or line.split(":")[0].strip() in fields


@pytest.fixture
def browser(collector: Somebody) -> Client:
    """A signed-in collector's session."""
    client = Client()
    client.force_login(Account.objects.get(username=collector.username))
    client.post("/ground/", {"ground": collector.ground})
    return client


def _prepared(browser: Client, data: str) -> str:
    answer = browser.post("/collect/import/", {"file": SimpleUploadedFile("v.csv", data.encode())})
    return str(answer["Location"])


def test_a_costly_mapping_is_told_on_the_page(browser: Client) -> None:
    """Saved as text over one row, it is refused in words on the page, and this process has not grown."""
    address = _prepared(browser, HUGE)
    with peak() as grown:
        browser.post(f"{address}mapping/", {"how": "text", "text": HEAD % GROWING, "basis": "依法调取"})
        text = browser.get(address).content.decode()
    assert "耗时或占用内存过多" in text
    assert grown[0] < 128 * MB
    browser.post(f"{address}mapping/", {"how": "text", "text": aliases(7), "basis": "依法调取"})
    assert "别名每次引用都计入" in browser.get(address).content.decode()
    browser.post(f"{address}mapping/", {"how": "text", "text": HEAD % five_times(), "basis": "依法调取"})
    assert "成倍增长" in browser.get(address).content.decode()


def test_no_expression_runs_in_this_process(
    browser: Client, collector: Somebody, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Preview, save, dry run and import work though this process has no engine for expressions at all."""

    def never(*unused: object) -> None:
        raise AssertionError("an expression ran in this process")

    monkeypatch.setattr(mapper_child, "sandbox", never)
    monkeypatch.setattr(mapper_child, "Runner", never)
    address = _prepared(browser, "no,x\nA1,100\n")
    text = (HEAD % "x || '0'").replace("      fine", "      occurred_on: {value: '2024-03-05'}\n      fine")
    browser.post(f"{address}mapping/", {"how": "text", "text": text, "basis": "依法调取"})
    assert "1000" in browser.get(address).content.decode()
    browser.post(f"{address}start/")
    import_id = UUID(address.split("/")[-2])
    tasks.take_in(import_id, collector.person, collector.ground)
    assert "已完成" in browser.get(address).content.decode()
    path = tmp_path / "v.csv"
    path.write_text("no,x\nA1,100\n")
    with path.open("rb") as file:
        assert run(file, mapping.parse(text, "m.yaml"), catalog.load(), Rehearsal()).tally.rows == 1


def test_the_page_reads_a_stored_mapping_once(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking at a prepared import again and again parses its text one time."""
    address = _prepared(browser, "no,x\nA1,100\n")
    browser.post(f"{address}mapping/", {"how": "text", "text": HEAD % "x || '1'", "basis": "依法调取"})
    read: list[str] = []
    monkeypatch.setattr(mapping, "read", lambda text, file: read.append(text) or strict.read(text, file))
    mapping.parse.cache_clear()
    for _ in range(3):
        assert browser.get(address).status_code == 200
    assert len(read) == 1
