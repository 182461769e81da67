"""No statement of a page, a program or a command runs for ever; one that is stopped says so and leaves nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from uuid import UUID

import click
import psycopg
import pytest
from django.db import connection
from django.test import Client

from delivered import deliver, rows_of
from program import Program
from suyuan.access.models import Account
from suyuan.cli import root
from suyuan.review import actions
from world import Somebody, World

Server = Callable[[], psycopg.Connection[tuple[object, ...]]]
TOLD = "数据库没有在规定时间内完成这项操作"


@pytest.fixture
def waiting(fresh_world: World, superuser: Server) -> Iterator[tuple[World, UUID, bytes]]:
    """A batch before its first review, whose table of decisions somebody else holds; statements have half a second."""
    batch, _, receipt = deliver(fresh_world.collector, "violation", rows_of("violation", 2))
    holder = superuser()
    connection.ensure_connection()
    with connection.cursor() as cursor, holder.transaction():
        holder.execute("LOCK TABLE review_decision IN ACCESS EXCLUSIVE MODE")
        cursor.execute("SET statement_timeout = '500ms'")
        assert receipt.digest
        yield fresh_world, batch, receipt.digest
    connection.close()


def signed_in(who: Somebody) -> Client:
    """A browser of somebody's under their ground."""
    client = Client(raise_request_exception=False)
    client.force_login(Account.objects.get(username=who.username))
    client.post("/ground/", {"ground": who.ground})
    return client


def nothing_left(superuser: Server, batch: UUID) -> None:
    """The batch waits where it waited and nobody has decided anything."""
    db = superuser()
    assert db.execute("SELECT state FROM records_batch WHERE batch_id = %s", [batch]).fetchall() == [("first_review",)]


def test_a_page_that_takes_too_long_says_so(waiting: tuple[World, UUID, bytes], superuser: Server) -> None:
    """503 with the words and the way out, whole page and part of one; the batch is as it was."""
    world, batch, digest = waiting
    client = signed_in(world.first)
    for headers in ({}, {"HX-Request": "true"}):
        answer = client.post(f"/review/{batch}/", {"outcome": "approve", "digest": digest.hex()}, headers=headers)
        assert answer.status_code == 503
        assert TOLD in answer.content.decode()
    assert client.get("/review/").status_code == 503
    nothing_left(superuser, batch)


def test_a_program_is_told_in_json(waiting: tuple[World, UUID, bytes], superuser: Server) -> None:
    """503, a code, the words, and when to come again."""
    world, batch, _ = waiting
    answer = Program.of(world.first).get("reviews")
    assert answer.status_code == 503, answer.content
    assert answer.json()["error"]["code"] == "installation.took_too_long"
    assert answer["Retry-After"]
    nothing_left(superuser, batch)


def test_a_command_is_told_and_leaves_with_two(
    waiting: tuple[World, UUID, bytes],
    superuser: Server,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """No trace of Python, the words on the way out, exit code 2."""
    world, batch, digest = waiting

    @click.command()
    def approve() -> None:
        """Decide as the first reviewer."""
        with world.first.acting() as who:
            actions.decide(who, batch, 1, "approve", digest)

    monkeypatch.setattr(root.i18n, "speak_to_terminal", lambda: None)  # the tests after this one are readers
    monkeypatch.setitem(root.platform.commands, "approve-slowly", approve)
    with pytest.raises(SystemExit) as left:
        root.main(["approve-slowly"])
    assert left.value.code == 2
    assert TOLD in capsys.readouterr().err
    nothing_left(superuser, batch)


def test_other_faults_of_the_database_stay_faults(fresh_world: World) -> None:
    """Control: a division by zero is no matter of time, and is not called so."""
    with pytest.raises(Exception, match="zero"), connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")
    assert root.explain(ZeroDivisionError()) is None


@pytest.mark.parametrize(("module", "statement", "idle"), [("suyuan.web.wsgi", "30s", "5min"), ("django", "1h", "10h")])
def test_pages_have_less_time_than_commands(fresh_world: World, module: str, statement: str, idle: str) -> None:
    """What the server is told by the process that serves pages, and by every other one, on the application's role."""
    code = (
        "import os; from suyuan.installation import use, Installation; from pathlib import Path\n"
        f"use(Installation.open(Path(os.environ['SUYUAN_TEST_DATA'])))\nimport {module}\n"
        "import django; django.setup()\nfrom django.db import connection\n"
        "cursor = connection.cursor()\n"
        "for name in ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'):\n"
        "    cursor.execute(f'SHOW {name}'); print(cursor.fetchone()[0])"
    )
    environment = {name: value for name, value in os.environ.items() if name != "SUYUAN_STATEMENT_SECONDS"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split() == [statement, statement, idle]
