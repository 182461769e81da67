"""Records to look at: sent through the same door as any others."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

import pyarrow as pa

from suyuan import catalog
from suyuan.catalog.check import check
from suyuan.records import actions
from world import Somebody


class Delivered(NamedTuple):
    """A closed batch and its records, in order of the rows."""

    batch: UUID
    digest: bytes
    records: list[UUID]


def example(type_id: str, **changes: str) -> dict[str, str]:
    """The example row of a type in the catalog, with some values changed ("" leaves one out)."""
    fields = catalog.current().types[type_id].fields.values()
    row = {field.name: field.example for field in fields if field.example and field.type != "reference"} | changes
    return {name: value for name, value in row.items() if value}


def deliver(who: Somebody, type_id: str, *rows: dict[str, str]) -> Delivered:
    """Send rows as one batch that then waits for its first review."""
    rtype = catalog.current().types[type_id]
    names = sorted({name for row in rows for name in row})
    columns: dict[str, list[object]] = {"_row": list(range(1, len(rows) + 1))}
    columns |= {name: [row.get(name) for row in rows] for name in names}
    schema = pa.schema([("_row", pa.int64()), *((name, pa.string()) for name in names)])
    checked = check(rtype, pa.table(columns, schema=schema))
    with who.acting() as acting:
        batch = actions.open_batch(acting, rtype, rtype.release, "file", "道路交通安全法", label="三月违法.csv")
        result = actions.submit(acting, batch, checked)
        receipt = actions.close_batch(acting, batch)
    assert receipt.digest is not None, result.findings
    return Delivered(batch, receipt.digest, [result.records[number] for number in sorted(result.records)])
