"""What is done about keys by the hour."""

from __future__ import annotations

from procrastinate.contrib.django import app

from suyuan.vault import holder


@app.periodic(cron="40 * * * *")
@app.task(queue="imports", queueing_lock="vault.ask_holders", pass_context=False)
def ask_holders(timestamp: int) -> None:
    """Ask every holder of keys for something, so that the tokens of services nobody used for long are renewed."""
    for one in holder.holders().values():
        holder.trouble(one)
