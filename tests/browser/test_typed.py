"""What was typed outlives the session: the page says at once that it has ended, and goes on after signing in elsewhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.delivery import Delivered, deliver, example
from browser.people import sign_in
from suyuan.review import queries
from world import Somebody, World

pytestmark = pytest.mark.browser
Visit = Callable[..., Page]


def test_a_session_that_ended_loses_nothing_typed(visit: Visit, world: World) -> None:
    """Autosave tells, sending tells; after signing in in another window the same page is sent and becomes a record."""
    page = visit()
    sign_in(page, world.collector)
    page.goto("/collect/new/violation/")
    page.fill("#f-notice_no", "TYPED-1")
    page.fill("#f-occurred_on", "2024-03-05")
    page.fill("#f-description", "闯红灯")
    expect(page.locator("#saved")).to_contain_text("草稿已保存")
    page.wait_for_load_state("networkidle")  # an answer on its way would bring the cookie back
    page.wait_for_timeout(1_500)
    page.context.clear_cookies(name="sessionid")
    page.fill("#f-address", "会话结束后填写的地址")
    page.keyboard.press("Tab")
    lost = page.locator("[data-lost=session]")
    expect(lost).to_be_visible()
    expect(page.locator("#saved")).to_have_text("")
    page.get_by_role("button", name="提交初审").click()
    expect(lost).to_be_visible()
    expect(page.locator("#f-address")).to_have_value("会话结束后填写的地址")

    other = page.context.new_page()
    sign_in(other, world.collector)
    page.get_by_role("button", name="提交初审").click()
    page.wait_for_url("**/record/**")
    expect(page.locator("#content")).to_contain_text("会话结＊")  # masked, as on every page of a record


def test_somebody_else_at_the_browser_does_not_send_it(visit: Visit, world: World) -> None:
    """A page of one person is not sent under the name of another who signed in meanwhile."""
    page = visit()
    sign_in(page, world.collector)
    page.goto("/collect/new/violation/")
    page.context.clear_cookies(name="sessionid")
    other = page.context.new_page()
    sign_in(other, world.colleague)
    page.fill("#f-notice_no", "TYPED-2")
    page.get_by_role("button", name="提交初审").click()
    expect(page.locator("[data-lost=other]")).to_be_visible()
    expect(page.locator("#f-notice_no")).to_have_value("TYPED-2")


def test_the_second_window_keeps_its_words_and_chooses(visit: Visit, world: World) -> None:
    """Two windows of one draft: the second is shown both, keeps its own, and takes over when told to."""
    page = visit()
    sign_in(page, world.collector)
    page.goto("/collect/new/violation/")
    page.fill("#f-address", "甲")
    page.keyboard.press("Tab")
    expect(page.locator("#saved")).to_contain_text("草稿已保存")
    second = page.context.new_page()
    second.goto(page.locator("#entry").get_attribute("action") or "")
    second.fill("#f-address", "乙")
    second.keyboard.press("Tab")
    expect(second.locator("#saved")).to_contain_text("草稿已保存")
    page.fill("#f-address", "甲之后")
    page.keyboard.press("Tab")
    expect(page.locator("#conflict")).to_contain_text("乙")
    expect(page.locator("#f-address")).to_have_value("甲之后")
    page.get_by_role("button", name="以本页为准保存").click()
    expect(page.locator("#conflict")).not_to_contain_text("乙")
    second.reload()
    expect(second.locator("#f-address")).to_have_value("甲之后")


def test_enter_in_a_reason_signs_nothing(visit: Visit, world: World) -> None:
    """Neither in a row's reason nor with a mark set: the reviewer signs by pressing a button, and what was typed stays."""
    found = deliver(world.collector, "violation", example("violation", notice_no="3301000077"))
    page = visit()
    sign_in(page, world.first)
    page.goto(f"/review/{found.batch}/")
    page.fill("#reason", "意见写在前面")
    page.locator("summary", has_text="退回这一条").click()
    reason = page.get_by_label("理由").first
    reason.fill("与通知书不符")
    reason.press("Enter")  # the mark is kept, as when the field is left
    expect(page.locator("#signing")).to_contain_text("将退回 1 条")
    page.get_by_label("退回采集人").press("Enter")
    page.get_by_role("button", name="撤回标记").click()
    expect(page.locator("#signing")).not_to_contain_text("将退回")
    expect(page.locator("#reason")).to_have_value("意见写在前面")
    assert step(world.first, found) == "first_review"


@pytest.mark.parametrize("field", ["理由", "退回采集人"])
def test_enter_signs_nothing_without_the_script(browser: Browser, server: str, world: World, field: str) -> None:
    """Where the script does not run the page is sent, keeps what was typed, and comes back."""
    found = deliver(world.collector, "violation", example("violation", notice_no=f"33010000{len(field)}8"))
    context = browser.new_context(base_url=server, java_script_enabled=False, locale="zh-CN")
    page = context.new_page()
    page.goto("/sign-in/")
    page.fill("#id_username", world.first.username)
    page.fill("#id_password", world.first.password)
    page.press("#id_password", "Enter")
    page.goto(f"/review/{found.batch}/")
    page.locator("summary", has_text="退回这一条").click()
    page.get_by_label("退回采集人").check()
    page.get_by_label("理由").first.fill("与通知书不符")
    with page.expect_navigation():
        page.get_by_label(field).first.press("Enter")
    expect(page.locator("#signing")).to_contain_text("将退回 1 条")
    assert step(world.first, found) == "first_review"
    context.close()


def step(who: Somebody, found: Delivered) -> str:
    """Where a batch stands."""
    with who.acting() as acting:
        return queries.task(acting, found.batch).state
