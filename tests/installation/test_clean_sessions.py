"""Nothing that one request leaves on its connection reaches the next one."""

from __future__ import annotations

import psycopg
import pytest
from django.db import close_old_connections, connection
from django.db.backends.postgresql.base import DatabaseWrapper as Kept

from suyuan.access import proof
from suyuan.installation.database.base import DatabaseWrapper
from world import World

pytestmark = [pytest.mark.clause("5.1.2"), pytest.mark.control("C9"), pytest.mark.usefixtures("world")]
LEFT = [
    ("SET default_transaction_read_only = on", "SHOW default_transaction_read_only"),
    ("SELECT set_config('suyuan.changed', 'x', false)", "SELECT coalesce(current_setting('suyuan.changed', true), '')"),
    ("SET search_path = pg_temp, public", "SHOW search_path"),
    ("SET statement_timeout = 0", "SHOW statement_timeout"),
    ("SET TimeZone = 'America/New_York'", "SHOW TimeZone"),
    ("DECLARE held CURSOR WITH HOLD FOR SELECT 1", "SELECT count(*) FROM pg_cursors"),
    ("LISTEN x", "SELECT count(*) FROM pg_listening_channels()"),
]  # fmt: skip


def asked(statement: str) -> object:
    """What the connection answers."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


@pytest.mark.parametrize(("leave", "ask"), LEFT)
def test_the_next_request_begins_as_a_new_connection_does(leave: str, ask: str) -> None:
    """On the very same connection: what was left is there until the next request begins, and then it is not."""
    connection.close()
    fresh = asked(ask)
    [backend] = proof.ask("SELECT pg_backend_pid()", [])
    with connection.cursor() as cursor:
        cursor.execute(leave)
    assert asked(ask) != fresh
    close_old_connections()
    assert asked(ask) == fresh
    assert proof.ask("SELECT pg_backend_pid()", []) == (backend,)
    connection.close()


def test_a_statement_past_djangos_cursors_is_no_way_around() -> None:
    """Secrets are bound by a cursor of the driver, and that statement may be the first of a request."""
    proof.ask("SELECT set_config('suyuan.changed', 'x', false)", [])
    close_old_connections()
    assert proof.ask("SELECT coalesce(current_setting('suyuan.changed', true), '')", []) == ("",)


def test_a_transaction_left_open_ends_its_connection(world: World) -> None:
    """It is not gone on with, and nothing of it stays."""
    [backend] = proof.ask("SELECT pg_backend_pid()", [])
    raw = connection.connection
    assert isinstance(raw, psycopg.Connection)
    raw.execute("BEGIN")
    close_old_connections()
    assert proof.ask("SELECT pg_backend_pid()", []) != (backend,)
    with world.collector.acting():
        pass


def test_without_the_cleaning_the_setting_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: with the framework's own question the next request finds it."""
    monkeypatch.setattr(DatabaseWrapper, "is_usable", Kept.is_usable)
    asked("SELECT set_config('suyuan.changed', 'x', false)")
    close_old_connections()
    assert asked("SELECT current_setting('suyuan.changed', true)") == "x"
    connection.close()
