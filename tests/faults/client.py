"""One client of the kill test: collects or reviews until told to stop, and journals what the database acknowledged.

    client.py FOLDER DUTY SEED JOURNAL

A line is written only after the commit came back, and is on disk before the next act begins.
"""

from __future__ import annotations

import contextlib
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

DOWN = 0.05  # seconds to wait for a server that is away


def main(folder: Path, duty: str, seed: str, journal: Path) -> None:
    """Act until the file `stop` appears."""
    import django
    import psycopg

    from suyuan.installation import Installation, current, use

    use(Installation.open(folder))
    os.environ["DJANGO_SETTINGS_MODULE"] = "suyuan.web.settings"
    django.setup()
    import tickets

    tickets.install()
    from django.db import DatabaseError, connection

    from world import _somebody

    chance = random.Random(seed)
    act: Callable[[], str] | None = None
    with journal.open("a", encoding="utf-8") as out:
        while not (folder / "stop").exists():
            try:
                if act is None:
                    with psycopg.connect(current().database("owner")) as owner:
                        who = _somebody(owner, duty)
                    act = collecting(who, seed) if duty == "collector" else reviewing(who, duty, chance)
                line = act()
            except (DatabaseError, psycopg.Error, ConnectionError):
                with contextlib.suppress(Exception):
                    connection.close()
                time.sleep(DOWN)
                continue
            if line:
                out.write(line + "\n")
                out.flush()
                os.fsync(out.fileno())
            else:
                time.sleep(DOWN)


def collecting(who: object, seed: str) -> Callable[[], str]:
    """Deliver one violation after another; one that was not acknowledged is sent again until it is."""
    from delivered import deliver, rows_of

    waiting: list[str] = []
    numbers = iter(range(1, 10**6))
    [row] = rows_of("violation", 1, points="6", act="P06-08")

    def act() -> str:
        if not waiting:
            waiting.append(f"K{seed}-{next(numbers):06}")
        batch, result, _ = deliver(who, "violation", [row | {"notice_no": waiting[0]}])  # type: ignore[arg-type]
        number = waiting.pop()
        return f"collected {number} {batch} {'new' if result.accepted + result.warned else 'known'}"

    return act


def reviewing(who: object, duty: str, chance: random.Random) -> Callable[[], str]:
    """Approve one waiting batch after another."""
    from suyuan.review import actions, queries
    from suyuan.review.errors import ReviewRefused

    def act() -> str:
        with who.acting() as acting:  # type: ignore[attr-defined]
            waiting = queries.waiting(acting)
        if not waiting:
            return ""
        task = chance.choice(waiting)
        try:
            with who.acting() as acting:  # type: ignore[attr-defined]
                actions.decide(acting, task.batch, task.step, "approve", task.digest)
        except ReviewRefused:  # another reviewer was first, or a commit that was not acknowledged
            return ""
        return f"approved {UUID(str(task.batch))} {task.step}"

    return act


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], Path(sys.argv[4]))
