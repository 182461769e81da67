"""Imports in the background. A task names an import and who it is for; what it says stays encrypted in its row."""

from __future__ import annotations

from uuid import UUID

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from suyuan import catalog
from suyuan.access import proof
from suyuan.access.acting import acting
from suyuan.collection import actions, mapping, queries
from suyuan.collection.imports import run
from suyuan.collection.store import Store
from suyuan.errors import SuyuanError

_STALLED_SECONDS = 60


@app.task(queue="imports", retry=RetryStrategy(max_attempts=5, wait=5), pass_context=False)
def run_import(import_id: str, person: int, ground: int, ticket: str = "") -> None:
    """Bring an uploaded file in, for whom `ticket` was made.

    What a person can mend is written to the import; anything else is tried again.
    """
    job_id = UUID(import_id)
    with proof.by_task(f"import {import_id}", person, ticket):
        try:
            take_in(job_id, person, ground)
        except SuyuanError as error:
            with acting(person, ground) as who:
                actions.move(who, job_id, "failed", "queued", "running", failure=error)


def take_in(import_id: UUID, person: int, ground: int) -> None:
    """Run one prepared import to its end."""
    with acting(person, ground) as who:
        job = queries.job(who, import_id)
        if job.state not in ("queued", "running"):
            return
        file = queries.uploaded(who, import_id)
    chosen = mapping.parse(job.about["mapping"], "mapping.yaml")
    sink = Store(person, ground, job.name, import_id=import_id, options=job.options,
                 legal_basis=job.about.get("legal_basis", ""))  # fmt: skip
    with file:
        run(file, chosen, catalog.current(), sink, options=job.options)
    sink.finish()


@app.periodic(cron="* * * * *")
@app.task(queue="imports", queueing_lock="collection.retry_stalled", pass_context=False)
async def retry_stalled(timestamp: int) -> None:
    """Give imports whose worker was killed to the next worker; they go on where they stopped."""
    for job in await app.job_manager.get_stalled_jobs(queue="imports", seconds_since_heartbeat=_STALLED_SECONDS):
        await app.job_manager.retry_job(job)
