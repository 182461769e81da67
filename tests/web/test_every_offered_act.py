"""No act that a page offers is refused by the wall under the ground it was offered for (norm 5.1.2).

Somebody of every duty, under every kind of ground, walks from the desk along every link that pages offer, and presses
every button on the way. What is pressed is undone, so that all that is offered can be tried from one state. Pages alike
(the same route, class of type and state of what it shows) are walked once.

Then the pages of every single type, as somebody of each duty that reads records, under every kind of ground. States of
records are left to the walk by class; a type's batches are reviewed under one kind of ground by each duty, under another by
the next.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
import pyarrow as pa
import pytest
from django.db import transaction
from django.test import Client
from django.urls import Resolver404, resolve

from access.test_matrix import HOLDERS
from browser.delivery import deliver
from canaries import free, planted
from offered import Button, Form, Offered, read
from suyuan import catalog
from suyuan.access.acting import Acting
from suyuan.access.words import READERS
from suyuan.catalog.check import check
from suyuan.catalog.model import RecordType
from suyuan.errors import SuyuanError
from suyuan.installation import Installation, current
from suyuan.review import actions, queries
from world import Somebody, World, enter_powers, keys_apart, signed_in

pytestmark = pytest.mark.usefixtures("database")
# Ends the session, changes who acts or in which language; each has tests of its own.
LEFT = ("/sign-out/", "/sign-in/", "/language/", "/ground/", "/static/", "/api/", "/reauthenticate/", "/account/")
# What may be answered to a form sent as it was offered, without anything typed into it: words about what is missing.
# Where the pages of a type are found.
DOORS = ("/", "/records/", "/review/", "/collect/new/")
UNFILLED = re.compile(
    r"review\.(decision_reason|nothing_left|sample_unseen)|collection\.|api\.|access\.(ground_refused|conflict|bad_code)"
    r"|records\.(disposal|export)|audit\.(rule|refused|not_sequenced|proof)|vault\."
)


class Place(NamedTuple):
    """What a page is one of: its route, with the class and the state of what it shows."""

    route: str
    about: str


class Refused(NamedTuple):
    """An offered act that was refused."""

    page: str
    act: str
    status: int
    why: str


def classes() -> dict[tuple[Any, ...], RecordType]:
    """A type of each class, by what the wall goes by: about people or not, and its level."""
    found: dict[tuple[Any, ...], RecordType] = {}
    for one in catalog.current().types.values():
        if any(field.to and field.required for field in one.fields.values()):
            continue  # wants another record to be there first; its class has others
        found.setdefault((one.about_people, one.level), one)
    return found


def row_of(rtype: RecordType, **values: str) -> dict[str, str]:
    """A row of a type like no other."""
    row = planted(rtype)
    return {
        name: one for name, one in row.items() if rtype.fields[name].example or rtype.fields[name].required
    } | values


def rows_of(rtype: RecordType) -> Iterator[dict[str, str]]:
    """Rows of a type with a key each: of a number with a fixed form those that the check takes."""
    while not rtype.key or any(free(rtype.fields[name]) for name in rtype.key):
        yield row_of(rtype)
    name = next(name for name in rtype.key if rtype.fields[name].example[-4:].isdecimal())
    rows = [row_of(rtype, **{name: f"{rtype.fields[name].example[:-4]}{n:04}"}) for n in range(1, 1000)]
    columns = {each: [row.get(each) for row in rows] for each in rows[0]}
    verdicts = check(rtype, pa.table({"_row": range(len(rows)), **columns})).rows["verdict"].to_pylist()
    yield from (row for row, verdict in zip(rows, verdicts, strict=True) if verdict < 2)


def settle_states(world: World) -> None:
    """For a type of each class a record in every state, and an amendment of one that is in force; of others what waits."""
    for rtype in classes().values():
        decided: list[list[tuple[str, str]]] = [
            [], [("first", "approve")], [("first", "return")], [("first", "reject")],
            [("first", "approve"), ("second", "approve"), ("final", "approve")],
        ]  # fmt: skip
        for steps in decided:
            row = row_of(rtype)
            _brought(world, rtype, row, steps)
        _brought(world, rtype, row | _changed(rtype, row), [])
    extra = catalog.current().types["violation"]
    _brought(world, extra, row_of(extra, points="12", act="P12-01"), [("first", "approve"), ("second", "approve")])
    for rtype in catalog.current().types.values():
        if rtype not in classes().values():
            steps = [(name, "approve") for name in ("first", "second", "final")]
            for count, row in zip(range(4 if rtype.final_review_when else 3), rows_of(rtype), strict=False):
                _brought(world, rtype, row, steps[:count])


def _changed(rtype: RecordType, row: dict[str, str]) -> dict[str, str]:
    free = next(name for name, one in rtype.fields.items() if one.type == "text" and not one.kind and not one.pattern
                and name not in rtype.key and name in row)  # fmt: skip
    return {free: row[free] + "改"}


def _brought(world: World, rtype: RecordType, row: dict[str, str], steps: list[tuple[str, str]]) -> None:
    found = deliver(world.collector, rtype.id, row)
    for number, (name, outcome) in enumerate(steps, 1):
        with world.people[name].on_duty() as who:
            try:
                actions.decide(
                    who, found.batch, number, outcome, found.digest, reason="理由" if outcome != "approve" else ""
                )
            except SuyuanError:
                assert number == 3, "only some types have a final review"


@contextmanager
def undone() -> Iterator[None]:
    """Whatever is done inside is undone."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


