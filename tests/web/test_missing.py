"""What does not exist is not found: every address with a number or name that is nobody's, for every duty."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

from program import Program
from suyuan.access.words import DUTIES
from world import Somebody, World, signed_in

NOBODY = "00000000-0000-7000-8000-000000000000"
# By converter: what looks right and is nobody's; the second is more than the database can hold.
NUMBERS = {"int": ("999999999", "9" * 30), "uuid": (NOBODY, NOBODY), "uuidstr": (NOBODY, NOBODY),
           "slug": ("nothing", "nothing"), "str": ("nothing", "nothing")}  # fmt: skip
FOUND = (200, 201, 409, 422)
ACTS = {"act": "disable", "duty": "999999999", "ground": "999999999", "approve": "1", "username": "nobody-here"}


def addresses(resolver: URLResolver, before: str = "/", large: bool = False) -> Iterator[str]:
    """Every address that takes a number or a name, filled in with some that are nobody's."""
    for one in resolver.url_patterns:
        route = str(one.pattern) if isinstance(one.pattern, RoutePattern) else ""
        filled = before + re.sub(r"<(?:(\w+):)?\w+>", lambda found: NUMBERS[found[1] or "str"][large], route)
        if isinstance(one, URLResolver):
            yield from addresses(one, filled, large)
        elif "<" in route:
            yield filled


def all_addresses() -> list[str]:
    """Those of the pages and of the API."""
    resolver = get_resolver()
    return sorted({one for large in (False, True) for one in addresses(resolver, large=large)})


HOLDERS = {
    "collector": "collector", "first_reviewer": "first", "second_reviewer": "second", "final_reviewer": "final",
    "department_head": "head", "storage_custodian": "custodian", "analyst": "analyst", "security_auditor": "auditor",
    "system_administrator": "system", "security_administrator": "security", "training_manager": "trainer",
}  # fmt: skip


def page_of(who: Somebody) -> Client:
    """A signed-in session with the person's case chosen; what breaks is answered and not raised."""
    client = signed_in(who.username, raise_request_exception=False)
    client.post("/ground/", {"ground": who.ground})
    return client


def answers(client: Any, path: str) -> list[int]:
    """To looking at an address and to each act that a page knows."""
    form = ACTS | {"csrfmiddlewaretoken": ""}
    return [
        client.get(path).status_code,
        *(client.post(path, form | {"act": act}).status_code for act in ("", "disable", "end")),
    ]


@pytest.mark.control("C9")
@pytest.mark.control("C40")
@pytest.mark.parametrize("duty", DUTIES)
def test_what_does_not_exist_is_not_found(world: World, duty: str) -> None:
    """404 or a refusal, never a conflict, an error of ours or a page about nothing."""
    client = page_of(getattr(world, HOLDERS[duty]))
    # The auditor's pages ask first what the log is read for, and show the entries about an id, which may be none: alike.
    alike = ("/api/", "/audit/record/", "/audit/entry/")
    walked = [one for one in all_addresses() if not one.startswith(alike)]
    assert len(walked) > 30
    found = {one: answers(client, one) for one in walked}
    wrong = {one: said for one, said in found.items() if any(code in FOUND or code >= 500 for code in said)}
    assert wrong == {}


@pytest.mark.control("C9")
@pytest.mark.parametrize("duty", DUTIES)
def test_programs_find_nothing_either(world: World, duty: str) -> None:
    """The operations of the API, by the same addresses."""
    program = Program.of(getattr(world, HOLDERS[duty]))
    wrong = {}
    for one in [one.removeprefix("/api/") for one in all_addresses() if one.startswith("/api/")]:
        said = [program.get(one).status_code, program.post(one, {}).status_code]
        if any(code in (200, 201, 409) or code >= 500 for code in said):
            wrong[one] = said
    assert wrong == {}


def test_the_walk_knows_every_kind_of_address() -> None:
    """A new converter has no sample yet and stops here; what exists is answered by something else than 404."""

    def converters(resolver: URLResolver) -> Iterator[str]:
        for one in resolver.url_patterns:
            route = str(one.pattern) if isinstance(one.pattern, RoutePattern) else ""
            yield from (found[1] or "str" for found in re.finditer(r"<(?:(\w+):)?\w+>", route))
            if isinstance(one, URLResolver):
                yield from converters(one)

    assert set(converters(get_resolver())) <= set(NUMBERS)


def test_what_exists_is_answered_otherwise(world: World) -> None:
    """The control of the walk: a person who is there is a page, which the walk would name."""
    said = answers(page_of(world.system), f"/people/{world.system.person}/")
    assert said[0] == 200
