"""Every operation of the API held against the hand-written matrix, for all duties, with the entry that each call left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg
import pytest

import matrix
from access.test_matrix import HOLDERS
from delivered import BASIS, deliver, rows_of
from program import Program
from suyuan.installation import current
from suyuan.ledger.acts import Act
from suyuan.ledger.sequencer import run_once
from suyuan.web.api import api
from world import World

# What a call leaves in the ledger where it is allowed; a refusal leaves `denied` always. The rest shows and changes nothing.
ENTRIES = {
    "list_records": Act.list, "search_type": Act.search, "search_records": Act.search, "open_record": Act.consult, "record_history": Act.consult,
    "compare_revisions": Act.consult, "reveal_field": Act.reveal, "submit_batch": Act.batch_close, "review_rows": Act.list,
    "draw_sample": Act.draw_sample, "take_review": Act.administer, "decide": Act.review, "prove_record": Act.disclose,
}  # fmt: skip
Call = tuple[str, str, Any]


def calls(record: UUID, batch: UUID, digest: str) -> dict[str, Call]:
    """How each operation is called: method, path, and query or body."""
    one, review = f"records/{record}", f"reviews/{batch}"
    return {
        "grounds": ("get", "grounds", None), "types": ("get", "types", None),
        "type_schema": ("get", "types/violation/schema", None), "list_records": ("get", "types/violation/records", None),
        "search_type": ("post", "types/violation/search", {"q": "330100000001"}),
        "search_records": ("post", "search", {"q": "330100000001"}), "open_record": ("get", one, None),
        "record_history": ("get", f"{one}/history", None),
        "compare_revisions": ("get", f"{one}/compare", {"before": 1, "after": 1}),
        "reveal_field": ("post", f"{one}/revisions/1/reveal/plate", None),
        "submit_batch": ("post", "types/violation/batches", {"basis": BASIS, "rows": rows_of("violation", 1)}),
        "batch": ("get", f"batches/{batch}", None), "waiting": ("get", "reviews", None),
        "review_rows": ("get", f"{review}/rows", None), "draw_sample": ("post", f"{review}/sample", None),
        "take_review": ("post", f"{review}/ground", None),
        "prove_record": ("post", f"{one}/proof", {}),
        "decide": ("post", f"{review}/decision", {"outcome": "approve", "digest": digest}),
    }  # fmt: skip


def operations() -> set[str]:
    """Names of every operation that the API answers."""
    routers = api._get_bound_routers()
    views = [view for router in routers for view in router.path_operations.values()]
    return {str(one.operation_id) for view in views for one in view.operations}


def test_the_matrix_knows_every_operation() -> None:
    """A new operation fails here until somebody says whose it is."""
    assert operations() == set(matrix.by_duty("api"))


def entries(superuser: Callable[[], psycopg.Connection[Any]], person: int) -> int:
    """The highest number of an entry so far, over all writers, by somebody."""
    row = superuser().execute("SELECT count(*) FROM ledger_entry WHERE person = %s", [person]).fetchone()
    return int(row[0]) if row else 0


def acts_since(superuser: Callable[[], psycopg.Connection[Any]], person: int, count: int) -> set[int]:
    """What somebody's entries after the first `count` say was done."""
    rows = superuser().execute(
        "SELECT act FROM ledger_entry WHERE person = %s ORDER BY at, n OFFSET %s", [person, count]
    )
    return {int(row[0]) for row in rows}


@pytest.mark.clause("5.1.1", "5.1.2", "5.3.1")
@pytest.mark.parametrize("duty", HOLDERS)
@pytest.mark.control("C8")
def test_every_operation_is_as_the_matrix_says(world: World, superuser: Any, duty: str) -> None:
    """Allowed where the norm allows it and nowhere else; each call that shows or changes a record, and each refusal, is entered."""
    who, expected = getattr(world, HOLDERS[duty]), matrix.by_duty("api")
    [row] = rows_of("violation", 1)
    batch, result, receipt = deliver(world.collector, "violation", [row | {"notice_no": f"M-{duty}"}])
    with psycopg.connect(current().database("sequencer"), autocommit=True) as connection:
        run_once(connection)
    program, differ = Program.of(who), {}
    assert receipt.digest
    for name, (method, path, given) in calls(result.records[1], batch, receipt.digest.hex()).items():
        before = entries(superuser, who.person)
        answer = getattr(program, method)(path, given)
        allowed, left = answer.status_code < 300, acts_since(superuser, who.person, before)
        entered = Act.denied if not allowed else ENTRIES.get(name)
        if allowed != expected[name][duty] or (entered and entered not in left) or answer.status_code >= 500:
            differ[name] = (answer.status_code, left)
    assert differ == {}


def test_a_wrong_matrix_is_found(world: World) -> None:
    """Negative control: what the matrix allows to nobody else is refused, so a line too many shows as a difference."""
    assert not matrix.by_duty("api")["submit_batch"]["analyst"]
    body = {"basis": BASIS, "rows": rows_of("violation", 1)}
    assert Program.of(world.analyst).post("types/violation/batches", body).status_code == 403
