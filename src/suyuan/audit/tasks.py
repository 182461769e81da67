"""What is done for the ledger and its auditors by the hour and the day."""

from __future__ import annotations

from procrastinate.contrib.django import app

from suyuan.access import proof
from suyuan.audit import actions
from suyuan.ledger.actions import SYSTEM
from suyuan.ledger.pruning import prune


@app.periodic(cron="40 3 * * *")
@app.task(queue="imports", queueing_lock="audit.prune_ledger", pass_context=False)
def prune_ledger(timestamp: int) -> None:
    """Take out what the policy of two security administrators no longer keeps, each pruning with its entry."""
    prune(SYSTEM, within=proof.as_process)


@app.periodic(cron="1 * * * *")
@app.task(queue="imports", queueing_lock="audit.begin_weeks", pass_context=False)
def begin_weeks(timestamp: int) -> None:
    """Commit the seed of the week's sample in its first hour, whether or not an auditor looks."""
    actions.begin_weeks()
