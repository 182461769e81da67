"""Every door of the product: pages and the forms they send, API operations, commands; and going through one.

Which there are comes from the resolver, the API's description and the command tree. What each does says `doors.csv`, written
by hand: an act of `matrix.csv`, or why it is about nobody else's object.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import click
from click.testing import CliRunner
from django.contrib.messages import get_messages
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

import matrix
from access.door_arguments import BODIES, FORMS, MORE, OBJECTS, OUT, QUERIES, given, marks, thing
from access.everything import Place
from program import Program
from suyuan.cli.root import root
from suyuan.errors import SuyuanError
from suyuan.web.urls import api
from world import Somebody, signed_in

# Tables in which looking and trying leave their traces: everybody's do, also those of a refusal.
TRACES = re.compile(r"ledger_|access_(proof|try|use|voucher)$|django_|usersessions_|procrastinate_workers")
# Placements that name no act: one's own things, what holds no agency's object, what needs the machine itself.
UNTRIED = frozenset({"oneself", "everyone", "machine"})
Answer = tuple[int, str]


class Visitor(NamedTuple):
    """Somebody with all keys in hand: a browser with a fresh factor, a program, an account for commands."""

    who: Somebody
    browser: Client
    program: Program


class Door(NamedTuple):
    """One way to one kind of object and how somebody goes through it at a place.

    A list shows the objects of all places at once. What is shown is a `page` where the address names the object and none
    but that, `marks` of it elsewhere (its `ids` where the page says again what was typed), and nothing where a form does
    something.
    """

    name: str
    gate: tuple[str, str]
    """Kind and name of the row in `matrix.csv` that says whose the door is at all."""
    lists: bool
    go: Callable[[Visitor, Place], Answer]
    shows: str = "marks"
    about: str = ""
    """Where it always leaves something of one's own: the table that says whether it did something to the object."""


class Placed(NamedTuple):
    """What a door does, as it was written by hand."""

    act: str
    state: str
    because: str


