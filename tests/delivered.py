"""Batches for tests: rows of a real type through the real check and the real way in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pyarrow as pa

from suyuan import catalog
from suyuan.catalog.check import Checked, check
from suyuan.records import actions
from suyuan.records.actions import BatchReceipt, ChunkResult
from world import Somebody

BASIS = "测试依据"


def rows_of(kind: str, count: int, **values: str) -> list[dict[str, str]]:
    """`count` good rows of a type, alike but for their natural key."""
    record_type = catalog.current().types[kind]
    base = {name: field.example for name, field in record_type.fields.items() if field.example}
    key = record_type.key[0]
    return [base | values | {key: f"{base.get(key, 'K')}-{n:05}"} for n in range(1, count + 1)]


def checked(kind: str, rows: list[dict[str, Any]]) -> Checked:
    """Rows through the catalog's check, numbered from 1."""
    names = {name for row in rows for name in row}
    columns = {name: pa.array([row.get(name) for row in rows], pa.string()) for name in sorted(names)}
    numbers = pa.array(range(1, len(rows) + 1), pa.int64())
    return check(catalog.current().types[kind], pa.table({"_row": numbers, **columns}))


def deliver(who: Somebody, kind: str, rows: list[dict[str, Any]]) -> tuple[UUID, ChunkResult, BatchReceipt]:
    """Send rows as one closed batch."""
    found = checked(kind, rows)
    with who.acting() as acting:
        batch = actions.open_batch(acting, found.type, found.release, "form", BASIS, label="测试批次")
        result = actions.submit(acting, batch, found)
        return batch, result, actions.close_batch(acting, batch)
