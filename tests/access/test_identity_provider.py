"""Signing in by the agency's identity provider: a real one, in a process of its own, over real connections."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount
from django.test import Client

import identity_provider
from suyuan.access import actions
from suyuan.access.errors import ProviderOpen
from suyuan.access.models import Account
from suyuan.access.sign_in import provider
from suyuan.installation import current
from world import World

CALLBACK = "http://testserver/sign-in/with/agency/login/callback/"


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The running provider's address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program, folder = Path(identity_provider.__file__), tmp_path_factory.mktemp("provider")
    process = subprocess.Popen(
        [sys.executable, program, str(folder), str(port), CALLBACK], stdout=subprocess.PIPE, text=True, cwd=folder
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(20)


@pytest.fixture
def browser(issuer: str, fresh_world: World, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Client:
    """A browser in front of an installation that knows the provider."""
    file = tmp_path / "oidc.json"
    file.write_text(json.dumps({"name": "省厅统一认证", "issuer": issuer, "client_id": identity_provider.CLIENT,
                                "client_secret": identity_provider.SECRET}))  # fmt: skip
    file.chmod(0o600)
    monkeypatch.setenv("SUYUAN_OIDC", str(file))
    provider.configured.cache_clear()
    settings.SOCIALACCOUNT_PROVIDERS = provider.settings()
    yield Client()
    provider.configured.cache_clear()


def by_provider(client: Client, username: str) -> Any:
    """Press the provider's button, sign in there, come back. Gives our answer to the callback."""
    assert "省厅统一认证" in client.get("/sign-in/").content.decode()
    begun = client.post("/sign-in/with/agency/login/?process=login")
    there = requests.Session()
    page = there.get(begun.headers["Location"], timeout=10)
    token = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', page.text)
    form = {"login": username, "password": identity_provider.PASSWORD}
    if token:
        form["csrfmiddlewaretoken"] = token[1]
    back = there.post(page.url, form, timeout=10, allow_redirects=False)
    while not back.headers["Location"].startswith(CALLBACK):
        address = requests.compat.urljoin(back.url, back.headers["Location"])  # type: ignore[attr-defined]
        back = there.get(address, timeout=10, allow_redirects=False)
    return client.get(back.headers["Location"].removeprefix("http://testserver"))


def is_in(client: Client) -> bool:
    """Whether somebody is signed in."""
    return "_auth_user_id" in client.session


@pytest.mark.clause("5.1.1")
def test_an_officer_signs_in_with_the_agencys_identity(browser: Client) -> None:
    """The account of the same name, again and again; it is joined once."""
    for _ in range(2):
        by_provider(browser, "collector")
        assert is_in(browser)
        assert Account.objects.get(pk=browser.session["_auth_user_id"]).username == "collector"
        browser.post("/sign-out/")


def test_an_identity_without_an_account_gets_none(browser: Client) -> None:
    """The provider says who somebody is, never that they may come in."""
    answer = by_provider(browser, "nobody-here")
    assert answer.status_code == 403
    assert "没有与之对应的在用账号" in answer.content.decode()
    assert not is_in(browser)
    assert not Account.objects.filter(username="nobody-here").exists()


@pytest.mark.control("C6")
def test_whoever_left_does_not_come_back_by_the_provider(browser: Client, fresh_world: World) -> None:
    """The identity is still good there; here its account is not."""
    by_provider(browser, "collector")
    browser.post("/sign-out/")
    with fresh_world.system.acting() as who:
        actions.set_active(who, fresh_world.collector.person, False)
    by_provider(browser, "collector")
    assert not is_in(browser)


def test_an_answer_that_was_not_asked_for_is_refused(browser: Client) -> None:
    """A callback with somebody else's state signs nobody in."""
    answer = browser.get("/sign-in/with/agency/login/callback/?code=stolen&state=stolen")
    assert "统一认证未完成" in answer.content.decode()
    assert not is_in(browser)


@pytest.mark.control("C31")
def test_a_file_that_others_may_read_stops_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds the provider's secret; closed to others it is read."""
    file = tmp_path / "oidc.json"
    file.write_text(json.dumps(dict.fromkeys(provider.REQUIRED, "x")))
    monkeypatch.setenv("SUYUAN_OIDC", str(file))
    provider.configured.cache_clear()
    for mode in (0o640, 0o604):
        file.chmod(mode)
        with pytest.raises(ProviderOpen):
            provider.configured()
    file.chmod(0o600)
    assert provider.configured()["issuer"] == "x"
    provider.configured.cache_clear()


@pytest.mark.control("C6")
def test_a_provider_in_the_librarys_table_is_none(browser: Client, superuser: Any) -> None:
    """The application role writes no provider and no token of one; one that stands there is not offered, nor begun with."""
    plant = """INSERT INTO socialaccount_socialapp (provider, provider_id, name, client_id, secret, key, settings)
               VALUES ('openid_connect', 'planted', '假统一认证', 'x', 'x', '', '{"server_url": "http://127.0.0.1:9"}')"""
    with psycopg.connect(current().database("app"), autocommit=True) as raw:
        for statement in (plant, "UPDATE socialaccount_socialapp SET name = ''", "DELETE FROM socialaccount_socialapp",
                          "INSERT INTO socialaccount_socialtoken DEFAULT VALUES",
                          "UPDATE socialaccount_socialtoken SET token = ''"):  # fmt: skip
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                raw.execute(statement)
    superuser().execute(plant)
    page = browser.get("/sign-in/").content.decode()
    assert "省厅统一认证" in page and "假统一认证" not in page
    assert browser.post("/sign-in/with/planted/login/?process=login").status_code == 404
    whole = DefaultSocialAccountAdapter().list_apps(None)
    assert "planted" in {app.provider_id for app in whole}  # as the library would have it
    for number in SocialAccount.objects.filter(provider="agency").values_list("pk", flat=True):
        SocialAccount.objects.get(pk=number).delete()
