"""One small province whose people everybody knows by name, for every test that needs somebody to act.

浙东省 has two cities, each with two counties, each with two stations. 王采 collects at 东湖派出所; 李初 reviews first
there; 赵复 reviews second for the county; 钱终 is the final reviewer of the city above; 孙外 has the same duty as 王采
in the other city. All of them are made up.
"""

from __future__ import annotations

import fcntl
import shutil
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client

from suyuan.access import proposals, ways_in
from suyuan.access.acting import Acting, acting
from suyuan.installation import Installation
from suyuan.ledger import actions as ledger
from suyuan.ledger import bound
from suyuan.ledger.acts import Act
from suyuan.vault import actions, agent, custodians, generations
from suyuan.vault.actions import provider

PASSWORD = "Test-only-passphrase"
_hash: list[str] = []

MINISTRY, PROVINCE = 0, 10**12
CITY, OTHER_CITY = PROVINCE + 10**9, PROVINCE + 2 * 10**9
COUNTY, OTHER_COUNTY = CITY + 10**6, CITY + 2 * 10**6
STATION, OTHER_STATION = COUNTY + 10**3, COUNTY + 2 * 10**3
FAR_COUNTY = OTHER_CITY + 10**6
FAR_STATION = FAR_COUNTY + 10**3

PEOPLE = {
    "collector": ("王采", "collector", STATION),
    "colleague": ("周同", "collector", STATION),
    "first": ("李初", "first_reviewer", STATION),
    "second": ("赵复", "second_reviewer", COUNTY),
    "final": ("钱终", "final_reviewer", CITY),
    "head": ("吴长", "department_head", COUNTY),
    "outsider": ("孙外", "collector", FAR_STATION),
    "outside_first": ("郑外", "first_reviewer", FAR_STATION),
    "custodian": ("冯存", "storage_custodian", MINISTRY),
    "analyst": ("陈析", "analyst", CITY),
    "auditor": ("褚审", "security_auditor", MINISTRY),
    "system": ("卫系", "system_administrator", MINISTRY),
    "security": ("蒋安", "security_administrator", MINISTRY),
    "trainer": ("沈训", "training_manager", PROVINCE),
    "security2": ("韩安", "security_administrator", MINISTRY),
    "custodian2": ("吕存", "storage_custodian", MINISTRY),
}


@dataclass(frozen=True)
class Somebody:
    """A person of the world, able to act under their one duty: for a case they work on, where it reads records."""

    name: str
    person: int
    ground: int
    duty: int
    username: str
    duty_ground: int = 0
    password: str = PASSWORD

    def acting(self) -> AbstractContextManager[Acting]:
        """Act under one's own ground."""
        return acting(self.person, self.ground)

    def on_duty(self) -> AbstractContextManager[Acting]:
        """Act under the ground of the duty alone, for no case."""
        return acting(self.person, self.duty_ground)


@dataclass(frozen=True)
class World:
    """People by the word for what they do: `world.collector`, `world.second`."""

    people: dict[str, Somebody] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Somebody:
        try:
            return self.people[name]
        except KeyError:
            raise AttributeError(name) from None


def grant(world: World, person: int, kind: str, agency: int, **more: Any) -> int:
    """A duty as it comes about: one security administrator proposes, the other approves. Gives its number."""
    with world.security.acting() as who:
        proposal = proposals.propose_duty(who, person, kind, agency, **{"reason": "令〔2026〕1号"} | more)
    with world.security2.acting() as who:
        made = proposals.approve(who, proposal)
    assert made is not None
    return made


def come_in(
    world: World, person: int, username: str, kind: str = "account", password: str = PASSWORD, *, by: str = "security"
) -> None:
    """An account as it comes about: asked by one, confirmed by another, opened by the person, who then signs in with it."""
    with world.system.acting() as who:
        asked = ways_in.ask(who, kind, person, username, "令〔2026〕1号")
    with getattr(world, by).acting() as who:
        half = ways_in.confirm(who, asked.way)
    ways_in.open_by_code(username, asked.half, half, password)
    assert Client().login(username=username, password=password)
    ways_in.finish(person)


def signed_in(username: str, **more: Any) -> Client:
    """A browser in which somebody has signed in and has just shown a fresh factor."""
    client = Client(**more)
    assert client.login(username=username, password=PASSWORD)
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time(), "reauthenticated": True}]
    session["account_authentication_methods_user"] = session["_auth_user_id"]
    session.save()
    return client


@pytest.fixture
def world(installation: Installation, database: str) -> World:
    """The province on the test module's database; made once a database."""
    return settle(installation)


@pytest.fixture
def fresh_world(installation: Installation, fresh_database: str) -> Iterator[World]:
    """The province on a database of the test's own."""
    yield settle(installation)


