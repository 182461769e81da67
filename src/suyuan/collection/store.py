"""Importing for good: every chunk goes to the records room in one transaction with the note that it is in.

A process killed at any point leaves whole chunks behind; the next run passes over those and goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from uuid import UUID

import pyarrow as pa

from suyuan.access.acting import acting
from suyuan.catalog.check import Checked
from suyuan.collection import actions, queries
from suyuan.collection.errors import ImportRefused
from suyuan.collection.imports import Taken
from suyuan.collection.plan import Plan
from suyuan.collection.readers.options import Options, Report
from suyuan.collection.tally import Tally
from suyuan.records import actions as records
from suyuan.records.arrival import Arrived, arrive
from suyuan.records.identity import Delivery
from suyuan.records.pack import no_collection


class Store:
    """A sink that stores. `receipt` is there once the import is finished."""

    def __init__(
        self, person: int, ground: int, name: str, *,
        import_id: UUID | None = None, options: Options | None = None, legal_basis: str = "",
    ) -> None:  # fmt: skip
        self._person, self._ground, self._name, self._options = person, ground, name, options or Options()
        self._legal_basis = legal_basis
        self.import_id, self.batch = import_id, UUID(int=0)
        self.tally = Tally()
        self.receipt: records.BatchReceipt | None = None
        self._delivery: Delivery | None = None

    def begin(self, report: Report, plan: Plan) -> int:
        """Find the unfinished import of the same delivery, or begin one; how many chunks are in."""
        basis = self._legal_basis or plan.mapping.legal_basis
        if not basis:
            raise _no_basis()
        with acting(self._person, self._ground) as who:
            self._delivery = Delivery(who.agency)
            source, mapping = bytes.fromhex(report.digest), bytes.fromhex(plan.mapping.digest)
            self.import_id = self.import_id or queries.live(who, source, mapping)
            if self.import_id is None:
                about = {"name": self._name, "mapping": plan.mapping.text, "mapping_name": plan.mapping.name,
                         "options": asdict(self._options), "report": report.as_dict(), "legal_basis": basis}  # fmt: skip
                self.import_id = actions.add(who, about, source, mapping, state="running", rows=report.rows)
            else:
                actions.move(who, self.import_id, "running", "queued", "running", "failed")
            job = queries.job(who, self.import_id)
            self.tally = job.tally
            self.batch = job.batch_id or records.open_batch(
                who, plan.types[0], plan.catalog.release, "file", basis,
                source_digest=source, mapping_digest=mapping, label=self._name,
                level=max(one.level for one in plan.types),
            )  # fmt: skip
            if job.batch_id is None:
                actions.set_batch(who, self.import_id, self.batch, report.rows)
            return job.chunks_done

    def ready(self, checked: list[Checked]) -> Arrived:
        """Count the identities of a chunk."""
        assert self._delivery is not None  # noqa: S101 - set by begin
        with no_collection():
            return arrive(checked, self._delivery)

    def take(self, number: int, ready: Arrived, settle: Callable[[Taken], tuple[Tally, pa.Table]]) -> None:
        """Take a chunk in and note it, in one transaction."""
        assert self.import_id is not None  # noqa: S101 - set by begin
        with acting(self._person, self._ground) as who:
            result = records.take_in(who, self.batch, ready, chunk_no=number)
            more = [one for one in result.findings if one.rule.startswith("records.")]
            tally, found = settle(Taken(result.outcomes, more))
            actions.advance(who, self.import_id, number, tally.rows - self.tally.rows, tally, found)
        self.tally = tally

    def finish(self) -> records.BatchReceipt:
        """Close the batch, which opens its first review, and forget the uploaded file."""
        assert self.import_id is not None  # noqa: S101 - set by begin
        with acting(self._person, self._ground) as who:
            self.receipt = records.close_batch(who, self.batch, skipped=self.tally.skipped)
            actions.move(who, self.import_id, "done", "running")
            actions.discard_upload(who, self.import_id)
        return self.receipt


def _no_basis() -> ImportRefused:
    return ImportRefused(
        "collection.no_legal_basis", "没有写明采集依据。", "No legal basis is given.",
        "请在映射中写 legal_basis，或用 --basis 指明。", "Write legal_basis in the mapping, or give --basis.",
    )  # fmt: skip
