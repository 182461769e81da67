"""Every look is an entry: whatever opens what is sealed, reads the log, findings, samples or emergencies (control map 14, 15, 21).

What is looked at is found by what happens: each opening of sealed content, each call of a function that reads entries, each
reading of a table that holds the like in plain. A purpose of sealing that nobody placed here is red.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connection

from access.door_stage import Stage
from access.every_door import Door
from access.everything import Place
from audit.test_reading import ACTS, readers
from delivered import checked, rows_of
from suyuan import catalog
from suyuan.access import grounds
from suyuan.access.words import DUTIES
from suyuan.audit import reading
from suyuan.collection import actions, looks, wizard
from suyuan.collection.queries import FOUND, SQL, place
from suyuan.ledger.actions import EntryRef
from suyuan.vault import actions as vault
from suyuan.vault import envelope

pytestmark = pytest.mark.usefixtures("own_keys")
# What is sealed, by its purpose: a look where it is opened for somebody, or why it is none.
LOOKS = {"record", "collection.draft", "import.upload", "import.found", "records.export"}
NO_LOOKS = {
    "import.about": "how a file is read: the names of its columns and none of its values",
    "import.failure": "why an import stopped",
    "batch.label": "what a collector calls a source",
    "search": "what the person typed a moment ago",
    "review.decision": "a reviewer's reason, shown with the rows that the same page enters",
    "review.return": "why a row came back, shown with the record that the same page enters",
    "review.mark": "one's own notes",
    "disposal": "the rule or order by which a record is to be erased",
    "audit.seed": "opened by the draw, which is an act with an entry",
}
# What lies there in plain and is a look all the same.
PLAIN = ("audit_finding", "access_emergency", "audit_item")
# Doors that open such a thing and show nothing of it.
SHOW_NONE = {
    "page web:desk": "numbers",
    "page audit:weeks": "of samples how many are answered",
    "page collection:new": "of drafts their type and time",
    "page access:emergency": "to whoever reviews none, their own",
}


@contextmanager
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """What is looked at while the context lasts."""
    seen: set[str] = set()
    opened, decrypted, taken = vault.open_sealed, envelope.decrypt, envelope.open_salted
    wanted = re.compile(
        rf"\b({'|'.join(sorted(readers() - ACTS))})\(|\bSELECT\b(?! count).*\b(?:FROM|JOIN) ({'|'.join(PLAIN)})\b",
        re.DOTALL,
    )

    def look(execute: Callable[..., Any], statement: str, *rest: Any) -> Any:
        seen.update(name for found in wanted.findall(str(statement)) for name in found if name)
        return execute(statement, *rest)

    def sealed(purpose: str, *rest: Any) -> bytes:
        seen.add(purpose)
        return opened(purpose, *rest)

    def content(*given: Any) -> Any:
        seen.add("record")
        return decrypted(*given)

    def whole(*given: Any) -> Any:
        seen.add("record")
        return taken(*given)

    with monkeypatch.context() as patched, connection.execute_wrapper(look):
        patched.setattr(vault, "open_sealed", sealed)
        patched.setattr(envelope, "decrypt", content)
        patched.setattr(envelope, "open_salted", whole)
        yield seen


def entries(owner: psycopg.Connection[Any], person: int) -> int:
    """How many entries there are by somebody that say more than that they were refused or signed in."""
    row = owner.execute("SELECT count(*) FROM ledger_entry WHERE person = %s AND act NOT IN (20, 21, 22, 23)", [person])
    return int(row.fetchall()[0][0])


@pytest.fixture(scope="module")
def looked_at(stage: Stage) -> Place:
    """The own agency's objects, and a draft and an import with its findings that are the collector's own."""
    own = stage.places[0]
    file = ",".join(row := rows_of("violation", 1)[0]) + "\n" + ",".join(row.values()) + "\n"
    with stage.world.collector.acting() as who:
        draft = actions.new_id()
        actions.save_draft(who, draft, "violation", {"place": "人民路"})
        prepared = wizard.receive(who, "一.csv", [file.encode()], len(file.encode()), catalog.current())
        content = vault.seal(FOUND, place(prepared, 0), actions._packed(checked("violation", [row]).findings))
        with connection.cursor() as cursor:
            mine: dict[str, Any] = {"id": prepared, "chunk": 0, "person": who.person, "agency": who.agency, "level": 1}
            cursor.execute(SQL["found"], mine | {"content": content})
    return Place(own.relation, own.agency, own.things | {"draft": draft, "import_id": prepared})


def walk(
    stage: Stage, duty: str, place: Place, monkeypatch: pytest.MonkeyPatch
) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """What a duty is shown at a place, by door; and that of it which left no entry."""
    shown, silent = dict[str, set[str]](), dict[str, set[str]]()
    visitor = stage.visitor(duty)
    for door in stage.doors:
        if not door.shows:
            continue
        before = entries(stage.owner, visitor.who.person)
        with watched(monkeypatch) as seen:
            status, _ = door.go(visitor, place)
        assert status < 500, door.name
        looked = seen - set(NO_LOOKS) if status == 200 else set()
        if looked:
            shown[door.name] = looked
        if looked and entries(stage.owner, visitor.who.person) == before and not showing_none(stage, duty, door):
            silent[door.name] = looked
    return shown, silent


def showing_none(stage: Stage, duty: str, door: Door) -> bool:
    """Whether a door is placed as one that shows nothing of what it opens."""
    reviews = duty in ("department_head", "security_auditor")
    return door.name in SHOW_NONE and not (door.name == "page access:emergency" and reviews)


@pytest.mark.clause("5.3.1")
@pytest.mark.control("C14", "C15", "C21")
def test_every_look_is_an_entry(
    stage: Stage, looked_at: Place, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    """By every page, operation and command, as every duty; and each kind of look was seen in the walk."""
    silent, kinds, looked = dict[str, set[str]](), set[str](), 0
    for duty in DUTIES:
        shown, without = walk(stage, duty, looked_at, monkeypatch)
        silent |= {f"{door} as {duty}": what for door, what in without.items()}
        kinds |= set().union(*shown.values())
        looked += len(shown)
    record_property("looks", looked)
    assert silent == {}
    assert kinds - readers() - set(PLAIN) == LOOKS
    assert set(PLAIN) | {"audit_search", "audit_entry", "audit_items", "audit_exports", "ledger_about"} <= kinds


class Mute:
    """A ledger that enters nothing."""

    @staticmethod
    def append(*_: Any, **__: Any) -> EntryRef:
        """Enter nothing."""
        return EntryRef(0, 0)


@pytest.mark.control("C14", "C21")
@pytest.mark.parametrize(("room", "duty", "named"), [
    (grounds, "department_head", {"page access:emergency"}), (reading, "security_auditor", {"page audit:findings", "page audit:entry"}),
    (looks, "collector", {"page collection:draft", "page collection:job"}),
])  # fmt: skip
def test_a_look_without_an_entry_is_named(
    stage: Stage, looked_at: Place, monkeypatch: pytest.MonkeyPatch, room: Any, duty: str, named: set[str]
) -> None:
    """Negative control: with the entry left out, the pages are named."""
    monkeypatch.setattr(room, "ledger", Mute)
    assert named <= set(walk(stage, duty, looked_at, monkeypatch)[1])
