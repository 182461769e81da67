"""The first administrators of an empty installation find their door, and it closes behind the last of them."""

from __future__ import annotations

import pytest
from django.test import Client

from suyuan.access import actions, queries
from suyuan.access.models import Account
from world import PASSWORD

DOOR = 'href="/activate/"'


def codes() -> list[list[str]]:
    """Kinds and codes as `suyuan up` is told them."""
    return [line.split(" ") for line in (actions.first_activation_code() or "").splitlines()]


def text(path: str) -> str:
    """A page as somebody without an account sees it."""
    return Client().get(path).content.decode()


def typed(number: int, kind: str, code: str, again: str = PASSWORD) -> dict[str, str]:
    """The form of the page, filled in."""
    return {"kind": kind, "code": code, "staff_no": f"A{number}", "name": f"首任{number}", "username": f"f{number}",
            "password": PASSWORD, "again": again}  # fmt: skip


@pytest.mark.control("C1")
def test_the_sign_in_page_leads_founders_in_until_the_last_is(fresh_database: str) -> None:
    """A link while a code is open; afterwards neither a link nor a form, and the page says so."""
    assert DOOR not in text("/sign-in/")
    for number, (kind, code) in enumerate(codes()):
        assert DOOR in text("/sign-in/")
        assert 'name="code"' in text("/activate/")
        assert Client().post("/activate/", typed(number, kind, code)).status_code == 302
    assert Account.objects.count() == len(actions.FOUNDERS)
    assert DOOR not in text("/sign-in/")
    assert 'name="code"' not in text("/activate/")
    assert "首批管理员的激活已经结束" in text("/activate/")


@pytest.mark.control("C1")
def test_codes_that_nobody_can_use_any_more_open_no_door(fresh_database: str) -> None:
    """Once somebody was entered in another way the rest of the codes are dead, and the pages do not offer them."""
    (kind, code), *_ = codes()
    who = actions.activate(kind, code, "A1", "首任", "f1", PASSWORD)
    assert queries.founders_expected()
    from suyuan.access.acting import acting

    with acting(who, queries.default_ground(who)) as administrator:
        actions.add_person(administrator, "B1", "首名民警", 0)
    assert not queries.founders_expected()
    assert DOOR not in text("/sign-in/")


def test_a_founder_types_the_password_twice(fresh_database: str) -> None:
    """A slip in one of the two makes nobody and uses no code."""
    (kind, code), *_ = codes()
    answer = Client().post("/activate/", typed(1, kind, code, again="Another-passphrase-altogether"))
    assert "两次输入的密码不一致" in answer.content.decode()
    assert Account.objects.count() == 0
    assert Client().post("/activate/", typed(1, kind, code)).status_code == 302
