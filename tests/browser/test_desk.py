"""The first page after signing in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from browser.delivery import deliver, example
from browser.people import sign_in
from world import World

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]


def test_a_collector_signs_in_and_sees_what_waits_and_what_to_do(visit: Visit, world: World) -> None:
    """The desk greets them by name and offers entering and importing."""
    page = visit()
    sign_in(page, world.collector)
    expect(page.locator("h1")).to_have_text("工作台")
    expect(page.locator(".sy-sub")).to_contain_text("王采")
    expect(page.get_by_role("link", name="导入文件").first).to_be_visible()


def test_an_auditor_sees_no_way_to_records(visit: Visit, world: World) -> None:
    """Administration and records are kept apart in the navigation too."""
    page = visit()
    sign_in(page, world.auditor)
    expect(page.locator("#side")).not_to_contain_text("数据目录")
    expect(page.locator("[data-top-search]")).to_have_count(0)


def test_the_language_switch_turns_the_page_english_and_back(visit: Visit, world: World) -> None:
    """Chinese first, English by a switch that stays."""
    page = visit()
    sign_in(page, world.collector)
    page.get_by_role("button", name="English").click()
    expect(page.locator("h1")).to_have_text("Desk")
    page.reload()
    expect(page.locator("h1")).to_have_text("Desk")
    page.get_by_role("button", name="中文").click()
    expect(page.locator("h1")).to_have_text("工作台")


def test_a_phone_opens_the_navigation_from_a_button(visit: Visit, world: World) -> None:
    """At 390 pixels the navigation is folded away, nothing runs off the side, and the button brings it."""
    page = visit(width=390)
    sign_in(page, world.collector)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(page.locator("#side")).not_to_be_visible()
    page.get_by_role("button", name="打开导航").click()
    expect(page.locator("#side")).to_be_visible()


def test_a_wrong_password_says_so_and_signs_nobody_in(visit: Visit, world: World) -> None:
    """The right password signs in; one letter more does not."""
    page = visit()
    page.goto("/sign-in/")
    page.fill("#id_username", world.collector.username)
    page.fill("#id_password", world.collector.password + "x")
    page.click("form button.btn-primary")
    expect(page.get_by_role("alert").first).to_contain_text("不正确")


def test_a_long_number_in_a_title_does_not_push_a_phone_sideways(visit: Visit, world: World) -> None:
    """A case number of 64 characters without a space heads a row of a batch at 390 pixels."""
    sent = deliver(world.collector, "case", example("case", case_no="A" + "0123456789" * 6 + "123"))
    page = visit(width=390)
    sign_in(page, world.first)
    page.goto(f"/review/{sent.batch}/")
    expect(page.locator("#rows")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