class Walk:
    """One person under one ground, walking."""

    def __init__(
        self, who: Somebody, ground: int, told: list[str], types: Collection[str] = (), batches: Collection[str] = ()
    ) -> None:
        """With `types` only through the pages of these and of batches of `batches`, each type by itself; else through every
        page, types by their class.
        """
        self.client: Client = signed_in(who.username, raise_request_exception=False)
        self.client.post("/ground/", {"ground": ground})
        self.told = told
        self.seen: set[tuple[Place, str]] = set()
        self.refused: list[Refused] = []
        self.pages = self.pressed = 0
        self.types, self.batches = types, batches

    def through(self, start: str = "/", pages: int = 10_000) -> None:
        """Along every link from here, so many pages at most."""
        waiting = [start]
        while waiting and self.pages < pages:
            address = waiting.pop(0)
            place = self.place(address)
            if place is None or (place, "") in self.seen:
                continue
            self.seen.add((place, ""))
            answer = self._ask("get", address, "打开", {}, place)
            if answer is None or "html" not in answer.get("Content-Type", ""):
                continue
            self.pages += 1
            offered = read(answer.content.decode())
            waiting += [self._absolute(address, one) for one in offered.links]
            self._press_all(address, place, offered)

    def place(self, address: str) -> Place | None:
        """Which page an address is, or None for what is not walked."""
        path = address.partition("?")[0].partition("#")[0]
        if not path.startswith("/") or path.startswith(LEFT):
            return None
        try:
            match = resolve(path)
        except Resolver404:
            return None if self.types else Place("nowhere", path)
        named = [about(value) for value in match.kwargs.values()]
        if self.types and path not in DOORS and not any(map(self._wanted, named)):
            return None
        return Place(match.view_name, "|".join(one.exactly if self.types else one.alike for one in named))

    def _wanted(self, one: Named) -> bool:
        return one.type in (self.batches if one.batch else self.types)

    def _press_all(self, address: str, place: Place, offered: Offered) -> None:
        for form in offered.forms:
            for button in form.buttons or [Button("", "", "", "")]:
                target = self._absolute(address, button.action or form.action or address)
                there = self.place(target)
                act = f"{form.method} {target.partition('?')[0]} {button.name}={button.value.partition(' ')[0]} {button.label}"
                mark = (place, f"{there} {button.name} {button.value if len(button.value) < 20 else ''} {button.label}")
                if there is None or mark in self.seen:
                    continue
                self.seen.add(mark)
                self._press(address, place, form, button, target, act)

    def _press(self, address: str, place: Place, form: Form, button: Button, target: str, act: str) -> None:
        self.pressed += 1
        ways = [form.filled(button)]
        if any(name == "back" for name, _ in form.boxes):
            row = dict(form.boxes)["back"]
            ways.append(form.filled(button, reason="写明理由", **{"back": row, f"why {row} 0": "写明细节"}))
        for values in ways:
            with undone():
                self._ask(form.method, target, act, values, place)

    def _ask(self, method: str, address: str, act: str, values: dict[str, Any], place: Place) -> Any:
        self.told.clear()
        answer = getattr(self.client, method)(address, values) if values else getattr(self.client, method)(address)
        why = [one for one in self.told if not UNFILLED.match(one)]
        barred = answer.status_code in (403, 404) or answer.status_code >= 500
        if (
            method == "get"
            and self.told
            and self.told[-1] == "access.no_purpose"
            and "/grounds/" in answer.content.decode()
        ):
            return None  # the page that asks for a ground, offers those there are, and then goes on
        if barred or (answer.status_code == 409 and why):
            self.refused.append(Refused(f"{place.route} {place.about}", act, answer.status_code, " ".join(self.told)))
        return None if barred else answer

    def _absolute(self, address: str, link: str) -> str:
        if link.startswith("?"):
            return address.partition("?")[0] + link
        return link


class Named(NamedTuple):
    """What a part of an address names: a type, a record or batch of one in a state, or something else."""

    type: str
    state: str = ""
    batch: bool = False

    @property
    def exactly(self) -> str:
        """The type itself; of a batch that waits also for which review."""
        return f"{self.type} {self.state}" if self.batch and self.state.endswith("_review") else self.type

    @property
    def alike(self) -> str:
        """The class of its type, with the state."""
        rtype = catalog.current().types.get(self.type)
        return f"{rtype.about_people} {rtype.level} {self.state}" if rtype else self.type


