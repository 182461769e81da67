"""Renewing keys in the background: in pieces, so that imports do not wait for it, and on its own where a key is nearly used up."""

from __future__ import annotations

from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from suyuan.errors import SuyuanError
from suyuan.records import rotation
from suyuan.vault import generations, hosts

_SECONDS = 20.0


@app.task(queue="imports", queueing_lock="records.rotate", pass_context=False)
def rotate() -> None:
    """Bring records of each level under its current key for some seconds, and come back while any are left.

    What cannot go on now (level 2 is sealed, a record is damaged) is tried again by `renew`.
    """
    for level in generations.levels():
        try:
            left = rotation.run(level, _SECONDS)
        except SuyuanError:
            continue
        if not left.nothing and not left.damaged:
            defer()


def defer() -> None:
    """Let the worker go on with a rotation; nothing where it is told already."""
    try:
        rotate.defer()
    except AlreadyEnqueued:
        return


@app.periodic(cron="*/10 * * * *")
@app.task(queue="imports", queueing_lock="records.renew", pass_context=False)
def renew(timestamp: int) -> None:
    """Begin what is due by the number of a key's uses, and go on with what stands unfinished."""
    rotation.begin_due()
    hosts.announce_here()
    if any(generations.retiring(level) or generations.waiting(level) for level in generations.levels()):
        defer()
