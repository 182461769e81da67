"""What is hidden and what was never there are answered by the same statements, so that time tells nobody (norm 5.1.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection

from delivered import deliver, rows_of
from outside import outsiders
from world import World, signed_in

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def hidden(world: World) -> UUID:
    """A record of the other city, with a plate and a driver of its own."""
    row = rows_of("violation", 1, plate="浙B00001", driver_name="欧阳00001")[0] | {"notice_no": f"A-{uuid4().hex[:8]}"}
    return deliver(world.collector, "violation", [row])[1].records[1]


def statements(ask: Callable[[UUID, str], object], record: UUID, number: str) -> tuple[list[str], Any]:
    """What the database is asked on the way to an answer, without the values, and the answer."""
    asked: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        asked.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        answer = ask(record, number)
    return asked, answer


def seen(answer: Any) -> Any:
    """What an outsider can see of an answer: status and page, or rows and totals."""
    if hasattr(answer, "status_code"):
        return answer.status_code, len(answer.content)
    return (
        answer
        if isinstance(answer, tuple) and not answer[0]
        else (getattr(answer, "rows", answer), getattr(answer, "total", 0))
    )


@pytest.mark.clause("5.1.2")
@pytest.mark.parametrize("door", ["record", "compare", "reveal", "proof", "number", "words", "state", "export"])
def test_hidden_and_missing_are_answered_alike(world: World, hidden: UUID, door: str) -> None:
    """The same statements in the same order, the same answer, at every door."""
    ask = outsiders(world)[door]
    ask(uuid4(), "X00000")  # what is cached by the first call of a process
    there, shown = statements(ask, hidden, "00001")
    nowhere, missing = statements(ask, uuid4(), "X00001")
    assert there == nowhere
    assert len(there) >= 2
    if door != "export":  # its second value are the digests of what was searched for
        assert seen(shown) == seen(missing)
    else:
        assert shown[0] == missing[0] == []


def test_a_door_that_asks_more_for_what_is_there_would_be_seen(world: World, hidden: UUID) -> None:
    """Negative control: for somebody who may open it, the record takes other statements."""
    client = signed_in(world.collector.username)
    client.post("/ground/", {"ground": world.collector.ground})

    def ask(record: UUID, _: str) -> object:
        return client.get(f"/record/{record}/")

    assert statements(ask, hidden, "")[0] != statements(ask, uuid4(), "")[0]
