"""A security key in a real browser: registered, asked for, used instead of the password, and for a fresh factor."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from browser.people import sign_in
from world import World

Visit = Callable[..., Page]
DESK = re.compile(r":\d+/$")
KEY = {"protocol": "ctap2", "transport": "usb", "hasResidentKey": True, "hasUserVerification": True,
       "isUserVerified": True, "automaticPresenceSimulation": True}  # fmt: skip


@pytest.fixture
def server(server: str) -> str:
    """The same server by a name: keys belong to names, not to addresses."""
    return server.replace("127.0.0.1", "localhost")


@pytest.fixture
def page(visit: Visit) -> Page:
    """A window of a machine with a security key in it."""
    page = visit()
    tools = page.context.new_cdp_session(page)
    tools.send("WebAuthn.enable")
    tools.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})
    return page


@pytest.mark.clause("5.1.1")
@pytest.mark.control("C4")
def test_a_security_key_is_registered_and_signs_in(page: Page, world: World) -> None:
    """Registering asks for a fresh factor; afterwards the password alone is not enough, and the key alone is."""
    sign_in(page, world.collector)
    register(page)
    sign_out(page)
    enter_password(page, world)
    page.get_by_role("button", name="使用安全密钥").click()
    expect(page).to_have_url(DESK)
    sign_out(page)
    page.get_by_role("button", name="用安全密钥登录").click()
    expect(page).to_have_url(DESK)
    page.goto("/sign-in/factor/webauthn/")
    page.get_by_role("link", name="移除").click()
    page.get_by_role("link", name="改用安全密钥").click()
    page.get_by_role("button", name="使用安全密钥").click()
    page.get_by_role("button", name="移除").click()
    expect(page.locator("#content")).to_contain_text("尚未登记安全密钥")


def register(page: Page) -> None:
    """Register the key for signing in without the password."""
    page.goto("/account/")
    page.get_by_role("link", name="第二因素").click()
    page.get_by_role("link", name="登记").click()
    expect(page.get_by_role("heading", name="确认是您本人")).to_be_visible()
    page.fill("#id_password", "Test-only-passphrase")
    page.get_by_role("button", name="确认").click()
    page.fill("#id_name", "值班室密钥")
    page.check("#id_passwordless")
    page.get_by_role("button", name="登记").click()
    expect(page.locator("#content")).to_contain_text("每个限用一次")
    page.goto("/sign-in/factor/webauthn/")
    expect(page.locator("#content")).to_contain_text("值班室密钥")


def enter_password(page: Page, world: World) -> None:
    """The first step of signing in, which ends before the second."""
    page.fill("#id_username", world.collector.username)
    page.fill("#id_password", world.collector.password)
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.get_by_role("heading", name="第二因素")).to_be_visible()


def sign_out(page: Page) -> None:
    """Leave, by the same address the menu's button has."""
    page.evaluate("document.querySelector('form[action=\"/sign-out/\"]').submit()")
    page.wait_for_url("**/sign-in/")
