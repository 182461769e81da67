"""The desk says that nothing waits only where nothing does, and withdrawing is called so."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from suyuan.access import proposals, ways_in
from suyuan.web import desk
from world import STATION, Somebody, World, signed_in

pytestmark = pytest.mark.usefixtures("database")
NOTHING = "当前没有待办"


def page(who: Somebody) -> str:
    """Somebody's desk."""
    return signed_in(who.username).get("/").content.decode()


def ask(world: World) -> int:
    """A system administrator asks to reset the collector's password, which another administrator confirms."""
    with world.system.acting() as who:
        return ways_in.ask(who, "password", world.collector.person, world.collector.username, "来电核实").way


def test_an_administrator_to_whom_something_waits_is_not_told_that_nothing_does(world: World) -> None:
    """Before it is asked for nothing waits; then the count is one, and the words are gone."""
    assert NOTHING in page(world.security)
    ask(world)
    text = page(world.security)
    assert "等我确认的账号事项" in text
    assert NOTHING not in text


@pytest.mark.parametrize("name", ["system", "security", "auditor", "trainer", "custodian"])
def test_the_desk_does_not_contradict_itself(world: World, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever counts red, the words are there only without it, for each duty that is no reader."""
    who = world.people[name]
    shown = NOTHING in page(who)
    assert shown == ('class="sy-tile urgent"' not in page(who))
    monkeypatch.setattr(desk, "_answering", lambda _: [desk.Tile(1, "红", "/", urgent=True)])
    assert NOTHING not in page(who)


def test_no_card_without_anything_in_it(world: World) -> None:
    """What can be done next is headed only where there is something."""
    assert "常用操作" in page(world.collector)
    for name in ("custodian", "system", "auditor"):
        text = page(world.people[name])
        steps = text.count('<a class="list-group-item')
        assert ("常用操作" in text) == (steps > 0), name


def pressed(who: Somebody, address: str) -> str:
    """Refuse what is on a page, and read what it says."""
    client: Client = signed_in(who.username)
    return client.post(address, {"act": "refuse"}, follow=True).content.decode()


@pytest.mark.parametrize(("name", "words"), [("security", "已撤回。"), ("security2", "已记入：不予批准。")])
def test_withdrawing_is_not_called_refusing(world: World, name: str, words: str) -> None:
    """Who proposed it withdraws, another refuses."""
    with world.security.acting() as who:
        number = proposals.propose_duty(
            who, world.trainer.person, "training_manager", STATION, starts_on=timezone.localdate(),
            ends_on=timezone.localdate() + timedelta(days=30), reason="工作需要")  # fmt: skip
    assert words in pressed(world.people[name], f"/proposals/{number}/")
