"""Every refusal has a page of ours, in the reader's language, that says what did not happen, why, and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from suyuan.records import queries
from suyuan.vault.errors import VaultSealed
from world import World, signed_in

pytestmark = pytest.mark.usefixtures("database")
FOREIGN = re.compile(r"DEBUG|Traceback|CSRF|csrf_failure|Exception|Django|Bad Request|Not Allowed|suyuan [a-z]+")


def _signed(world: World, **more: object) -> Client:
    client = signed_in(world.collector.username, raise_request_exception=False, **more)
    client.post("/ground/", {"ground": world.collector.ground})
    return client


def _broken(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(queries, "search", fail)


LIST = "/records/violation/"
CASES: dict[str, tuple[int, Callable[[World, pytest.MonkeyPatch], HttpResponse]]] = {
    "forged": (403, lambda world, _: _signed(world, enforce_csrf_checks=True).post("/account/", {})),
    "malformed": (400, lambda world, _: _signed(world).get("/", headers={"host": "somewhere.example"})),
    "refused": (403, lambda world, _: _signed(world).get("/review/")),
    "missing": (404, lambda world, _: _signed(world).get("/nowhere/")),
    "unsuited": (405, lambda world, _: _signed(world).get("/ground/")),
    "large": (413, lambda world, _: _signed(world).post("/ground/", {"next": "x" * (3 << 20)})),
    "broken": (500, lambda world, patch: (_broken(patch, RuntimeError("x")), _signed(world).get(LIST))[1]),
    "sealed": (503, lambda world, patch: (_broken(patch, VaultSealed()), _signed(world).get(LIST))[1]),
}


def _says(answer: HttpResponse, status: int, english: bool) -> list[str]:
    """What is wrong with a page of refusal."""
    text = re.sub(r"<(script|style|svg).*?</\1>|<meta[^>]*>|<input[^>]*>", "", answer.content.decode(), flags=re.DOTALL)
    words = re.sub(r"<[^>]*>", " ", text)
    wanted = "What you can do" if english else "处理办法"
    chinese = re.sub(r"中文|[（(]演示[)）]", "", words)
    return [
        *([f"status {answer.status_code}"] if answer.status_code != status else []),
        *([] if wanted in words else ["no way out"]),
        *FOREIGN.findall(words),
        *(re.findall(r"[\u4e00-\u9fff]+[,;:!?]", chinese) if not english else []),
    ]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("name", CASES)
def test_a_refusal_has_its_own_page(world: World, monkeypatch: pytest.MonkeyPatch, name: str, language: str) -> None:
    """No text of the framework, no command, no half-width punctuation in Chinese."""
    status, ask = CASES[name]
    monkeypatch.setattr("suyuan.web.language.chosen", lambda request: language)
    answer = ask(world, monkeypatch)
    assert f'lang="{language}"' in answer.content.decode()
    assert _says(answer, status, language == "en") == []


@pytest.fixture
def away(world: World) -> Iterator[None]:
    """A database that cannot be reached."""
    before = connection.settings_dict["HOST"]
    connection.close()
    connection.settings_dict["HOST"] = "/nonexistent"
    yield
    connection.close()
    connection.settings_dict["HOST"] = before


def test_a_database_that_is_away_is_said_without_asking_it(away: None) -> None:
    """503 with the time after which to try again."""
    client = Client(raise_request_exception=False)
    client.cookies["sessionid"] = "x" * 32
    answer = client.get("/")
    assert _says(answer, 503, english=False) == []
    assert answer["Retry-After"] == "30"


def test_the_frameworks_own_page_is_caught(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: with Django's own view of forgeries and methods the test above would fail."""
    monkeypatch.setattr("django.conf.settings.CSRF_FAILURE_VIEW", "django.views.csrf.csrf_failure")
    assert _says(CASES["forged"][1](world, monkeypatch), 403, english=False)
    monkeypatch.setattr("suyuan.web.errors.views.unsuited", lambda _: HttpResponse(status=405))
    assert _says(CASES["unsuited"][1](world, monkeypatch), 405, english=False)
