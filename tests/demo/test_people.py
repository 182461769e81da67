"""Whoever tries the demonstration gets to work at once: each account leads to its desk."""

from __future__ import annotations

import pytest
from django.test import Client

from suyuan.demo import people
from suyuan.installation import Installation, current


def test_each_account_of_the_demonstration_leads_to_its_desk(
    installation: Installation, fresh_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the password that was written down: no page asks for anything first."""
    monkeypatch.setattr(people, "_custodians", lambda: None)  # they would hold level 2 of every test's installation
    people.settle(lambda zh, en: None)
    written = (current().secrets / "accounts.txt").read_text(encoding="utf-8").splitlines()
    kept_out = {}
    for username, password, _ in (line.split("\t") for line in written):
        page = Client()
        page.post("/sign-in/", {"login": username, "password": password})
        answer = page.get("/grounds/" if username == "collector" else "/agencies/")
        if answer.status_code != 200:
            kept_out[username] = answer.headers.get("Location")
    assert kept_out == {}
    assert len(written) > 15
