"""The code tables hold what their sources say, with the days on which each code was in use."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import pytest

from catalog_content.rows import content
from suyuan.catalog.codes import Code, CodeTable

FIRST = dt.date(1997, 10, 1)


def table(name: str) -> CodeTable:
    """A code table of the shipped catalog."""
    return content().codes[name]


def titles(on: dt.date) -> dict[str, Code]:
    """The charge titles in use on a day, by title."""
    return {one.name: one for one in table("charges").current(on) if "-" in one.code}


def code_of(name: str) -> Code:
    """The one charge with a title."""
    [found] = [one for one in table("charges").codes if one.name == name]
    return found


@pytest.mark.clause("1.3.4", "6.1.1")
def test_every_table_names_its_standard_edition_source_and_licence() -> None:
    """A code without an origin is no standard."""
    for one in content().codes.values():
        assert one.codes, one.name
        assert one.standard and one.edition and one.source and one.licence, one.name


def test_every_parent_is_a_code_of_its_table() -> None:
    """Trees of codes have no loose branches."""
    for one in content().codes.values():
        known = {code.code for code in one.codes}
        assert {code.parent for code in one.codes if code.parent} <= known, one.name


def test_the_spans_of_a_code_do_not_overlap() -> None:
    """On any day a code has one name at most."""
    for one in content().codes.values():
        for spans in one.by_code.values():
            for earlier, later in pairwise(spans):
                assert earlier.valid_to is not None and later.valid_from is not None, earlier
                assert earlier.valid_to < later.valid_from, earlier


def test_no_code_ends_before_it_begins() -> None:
    """Dates of validity are in order."""
    for one in content().codes.values():
        for code in one.codes:
            assert not (code.valid_from and code.valid_to) or code.valid_from <= code.valid_to, (one.name, code)


@pytest.mark.parametrize(
    ("on", "count"),
    [
        (dt.date(2002, 4, 1), 418),
        (dt.date(2011, 6, 1), 451),
        (dt.date(2015, 11, 1), 468),
        (dt.date(2021, 3, 1), 483),
        (dt.date(2024, 3, 1), 483),
    ],
)
def test_the_replayed_charges_count_as_many_as_the_law_had(on: dt.date, count: int) -> None:
    """The counts after each large supplement; 468 in 2015 and 483 in 2021 are the official ones."""
    assert len(titles(on)) == count


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("投毒罪", FIRST, dt.date(2002, 3, 25)),
        ("投放危险物质罪", dt.date(2002, 3, 26), None),
        ("走私废物罪", dt.date(2003, 8, 21), None),
        ("开设赌场罪", dt.date(2007, 11, 6), None),
        ("偷税罪", FIRST, dt.date(2009, 10, 15)),
        ("危险驾驶罪", dt.date(2011, 5, 1), None),
        ("嫖宿幼女罪", FIRST, dt.date(2015, 10, 31)),
        ("侵犯公民个人信息罪", dt.date(2015, 11, 1), None),
        ("高空抛物罪", dt.date(2021, 3, 1), None),
        ("盗窃、抢夺枪支、弹药、爆炸物罪", FIRST, dt.date(2002, 3, 25)),
        ("徇私舞弊低价折股、出售国有资产罪", FIRST, dt.date(2024, 2, 29)),
        ("徇私舞弊低价折股、出售公司、企业资产罪", dt.date(2024, 3, 1), None),
        ("偷越国（边）境罪", FIRST, None),
        ("组织参与国（境）外赌博罪", dt.date(2021, 3, 1), None),
        ("放火罪", FIRST, None),
    ],
)
def test_a_charge_title_has_the_days_it_was_in_use(name: str, first: dt.date, last: dt.date | None) -> None:
    """Known changes of the eight supplements, and oddities of the source that were read right."""
    found = code_of(name)
    assert (found.valid_from, found.valid_to) == (first, last)


def test_a_charge_code_says_its_article() -> None:
    """第一百三十三条之一 is 133-1, and the chapter follows from the article."""
    assert code_of("危险驾驶罪").code == "133-1-01"
    assert code_of("盗窃罪").code == "264-0-01"
    assert code_of("盗窃罪").parent == "C05"
    assert "133-1" in code_of("危险驾驶罪").name_en


def test_charge_titles_are_clean() -> None:
    """No bracket, number or misprint of the source is left in a title."""
    for one in table("charges").codes:
        assert one.name.endswith("罪"), one
        assert "剌" not in one.name and "取消" not in one.name, one


@pytest.mark.parametrize(
    ("code", "on", "name"),
    [
        ("110103", dt.date(2005, 1, 1), "崇文区"),
        ("330621", dt.date(2010, 1, 1), "绍兴县"),
        ("500101", dt.date(1998, 1, 1), "万县区"),
        ("500101", dt.date(2020, 1, 1), "万州区"),
        ("110101", dt.date(1985, 1, 1), "东城区"),
        ("820000", dt.date(2011, 1, 15), "澳门特别行政区"),
    ],
)
def test_an_old_division_code_still_names_its_place(code: str, on: dt.date, name: str) -> None:
    """Codes of divisions that were merged or renamed resolve as they were."""
    found = table("divisions").find(code, on)
    assert found is not None and found.name == name and found.valid(on)


def test_a_division_that_was_merged_is_not_in_use_today() -> None:
    """Chongwen was merged into Dongcheng in 2010."""
    found = table("divisions").find("110103")
    assert found is not None and not found.valid(dt.date(2024, 1, 1))
    assert len(table("divisions").current(dt.date(2024, 1, 1))) > 3_200


def test_licence_class_a2_has_both_its_names() -> None:
    """The classes renamed on 1 April 2022 keep their old name for old records."""
    classes = table("licence_classes")
    before, after = (classes.find("A2", dt.date(2022, day, 1)) for day in (3, 4))
    assert before is not None and before.name == "牵引车"
    assert after is not None and after.name == "重型牵引挂车"
    machine = classes.find("M", dt.date(2021, 1, 1))
    assert machine is not None and machine.name == "轮式自行机械车"
    assert [one.valid_from for one in classes.by_code["C6"]] == [dt.date(2022, 4, 1)]


def test_violation_acts_carry_the_points_of_the_rule() -> None:
    """Seven acts of 12 points, seven of 9, eleven of 6, fifteen of 3, ten of 1."""
    acts = [one.code for one in table("violation_acts").codes if "-" in one.code]
    counts = {points: sum(code.startswith(f"P{points:02}-") for code in acts) for points in (12, 9, 6, 3, 1)}
    assert counts == {12: 7, 9: 7, 6: 11, 3: 15, 1: 10}


@pytest.mark.parametrize(
    ("name", "count"), [("ethnicities", 58), ("sexes", 4), ("marital_states", 8), ("case_categories", 693)]
)
def test_tables_have_as_many_codes_as_their_sources(name: str, count: int) -> None:
    """Nothing was lost in the conversion; two codes of ethnicity are added that practice uses."""
    assert len(table(name).codes) == count


def test_withdrawn_case_categories_stay_readable() -> None:
    """116 codes of GA 240.1 are withdrawn and end by the date of the source."""
    ended = [one for one in table("case_categories").codes if one.valid_to]
    assert len(ended) == 116
    assert not [one for one in table("case_categories").current(dt.date(2024, 1, 1)) if one in ended]
