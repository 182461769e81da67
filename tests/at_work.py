"""Work on one host of several, as a process of its own: rows that are entered, or keys that are renewed (see `two_hosts`).

python at_work.py enter FILE    two clients, until FILE.stop is there; FILE says then what was taken, and what went wrong
python at_work.py renew         begin a renewal of the keys of level 1, or go on with it
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
import time
from pathlib import Path

ROWS = 60
_MOST = 300.0  # seconds, where nobody tells them
_PAUSE = 0.1  # seconds between two rows: what is watched has to come on as well


def enter(file: Path) -> None:
    """Enter rows of one list until told to stop; clients of the other host enter the same."""
    from django.db import IntegrityError, connections

    from delivered import deliver, rows_of
    from suyuan.errors import SuyuanError
    from suyuan.installation import current
    from world import settle

    stop, taken, wrong = file.with_suffix(".stop"), [], []
    until = time.monotonic() + _MOST
    rows, world = rows_of("violation", ROWS), settle(current(), entered=False)

    def client(number: int) -> None:
        chance = random.Random(f"{file.name} {number}")
        while not stop.exists() and time.monotonic() < until:
            row = chance.choice(rows)
            try:
                taken.extend([row["notice_no"]] * len(deliver(world.collector, "violation", [row])[1].records))
            except IntegrityError:  # two came with the same row at once: one of them is told to try again
                pass
            except SuyuanError as error:
                wrong.append(error.code)
            time.sleep(_PAUSE)
        connections.close_all()

    clients = [threading.Thread(target=client, args=(number,)) for number in range(2)]
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    file.write_text(json.dumps({"taken": taken, "wrong": wrong}))


def renew() -> None:
    """Renew the keys of level 1, from the beginning or from where a renewal was killed."""
    from suyuan.installation import current
    from suyuan.records import rotation
    from suyuan.vault import generations
    from world import settle

    if generations.retiring(1) is None and generations.waiting(1) is None:
        with settle(current(), entered=False).custodian.acting() as who:
            rotation.begin(who, 1)
    rotation.run(1)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "suyuan.web.settings")
    import django

    django.setup()
    import tickets
    import witnessed

    witnessed.by_database()
    tickets.install()
    if sys.argv[1] == "enter":
        enter(Path(sys.argv[2]))
    else:
        renew()
