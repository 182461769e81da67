"""P5: what the ledger adds to an act, acts a second, time into the tree, proofs, and verifying it all.

    suyuan bench p5_ledger [--records 200000] [--seconds 10]

The base is the same act without its entry, in the same run: one row inserted and committed, fsync on.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from _common import installed, median, milliseconds, p95, staff, superuser, tell, timed
from p1_import import import_all, made

ACT = """\\set who random(1, 1000)
\\set writer :client_id + :first
BEGIN;
INSERT INTO bench_act (person, said) VALUES (:who, 'an act of some words');
"""
ENTRY = """WITH counted AS (UPDATE ledger_writer SET n = n + 1 WHERE writer = :writer RETURNING n)
INSERT INTO ledger_entry (writer, n, at, act, person, ground, agency, record, mac)
SELECT :writer, n, 1, 3, :who, 1, 1, gen_random_uuid(), decode(repeat('00', 32), 'hex') FROM counted;
"""


def one_by_one(repeats: int) -> tuple[list[float], list[float]]:
    """Milliseconds of an act alone and of an act with its entry, taken in turn."""
    from django.db import connection, transaction

    from suyuan.ledger import actions as ledger
    from suyuan.ledger.acts import Act

    def act(with_entry: bool) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("INSERT INTO bench_act (person, said) VALUES (1, 'an act of some words')")
            if with_entry:
                ledger.append(ledger.SYSTEM, Act.consult)

    act(True)
    alone, entered = [], []
    for _ in range(repeats):
        alone += milliseconds(lambda n: act(False), 1)
        entered += milliseconds(lambda n: act(True), 1)
    return alone, entered


def acts_per_second(installation: Any, folder: Path, seconds: int, *, entry: bool) -> float:
    """Acts a second of 8 clients, by pgbench inside the database's own socket."""
    from suyuan.installation.postgres import supplied

    supply = supplied()
    with superuser(installation) as db:
        first = db.execute(
            "WITH made AS (INSERT INTO ledger_writer SELECT FROM generate_series(1, 8) RETURNING writer) SELECT min(writer) FROM made"
        ).fetchone()
    script = folder / "act.sql"
    script.write_text(ACT + (ENTRY if entry else "") + "COMMIT;\n")
    place = installation.database("admin")
    done = subprocess.run(
        [supply.root / supply.bin / "pgbench", "-n", "-c", "8", "-j", "1", "-T", str(seconds), "-M", "prepared",
         "-f", script, "-D", f"first={first[0]}", place],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    [line] = [line for line in done.stdout.splitlines() if line.startswith("tps")]
    return float(line.split()[2])


def into_the_tree(repeats: int) -> list[float]:
    """Milliseconds from an entry's commit until its leaf is in the tree, the sequencer running."""
    import psycopg

    from suyuan.installation import current
    from suyuan.ledger import actions as ledger
    from suyuan.ledger import sequencer
    from suyuan.ledger.acts import Act

    stop = threading.Event()
    thread = threading.Thread(target=sequencer.run, args=(stop,), daemon=True)
    thread.start()
    with psycopg.connect(current().database("sequencer"), autocommit=True) as db:

        def wait(_: int) -> None:
            place = ledger.append(ledger.SYSTEM, Act.consult)
            while not db.execute("SELECT 1 FROM ledger_leaf WHERE writer = %s AND n = %s", place).fetchone():
                time.sleep(0.005)

        wait(0)
        found = milliseconds(wait, repeats)
    stop.set()
    thread.join()
    return found


def proofs(repeats: int) -> list[float]:
    """Milliseconds of an inclusion proof from the stored tiles."""
    import psycopg

    from suyuan.installation import current
    from suyuan.ledger.sequencer import loader
    from suyuan.ledger.tiles import TileTree

    with psycopg.connect(current().database("sequencer"), autocommit=True) as db:
        [[size]] = db.execute("SELECT count(*) FROM ledger_leaf").fetchall()
        return milliseconds(lambda n: TileTree(loader(db), size).inclusion(random.Random(n).randrange(size)), repeats)


def sequence() -> float:
    """Seconds to put everything that waits into the tree."""
    import psycopg

    from suyuan.installation import current
    from suyuan.ledger import sequencer

    with psycopg.connect(current().database("sequencer"), autocommit=True) as db:
        return timed(lambda: sequencer.run_once(db))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with installed() as installation:
        who = staff()["collector"]
        path = installation.data / "residents.csv"
        made(path, options.records)
        import_all(who, path)
        taken = sequence()
        from suyuan.ledger.verify import verify

        faults: list[Any] = []
        verified = timed(lambda: faults.extend(verify()))
        assert faults == [], faults[:3]
        proof = proofs(200)
        waits = into_the_tree(20)
        with superuser(installation) as db:
            db.execute(
                "CREATE TABLE bench_act (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, person int, said text)"
            )
            db.execute(f"GRANT INSERT ON bench_act TO {installation.place.role('app')}")
        alone, entered = one_by_one(400)
        bare = acts_per_second(installation, installation.data, options.seconds, entry=False)
        with_entry = acts_per_second(installation, installation.data, options.seconds, entry=True)
    per_million = 1_000_000 / options.records
    tell(
        {"records": options.records, "sequencer entries/s": options.records / taken,
         "verify s": verified, "verify s for a million": verified * per_million, "proof ms (p95)": p95(proof),
         "into the tree ms (p95)": p95(waits), "act ms (median)": median(alone), "act with entry ms (median)": median(entered),
         "acts/s, 8 clients, no entry": bare, "acts/s, 8 clients, entry": with_entry},
        f"+ {median(entered) - median(alone):.2f} ms an act, {with_entry / bare:.2f} x the acts without "
        "(targets: 0.3 ms, 8,000/s, tree 1 s, proof 5 ms, verify 20 s a million)",
    )  # fmt: skip


if __name__ == "__main__":
    main()
