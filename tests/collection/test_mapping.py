"""Mappings are read strictly, their expressions cannot reach anything, and lists in cells are unfolded safely."""

from __future__ import annotations

import ast
import json
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suyuan.collection import expressions, mapping
from suyuan.collection.errors import MappingFault
from suyuan.collection.mapper_child import sandbox
from suyuan.collection.nested import python_to_json

GOOD = """\
mapping: test
label: {zh: 测试, en: Test}
legal_basis: 测试
source: {format: csv}
records:
  - type: violation
    fields:
      notice_no: number
"""


def test_codes_stay_text() -> None:
    """`01`, `no` and `2020-01-01` are not turned into numbers, booleans or dates."""
    text = GOOD.replace("notice_no: number", "notice_no: {column: n, codes: {01: no, yes: 2020-01-01, x: null}}")
    [record] = mapping.parse(text, "m.yaml").records
    assert record.fields["notice_no"].codes == (("01", "no"), ("yes", "2020-01-01"), ("x", None))


@pytest.mark.parametrize(
    ("wrong", "line", "word"),
    [
        (GOOD + "mapping: again\n", 9, "twice"),
        (GOOD.replace("format: csv", "format: pdf"), 4, "pdf"),
        (GOOD.replace("      notice_no", "      notice_no: {colum: x}\n      other"), 8, "colum"),
        (GOOD.replace("number\n", "{sql: 'getenv(1)'}\n"), 8, "getenv"),
        (GOOD.replace("number\n", "{sql: '(SELECT 1)'}\n"), 8, "SUBQUERY"),
        (GOOD.replace("number\n", "{column: a, date: YYYY}\n"), 8, "YYYY"),
        (GOOD.replace("number\n", "{column: a, value: b}\n"), 8, "exactly one"),
        (GOOD.replace("number\n", "{column: a, scale: x}\n"), 8, "number"),
        (GOOD + "skip: [{when: 'a = 1; DROP TABLE b', zh: x, en: x}]\n", 9, "SQL"),
        (GOOD + "  - [bad\n", 9, "YAML"),
        (GOOD + "  - bad\n", 5, "group of settings"),
        ("records: &a [*a]\n", 1, "itself"),
        ("- 1\n", 1, "name: value"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_file_and_line(wrong: str, line: int, word: str) -> None:
    """Whoever wrote the mapping is told where the mistake is and what it is."""
    with pytest.raises(MappingFault) as caught:
        mapping.parse(wrong, "m.yaml")
    assert caught.value.where.startswith("m.yaml:")
    assert int(caught.value.where.split(":")[1]) in range(line - 1, line + 2)
    assert word in caught.value.en


def test_an_unknown_mapping_names_the_shipped_ones() -> None:
    """The mend lists what there is."""
    with pytest.raises(MappingFault) as caught:
        mapping.load("nowhere.yaml")
    assert "montgomery_violations" in caught.value.mend_en


def test_every_shipped_mapping_is_readable_and_says_its_licence() -> None:
    """Shipped mappings parse and name the licence and legal basis of their source."""
    for name in mapping.shipped():
        one = mapping.load(name)
        assert one.name == name
        assert one.licence
        assert one.legal_basis


@pytest.mark.parametrize(
    "expression",
    ["getenv('HOME')", "(SELECT 1)", "1; SELECT 2", "1 FROM read_csv('/etc/passwd')", "repeat('a', 1000000000)",
     "current_setting('x')", "COLUMNS(*)", "sum(a) OVER ()", "?", "1 UNION SELECT 2", "1, 2", "EXISTS (SELECT 1)",
     "read_text('/etc/passwd')", "a -> b", "1 WHERE true", "1 LIMIT 1", "range(1000000000)", "random()", ""],
)  # fmt: skip
@pytest.mark.control("C39")
def test_only_harmless_scalar_expressions_are_allowed(expression: str) -> None:
    """No subquery, file, setting, aggregate or function that can run away."""
    with pytest.raises(expressions.Unsafe):
        expressions.columns_of(expression)


def test_an_expression_names_its_columns() -> None:
    """Quoted names with spaces and parts of items are found."""
    assert expressions.columns_of('"Crime ID" || lower(p.sex) || CAST(n AS INTEGER)') == {
        ("Crime ID",),
        ("p", "sex"),
        ("n",),
    }


def test_the_sandbox_reaches_no_file_and_keeps_its_settings() -> None:
    """Even past the check, the connection itself can reach nothing."""
    con = sandbox()
    for statement in ("SELECT * FROM read_csv('/etc/passwd')", "COPY (SELECT 1) TO '/tmp/x'", "SET enable_external_access = true",
                      "INSTALL httpfs", "ATTACH '/tmp/y.db'"):  # fmt: skip
        with pytest.raises(duckdb.Error):
            con.execute(statement)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=8) | st.text("abc/. -", max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc_", min_size=1, max_size=4), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


def _translated(values: list[str]) -> list[str | None]:
    return python_to_json(duckdb.connect(), pa.chunked_array([pa.array(values, pa.string())])).to_pylist()


@settings(max_examples=200)
@given(st.lists(PLAIN, max_size=4))
def test_python_literals_become_the_same_values_in_json(value: list[Any]) -> None:
    """Whatever a Python program wrote with repr is the same data as JSON, by the quick way or the slow one."""
    [text] = _translated([repr(value)])
    assert text is not None  # a list of anything is a literal
    assert json.loads(text) == json.loads(json.dumps(ast.literal_eval(repr(value))))


def test_literals_of_python_2_and_nan_are_understood() -> None:
    """The accident file's cells: u'' texts, floats, nan."""
    [text] = _translated(["[{u'an_nais': 1939.0, u'secu': nan, u'num_veh': u'A01'}, {u'x': u'it\\'s, nan, so'}]"])
    assert json.loads(text or "") == [{"an_nais": 1939.0, "secu": None, "num_veh": "A01"}, {"x": "it's, nan, so"}]


@pytest.mark.parametrize(
    "text", ["[__import__('os')]", "[open('/etc/passwd')]", "[x for x in (1,)]", "[1", "lambda: 0", "[" * 5000]
)
def test_programs_are_not_literals(text: str) -> None:
    """Anything but a literal is refused, and nothing is evaluated."""
    assert _translated([text]) == ["?"]
