"""What a person does first in a browser."""

from __future__ import annotations

from playwright.sync_api import Page

from world import Somebody


def sign_in(page: Page, who: Somebody) -> None:
    """Sign in on the sign-in page and choose one's case as the ground; ends on the desk."""
    page.goto("/sign-in/")
    page.fill("#id_username", who.username)
    page.fill("#id_password", who.password)
    page.click("form button.btn-primary")
    page.wait_for_url("**/")
    if who.ground != who.duty_ground:
        choose(page, who.ground)


def choose(page: Page, ground: int) -> None:
    """Choose a ground in the bar at the top."""
    page.click(".sy-ground")
    with page.expect_navigation():
        page.locator(f"form:has(input[name=ground][value='{ground}']) button").first.click()


def confirm(page: Page, who: Somebody) -> None:
    """Show a fresh factor where a page asks for one: the password, where nothing better is enrolled."""
    page.get_by_role("heading", name="确认是您本人").wait_for()
    page.fill("#id_password", who.password)
    page.get_by_role("button", name="确认").click()


def seek(page: Page, address: str, words: str, **filters: str) -> None:
    """Fill in and send the form of a search or a list."""
    page.goto(address)
    page.fill("#q", words)
    for name, value in filters.items():
        page.fill(f"#f-{name}", value)
    with page.expect_navigation():
        page.press("#q", "Enter")
