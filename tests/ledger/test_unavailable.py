"""No entry, no data: whatever keeps the ledger from being written, nothing is served and nobody waits long (assurance, row 23)."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import connection
from django.test import Client

from delivered import deliver, rows_of
from suyuan.installation import current
from suyuan.ledger import actions, alarm, deadline, keys
from suyuan.ledger.acts import Act
from suyuan.ledger.errors import LedgerUnavailable
from suyuan.vault.errors import VaultLocked
from world import PASSWORD, World

pytestmark = pytest.mark.usefixtures("database")
Superuser = Callable[[], psycopg.Connection[Any]]


@pytest.fixture
def client(world: World) -> Client:
    """A colleague who works on their case."""
    client = Client(raise_request_exception=False)
    assert client.login(username=world.colleague.username, password=PASSWORD)
    client.post("/ground/", {"ground": world.colleague.ground})
    return client


@pytest.fixture
def record(world: World) -> UUID:
    """A record the colleague may open."""
    row = rows_of("violation", 1)[0] | {"notice_no": f"U-{uuid4().hex[:8]}", "description": "只有打开才看得到的事实"}
    return deliver(world.collector, "violation", [row])[1].records[1]


@pytest.fixture
def quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No alarm yet, and a file of this test's own: workers of a parallel run share an installation."""
    monkeypatch.setattr(alarm, "_path", lambda: tmp_path / "alarms.jsonl")


@contextmanager
def locked(superuser: Superuser) -> Iterator[None]:
    """Somebody holds the table of entries."""
    other = psycopg.connect(current().database("admin"))
    other.execute("LOCK TABLE ledger_entry IN ACCESS EXCLUSIVE MODE")
    try:
        yield
    finally:
        other.rollback()
        other.close()


@contextmanager
def failing(superuser: Superuser, body: str) -> Iterator[None]:
    """Writing an entry does `body` first."""
    admin = superuser()
    admin.execute(f"CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body}; RETURN NEW; END $$")
    admin.execute("CREATE TRIGGER broken BEFORE INSERT ON ledger_entry FOR EACH ROW EXECUTE FUNCTION broken()")
    try:
        yield
    finally:
        admin.execute("DROP FUNCTION broken() CASCADE")


@contextmanager
def without_key(superuser: Superuser) -> Iterator[None]:
    """The vault gives no key."""

    class Locked:
        def mac_key(self) -> bytes:
            raise VaultLocked

        sign = public_key = mac_key

    held = keys.source()
    keys.provide(Locked())  # type: ignore[arg-type]  # it gives nothing at all
    try:
        yield
    finally:
        keys.provide(held)


FAULTS: dict[str, Callable[[Superuser], Any]] = {
    "locked": locked,
    "full": lambda superuser: failing(superuser, "RAISE EXCEPTION 'no space' USING ERRCODE = 'disk_full'"),
    "slow": lambda superuser: failing(superuser, "PERFORM pg_sleep(30)"),
    "key missing": without_key,
}


@pytest.mark.clause("5.3.1")
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.control("C19")
def test_without_an_entry_nothing_leaves(
    fault: str, client: Client, record: UUID, superuser: Superuser, quiet: None
) -> None:
    """The page, the list and the search answer 503 without a byte of the record; afterwards they work again."""
    shown = client.get(f"/record/{record}/")
    assert "只有打开才看得到的事实" in shown.content.decode()
    searched = client.post("/search/", {"q": "只有打开"})["Location"]
    with FAULTS[fault](superuser):
        for address in (f"/record/{record}/", "/records/violation/", searched):
            answer = client.get(address)
            assert answer.status_code == 503, address
            assert "只有打开才看得到的事实" not in answer.content.decode()
    assert client.get(f"/record/{record}/").status_code == 200
    if fault != "key missing":
        assert [one.kind for one in alarm.latest()] == ["ledger_unavailable"]


@pytest.mark.control("C19")
def test_what_hangs_is_left_within_five_seconds() -> None:
    """The time an act waits, with the two graces in which it is cancelled and then cut off."""
    assert deadline.SECONDS + 2 * deadline.GRACE <= 5


def test_a_hanging_server_is_left_after_seconds(world: World, quiet: None) -> None:
    """Its process stopped dead answers no cancelling either: the connection is closed from this side."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [process] = cursor.fetchone()
    os.kill(process, signal.SIGSTOP)
    try:
        with pytest.raises(LedgerUnavailable):
            actions.append(actions.SYSTEM, Act.sign_in)
    finally:
        os.kill(process, signal.SIGCONT)
        connection.close()
    assert [one.kind for one in alarm.latest()] == ["ledger_unavailable"]
    actions.append(actions.SYSTEM, Act.sign_in)


def test_if_acts_did_not_wait_for_their_entry_data_would_leave(
    client: Client, record: UUID, superuser: Superuser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: with the entry made optional, the very same fault lets the record out."""
    append = actions.append

    def optional(*arguments: Any, **more: Any) -> Any:
        return None

    with failing(superuser, "RAISE EXCEPTION 'no space' USING ERRCODE = 'disk_full'"):
        monkeypatch.setattr(actions, "append", optional)
        assert "只有打开才看得到的事实" in client.get(f"/record/{record}/").content.decode()
        monkeypatch.setattr(actions, "append", append)
        assert client.get(f"/record/{record}/").status_code == 503
