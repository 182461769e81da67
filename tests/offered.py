"""What a page offers: its links, its forms as a browser would send them, and what its script would ask for."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import NamedTuple

_TYPED = ("text", "search", "date", "datetime-local", "number", "tel", "password", "hidden", "email", "time")


class Button(NamedTuple):
    """A button that sends its form, with what it adds."""

    name: str
    value: str
    label: str
    action: str


@dataclass
class Form:
    """A form: where it goes, what it holds as the page came, its live buttons, what is left to choose or to type."""

    action: str
    method: str
    asks: str = ""
    values: list[tuple[str, str]] = field(default_factory=list)
    boxes: list[tuple[str, str]] = field(default_factory=list)
    choices: dict[str, list[str]] = field(default_factory=dict)
    empty: dict[str, str] = field(default_factory=dict)
    buttons: list[Button] = field(default_factory=list)
    files: list[str] = field(default_factory=list)

    def filled(self, button: Button | None = None, **more: str) -> dict[str, list[str]]:
        """What is sent when a button is pressed, with some values changed."""
        sent: dict[str, list[str]] = {}
        for name, value in self.values:
            sent.setdefault(name, []).append(value)
        sent |= {name: [value] for name, value in more.items()}
        if button and button.name:
            sent[button.name] = [button.value]
        return sent


@dataclass
class Offered:
    """A page as it is offered."""

    links: list[str] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    """What elements outside of a form ask for by themselves: method and address."""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found = Offered()
        self._form: Form | None = None
        self._by_id: dict[str, Form] = {}
        self._select: str = ""
        self._option: tuple[str, bool] | None = None
        self._area: tuple[str, list[str]] | None = None
        self._button: list[str] | None = None
        self._pressed: dict[str, str | None] = {}
        self._labels: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        one = dict(attrs)
        if tag == "a" and one.get("href"):
            self.found.links.append(one["href"] or "")
        for verb in ("get", "post"):
            if one.get(f"hx-{verb}") and tag != "form":
                self.found.asked.append((verb, one[f"hx-{verb}"] or ""))
        if tag == "form":
            self._form = Form(one.get("action") or "", (one.get("method") or "get").lower(), one.get("hx-post") or "")
            self.found.forms.append(self._form)
            if one.get("id"):
                self._by_id[one["id"] or ""] = self._form
        form = self._by_id.get(one.get("form") or "", self._form)
        if form is None or "disabled" in one:
            return
        name = one.get("name") or ""
        if tag == "input":
            self._input(form, one, name)
        elif tag == "select":
            self._select = name
            form.choices[name] = []
        elif tag == "option" and self._select:
            form.choices[self._select].append(one.get("value") or "")
            if "selected" in one:
                form.values.append((self._select, one.get("value") or ""))
        elif tag == "textarea":
            self._area = (name, [])
        elif tag == "button" and one.get("type", "submit") == "submit":
            self._button, self._pressed = [], one

    def _input(self, form: Form, one: dict[str, str | None], name: str) -> None:
        kind, value = one.get("type") or "text", one.get("value") or ""
        if kind in ("checkbox", "radio"):
            if "checked" in one:
                form.values.append((name, value or "on"))
            else:
                form.boxes.append((name, value or "on"))
        elif kind == "file":
            form.files.append(name)
        elif kind in _TYPED and name:
            form.values.append((name, value))
            if not value:
                form.empty[name] = kind

    def handle_endtag(self, tag: str) -> None:
        form = self._form
        if form is None:
            return
        if tag == "form":
            self._form = None
        elif tag == "select" and self._select:
            if self._select not in dict(form.values) and form.choices[self._select]:
                form.values.append((self._select, form.choices[self._select][0]))
            self._select = ""
        elif tag == "textarea" and self._area:
            name, words = self._area
            form.values.append((name, "".join(words).strip("\n")))
            if not "".join(words).strip():
                form.empty[name] = "text"
            self._area = None
        elif tag == "button" and self._button is not None:
            one = self._pressed
            to = self._by_id.get(one.get("form") or "", form)
            label = "".join(self._button).strip()
            to.buttons.append(Button(one.get("name") or "", one.get("value") or "", label, one.get("formaction") or ""))
            self._button = None

    def handle_data(self, data: str) -> None:
        if self._area:
            self._area[1].append(data)
        if self._button is not None:
            self._button.append(data)


def read(html: str) -> Offered:
    """Read a page."""
    reader = _Reader()
    reader.feed(html)
    return reader.found
