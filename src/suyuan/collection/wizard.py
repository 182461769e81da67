"""The import wizard's steps: take a file, settle how it is read, settle the mapping, try it, start it."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as Names
from dataclasses import asdict, dataclass, replace
from io import BytesIO
from itertools import islice
from typing import Any, BinaryIO
from uuid import UUID

from suyuan.access import proof
from suyuan.access.acting import Acting
from suyuan.catalog.check import check
from suyuan.catalog.model import Catalog
from suyuan.collection import actions, findings, looks, mapping, propose, queries, tasks
from suyuan.collection.errors import ImportRefused
from suyuan.collection.imports import Result, rows_of, run
from suyuan.collection.plan import Plan
from suyuan.collection.queries import Job
from suyuan.collection.readers.encoding import CERTAIN
from suyuan.collection.readers.options import Options, Report
from suyuan.collection.readers.process import open_source
from suyuan.collection.rehearsal import Rehearsal

SHOWN = 20
"""Rows shown before and after mapping."""

BASES = ("履行法定职责所必需", "依法调取", "数据交换协议")
_TRIED_ROWS = 20_000


@dataclass(slots=True)
class Preview:
    """The first rows before and after mapping, and what the check finds in them."""

    columns: list[str]
    before: list[dict[str, Any]]
    after: list[tuple[str, list[str], list[dict[str, Any]]]]
    result: Result | None = None


def receive(who: Acting, name: str, pieces: Iterable[bytes], size: int, catalog: Catalog) -> UUID:
    """Take an uploaded file: keep it encrypted, find out what it is, propose a mapping.

    Raises `SourceRefused` when it cannot be read and `ImportRefused` when it is too large for the page.
    """
    if size > actions.LARGEST:
        raise _too_large()
    import_id = actions.new_id()
    parts = list(pieces)
    file = _in_memory(parts)
    with file:
        report, rows = look(file, Options())
    about = {"name": name, "options": asdict(Options()), "report": report.as_dict(), "legal_basis": BASES[0]}
    about |= proposal(catalog, report, rows, name)
    digest = mapping_digest(about)
    actions.add(
        who, about, bytes.fromhex(report.digest), digest, state="prepared", rows=report.rows, import_id=import_id
    )
    actions.store_upload(who, import_id, parts)
    return import_id


def look(file: BinaryIO, options: Options) -> tuple[Report, list[dict[str, Any]]]:
    """What a file is, and its first rows."""
    with open_source(file, replace(options, preview=SHOWN)) as source:
        return source.report, list(rows_of(source, SHOWN))


def proposal(catalog: Catalog, report: Report, rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """The mapping to begin with: a shipped one that fits, else one made from the names of the columns."""
    fits = propose.fitting(catalog, report)
    if fits:
        chosen = mapping.load(fits[0])
        return {"mapping": chosen.text, "mapping_name": chosen.name, "legal_basis": chosen.legal_basis or BASES[0]}
    best = propose.ranked(catalog, report, rows)[0]
    return {"mapping": propose.as_yaml(best, catalog, report, _stem(name), BASES[0]), "mapping_name": _stem(name)}


def reread(who: Acting, job: Job, options: Options, catalog: Catalog) -> None:
    """Read the file again in another way (encoding, sheet, header row) and propose a mapping for that."""
    with queries.uploaded(who, job.import_id) as file:
        report, rows = look(file, options)
    about = {**job.about, "options": asdict(options), "report": report.as_dict()}
    about |= proposal(catalog, report, rows, job.name)
    actions.describe(who, job, about, mapping_digest(about))


def propose_type(who: Acting, job: Job, type_id: str, catalog: Catalog) -> None:
    """Propose a mapping to a type that the person chose."""
    with queries.uploaded(who, job.import_id) as file:
        report, rows = look(file, job.options)
    best = propose.propose(catalog, catalog.types[type_id], report, rows)
    text = propose.as_yaml(best, catalog, report, _stem(job.name), job.about.get("legal_basis", BASES[0]))
    set_mapping(who, job, text, job.about.get("legal_basis", BASES[0]), catalog)


def set_mapping(who: Acting, job: Job, text: str, basis: str, catalog: Catalog) -> None:
    """Settle the mapping. Raises `MappingFault` with its line when it has a mistake."""
    chosen = mapping.parse(text, "mapping.yaml")
    Plan(chosen, catalog, job.report.columns).close()
    about = {**job.about, "mapping": text, "mapping_name": chosen.name, "legal_basis": basis or chosen.legal_basis}
    actions.describe(who, job, about, mapping_digest(about))


def choices(text: str) -> tuple[str, dict[str, propose.Choice]] | None:
    """A mapping as type and column choices, where it is simple enough to be edited as a table."""
    chosen = mapping.parse(text, "mapping.yaml")
    if len(chosen.records) != 1 or chosen.records[0].each or chosen.records[0].when or chosen.skip:
        return None
    found = {}
    for name, spec in chosen.records[0].fields.items():
        plain = mapping.FieldSpec(
            spec.where, columns=spec.columns, date=spec.date, datetime=spec.datetime, lookup=spec.lookup
        )
        if spec != plain or len(spec.columns) != 1 or len(spec.date) + len(spec.datetime) > 1:
            return None
        found[name] = propose.Choice(spec.columns[0], "".join((*spec.date, *spec.datetime)), spec.lookup or "")
    return chosen.records[0].type, found


def from_choices(job: Job, type_id: str, posted: Names[str, str], catalog: Catalog) -> str:
    """The mapping that a table of choices stands for; `posted` has `column.FIELD`, `form.FIELD`, `lookup.FIELD`."""
    chosen = {
        name: propose.Choice(
            posted.get(f"column.{name}", ""), posted.get(f"form.{name}", ""), posted.get(f"lookup.{name}", "")
        )
        for name in catalog.types[type_id].fields
    }
    basis = posted.get("basis", "") or BASES[0]
    return propose.as_yaml(propose.Proposal(type_id, chosen), catalog, job.report, _stem(job.name), basis)


def preview(who: Acting, job: Job, catalog: Catalog) -> Preview:
    """Twenty rows before and after, and the findings over the whole file; a look. Raises as an import would."""
    looks.enter(who, "preview_import", job.import_id)
    chosen = mapping.parse(job.about["mapping"], "mapping.yaml")
    after: list[tuple[str, list[str], list[dict[str, Any]]]] = []
    before: list[dict[str, Any]] = []
    with queries.uploaded(who, job.import_id) as file:
        with (
            open_source(file, replace(job.options, preview=SHOWN)) as source,
            Plan(chosen, catalog, source.report.columns) as plan,
        ):
            for batch in islice(source.batches(), 1):
                before, parts = batch.to_pylist(), plan.run(batch).parts
                after = [(kind.id, _names(rows), _with_verdicts(kind, rows)) for kind, rows in parts]
        result = None
        if job.rows <= _TRIED_ROWS and before:
            result = run(file, chosen, catalog, Rehearsal(), options=_certain(job.options, job.report))
    return Preview(list(job.report.columns), before, after, result)


def findings_workbook(who: Acting, job: Job, catalog: Catalog) -> BytesIO:
    """The findings of an import with the values as they stood, as a workbook in memory; a look."""
    looks.enter(who, "take_findings", job.import_id)
    parsed = mapping.parse(job.about["mapping"], "mapping.yaml")
    out = BytesIO()
    result = Result(job.report, job.tally, parsed, catalog, [])
    findings.write(out, result, queries.findings(who, job.import_id))
    out.seek(0)
    return out


def _names(rows: Any) -> list[str]:
    return [name for name in rows.column_names if name != "_row"]


def _with_verdicts(record_type: Any, rows: Any) -> list[dict[str, Any]]:
    verdicts = check(record_type, rows).rows["verdict"].to_pylist()
    return [
        {**row, "_verdict": verdict} for row, verdict in zip(rows.slice(0, SHOWN).to_pylist(), verdicts, strict=False)
    ]


def start(who: Acting, job: Job) -> None:
    """Hand a prepared import to the worker. Raises `ImportRefused` when the same delivery is under way."""
    options = _certain(job.options, job.report)
    about = {**job.about, "options": asdict(options)}
    actions.describe(who, job, about, mapping_digest(about))
    if actions.move(who, job.import_id, "queued", "prepared", "failed"):
        ticket = proof.task_ticket(f"import {job.import_id}", who.person)
        tasks.run_import.defer(import_id=str(job.import_id), person=who.person, ground=who.ground, ticket=ticket)


def withdraw(who: Acting, job: Job) -> None:
    """Give up an import that has not started, and forget its file."""
    if actions.move(who, job.import_id, "withdrawn", "prepared"):
        actions.discard_upload(who, job.import_id)


def mapping_digest(about: Names[str, Any]) -> bytes:
    """SHA-256 of the mapping's text."""
    return bytes.fromhex(mapping.parse(about["mapping"], "mapping.yaml").digest)


def doubtful(job: Job) -> bool:
    """The encoding was guessed, and the person has not said that it is right."""
    return job.report.confidence < CERTAIN and not job.options.encoding


def _certain(options: Options, report: Report) -> Options:
    """By starting, the person confirms the encoding that the page shows."""
    return replace(options, encoding=report.codec) if report.codec else options


def _in_memory(parts: list[bytes]) -> BinaryIO:
    import os

    file = os.fdopen(os.memfd_create("upload"), "w+b")
    for part in parts:
        file.write(part)
    file.flush()
    file.seek(0)
    return file


def _stem(name: str) -> str:
    return name.rsplit("/", 1)[-1].split(".", 1)[0][:60] or "mapping"


def _too_large() -> ImportRefused:
    limit = actions.LARGEST >> 20
    return ImportRefused(
        "collection.upload_too_large", f"文件超过 {limit} MB。", f"The file is larger than {limit} MB.",
        "请用命令 suyuan import 导入，该命令无此限制。", "Use the command `suyuan import`, which has no such limit.",
    )  # fmt: skip
