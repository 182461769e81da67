"""Lists, search and the page of one record, as a person meets them."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from browser.delivery import deliver, example
from browser.people import choose, seek, sign_in
from world import World

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]


def test_a_list_leads_to_the_record_and_its_origin(visit: Visit, world: World) -> None:
    """From the list by its link to the record page, which says where its values came from."""
    deliver(world.collector, "violation", example("violation", notice_no="330100000001", plate="浙A12345"))
    page = visit()
    sign_in(page, world.collector)
    page.goto("/records/violation/")
    row = page.locator("tbody tr").first
    expect(row).to_contain_text("待初审")
    expect(row).not_to_contain_text("浙A12345")
    row.locator("a").first.click()
    expect(page.locator("main")).not_to_contain_text("浙A12345")
    page.get_by_role("button", name="显示标识信息").click()
    expect(page.locator("h1")).to_contain_text("浙A12345")
    expect(page.locator("main")).to_contain_text("三月违法.csv")
    expect(page.locator("main")).to_contain_text("王采")


def test_a_record_about_people_wants_a_ground_first(visit: Visit, world: World) -> None:
    """Under the ground of the duty alone the page offers the officer's own case; chosen, it leads on to the record."""
    found = deliver(world.collector, "violation", example("violation", notice_no="330100000008"))
    page = visit()
    sign_in(page, world.colleague)
    choose(page, world.colleague.duty_ground)
    response = page.goto(f"/record/{found.records[0]}/")
    assert response is not None
    assert response.status == 403
    expect(page.locator("h1").first).to_have_text("请先选定办理事由")
    page.locator("#content").get_by_role("button", name="A3301020000002026010001").click()
    expect(page.locator("#content")).to_contain_text("330100000008")
    expect(page.locator(".sy-ground")).to_contain_text("A3301020000002026010001")


def test_a_full_plate_finds_its_record_and_a_part_of_a_name_too(visit: Visit, world: World) -> None:
    """What is typed is read as a number where it is one, else as words."""
    row = example("violation", notice_no="330100000002", plate="浙B54321", driver_name="欧阳示例")
    deliver(world.collector, "violation", row)
    page = visit()
    sign_in(page, world.collector)
    for words in ("浙B54321", "浙b·54321", "330100000002", "欧阳示"):
        seek(page, "/search/", words)
        expect(page.locator("tbody tr")).to_have_count(1)
        assert words not in page.evaluate("decodeURIComponent(location.href)")
    seek(page, "/search/", "浙B54322")
    expect(page.locator("main")).to_contain_text("没有符合条件的记录")


def test_a_filter_by_code_or_name_narrows_the_list(visit: Visit, world: World) -> None:
    """A code that no record has leaves none; the record's own leaves it; an unknown word is said to be unknown."""
    deliver(world.collector, "violation", example("violation", notice_no="330100000003", place="330102"))
    page = visit()
    sign_in(page, world.collector)
    for place, rows in (("330102", 1), ("110101", 0)):
        seek(page, "/records/violation/", "330100000003", place=place)
        expect(page.locator("tbody tr")).to_have_count(rows)
    seek(page, "/records/violation/", "", place="没有这个地方")
    expect(page.locator("main")).to_contain_text("代码表中没有")


def test_hidden_and_missing_look_alike(visit: Visit, world: World) -> None:
    """A colleague opens the record; an outsider gets for it the very page of a record that never was."""
    found = deliver(world.collector, "violation", example("violation", notice_no="330100000004"))
    inside, outside = visit(), visit()
    sign_in(inside, world.colleague)
    inside.goto(f"/record/{found.records[0]}/")
    expect(inside.locator("#content")).to_contain_text("330100000004")
    sign_in(outside, world.outsider)
    answers = []
    for record in (found.records[0], uuid4()):
        response = outside.goto(f"/record/{record}/")
        assert response is not None
        answers.append((response.status, outside.locator("main").inner_text()))
    assert answers[0] == answers[1]
    assert answers[0][0] == 404


def test_an_administrator_is_sent_away_from_records(visit: Visit, world: World) -> None:
    """The analyst reads the list; the auditor finds nothing in it."""
    deliver(world.collector, "violation", example("violation", notice_no="330100000005"))
    for who, seen in ((world.analyst, True), (world.auditor, False)):
        page = visit()
        sign_in(page, who)
        page.goto("/records/violation/")
        assert (page.locator("tbody tr").count() > 0) is seen


def test_the_page_says_who_has_looked(visit: Visit, world: World) -> None:
    """A colleague's look stands in the record's own page."""
    found = deliver(world.collector, "violation", example("violation", notice_no="330100000006"))
    page = visit()
    sign_in(page, world.colleague)
    page.goto(f"/record/{found.records[0]}/")
    page.reload()
    expect(page.locator("#content")).to_contain_text("周同")


def test_reading_as_of_a_time_says_so(visit: Visit, world: World) -> None:
    """Nothing was in force yesterday; the page of a waiting record says what is read."""
    found = deliver(world.collector, "violation", example("violation", notice_no="330100000007"))
    page = visit()
    sign_in(page, world.collector)
    response = page.goto(f"/record/{found.records[0]}/?known_at=2020-01-01T00:00")
    assert response is not None
    assert response.status == 404
