"""The replay of charge titles reads the lists as they are printed, oddities included."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

import charges


def test_several_titles_on_a_line_and_one_without_a_number_are_all_read() -> None:
    """The list of 1997 runs on, drops a number, and has brackets inside titles."""
    text = "<!-- INFO END -->\n放火罪（第114条、第115条第1款） 14．决水罪（第114条） 262．偷越国（边）境罪（第322条）"
    assert [name for name, _ in charges.first_list(text)] == ["放火罪", "决水罪", "偷越国（边）境罪"]


@pytest.mark.parametrize(
    ("cell", "names", "ended"),
    [
        ("投放危险物质罪（取消投毒罪罪名）", ["投放危险物质罪"], ["投毒罪"]),
        ("取消嫖宿幼女罪罪名", [], ["嫖宿幼女罪"]),
        ("滥用职权罪、玩忽职守罪", ["滥用职权罪", "玩忽职守罪"], []),
        ("为境外窃取、刺探、收买、非法提供 商业秘密罪", ["为境外窃取、刺探、收买、非法提供商业秘密罪"], []),
        ("甲罪 （取消乙罪和丙罪罪名）", ["甲罪"], ["乙罪", "丙罪"]),
        (
            "掩饰、隐瞒犯罪所得、犯罪所得收益罪（取消窝藏赃物罪罪名）",
            ["掩饰、隐瞒犯罪所得、犯罪所得收益罪"],
            ["窝藏赃物罪"],
        ),
    ],
)
def test_a_cell_of_a_supplement_gives_and_cancels(cell: str, names: list[str], ended: list[str]) -> None:
    """What stands in brackets is cancelled, what stands before them is given."""
    assert (charges.added(cell), charges.cancelled(cell)) == (names, ended)


def test_a_code_is_the_article_and_a_number_that_never_moves() -> None:
    """A title that is added under an article gets the next number of that article."""
    register = charges.Register()
    register.add("甲罪", "第一百三十三条之一", dt.date(2011, 5, 1))
    register.add("乙罪", "第133条之一", dt.date(2021, 3, 1))
    assert [one.code for one in register.titles] == ["133-1-01", "133-1-02"]


def test_cancelling_a_title_that_is_not_in_use_stops_the_replay() -> None:
    """A misread name is a fault to look at, not a title to forget."""
    with pytest.raises(SystemExit, match="not in use"):
        charges.Register().cancel("不存在罪", dt.date(2015, 11, 1))
