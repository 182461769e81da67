"""What a person does first in a browser."""

from __future__ import annotations

from playwright.sync_api import Page

from world import Somebody


def sign_in(page: Page, who: Somebody) -> None:
    """Sign in on the sign-in page; ends on the desk."""
    page.goto("/sign-in/")
    page.fill("#id_username", who.username)
    page.fill("#id_password", who.password)
    page.click("form button.btn-primary")
    page.wait_for_url("**/")
