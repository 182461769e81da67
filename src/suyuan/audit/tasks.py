"""What is done for the ledger by the day."""

from __future__ import annotations

from procrastinate.contrib.django import app

from suyuan.ledger.actions import SYSTEM
from suyuan.ledger.pruning import prune


@app.periodic(cron="40 3 * * *")
@app.task(queue="imports", queueing_lock="audit.prune_ledger", pass_context=False)
def prune_ledger(timestamp: int) -> None:
    """Take out what the policy of two security administrators no longer keeps, each pruning with its entry."""
    prune(SYSTEM)
