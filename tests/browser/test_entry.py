"""The entry form as its writer meets it: codes picked by pinyin, marks that come and go with the check."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from browser.people import sign_in
from world import World

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]


@pytest.fixture
def form(visit: Visit, world: World) -> Page:
    """The form of a violation, fresh, before its collector."""
    page = visit()
    sign_in(page, world.collector)
    page.goto("/collect/new/violation/")
    return page


def test_a_mark_goes_when_the_value_is_mended(form: Page) -> None:
    """A date that has not come is marked; the right one clears the mark without sending the form."""
    form.fill("#f-occurred_on", "2999-01-01")
    form.press("#f-occurred_on", "Tab")
    expect(form.locator("#n-occurred_on")).to_contain_text("发生日期晚于当前日期")
    expect(form.locator("#f-occurred_on.is-invalid")).to_have_count(1)
    form.fill("#f-occurred_on", "2024-03-05")
    form.press("#f-occurred_on", "Tab")
    expect(form.locator("#f-occurred_on.is-invalid")).to_have_count(0)


def test_a_code_is_picked_by_pinyin_and_kept(form: Page) -> None:
    """Initials offer the code; the record shows its name."""
    form.fill("#f-occurred_on", "2024-03-05")
    form.fill("#f-description", "闯红灯")
    form.locator("#f-plate_kind").press_sequentially("xxqc")
    form.locator("#c-plate_kind button", has_text="小型汽车").first.click()
    expect(form.locator("#f-plate_kind")).to_have_value("02 小型汽车")
    form.get_by_role("button", name="提交初审").click()
    expect(form.locator("#content")).to_contain_text("小型汽车")


def test_words_that_mean_no_code_are_not_lost_in_silence(form: Page) -> None:
    """What was typed but not picked is told at the field; a full name counts as picked."""
    form.fill("#f-occurred_on", "2024-03-06")
    form.fill("#f-description", "闯红灯")
    form.fill("#f-plate_kind", "没有这一种")
    with form.expect_navigation():
        form.get_by_role("button", name="提交初审").click()
    expect(form.locator("#f-plate_kind")).to_have_value("没有这一种")
    expect(form.locator("#n-plate_kind")).to_contain_text("没有这个代码")
    form.fill("#f-plate_kind", "小型汽车")
    form.get_by_role("button", name="提交初审").click()
    expect(form.locator("h1")).to_contain_text("2024年3月6日")
    expect(form.locator("#content")).to_contain_text("小型汽车")
