"""The terms of many rows at once are those of each row alone, byte for byte."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suyuan.vault import columns, terms

pytestmark = pytest.mark.usefixtures("installation")

_SIGNS = st.text("示例路号Aaßİ \u3000\u00a01", max_size=6)
_ROWS = st.lists(st.tuples(*[st.lists(st.none() | _SIGNS, max_size=3)] * 3), max_size=8)


def alone(exact: list[str], text: list[str], codes: list[str]) -> bytes:
    """The terms of one row, one by one, as the database is to hold them."""
    wanted = {*map(terms.exact, exact), *map(terms.code, codes), *(pair for one in text for pair in terms.bigrams(one))}
    return terms.pack(set(map(terms.digester(1, 1), wanted)))


@settings(deadline=None)
@given(_ROWS)
def test_terms_by_column_are_those_of_each_row(
    rows: list[tuple[list[str | None], list[str | None], list[str | None]]],
) -> None:
    """Empty texts, texts of one sign, signs that fold to two, equal terms in several rows and twice in one, nulls."""
    exact, text, codes = ([row[place] for row in rows] for place in range(3))
    filled = [[[one for one in values if one is not None] for values in row] for row in rows]
    assert columns.arrays(1, 1, exact, text, codes) == [alone(*row) for row in filled]