def about(value: Any) -> Named:
    """What a part of an address names."""
    if isinstance(value, UUID):
        return _stored(value)
    return Named(str(value) if str(value) in catalog.current().types else type(value).__name__)


@cache
def _stored(number: UUID) -> Named:
    """The type and state of a record or a batch; what is pressed is undone, so they stay."""
    with psycopg.connect(current().database("owner")) as owner:
        for table, key in (("records_record", "record_id"), ("records_batch", "batch_id")):
            statement = f"SELECT type, state FROM {table} WHERE {key} = %s"
            if row := owner.execute(statement.encode(), [number]).fetchone():
                return Named(str(row[0]), str(row[1]), key == "batch_id")
    return Named("other")


@pytest.fixture(scope="module", autouse=True)
def keys_of_this_file(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keys apart from those that all tests share: one of the acts that are offered renews them."""
    with keys_apart(installation, tmp_path_factory.mktemp("keys")):
        yield


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The codes of refusals that were raised since it was last cleared."""
    codes: list[str] = []
    before = SuyuanError.__init__

    def init(self: SuyuanError, code: str, *words: str) -> None:
        codes.append(code)
        before(self, code, *words)

    monkeypatch.setattr(SuyuanError, "__init__", init)
    return codes


@pytest.fixture
def settled(world: World, level_two: None, superuser: Callable[[], psycopg.Connection[tuple[object, ...]]]) -> World:
    """The province, cleared for level 2, with records of each class in every state; made once a database."""
    owner = superuser()
    if not owner.execute("SELECT 1 FROM records_batch LIMIT 1").fetchone():
        owner.execute("UPDATE access_duty SET clearance = 2 WHERE clearance < 2")
        enter_powers()
        settle_states(world)
    return world


def grounds_of(who: Somebody, owner: psycopg.Connection[tuple[object, ...]]) -> dict[str, int]:
    """Somebody's grounds by kind; of a reviewer also that of the first review that waits."""
    rows = owner.execute(
        "SELECT kind, min(ground) FROM access_ground WHERE person = %s AND ends_at > now() GROUP BY kind", [who.person]
    )
    found = {str(kind): int(str(ground)) for kind, ground in rows.fetchall()}
    if "review" not in found:
        with who.on_duty() as one:
            for task in queries.waiting(one)[:1]:
                found["review"] = actions.take(one, task.batch)
    return found


@pytest.mark.clause("5.1.2")
@pytest.mark.control("C8")
@pytest.mark.parametrize("duty", HOLDERS)
def test_no_offered_act_is_refused(
    settled: World, told: list[str], superuser: Callable[[], psycopg.Connection[tuple[object, ...]]], duty: str
) -> None:
    """By the wall, by the act, or by a fault of ours, under the ground for which it was offered."""
    who = settled.people[HOLDERS[duty]]
    for kind, ground in grounds_of(who, superuser()).items():
        walk = Walk(who, ground, told)
        walk.through()
        assert walk.refused == [], kind
        assert walk.pages > 3, kind


@pytest.mark.clause("5.1.2")
@pytest.mark.control("C8")
@pytest.mark.parametrize("duty", READERS)
def test_no_act_on_a_record_of_any_type_is_refused(
    settled: World, told: list[str], superuser: Callable[[], psycopg.Connection[tuple[object, ...]]], duty: str
) -> None:
    """On the pages of each type, of a record of it and of its batches that wait, under every kind of ground."""
    who = settled.people[HOLDERS[duty]]
    types, grounds = sorted(catalog.current().types), grounds_of(who, superuser())
    for turn, (kind, ground) in enumerate(grounds.items(), READERS.index(duty)):
        walk = Walk(who, ground, told, types, types[turn % len(grounds) :: len(grounds)])
        walk.through()
        assert walk.refused == [], kind
        assert {name for place, _ in walk.seen for name in place.about.split()} >= set(types), kind


def test_an_act_offered_beyond_the_wall_is_named(
    settled: World, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: where a page offers the next reviewer what is not theirs yet, the walk names page and button."""
    before = queries.waiting

    def everything(who: Acting, batch: UUID | None = None) -> list[queries.Task]:
        return [queries.task(who, batch)] if batch else before(who)

    monkeypatch.setattr(queries, "waiting", everything)
    with psycopg.connect(current().database("owner")) as owner:
        found = owner.execute("SELECT batch_id FROM records_batch WHERE state = 'first_review' LIMIT 1").fetchone()
    assert found
    walk = Walk(settled.second, settled.second.ground, told)
    walk.through(f"/review/{found[0]}/", pages=1)
    assert any("review:batch" in one.page and "outcome" in one.act for one in walk.refused), walk.refused