@cache
def placed() -> dict[str, Placed]:
    """What every door does, by its name. Raises `ValueError` for one that stands there twice."""
    found: dict[str, Placed] = {}
    with Path(__file__).with_name("doors.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for name in row["door"].split("|"):
                if name in found:
                    raise ValueError(f"doors.csv: {name} stands there twice")
                found[name] = Placed(row["act"], row["state"], row["because"] or "")
    return found


@cache
def _cells(kind: str) -> dict[str, dict[matrix.Cell, str]]:
    return matrix.expand(kind)


def allowed(door: Door, duty: str, relation: str) -> bool:
    """Whether the matrix lets a duty do by a door what the door does, at a place: it may come in, and it may do that there."""
    act, state, _ = placed()[door.name]
    if act == "nothing":
        return False
    kind, name = ("sql_function", act.split(" ")[1]) if act.startswith("function ") else ("act", act)
    kind, name = ("door", door.name) if act == "cells" else (kind, name)
    cell = (duty, state, "1", "1", relation)
    gate = _cells(door.gate[0])[door.gate[1]]
    return _cells(kind)[name][cell] == "allowed" == gate[duty, state, "1", "1", "below"]


def visitor(who: Somebody) -> Visitor:
    """Sign in once, for all that is tried."""
    browser = signed_in(who.username, raise_request_exception=False)
    browser.post("/ground/", {"ground": who.ground})
    browser.get("/audit/", {"purpose": "lawfulness"})
    return Visitor(who, browser, Program.of(who))


def doors() -> list[Door]:
    """All of them."""
    return [*_pages(), *_operations(), *_commands()]


def addresses(
    resolver: URLResolver, space: str = "", before: tuple[str, ...] = ()
) -> Iterator[tuple[str, Any, tuple[str, ...]]]:
    """Every address of the product by its name, with its view and its arguments, apart from those of the API."""
    for one in resolver.url_patterns:
        names = (*before, *one.pattern.regex.groupindex)
        if isinstance(one, URLResolver) and one.namespace != "api":
            yield from addresses(one, one.namespace or space, names)
        elif isinstance(one, URLPattern):
            yield (f"{space}:{one.name}" if space else str(one.name)), one.callback, names


# Pages that are there for every object, with what the person may see of it; forms whose answer is what was asked for.
NAMELESS = {"audit:record"}
REVEALING = {"records:record", "records:compare", "records:reveal", "audit:prove"}
SEARCHING = {"records:search", "records:list", "web:export"}  # the answer lists, after a redirect or at once


def _pages() -> Iterator[Door]:
    for name, view, names in addresses(get_resolver()):
        takes, gate = _methods(view), ("route", name)
        about = bool(set(names) & OBJECTS)
        if "GET" in takes:
            shows = "page" if about and name not in NAMELESS else "marks"
            yield Door(f"page {name}", gate, not about, _page(name, names, None), shows)
        for form in FORMS.get(name, [{}]) if "POST" in takes else []:
            act = form.get("+") or form.get("act") or form.get("outcome") or "send"
            shows = (
                "page"
                if name in REVEALING
                else "ids"
                if name in SEARCHING - {"web:export"}
                else "marks"
                if name == "web:export"
                else ""
            )
            yield Door(f"page {name} {act}", gate, name == "web:export", _page(name, names, form), shows)


def _methods(view: Any) -> list[str]:
    """What an address takes, by its decorator `require_…`; both where it has none."""
    inside = dict(zip(view.__code__.co_freevars, view.__closure__ or (), strict=True))
    said = inside.get("request_method_list")
    return list(said.cell_contents) if said else ["GET", "POST"]


def _page(name: str, names: tuple[str, ...], form: dict[str, Any] | None) -> Callable[[Visitor, Place], Answer]:
    def go(visitor: Visitor, place: Place) -> Answer:
        other = form or {}
        path = reverse(name, kwargs={
            each: thing(other[f"@{each}"], place) if f"@{each}" in other else given(name, each, place) for each in names
        })  # fmt: skip
        if form is None:
            return _read(visitor.browser.get(path, QUERIES.get(name)))
        sent = {key: thing(value, place) for key, value in form.items() if key[0] not in "@+"}
        inside = {"HX-Request": "true"} if name == "records:reveal" else {}
        answer = visitor.browser.post(path, sent, headers=inside, query_params=QUERIES.get(name))
        if name in SEARCHING and answer.status_code == 302:
            nobody()
            answer = visitor.browser.get(answer["Location"])
        return _read(answer)

    return go


def nobody() -> None:
    """Let nobody act any more, as at the end of a request's transaction: here several run in one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('suyuan.seal', '', true)")


def _read(answer: HttpResponse) -> Answer:
    """The status and the text of an answer; of a redirect where it goes and what will be said there."""
    if answer.status_code in (301, 302):
        said = [str(one) for one in get_messages(answer.wsgi_request)]
        return answer.status_code, " ".join([answer["Location"], *said])
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return answer.status_code, content.decode(errors="replace")


def _operations() -> Iterator[Door]:
    for path, item in api.get_openapi_schema()["paths"].items():
        for verb, one in item.items():
            name = one["operationId"]
            gate = ("api", "submit_batch" if name.startswith("submit_batch_") else name)
            names = [each["name"] for each in one.get("parameters", []) if each["in"] == "path" or each.get("required")]
            about = bool(set(names) & OBJECTS)
            if name == "submit_batch_violation":  # one address a type, all the same operation
                yield Door("operation submit_batch", gate, False, _unmade, "")
                more = "submit_batch amends"
                go = _operation(more, verb, path, names)
                yield Door(f"operation {more}", gate, False, go, "", "records_revision")
            elif not name.startswith("submit_batch_"):
                shows, about = "page" if about else "marks", about or "=notice" in BODIES.get(name, {}).values()
                go = _operation(name, verb, path, names)
                yield Door(f"operation {name}", gate, not about, go, shows)


def _operation(name: str, verb: str, path: str, names: list[str]) -> Callable[[Visitor, Place], Answer]:
    def go(visitor: Visitor, place: Place) -> Answer:
        values = {each: given(name, each, place) for each in names}
        target = re.sub(r"\{(?:\w+:)?(\w+)\}", lambda found: str(values.pop(found[1])), path).removeprefix("/api/")
        if verb == "get":
            return _read(visitor.program.get(target, values))
        return _read(visitor.program.post(target, {key: thing(value, place) for key, value in BODIES[name].items()}))

    return go


def _unmade(visitor: Visitor, place: Place) -> Answer:
    raise NotImplementedError("this door is placed as one that is not tried")


def verbs(command: click.Command, name: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command by its whole name."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for one in command.list_commands(context):
            yield from verbs(command.get_command(context, one) or click.Command(one), f"{name} {one}".strip())
    else:
        yield name, command


# Commands that only print.
PRINTING = re.compile(r".* (list|show|history|asked|proposals|effect|signed|waiting|disposals)( reveal)?$")


def _commands() -> Iterator[Door]:
    for name, command in verbs(root):
        names = {str(one.name) for one in command.params if isinstance(one, click.Argument)}
        about = bool(names & OBJECTS)
        for more, words in [("", list[str]()), *MORE.get(name, [])]:
            whole = f"command {name}{more}"
            prints = bool(PRINTING.fullmatch(whole))
            shows = "page" if about and prints else "marks" if prints or name == "record export" else ""
            lists = shows == "marks" and not about
            yield Door(whole, ("command", name), lists, _command(name, command, words), shows)


def _command(name: str, command: click.Command, more: list[str]) -> Callable[[Visitor, Place], Answer]:
    def go(visitor: Visitor, place: Place) -> Answer:
        line = [*name.split(" "), "--as", visitor.who.username, *more]
        for one in command.params:
            if one.name == "ground":
                line += ["--ground", str(visitor.who.ground)]
            elif isinstance(one, click.Argument):
                line.append(str(given(name, str(one.name), place)))
            elif one.name in ("yes", "as_json"):
                line.append(one.opts[0])
            elif one.required and one.name != "username":
                line += [one.opts[0], str(given(name, str(one.name), place))]
        result = CliRunner().invoke(root, line, standalone_mode=False)
        if result.exception is None:
            return 200, result.output + "".join(_taken(Path(one)) for one in line if one.startswith(OUT))
        if isinstance(result.exception, SuyuanError):
            said = result.exception.as_dict()
            return (404 if result.exception.code.endswith(("not_found", "unknown")) else 409), json.dumps(said)
        asked = isinstance(result.exception, click.Abort)  # for a password that nobody types here
        return 409 if asked else 500, repr(result.exception)

    return go


def _taken(file: Path) -> str:
    """What a command wrote into a file, which is then away."""
    content = file.read_bytes().decode(errors="replace")
    file.unlink()
    return content


def _written() -> dict[str, int]:
    """How often rows of each table were written by this connection: where nothing was, nothing changed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables")
        return {name: count for name, count in cursor.fetchall() if not TRACES.match(name)}


def _digests(tables: list[str]) -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tried_digest(%s)", [tables])
        found = cursor.fetchone()[0]
        return dict(json.loads(found) if isinstance(found, str) else found)


class Tried(NamedTuple):
    """What came of one try: the answer, and the tables whose content is another."""

    door: Door
    status: int
    text: str
    changed: frozenset[str]

    def reached(self, place: Place) -> bool:
        """Whether it did anything, or shows anything, of that place. A fault counts as both."""
        done = self.door.about in self.changed if self.door.about else bool(self.changed)
        if self.status >= 500 or (done and not self.door.lists):
            return True
        if self.door.shows in ("marks", "ids"):
            ids = [str(place.things[one]) for one in ("record", "spare", "waiting")]
            known = ids if self.door.shows == "ids" else [*marks(place), *ids[: 3 * self.door.lists]]
            return any(mark in self.text for mark in known)
        return self.door.shows == "page" and self.status == 200


def attempt(door: Door, visitor: Visitor, place: Place) -> Tried:
    """Go through a door at a place; whatever it did is undone."""
    with transaction.atomic():
        before = _written()
        try:
            with transaction.atomic():
                status, text = door.go(visitor, place)
            touched = [name for name, times in _written().items() if times != before.get(name, 0)]
            after = _digests(touched) if touched else {}
        finally:
            transaction.set_rollback(True)
    earlier = _digests(touched) if touched else {}
    return Tried(door, status, text, frozenset(name for name in touched if earlier[name] != after[name]))


def plain(tried: Tried) -> Answer:
    """An answer without what differs from one request to the next: ids, tokens, numbers, queries that are sealed anew."""
    changing = (
        r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[A-Za-z0-9]{32,}\b|\bs=[\w%=-]+|\bvalue=\"[\w=-]{40,}\"|\d+"
    )
    return tried.status, re.sub(changing, "#", tried.text)