@contextmanager
def sole_agent(installation: Installation) -> Iterator[agent.Client]:
    """The installation's agent without custodians, for one test: workers of a parallel run share the installation."""
    with (installation.data / "agent.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        client = agent.Client(installation.data)
        with agent.serving(installation.data):
            yield client
        client.path.unlink()
        provider.cache_clear()


@pytest.fixture
def own_keys(installation: Installation, tmp_path: Path) -> Iterator[None]:
    """The installation's keys in a file of the test's own, since what it does to them holds for every database."""
    with keys_apart(installation, tmp_path):
        yield


@contextmanager
def keys_apart(installation: Installation, folder: Path) -> Iterator[None]:
    """The installation's keys in a file of that folder, as long as it is needed."""
    path = folder / "keys.sealed"
    shutil.copy(actions.key_path(installation), path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(actions, "key_path", lambda _: path)
        provider.cache_clear()
        yield
    provider.cache_clear()


@pytest.fixture
def level_two(installation: Installation) -> Iterator[None]:
    """Level 2 open for one test, by the shares of custodians who are nobody in particular."""
    with sole_agent(installation) as client:
        shares = client.appoint(2, [1, 2], "aes-256-gcm")
        first = custodians.generations(custodians.read(client.path))
        if all(one.id != first[0].id for one in provider().ring()):
            generations.custodians_changed(*first)
        for share in shares:
            client.present(share)
        yield


def enter_powers() -> None:
    """Enter the powers that a test handed out as the schema's owner, so that `verify` finds them in the log."""
    ledger.append(ledger.SYSTEM, Act.administer, detail={"done": "install", **bound.existing()})


def settle(installation: Installation, *, entered: bool = True) -> World:
    """Make the province where it is not there yet, as the schema's owner: nobody is in office before the first.

    With `entered`, the log of the database that this process uses begins with it.
    """
    with psycopg.connect(installation.database("owner"), autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM access_agency WHERE agency = %s", [PROVINCE]).fetchone():
            # The account of a person has another number than the person, and one of several figures.
            connection.execute("ALTER TABLE access_account ALTER COLUMN id RESTART WITH 1001")
            _agencies(connection)
            _people(connection)
            if entered:
                enter_powers()
        return World({name: _somebody(connection, name) for name in PEOPLE})


def _agencies(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    rows = [(PROVINCE, 10**12, MINISTRY, "浙东省公安厅", "province", "330000")]
    for c, city in enumerate(("东海市", "西山市"), 1):
        at = PROVINCE + c * 10**9
        rows.append((at, 10**9, PROVINCE, f"{city}公安局", "city", f"330{c}00"))
        for d, county in enumerate(("东湖县", "南溪县"), 1):
            rows.append((at + d * 10**6, 10**6, at, f"{county}公安局", "county", f"330{c}2{d}"))
            for s, station in enumerate(("城关派出所", "河口派出所"), 1):
                rows.append((at + d * 10**6 + s * 10**3, 10**3, at + d * 10**6, station, "station", f"330{c}2{d}"))
    with connection.cursor() as cursor:
        cursor.executemany(
            """INSERT INTO access_agency (agency, width, parent, name, kind, division_code)
               VALUES (%s, %s, %s, %s, %s, %s)""",
            rows,
        )


def _people(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    if not _hash:
        _hash.append(make_password(PASSWORD))
    for number, (username, (name, kind, agency)) in enumerate(PEOPLE.items(), 1):
        connection.execute(
            """WITH p AS (INSERT INTO access_person (staff_no, name, agency) VALUES (%(no)s, %(name)s, %(agency)s)
                          RETURNING person),
                    a AS (INSERT INTO access_account (password, username, person, email, is_active)
                          SELECT %(hash)s, %(username)s, person, '', true FROM p),
                    d AS (INSERT INTO access_duty (person, kind, agency, reason)
                          SELECT person, %(kind)s, %(agency)s, 'test' FROM p RETURNING duty, person),
                    s AS (INSERT INTO access_undertaking_signature (person, version, name)
                          SELECT person, version, %(name)s FROM p, access_undertaking)
               INSERT INTO access_ground (person, duty, kind, reference, ends_at)
               SELECT person, duty, kind, reference, ends_at FROM d, (VALUES
                   ('duty', '', timestamptz 'infinity'), ('case', 'A3301020000002026010001', now() + interval '300 days')
               ) AS g (kind, reference, ends_at)
               WHERE kind = 'duty' OR access_reads(%(kind)s) ORDER BY kind DESC""",
            {
                "no": f"T{number:05}",
                "name": name,
                "agency": agency,
                "hash": _hash[0],
                "username": username,
                "kind": kind,
            },
        )


def _somebody(connection: psycopg.Connection[tuple[object, ...]], username: str) -> Somebody:
    row = connection.execute(
        """SELECT p.name, p.person, max(g.ground) FILTER (WHERE g.kind IN ('duty', 'case') AND g.ends_at > now()),
           d.duty, a.username, min(g.ground) FROM access_account a
           JOIN access_person p USING (person) JOIN access_duty d USING (person) JOIN access_ground g USING (duty)
           WHERE a.username = %s GROUP BY p.name, p.person, d.duty, a.username""",
        [username],
    ).fetchone()
    assert row is not None
    return Somebody(*row)  # type: ignore[arg-type]
