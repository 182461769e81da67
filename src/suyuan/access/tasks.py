"""What is done about accounts and tries by the clock."""

from __future__ import annotations

from procrastinate.contrib.django import app

from suyuan.access.sign_in import attempts, backend


@app.periodic(cron="10 3 * * *")
@app.task(queue="imports", queueing_lock="access.disable_idle", pass_context=False)
def disable_idle(timestamp: int) -> None:
    """Disable accounts that were idle for 90 days."""
    backend.disable_idle()


@app.periodic(cron="*/15 * * * *")
@app.task(queue="imports", queueing_lock="access.sweep_tries", pass_context=False)
def sweep_tries(timestamp: int) -> None:
    """Forget counts of wrong tries that are over, and enter how many there were."""
    attempts.sweep()
