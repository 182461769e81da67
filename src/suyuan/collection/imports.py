"""Importing a file: read, map, check, and hand over in chunks. Rehearsed without a database, or for good.

A source row ends in exactly one of accepted, accepted with warnings, returned, duplicate or skipped, and
the five add up to the rows of the source, or the import stops.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Generic, NamedTuple, Protocol, TypeVar

import pyarrow as pa

from suyuan.catalog.check import Checked, check
from suyuan.catalog.model import Catalog
from suyuan.collection.errors import ImportRefused, SourceRefused
from suyuan.collection.mapping import Mapping
from suyuan.collection.plan import NOTHING, Mapped, Plan
from suyuan.collection.readers.encoding import CERTAIN
from suyuan.collection.readers.options import Options, Report
from suyuan.collection.readers.process import Source, open_source
from suyuan.collection.tally import Tally, found_table, message, no_record, numbers
from suyuan.records.arrival import Finding, Outcome

Progress = Callable[[int, int], None]
"""Called with rows done and rows in all after each chunk."""


Ready = TypeVar("Ready")
"""What a sink makes of a checked chunk before it takes it."""


class Chunk(NamedTuple, Generic[Ready]):
    """A chunk of the source, what the mapping made of it, what the check says of each part, and what the sink needs."""

    rows: pa.Table
    mapped: Mapped
    checked: list[Checked]
    ready: Ready


@dataclass(slots=True)
class Taken:
    """What became of a chunk: the outcome of each row, and findings beyond those of the check."""

    outcomes: dict[int, Outcome]
    more: list[Finding] = field(default_factory=list)


class Sink(Protocol[Ready]):
    """Where checked chunks go."""

    def begin(self, report: Report, plan: Plan) -> int:
        """Called once with what the source is; the number of chunks that are in already."""

    def ready(self, checked: list[Checked]) -> Ready:
        """Called for every chunk in order, those that are in already too, so that identities are counted as they were.

        Runs in another thread, beside `take` of the chunk before: without a transaction.
        """

    def take(self, number: int, ready: Ready, settle: Callable[[Taken], tuple[Tally, pa.Table]]) -> None:
        """Take in one chunk and store what `settle` makes of it, all or nothing."""


@dataclass(slots=True)
class Result:
    """A finished import."""

    report: Report
    tally: Tally
    mapping: Mapping
    catalog: Catalog
    unused: list[str]

    def as_dict(self) -> dict[str, Any]:
        """For `--json`: whole numbers, of which the last five of the first six add up to `rows`."""
        tally, report = self.tally, self.report
        return {
            "rows": tally.rows, "accepted": tally.accepted, "accepted_with_warnings": tally.warned,
            "returned": tally.returned, "duplicate": tally.duplicate, "skipped": tally.skipped,
            "digest": report.digest, "format": report.format, "encoding": report.encoding,
            "encoding_confidence": report.confidence, "mapping": self.mapping.name,
            "mapping_digest": self.mapping.digest, "release": self.catalog.release, "children": dict(tally.children),
            "findings": self.findings(), "skipped_because": self.reasons(), "unused_columns": self.unused,
            "notes": [{"zh": zh, "en": en} for zh, en in report.notes],
        }  # fmt: skip

    def findings(self) -> list[dict[str, Any]]:
        """Counts by rule, most frequent first, with the words of each rule."""
        words = Words(self.catalog, self.mapping)
        return [
            {"rule": rule, "severity": self.tally.severities[rule], "count": count, "zh": words.of(rule, "zh"),
             "en": words.of(rule, "en")}
            for rule, count in self.tally.rules.most_common()
        ]  # fmt: skip

    def reasons(self) -> list[dict[str, Any]]:
        """Why rows were skipped, with counts."""
        return [{"count": count, **_reason(self.mapping, int(index))} for index, count in self.tally.reasons.items()]


class Words:
    """Messages of rules, wherever a rule comes from."""

    def __init__(self, catalog: Catalog, mapping: Mapping) -> None:
        self._types = [catalog.types[record.type] for record in mapping.records]

    def of(self, rule: str, lang: str) -> str:
        """The message of a rule in `zh` or `en`; the rule's id where it has none."""
        known = message(rule)
        if known:
            return known[0] if lang == "zh" else known[1]
        for record_type in self._types:
            if rule.startswith(f"{record_type.id}."):
                return record_type.message(rule, lang)
        return rule


def _reason(mapping: Mapping, index: int) -> dict[str, str]:
    if index == NOTHING:
        return {"zh": "空行，或没有可生成记录的内容", "en": "blank, or nothing that makes a record"}
    return {"zh": mapping.skip[index].zh, "en": mapping.skip[index].en}


