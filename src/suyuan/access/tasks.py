"""What is done about accounts by the day."""

from __future__ import annotations

from procrastinate.contrib.django import app

from suyuan.access.sign_in import backend


@app.periodic(cron="10 3 * * *")
@app.task(queue="imports", queueing_lock="access.disable_idle", pass_context=False)
def disable_idle(timestamp: int) -> None:
    """Disable accounts that were idle for 90 days."""
    backend.disable_idle()
