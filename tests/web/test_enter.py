"""Enter in a field does not decide: of a form with several acts the first button is one that does nothing.

A browser answers Enter in a field by pressing the first button of its form that sends, seen or not; where that one is
disabled, it presses none. From a box to tick it goes on to the next that is not: there the first one keeps what was typed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import pytest

import suyuan

TEMPLATES = sorted(Path(suyuan.__file__).parent.glob("*/templates"))
UNTYPED = ("hidden", "submit", "button", "reset", "image")


@dataclass
class Form:
    """A form as its template writes it: buttons that send it, in order, and whether Enter could be pressed in it."""

    where: str
    buttons: list[dict[str, str]] = field(default_factory=list)
    typed: bool = False
    ticked: bool = False

    @property
    def acts(self) -> set[tuple[str, ...]]:
        """What its live buttons ask for."""
        return {(one.get("name", ""), one.get("value", ""), one.get("formaction", ""))
                for one in self.buttons if not rests(one) and not keeps(one)}  # fmt: skip

    @property
    def decides(self) -> bool:
        """Whether Enter in a field would do one of several acts."""
        if len(self.acts) < 2 or keeps(self.buttons[0]):
            return False
        return self.ticked or (self.typed and not rests(self.buttons[0]))


def keeps(button: dict[str, str]) -> bool:
    """Whether a button is a hidden one that only keeps what was typed."""
    return "hidden" in button and (button.get("name"), button.get("value")) == ("act", "keep")


def rests(button: dict[str, str]) -> bool:
    """Whether a button is one that never does anything; those that only sometimes are disabled are seen."""
    return "disabled" in button and "hidden" in button


class _Forms(HTMLParser):
    """The forms of a template."""

    def __init__(self, where: str) -> None:
        super().__init__()
        self.where, self.found, self.by_id = where, list[Form](), dict[str, Form]()
        self._open: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        one = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = self.by_id.setdefault(one.get("id", f"#{len(self.found)}"), Form(self.where))
            self.found.append(self._open)
            return
        owner = self.by_id.setdefault(one["form"], Form(self.where)) if one.get("form") else self._open
        if owner is None:
            return
        if tag == "button" and one.get("type", "submit") == "submit":
            owner.buttons.append(one)
        elif tag == "input" and one.get("type", "text") in ("checkbox", "radio"):
            owner.ticked = True
        elif tag == "input" and one.get("type", "text") not in UNTYPED:
            owner.typed = True

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None


def whole(path: Path) -> str:
    """A template with what it includes in its place, fields that a form object writes as inputs, and no other tags."""
    text = re.sub(r"\{% include \"([^\"]+)\"[^%]*%\}", lambda one: included(one.group(1)), path.read_text("utf-8"))
    text = re.sub(r"\{\{ *(field|form)\b[^}|]*\}\}", "<input>", text)
    return re.sub(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", "", text)


def included(name: str) -> str:
    """The text of a template that another includes; those of other packages hold no form with several acts."""
    found = [one / name for one in TEMPLATES if (one / name).exists()]
    return whole(found[0]) if found else ""


def forms() -> Iterator[Form]:
    """Every form of every template of the product."""
    for folder in TEMPLATES:
        for path in sorted(folder.rglob("*.html")):
            reader = _Forms(path.relative_to(folder).as_posix())
            reader.feed(whole(path))
            yield from reader.found


@pytest.mark.clause("3.2.1")
def test_enter_decides_nothing() -> None:
    """In no form of no page."""
    found = list(forms())
    assert [one.where for one in found if one.decides] == []
    assert any((one.typed or one.ticked) and len(one.acts) > 1 for one in found), (
        "there are such forms, or this test looks wrong"
    )


@pytest.mark.parametrize(
    "text",
    [
        '<form><input name="note"><button name="founded" value="yes"></button><button name="founded" value="no"></button></form>',
        '<form id="a"><button disabled name="outcome" value="approve"></button><input></form>'
        '<button form="a" name="outcome" value="reject"></button>',
        '<form><button disabled hidden></button><input type="checkbox" name="back"><button name="outcome" value="approve"></button>'
        '<button name="outcome" value="reject"></button></form>',
    ],
)
def test_a_form_that_enter_would_decide_is_found(text: str) -> None:
    """Negative control: two answers beside a note, a button that is disabled only now, and a box before what is disabled."""
    reader = _Forms("here")
    reader.feed(text)
    assert [one.decides for one in reader.found] == [True]
