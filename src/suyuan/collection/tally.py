"""Counting what became of the rows of a source, so that the sums always add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from suyuan.collection.plan import NOTHING, SOURCE_RULES, Fault, Mapped
from suyuan.records.arrival import FINDINGS, Finding, Outcome

_TEXTS: list[pa.Field[Any]] = [pa.field(name, pa.string()) for name in ("type", "field", "rule", "severity", "value")]
FOUND = pa.schema([pa.field("row", pa.int64()), *_TEXTS])
"""Findings of a chunk, one row each."""


@dataclass(slots=True)
class Tally:
    """Counts over the rows seen so far. `reasons` counts skipped rows by skip rule."""

    rows: int = 0
    accepted: int = 0
    warned: int = 0
    returned: int = 0
    duplicate: int = 0
    skipped: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    children: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    severities: dict[str, str] = field(default_factory=dict)

    def add(
        self, outcomes: Mapping[int, Outcome], skipped: Mapping[int, int], found: pa.Table, made: Counter[str]
    ) -> None:
        """Add a chunk: the outcome of each row that was not skipped, the skipped rows, the findings, the children."""
        counts = Counter(outcomes.values())
        self.accepted += counts[Outcome.ACCEPTED]
        self.warned += counts[Outcome.WARNED]
        self.returned += counts[Outcome.RETURNED]
        self.duplicate += counts[Outcome.DUPLICATE]
        self.skipped += len(skipped)
        self.rows += len(outcomes) + len(skipped)
        self.reasons.update(Counter(map(str, skipped.values())))
        self.children.update(made)
        for (rule, severity), count in _by_rule(found):
            self.rules[rule] += count
            self.severities[rule] = severity

    @property
    def taken(self) -> int:
        """Rows taken in, with or without warnings."""
        return self.accepted + self.warned

    def adds_up(self, rows: int) -> bool:
        """Whether every one of `rows` source rows has exactly one outcome."""
        ends = self.accepted + self.warned + self.returned + self.duplicate + self.skipped
        return ends == self.rows == rows

    def as_dict(self) -> dict[str, Any]:
        """For the database; counts, rule ids and type ids only."""
        return {
            "rows": self.rows, "accepted": self.accepted, "warned": self.warned, "returned": self.returned,
            "duplicate": self.duplicate, "skipped": self.skipped, "reasons": dict(self.reasons),
            "children": dict(self.children), "rules": dict(self.rules), "severities": self.severities,
        }  # fmt: skip

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Tally:
        """The inverse of `as_dict`."""
        counters = {name: Counter(data.get(name, {})) for name in ("reasons", "children", "rules")}
        return cls(**{**data, **counters})


def _by_rule(found: pa.Table) -> Iterable[tuple[tuple[str, str], int]]:
    if not len(found):
        return
    groups = found.group_by(["rule", "severity"]).aggregate([("row", "count")])
    for entry in groups.to_pylist():
        yield (entry["rule"], entry["severity"]), entry["row_count"]


def no_record(chunk: pa.Table, mapped: Mapped) -> dict[int, int]:
    """Rows of a chunk of which nothing came at all, neither a record nor a fault nor a skip rule."""
    seen = set(mapped.skipped) | {fault.row for fault in mapped.faults}
    for _, rows in mapped.parts:
        seen |= set(numbers(rows))
    return {row: NOTHING for row in numbers(chunk) if row not in seen}


def numbers(rows: pa.Table) -> list[int]:
    """The source row of each row."""
    found: Any = rows["_row"].to_pylist()
    return list(found)


def found_table(checked: Iterable[tuple[str, pa.Table]], faults: Iterable[Fault], more: Iterable[Finding]) -> pa.Table:
    """All findings of a chunk in one table: of the check by type, of the source, of the records room."""
    parts = [_checked(type_id, findings) for type_id, findings in checked if len(findings)]
    rest = [(fault.row, "", fault.field, fault.rule, "reject", fault.value) for fault in faults]
    rest += [(one.row_no, one.type, one.field, one.rule, one.severity, one.value) for one in more]
    if rest:
        columns = [pa.array(column, kind.type) for column, kind in zip(zip(*rest, strict=True), FOUND, strict=True)]
        parts.append(pa.table(columns, schema=FOUND))
    return pa.concat_tables(parts) if parts else FOUND.empty_table()


def _checked(type_id: str, findings: pa.Table) -> pa.Table:
    columns = {
        "row": findings["_row"], "type": pa.array([type_id] * len(findings), pa.string()), "field": findings["field"],
        "rule": findings["rule"], "severity": findings["severity"], "value": findings["value"],
    }  # fmt: skip
    return pa.table({field.name: _cast(columns[field.name], field.type) for field in FOUND}, schema=FOUND)


def _cast(column: Any, kind: pa.DataType) -> Any:
    return column if column.type == kind else column.cast(kind)


def message(rule: str) -> tuple[str, str] | None:
    """Words (zh, en) for a rule that is not the catalog's."""
    return SOURCE_RULES.get(rule) or FINDINGS.get(rule)
