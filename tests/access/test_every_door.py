"""Every page with the forms it sends, API operation and command, as each duty held at a county (norm 5.1.2).

Which doors there are comes from the resolver, the API's description and the command tree; what each does from the table
written by hand (`doors.csv`), and who may do that from the matrix. So a door that nobody placed is red, and so is one that
reaches beside or above, by an act or by what it shows.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import get_resolver, path

import matrix
import suyuan
from access.door_arguments import FORMS, nowhere
from access.door_stage import Stage
from access.every_door import UNTRIED, Door, Tried, allowed, attempt, doors, placed, plain
from access.everything import Place
from access.test_every_function import UNRANGED
from suyuan.access.words import DUTIES
from suyuan.cli.root import root
from suyuan.collection import forms
from suyuan.web.urls import api

pytestmark = pytest.mark.usefixtures("own_keys")
# Doors to what is hidden: records and what is on its way to one. Staff are known to whoever administers them, and the id of
# a draft is made by the window that types: one that nobody has is a new draft.
HIDING = re.compile(
    r"(page (records|review|collection|audit):|operation |command (record|review|vault erase|ledger prove))"
    r"(?!check|draft send|findings)"
)


def tries(stage: Stage, duty: str, door: Door) -> list[tuple[Place, Tried]]:
    """What comes of going through a door at each place.

    Where the own agency's object is refused, the duty lacks the act: then one more place is tried, another one for each
    duty, instead of all five. A list shows all of them at once.
    """
    who, own, others = stage.visitor(duty), stage.places[0], stage.places[1:]
    first = attempt(door, who, own)
    if door.lists:
        return [(place, first) for place in stage.places]
    if not first.reached(own) and not allowed(door, duty, own.relation):
        others = [others[stage.turn(door.name, duty) % len(others)]]
    return [(own, first), *((place, attempt(door, who, place)) for place in others)]


def differing(stage: Stage, duty: str, names: set[str] | None = None) -> tuple[dict[str, str], int]:
    """Where the outcome is not what the matrix says, or what is hidden answers unlike what is missing; and how many cells."""
    differ: dict[str, str] = {}
    cells = 0
    for door in stage.doors:
        if names is not None and door.name not in names:
            continue
        found = tries(stage, duty, door)
        cells += len(found)
        wrong = [
            f"{place.relation} {one.status} {' '.join(sorted(one.changed))}"
            for place, one in found
            if one.status >= 500 or one.reached(place) != allowed(door, duty, place.relation)
        ]
        if not wrong and not door.lists and HIDING.match(door.name):
            wrong = telling(stage, duty, door, found)
        if wrong:
            differ[door.name] = ", ".join(wrong)
    return differ, cells


def telling(stage: Stage, duty: str, door: Door, found: list[tuple[Place, Tried]]) -> list[str]:
    """Where a refusal tells that there is something: it is unlike that of an object that does not exist."""
    hidden = [(place, one) for place, one in found if not one.reached(place) and place.relation not in ("own", "below")]
    if not hidden:
        return []
    missing = plain(attempt(door, stage.visitor(duty), nowhere(stage.places[0])))
    return [f"{place.relation} answers unlike a missing one" for place, one in hidden if plain(one) != missing]


@pytest.mark.clause("5.1.1", "5.1.2")
@pytest.mark.control("C7", "C8", "C9")
def test_every_door_is_placed() -> None:
    """A door that nobody placed is red, and so is a placement of none; what names no act says why."""
    assert {one.name for one in doors()} == set(placed())
    acts, functions = set(matrix.expand("act")), set(matrix.expand("sql_function"))
    for name, one in placed().items():
        known = one.act in UNTRIED | {"nothing", "cells"} | acts
        assert known or one.act.removeprefix("function ") in functions, name
        assert one.because or one.act in acts, name


def test_a_door_that_comes_later_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: an address, an operation and a command that nobody placed."""

    def page(request: HttpRequest) -> HttpResponse:
        """Show something."""
        return HttpResponse()

    @click.command("later")
    @click.argument("record")
    @click.option("--as", "username")
    def later(record: str, username: str) -> None:
        """Do something."""

    resolver, described, command = get_resolver(), api.get_openapi_schema(), type(root).get_command
    described["paths"]["/api/later"] = {"get": {"operationId": "later"}}
    monkeypatch.setattr(resolver, "url_patterns", [*resolver.url_patterns, path("later/", page, name="later")])
    monkeypatch.setattr(api, "get_openapi_schema", lambda: described)
    names = root.list_commands(click.Context(root))
    monkeypatch.setattr(type(root), "list_commands", lambda *_: [*names, "later"])
    monkeypatch.setattr(
        type(root),
        "get_command",
        lambda self, context, name: later if name == "later" else command(self, context, name),
    )
    new = {one.name for one in doors()} - set(placed())
    assert new == {"page later", "page later send", "operation later", "command later"}


def test_every_act_that_a_page_offers_is_tried() -> None:
    """An act that a template offers and no form of this test sends is red."""
    offered = set()
    for page in Path(suyuan.__file__).parent.rglob("templates/**/*.html"):
        for value in re.findall(r'name="act" value="([^"]*)"', page.read_text(encoding="utf-8")):
            offered |= set(re.findall(r"[a-z]+", re.sub(r"\{%.*?%\}", " ", value)))
    assert offered <= {form["act"] for sent in FORMS.values() for form in sent if "act" in form}


@pytest.mark.clause("5.1.1", "5.1.2", "5.3.1")
@pytest.mark.control("C7", "C8", "C9")
@pytest.mark.parametrize("duty", list(DUTIES))
def test_every_door_reaches_what_the_matrix_says(
    stage: Stage, duty: str, record_property: Callable[[str, object], None]
) -> None:
    """At objects of the own agency, below, above, beside, of another city and province; what is hidden answers as missing."""
    differ, cells = differing(stage, duty)
    record_property("cells", cells)
    assert differ == {}


@pytest.mark.control("C7", "C8")
@pytest.mark.parametrize(("helper", "duty", "named"), [
    ("access_require_person", "system_administrator", {"command user disable"}),
    ("access_require_over", "security_administrator", {"command duty raise"}),
])  # fmt: skip
def test_a_check_taken_out_is_named(stage: Stage, helper: str, duty: str, named: set[str]) -> None:
    """Negative control: without its range the doors that lean on it are named."""
    [[sound]] = stage.owner.execute("SELECT pg_get_functiondef(%s::regproc)", [helper]).fetchall()
    stage.owner.execute(f"""CREATE OR REPLACE FUNCTION {helper}({UNRANGED[helper]} LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = pg_catalog, public, pg_temp AS 'BEGIN END'""")  # fmt: skip
    try:
        assert set(differing(stage, duty, named)[0]) == named
    finally:
        stage.owner.execute(sound)
    assert differing(stage, duty, named)[0] == {}


@pytest.mark.clause("4.1")
@pytest.mark.control("C8")
def test_a_guard_of_an_act_taken_out_is_named(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: a collector of a county begins to correct a station's record. Act and database both keep them out."""
    named = {"page collection:correct send"}
    monkeypatch.setattr(forms.decide, "require", lambda *_, **__: None)
    assert differing(stage, "collector", named)[0] == {}
    stage.owner.execute("ALTER TABLE collection_draft DISABLE TRIGGER collection_draft_amends")
    try:
        assert set(differing(stage, "collector", named)[0]) == named
    finally:
        stage.owner.execute("ALTER TABLE collection_draft ENABLE TRIGGER collection_draft_amends")
