"""A dry run: the same reading, mapping and checking, without a database.

What only the database knows (whether a record is stored already, whether a reference exists) is left open.
Identity within the file is settled by the same function as in earnest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pyarrow as pa

from suyuan.catalog.check import Checked
from suyuan.collection.imports import Taken
from suyuan.collection.plan import Plan
from suyuan.collection.readers.options import Report
from suyuan.collection.tally import Tally, numbers
from suyuan.records.arrival import REJECT, Finding, Outcome, verdicts

KEPT_FINDINGS = 1_000_000


class Rehearsal:
    """A sink that stores nothing. `found` holds the findings of all chunks."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.found: list[pa.Table] = []
        self._seen: dict[bytes, bytes] = {}

    def begin(self, report: Report, plan: Plan) -> int:
        """Nothing is in already."""
        return 0

    def ready(self, checked: list[Checked]) -> list[Checked]:
        """Nothing is done beforehand."""
        return checked

    def take(self, number: int, checked: list[Checked], settle: Callable[[Taken], tuple[Tally, pa.Table]]) -> None:
        """Decide the outcome of each row."""
        self.tally, found = settle(self._sort(checked))
        if sum(map(len, self.found)) < KEPT_FINDINGS:
            self.found.append(found)

    def _sort(self, checked: list[Checked]) -> Taken:
        worst = verdicts(checked)
        fresh: set[int] = set()
        refused: list[Finding] = []
        for part in checked:
            for row, is_new, repeated in self._identities(part, worst):
                if repeated:
                    refused.append(Finding(row, part.type.id, "", "records.key_repeated", "reject"))
                elif is_new:
                    fresh.add(row)
        back = {one.row_no for one in refused}
        return Taken({row: _outcome(row, verdict, fresh, back) for row, verdict in worst.items()}, refused)

    def _identities(self, part: Checked, worst: dict[int, int]) -> list[tuple[int, bool, bool]]:
        """Of each row that passed: its number, whether it is new, whether its key stands with other content."""
        found = []
        rows, keys = numbers(part.rows), part.rows["key"]
        if keys.null_count == len(keys):
            return [(row, True, False) for row in rows if worst[row] < REJECT]
        for row, key, content in zip(rows, keys.to_pylist(), part.rows["content"].to_pylist(), strict=True):
            if worst[row] < REJECT:
                earlier, this = self._place(part.type.id, str(key), str(content)) if key is not None else (None, b"")
                found.append((row, earlier is None, earlier is not None and earlier != this))
        return found

    def _place(self, type_id: str, key: str, content: str) -> tuple[bytes | None, bytes]:
        mark = hashlib.blake2b(f"{type_id}\x1f{key}".encode(), digest_size=16).digest()
        this = hashlib.blake2b(content.encode(), digest_size=16).digest()
        earlier = self._seen.get(mark)
        if earlier is None:
            self._seen[mark] = this
        return earlier, this


def _outcome(row: int, verdict: int, fresh: set[int], back: set[int]) -> Outcome:
    if verdict >= REJECT or row in back:
        return Outcome.RETURNED
    if row not in fresh:
        return Outcome.DUPLICATE
    return Outcome.WARNED if verdict else Outcome.ACCEPTED
