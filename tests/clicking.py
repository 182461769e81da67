"""People who click through a running server without resting, each in a session and a thread of their own."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

import requests

from canaries import planted
from offered import Form, Offered, read
from suyuan import catalog

_NEVER = ("/sign-out/", "/language/", "/api/", "/static/", "/account/", "/sign-in/")
_PATIENCE = 30


@dataclass
class Clicked:
    """What came of it: answers by status, requests without an answer, and where the server failed."""

    answers: Counter[int] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether every request was answered and none by a fault."""
        return bool(self.answers) and not self.lost and not self.failed


class Clicker:
    """One person at one window."""

    def __init__(self, address: str, username: str, password: str, seed: int, result: Clicked) -> None:
        self.address, self.username, self.password = address, username, password
        self.chance, self.result = random.Random(f"{seed} {username}"), result
        self.http = requests.Session()
        self.page, self.url = Offered(), address
        self.room: set[str] = set()

    def sign_in(self) -> bool:
        """Through the page, as anybody does."""
        self.get("/sign-in/")
        form = next(one for one in self.page.forms if "login" in dict(one.values))
        self.send(form, login=self.username, password=self.password)
        self.get("/")
        self.room = {urlsplit(one).path for one in self.page.links}
        self.room |= {one.action for one in self.page.forms}
        return "/sign-in/" not in self.url

    def get(self, path: str) -> None:
        """Follow a link."""
        self._ask("GET", path)

    def send(self, form: Form, button: int | None = None, **values: str) -> None:
        """Send a form of the page."""
        pressed = form.buttons[button] if button is not None else None
        sent = form.filled(pressed, **values)
        if form.method == "get":
            self._ask("GET", form.action or self.url, params=sent)
        else:
            self._ask("POST", (pressed and pressed.action) or form.action or self.url, data=sent)

    def _ask(self, method: str, path: str, **more: object) -> None:
        url = urljoin(self.url, path)
        headers = {"Referer": self.url, "Accept-Language": "zh"}
        try:
            answer = self.http.request(method, url, headers=headers, timeout=_PATIENCE, **more)  # type: ignore[arg-type]
        except requests.RequestException as exc:
            self.result.lost.append(f"{self.username} {method} {urlsplit(url).path}: {type(exc).__name__}")
            time.sleep(0.2)
            return
        self.result.answers[answer.status_code] += 1
        if answer.status_code >= 500:
            self.result.failed.append(f"{self.username} {method} {urlsplit(url).path}: {answer.status_code}")
        if "html" in answer.headers.get("Content-Type", ""):
            self.page, self.url = read(answer.text), answer.url

    def step(self) -> None:
        """One thing somebody does: fill in a form, review, search, or wander about."""
        acts = [self.wander] * 3
        acts += [self.enter] * (2 * ("/collect/new/" in self.room))
        acts += [self.review] * (2 * ("/review/" in self.room)) + [self.search] * ("/search/" in self.room)
        self.chance.choice(acts)()

    def wander(self) -> None:
        """Any link of the page."""
        links = [one for one in self.page.links if one.startswith("/") and not one.startswith(_NEVER)]
        self.get(self.chance.choice(links or ["/"]))

    def enter(self) -> None:
        """Fill in a form, which is checked while typing, and send it."""
        rtype = self.chance.choice([one for one in catalog.current().types.values() if one.level == 1])
        self.get(f"/collect/new/{rtype.id}/")
        form = next((one for one in self.page.forms if one.asks), None)
        if form is None:
            return self.get("/")
        values = planted(rtype)
        action, form.action = form.action, form.asks
        for _ in range(2):
            self.send(form, **values)
        form.action = action
        return self.send(form, **values)

    def bring(self, name: str, text: str) -> None:
        """Bring a file to import; ends on the page that shows what would become of it."""
        self.get("/collect/import/")
        form = next(one for one in self.page.forms if one.files)
        files = {form.files[0]: (name, text.encode())}
        self._ask("POST", form.action or self.url, data=form.filled(), files=files)

    def review(self) -> None:
        """Open a batch that waits, give a row back or approve it."""
        self.get("/review/")
        waiting = [one for one in self.page.links if one.startswith("/review/") and len(one) > 20]
        if not waiting:
            return
        self.get(self.chance.choice(waiting))
        form = next((one for one in self.page.forms if any(each.name == "outcome" for each in one.buttons)), None)
        if form is not None:
            chosen = self.chance.randrange(len(form.buttons))
            self.send(form, chosen, reason="写明理由" if self.chance.random() < 0.5 else "")

    def search(self) -> None:
        """Look for a word."""
        self.get("/search/")
        form = next((one for one in self.page.forms if "q" in dict(one.values)), None)
        if form is not None:
            self.send(form, q=self.chance.choice(["示例", "浙A", "文三路", "不存在的词"]))


def click(address: str, people: list[tuple[str, str]], seconds: float, seed: int = 0) -> Clicked:
    """Let people (username, password) click at once for so many seconds; every one keeps a session."""
    result, end = Clicked(), time.monotonic() + seconds
    together = threading.Barrier(len(people))

    def person(one: tuple[str, str]) -> None:
        clicker = Clicker(address, *one, seed, result)
        together.wait()  # the first requests of a fresh process meet
        assert clicker.sign_in(), f"{one[0]} could not sign in"
        while time.monotonic() < end:
            clicker.step()

    with ThreadPoolExecutor(len(people)) as pool:
        list(pool.map(person, people))
    return result
