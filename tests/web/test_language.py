"""Chinese first, English by a switch, and no text without its English wording."""

from __future__ import annotations

import importlib

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import translation

from suyuan import i18n
from suyuan.web import phrases, wsgi
from suyuan.web.language import speak

CHINESE = phrases.phrases()


def test_every_marked_text_has_an_english_wording() -> None:
    """No reader of English meets a text that nobody translated."""
    gaps = phrases.untranslated(phrases.catalogue(), CHINESE)
    assert gaps == []


def test_the_catalogue_holds_no_text_that_no_page_uses() -> None:
    """Wordings of texts that went away go away too."""
    used = {one.text for one in CHINESE}
    held = {entry.id[0] if isinstance(entry.id, tuple) else entry.id for entry in phrases.catalogue() if entry.id}
    assert held - used == set()


def test_placeholders_are_the_same_in_both_languages() -> None:
    """A translation fills in the same names and numbers as the original."""
    for entry in phrases.catalogue():
        if entry.id:
            assert [str(error) for error in entry.check()] == []


@pytest.mark.parametrize(
    ("cookie", "announced", "answer"),
    [
        ("", "en-US,en;q=0.9", "zh-hans"),
        ("en", "zh-CN", "en"),
        ("zh-hans", "en-US", "zh-hans"),
        ("xx", "en", "zh-hans"),
    ],
)
def test_a_page_speaks_chinese_until_its_reader_chooses_english(cookie: str, announced: str, answer: str) -> None:
    """What the browser announces does not count: the switch does."""
    request = RequestFactory(HTTP_ACCEPT_LANGUAGE=announced).get("/")
    request.COOKIES["django_language"] = cookie
    spoken: list[str | None] = []

    def page(_: object) -> HttpResponse:
        spoken.append(translation.get_language())
        return HttpResponse()

    speak(page)(request)
    assert spoken == [answer]


def test_pages_speak_to_their_reader_whatever_terminal_started_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command that serves spoke to its terminal; what the web server loads speaks to readers again."""
    monkeypatch.setenv("SUYUAN_LANG", "zh")
    i18n.speak_to_terminal()
    importlib.reload(wsgi)
    with translation.override("en"):
        assert i18n.say("案件", "Case") == "Case"