def run(
    file: BinaryIO, mapping: Mapping, catalog: Catalog, sink: Sink[Any], *,
    options: Options | None = None, progress: Progress | None = None, chunk: int | None = None,
) -> Result:  # fmt: skip
    """Import an open file into `sink`.

    `options` override what the mapping says about the source; `chunk` is how many source rows go in at a time
    and must stay the same when an import is gone on with. Raises `SourceRefused`, `MappingFault` or
    `ImportRefused`, before anything was taken in unless an expression of the mapping runs away.
    """
    with open_source(file, options or mapping.options) as source:
        _refuse_doubt(source.report)
        with Plan(mapping, catalog, source.report.columns) as plan:
            tally = _all(source, plan, sink, progress, chunk or mapping.chunk)
        if not tally.adds_up(source.report.rows):
            raise _unreconciled(tally, source.report.rows)
        return Result(source.report, tally, mapping, catalog, plan.unused)


def _refuse_doubt(report: Report) -> None:
    if report.confidence < CERTAIN:
        raise SourceRefused("encoding_unsure", {"candidates": ", ".join((report.encoding, *report.other_encodings))})
    if not report.rows:
        raise SourceRefused("no_rows", {"where": report.sheet or "0"})


def _all(source: Source, plan: Plan, sink: Sink[Any], progress: Progress | None, size: int) -> Tally:
    done = sink.begin(source.report, plan)
    tally = Tally()
    for number, chunk in enumerate(_ahead(source, plan, sink, size)):
        if number >= done:
            tally = _one(number, chunk, sink)
        if progress:
            progress(min((number + 1) * size, source.report.rows), source.report.rows)
    return sink_tally(sink, tally)


def _ahead(source: Source, plan: Plan, sink: Sink[Ready], size: int) -> Iterator[Chunk[Ready]]:
    """The chunks, mapped, checked and counted; the next one is made ready while the last one is being stored."""
    chunks = source.batches(size)

    def prepare() -> Chunk[Ready] | None:
        for rows in chunks:
            mapped = plan.run(rows)
            checked = [check(record_type, part) for record_type, part in mapped.parts]
            return Chunk(rows, mapped, checked, sink.ready(checked))
        return None

    with ThreadPoolExecutor(1) as other:
        coming = other.submit(prepare)
        while (ready := coming.result()) is not None:
            coming = other.submit(prepare)
            yield ready


def sink_tally(sink: Sink[Any], tally: Tally) -> Tally:
    """The sink's own tally where it keeps one over several runs."""
    kept: Tally = getattr(sink, "tally", tally)
    return kept


def _one(number: int, chunk: Chunk[Any], sink: Sink[Any]) -> Tally:
    rows, mapped, checked, ready = chunk
    ends: list[Tally] = []

    def settle(taken: Taken) -> tuple[Tally, pa.Table]:
        found = found_table(((one.type.id, one.findings) for one in checked), mapped.faults, taken.more)
        outcomes = {**taken.outcomes, **dict.fromkeys((fault.row for fault in mapped.faults), Outcome.RETURNED)}
        skipped = {**mapped.skipped, **no_record(rows, mapped)}
        tally = Tally.from_dict(sink_tally(sink, Tally()).as_dict())
        tally.add(outcomes, skipped, found, _children(checked, outcomes))
        ends.append(tally)
        return tally, found

    sink.take(number, ready, settle)
    return ends[-1]


def _children(checked: list[Checked], outcomes: dict[int, Outcome]) -> Counter[str]:
    """Records of every type but the first in rows that were taken in."""
    taken = {row for row, end in outcomes.items() if end in (Outcome.ACCEPTED, Outcome.WARNED)}
    return Counter({one.type.id: sum(row in taken for row in numbers(one.rows)) for one in checked[1:]})


def _unreconciled(tally: Tally, rows: int) -> ImportRefused:
    return ImportRefused(
        "collection.unreconciled", f"来源 {rows} 行，结果合计 {tally.rows} 行，两者不符，导入未完成。",
        f"The source has {rows} rows but {tally.rows} have an outcome; the import was not completed.",
        "请保留该文件并报告系统管理员。", "Keep the file and tell your administrator.",
    )  # fmt: skip


def rows_of(source: Source, limit: int) -> Iterator[dict[str, Any]]:
    """The first rows of a source, for showing."""
    for batch in source.batches():
        for row in batch.slice(0, limit).to_pylist():
            yield row
            limit -= 1
        if limit <= 0:
            return
