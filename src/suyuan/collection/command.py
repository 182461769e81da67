"""`suyuan import` for good: whose import it is, and the database under it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from suyuan import catalog
from suyuan.access import proof
from suyuan.access import queries as access
from suyuan.access.acting import acting
from suyuan.collection import findings, queries
from suyuan.collection.errors import SourceRefused
from suyuan.collection.imports import Progress, Result, run
from suyuan.collection.mapping import Mapping
from suyuan.collection.readers.options import Options
from suyuan.collection.store import Store
from suyuan.installation import current
from suyuan.installation.serving import database_running


def import_for_good(
    file: Path,
    mapping: Mapping,
    options: Options,
    username: str,
    basis: str,
    out: Path | None,
    progress: Progress | None,
) -> tuple[Result, dict[str, Any]]:
    """Import a file as `username`, under their own duty. Goes on where an interrupted one stopped."""
    with database_running(current()), proof.by_command(access.person_of(username)):
        return _import(file, mapping, options, username, basis, out, progress)


def _import(
    file: Path,
    mapping: Mapping,
    options: Options,
    username: str,
    basis: str,
    out: Path | None,
    progress: Progress | None,
) -> tuple[Result, dict[str, Any]]:
    person = access.person_of(username)
    ground = access.default_ground(person, "collector")
    sink = Store(person, ground, file.name, options=options, legal_basis=basis)
    try:
        stream = file.open("rb")
    except OSError as exc:
        raise SourceRefused("missing", {"path": str(file)}) from exc
    with stream:
        result = run(stream, mapping, catalog.current(), sink, options=options, progress=progress)
    receipt = sink.finish()
    extra: dict[str, Any] = {
        "dry_run": False, "import": str(sink.import_id), "batch": str(receipt.batch), "state": receipt.state,
        "batch_digest": receipt.digest.hex() if receipt.digest else None,
    }  # fmt: skip
    if out and sink.import_id:
        with acting(person, ground) as who:
            extra["findings_rows"] = findings.write(out, result, queries.findings(who, sink.import_id))
    return result, extra
