"""Renewing keys under 16 clients and 50 kills: reads that failed, writes that were lost, and how much slower people's acts become.

    suyuan bench rotation [--records 20000] [--clients 16] [--kills 50]

The base is the same clients without a rotation, in the same run. Every client reads, searches and amends records of its own and
keeps what it was told in a journal; afterwards each amendment that was acknowledged is looked for. The process that renews the
keys is killed (SIGKILL) and started again until it has been killed as often as asked; then it goes on to the end.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import time
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import psycopg
from _common import installed, median, p95, staff, superuser, tell
from p1_import import import_all, made

AMENDED = "phone"
_FIRST = 20  # acts of each client that are not timed: each process loads what it needs


@dataclass
class Told:
    """What one client saw: milliseconds of its acts, amendments it was told are taken, and what went wrong."""

    acts: list[float] = field(default_factory=list)
    taken: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


def client(number: int, who: Any, mine: list[tuple[UUID, str]], until: float, out: Path) -> None:
    """Read, search and amend until the time is over."""
    from suyuan.access.acting import acting
    from suyuan.errors import SuyuanError
    from suyuan.records import queries

    told, chance, count = Told(), random.Random(number), 0
    judged(mine[0][1], "13900000000")  # what every process does once is not measured
    while time.time() < until:
        record, id_no = chance.choice(mine)
        begun = time.perf_counter()
        try:
            kind = count % 10
            if kind == 0:
                amend(who, id_no, told, f"139{number:02}{count:06}"[:11])
            else:
                with acting(who.person, who.ground) as context:
                    if kind < 7:
                        queries.views_of(context, [record])
                    else:
                        found = queries.search(context, type="resident", exact=[f"resident_id\x1f{id_no}"])
                        told.wrong += [] if [one.record_id for one in found.rows] == [record] else [f"search {record}"]
        except SuyuanError as error:
            told.wrong.append(f"{error.code} {record}")
        told.acts.append((time.perf_counter() - begun) * 1000)
        count += 1
    out.write_bytes(orjson.dumps({"acts": told.acts, "taken": told.taken, "wrong": told.wrong}))


def amend(who: Any, id_no: str, told: Told, phone: str) -> None:
    """A new telephone number, unless the last change still waits for its review."""
    from suyuan.access.acting import acting
    from suyuan.records import actions

    checked = judged(id_no, phone)
    with acting(who.person, who.ground) as context:
        batch = actions.open_batch(context, checked.type, checked.release, "form", "bench", label="bench")
        result = actions.submit(context, batch, checked)
        actions.close_batch(context, batch)
    if result.accepted + result.warned:
        told.taken[id_no] = phone


def judged(id_no: str, phone: str) -> Any:
    """The row with another telephone number through the check."""
    import pyarrow as pa

    from suyuan import catalog
    from suyuan.catalog.check import check

    row = ROWS[id_no] | {AMENDED: phone}
    columns = {key: pa.array([value], pa.string()) for key, value in row.items()}
    return check(catalog.current().types["resident"], pa.table({"_row": pa.array([1], pa.int64()), **columns}))


ROWS: dict[str, dict[str, str]] = {}


def clients(
    count: int, who: Any, records: list[tuple[UUID, str]], seconds: float, folder: Path, work: Any = None
) -> list[Told]:
    """So many clients at once, each with records of its own, and `work` meanwhile; gives what they saw."""
    from django.db import connections

    connections.close_all()
    until, share = time.time() + seconds, len(records) // count
    started = []
    for number in range(count):
        mine = records[number * share : (number + 1) * share]
        started.append(
            get_context("fork").Process(target=client, args=(number, who, mine, until, folder / f"{number}.json"))
        )
        started[-1].start()
    if work:
        work(until)
    for one in started:
        one.join()
    return [Told(**orjson.loads((folder / f"{number}.json").read_bytes())) for number in range(count)]


def rotate() -> None:
    from suyuan.records import rotation

    rotation.run(1)


def killed(kills: list[float], most: int, until: float) -> None:
    """Renew the keys in a process that is killed again and again."""
    chance = random.Random(7)
    while time.time() < until - 1 and len(kills) < most:
        child = get_context("fork").Process(target=rotate)
        child.start()
        time.sleep(chance.uniform(0.05, 0.4))
        if child.is_alive() and child.pid:
            os.kill(child.pid, signal.SIGKILL)
            kills.append(time.time())
        child.join()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=40)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with installed() as installation:
        figures, ratio = measured(installation, options)
    tell(figures, ratio)


def measured(installation: Any, options: Any) -> tuple[dict[str, Any], str]:
    from suyuan.access.acting import acting
    from suyuan.ledger import sequencer, verify
    from suyuan.records import queries, rotation

    people = staff()
    who, custodian = people["collector"], people["custodian"]
    path = installation.data / "residents.csv"
    made(path, options.records)
    import_all(who, path)
    in_force(installation, people)
    records = read_back(installation, path)
    with superuser(
        installation
    ) as db:  # nobody works as fast as these clients: the limits of looks are not what is measured
        limits = db.execute("SELECT kind, most FROM access_limit").fetchall()
        db.execute("UPDATE access_limit SET most = 1000000 WHERE stretch <> 'standing'")
        db.execute("VACUUM ANALYZE")  # as autovacuum does a minute after an import
    base = clients(options.clients, who, records, options.seconds / 2, installation.data)
    with acting(custodian.person, custodian.ground) as context:
        rotation.begin(context, 1)
    kills: list[float] = []
    seen = clients(options.clients, who, records, options.seconds, installation.data,
                   lambda until: killed(kills, options.kills, until))  # fmt: skip
    while not rotation.run(1).nothing:
        pass
    taken = {id_no: phone for one in [*base, *seen] for id_no, phone in one.taken.items()}
    lost = 0
    with acting(who.person, who.ground) as context:
        of = {id_no: record for record, id_no in records}
        latest = {
            one.record_id: one.content[AMENDED]
            for one in queries.views_of(context, [of[one] for one in taken], latest=True)
        }
        lost = sum(latest.get(of[id_no]) != phone for id_no, phone in taken.items())
    with superuser(installation) as db:
        db.cursor().executemany(
            "UPDATE access_limit SET most = %s WHERE kind = %s", [(most, kind) for kind, most in limits]
        )
        [old] = db.execute("SELECT count(*) FROM records_record WHERE key_id = 1").fetchone() or (0,)
    with psycopg.connect(installation.database("sequencer"), autocommit=True) as connection:
        sequencer.run_once(connection)
    faults = list(verify.verify())
    wrong = [fault for one in [*base, *seen] for fault in one.wrong]
    before, during = ([act for one in group for act in one.acts[_FIRST:]] for group in (base, seen))
    figures = {
        "records": len(records), "clients": options.clients, "kills": len(kills), "acts": len(before) + len(during),
        "amendments acknowledged": len(taken), "amendments lost": lost, "failed reads, searches and writes": len(wrong),
        "records under the old key at the end": old, "faults found by verify": len(faults),
        "ms without (median, p95)": f"{median(before):.1f}, {p95(before):.1f}",
        "ms while keys are renewed (median, p95)": f"{median(during):.1f}, {p95(during):.1f}",
    }  # fmt: skip
    return figures | (
        {"wrong": wrong[:5]} if wrong else {}
    ), f"{p95(during) / p95(before):.2f} x the p95 of the same acts without (target 2)"


def in_force(installation: Any, people: dict[str, Any]) -> None:
    """The import through its two reviews, so that its records can be amended."""
    from suyuan.access.acting import acting
    from suyuan.review import actions as review

    with superuser(installation) as db:
        batch, digest = db.execute("SELECT batch_id, digest FROM records_batch").fetchone() or (None, b"")
    for step, name in ((1, "first"), (2, "second")):
        with acting(people[name].person, people[name].ground) as context:
            drawn = review.draw(context, batch, step)
            review.look(context, batch, step, drawn.seqs)
            review.decide(context, batch, step, "approve", bytes(digest))


def read_back(installation: Any, path: Path) -> list[tuple[UUID, str]]:
    """Records by their numbers, as the import stored them; what each row said."""
    import csv

    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            ROWS[row["id_no"]] = row
    with superuser(installation) as db:
        found = db.execute("SELECT record_id FROM records_revision ORDER BY row_no").fetchall()
    return [(record, id_no) for (record,), id_no in zip(found, ROWS, strict=True)]


if __name__ == "__main__":
    main()
