"""Every export recomputed from its row and its sealed words, and held against its ledger entry, both ways."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import orjson
import psycopg

from suyuan import formats
from suyuan.installation import current
from suyuan.installation.sql import statements
from suyuan.ledger.acts import Act
from suyuan.ledger.faults import Fault
from suyuan.records.digest import microseconds
from suyuan.records.export import PURPOSE
from suyuan.vault import actions as vault
from suyuan.vault.errors import ContentDamaged

_SQL = statements("records", "verify")
_COLUMNS = ("person", "ground", "agency", "level", "type", "format", "whole", "rows", "at", "expires_on")
_WORDS = {
    "export.missing": ("审计账本登记的导出已不存在", "an export entered in the ledger is gone"),
    "export.not_in_ledger": ("导出在审计账本中没有登记", "the export has no ledger entry"),
    "export.altered": ("导出的登记被改动", "what is kept about an export was changed"),
}


def verify_exports() -> Iterator[Fault]:
    """Faults in what is kept about files that left."""
    with psycopg.connect(current().database("owner")) as connection:
        for number, *columns in connection.execute(_SQL["exports"], {"act": int(Act.export)}):
            if code := _check(columns):
                yield Fault(code, f"export {number}", *_WORDS[code])


def _check(columns: Sequence[Any]) -> str | None:
    *plain, words, digest, entered, shown, person, ground = columns
    if words is None:
        return "export.missing"
    if entered is None:
        return "export.not_in_ledger"
    row = dict(zip(_COLUMNS, plain, strict=True))
    row["at"] = microseconds(row["at"])
    try:
        opened = vault.open_sealed(PURPOSE, bytes(digest), bytes(words))
    except ContentDamaged:
        return "export.altered"
    named = [UUID(record) for record, _ in orjson.loads(opened)["revisions"]]
    same = formats.export(row, opened) == bytes(digest) == bytes(entered) and named == list(shown or ())
    return None if same and (row["person"], row["ground"]) == (person, ground) else "export.altered"
