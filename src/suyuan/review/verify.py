"""Every decision and every return recomputed from its row and held against its ledger entry, both ways."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg

from suyuan.installation import current
from suyuan.installation.sql import statements
from suyuan.ledger.acts import Act
from suyuan.ledger.faults import Fault
from suyuan.review.digest import decision_digest, return_digest

_SQL = statements("review", "verify")
_WORDS = {
    "progress": (
        "review.batch_unproved",
        "批次的状态或生效时间与审核结论不符",
        "the state of the batch, or when it came into force, does not follow from its decisions",
    ),
    "setbacks": (
        "review.setback_unproved",
        "记录的退回与审核人的退回理由不符",
        "that the record was given back does not follow from a reviewer's return",
    ),
    "samples": ("review.sample_altered", "样本与审计账本登记的不一致", "the sample differs from its ledger entry"),
}


def verify_decisions() -> Iterator[Fault]:
    """Faults in reviews: altered, made without an entry, or gone."""
    with psycopg.connect(current().database("owner")) as connection:
        for row in connection.execute(_SQL["decisions"], {"act": int(Act.review)}):
            yield from _decision(row)
        for row in connection.execute(_SQL["returns"], {"act": int(Act.review)}):
            yield from _return(row)
        for name, values in (("progress", {}), ("setbacks", {}), ("samples", {"act": int(Act.draw_sample)})):
            for row in connection.execute(_SQL[name], values):
                yield _out_of_line(name, row)


def _out_of_line(name: str, row: tuple[Any, ...]) -> Fault:
    code, zh, en = _WORDS[name]
    where = f"{row[0]} r{row[1]}" if name == "setbacks" else str(row[0])
    return Fault(code, where, zh, en)


def _decision(row: tuple) -> Iterator[Fault]:  # type: ignore[type-arg]  # a database row
    batch, step, *columns, entered = row
    where = f"{batch} step {step}"
    if columns[0] is None:
        yield Fault(
            "review.missing", where, "审计账本登记的审核结论已不存在", "a decision entered in the ledger is gone"
        )
        return
    outcome, reviewer, author, digest, agency, level, reason, at = columns
    bound = decision_digest(
        UUID(batch), step, outcome, reviewer, author, bytes(digest), agency, level, bytes(reason), at
    )
    if entered is None:
        yield Fault("review.not_in_ledger", where, "审核结论在审计账本中没有登记", "the decision has no ledger entry")
    elif bytes(entered) != bound:
        yield Fault("review.altered", where, "审核结论被改动", "the decision was changed")


def _return(row: tuple) -> Iterator[Fault]:  # type: ignore[type-arg]  # a database row
    record, rev, lines, entered = row
    where = f"{record} r{rev}"
    if lines is None:
        yield Fault(
            "review.return_missing", where, "审计账本登记的退回已不存在", "a return entered in the ledger is gone"
        )
    elif entered is None or bytes(entered) != return_digest(lines):
        yield Fault(
            "review.return_altered", where, "退回理由被改动或没有登记", "a return was changed or has no ledger entry"
        )
