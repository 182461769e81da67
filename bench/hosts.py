"""Two hosts with one database, 16 clients and 20 kills, while the keys of data and of signing are renewed on one of them.

    suyuan bench hosts [--clients 16] [--kills 20] [--rows 600] [--seconds 60]

Clients of both hosts enter rows from one list, so that each row comes to both; an agent and a worker run on each host. The keys
are renewed on the first by a process that is killed again and again, as agents and workers of both hosts are, so that
the sequencer goes from one host to the other. Afterwards nothing may be doubled, lie under a key that is not current, or be found
by `ledger verify`, from either host.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import orjson
import psycopg
from _common import installed, staff, superuser, tell
from p1_import import made
from rotation import ROWS, judged

from suyuan.installation import Installation, use
from suyuan.installation.model import write_private

_PAUSE = (0.3, 1.5)  # seconds between two kills


class OnHost:
    """One host: its folder, and the agent and worker that run there."""

    def __init__(self, here: Installation) -> None:
        self.here = here
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.workers: set[int] = set()

    def start(self, name: str) -> None:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("SUYUAN_")}
        with (self.here.data / f"{name}.said").open("ab") as said:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", "suyuan", name], env=kept | {"SUYUAN_DATA": str(self.here.data)},
                stdin=subprocess.DEVNULL, stdout=said, stderr=said,
            )  # fmt: skip
        if name == "worker":
            self.workers.add(self.running[name].pid)

    def kill(self, name: str) -> None:
        self.running[name].kill()
        self.running[name].wait()
        self.start(name)

    def stop(self) -> None:
        for one in self.running.values():
            one.terminate()
        for one in self.running.values():
            one.wait(30)


class Places(threading.Thread):
    """Watches which host has the sequencer's place, and counts how often the other one took it."""

    def __init__(self, hosts: list[OnHost], watched: Installation) -> None:
        super().__init__(daemon=True)
        self.hosts, self.watched = hosts, watched
        self.taken, self.over = 0, threading.Event()

    def run(self) -> None:
        last = None
        with superuser(self.watched) as db:
            while not self.over.wait(0.1):
                row = db.execute(
                    """SELECT split_part(application_name, ' ', 3)::int FROM pg_locks JOIN pg_stat_activity USING (pid)
                       WHERE locktype = 'advisory' AND granted AND mode = 'ExclusiveLock'
                         AND application_name LIKE 'suyuan sequencer %' AND objid = 1400207733"""
                ).fetchone()
                where = next((number for number, one in enumerate(self.hosts) if row and row[0] in one.workers), None)
                if where is not None:
                    self.taken += last is not None and where != last
                    last = where


def second(of: Installation, folder: Path) -> Installation:
    """A copy of the first host's secrets and keys, as docs/several-hosts.md says."""
    for name in ("secrets", "vault"):
        shutil.copytree(of.data / name, folder / name, ignore=shutil.ignore_patterns("*.sock"))
    write_private(folder / "secrets" / "database.json", json.dumps(asdict(of.place) | {"embedded": False}))
    return Installation.open(folder)


def here_now(here: Installation) -> None:
    """This process works on that host from now on."""
    from django.db import connections

    from suyuan.vault.actions import provider

    connections.close_all()
    use(here)
    provider.cache_clear()


def client(number: int, here: Installation, who: Any, until: float, out: Path) -> None:
    """Enter rows of the list, and read each that was taken, until the time is over."""
    from suyuan.access.acting import acting
    from suyuan.errors import SuyuanError
    from suyuan.records import actions, queries

    here_now(here)
    chance, acts, taken, wrong = random.Random(number), 0, [], []
    judged(next(iter(ROWS)), "13900000000")
    while time.time() < until:
        id_no = chance.choice(list(ROWS))
        checked = judged(id_no, ROWS[id_no]["phone"])
        try:
            with acting(who.person, who.ground) as context:
                batch = actions.open_batch(context, checked.type, checked.release, "form", "bench", label="bench")
                result = actions.submit(context, batch, checked)
                actions.close_batch(context, batch)
            if result.records:
                taken.append(id_no)
                with acting(who.person, who.ground) as context:
                    [view] = queries.views_of(context, list(result.records.values()), latest=True)
                    wrong += [] if view.content["id_no"] == id_no else [f"read {id_no}"]
        except SuyuanError as error:
            wrong.append(error.code)
        except Exception as error:  # two clients came with the same row at once: one of them is told to try again
            if type(error).__name__ != "IntegrityError":
                wrong.append(type(error).__name__)
        acts += 1
    out.write_bytes(orjson.dumps({"acts": acts, "taken": taken, "wrong": wrong}))


def renew(here: Installation, who: Any) -> None:
    """Begin a renewal of the data keys, or go on with it."""
    from suyuan.access.acting import acting
    from suyuan.records import rotation
    from suyuan.vault import generations

    here_now(here)
    if generations.retiring(1) is None and generations.waiting(1) is None:
        with acting(who.person, who.ground) as context:
            rotation.begin(context, 1)
    rotation.run(1)


def renew_signing(here: Installation, who: Any) -> None:
    """A new signing key."""
    from suyuan.access.acting import acting
    from suyuan.vault import custody

    here_now(here)
    with acting(who.person, who.ground) as context:
        custody.renew_signing(context)


def killed(hosts: list[OnHost], who: Any, most: int, until: float) -> dict[str, int]:
    """Renew keys on the first host, and kill whatever is at work on either."""
    chance, kills, fork = random.Random(7), {"renewal": 0, "agent": 0, "worker": 0}, get_context("fork").Process
    child = None
    while time.time() < until - 2 and sum(kills.values()) < most:
        if child is None or not child.is_alive():
            child = fork(target=renew, args=(hosts[0].here, who))
            child.start()
        time.sleep(chance.uniform(*_PAUSE))
        what = ("renewal", "agent", "renewal", "worker")[sum(kills.values()) % 4]
        if what != "renewal":
            hosts[chance.randrange(2)].kill(what)
        elif child.is_alive() and child.pid:
            os.kill(child.pid, signal.SIGKILL)
        kills[what] += 1
        if sum(kills.values()) % 5 == 0:
            signing = fork(target=renew_signing, args=(hosts[0].here, who))
            signing.start()
            signing.join()
    if child is not None:
        child.join()
    return kills


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--rows", type=int, default=600)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with installed() as installation:
        figures, ratio = measured(installation, options)
    tell(figures, ratio)


def measured(installation: Installation, options: Any) -> tuple[dict[str, Any], str]:
    import csv

    from suyuan.vault import generations

    people = staff()
    path = installation.data / "residents.csv"
    made(path, options.rows)
    with path.open(encoding="utf-8", newline="") as file:
        ROWS.update((row["id_no"], row) for row in csv.DictReader(file))
    with superuser(installation) as db:  # nobody works as fast: limits of looks are not what is measured
        limits = db.execute("SELECT most, kind FROM access_limit").fetchall()
        db.execute("UPDATE access_limit SET most = 1000000 WHERE stretch <> 'standing'")
    other = second(installation, installation.data / "second-host")
    hosts = [OnHost(installation), OnHost(other)]
    for one in hosts:
        for name in ("agent", "worker"):
            one.start(name)
    while len([one for one in _hosts() if one.live]) < 2:
        time.sleep(0.2)
    until, started = time.time() + options.seconds, []
    places = Places(hosts, installation)
    places.start()
    from django.db import connections

    connections.close_all()
    for number in range(options.clients):
        arguments = (number, hosts[number % 2].here, people["collector"], until, installation.data / f"{number}.json")
        started.append(get_context("fork").Process(target=client, args=arguments))
        started[-1].start()
    kills = killed(hosts, people["custodian"], options.kills, until)
    for child in started:
        child.join()
    here_now(installation)
    while generations.retiring(1) or generations.waiting(1):
        renew(installation, people["custodian"])
    places.over.set()
    places.join()
    told = [orjson.loads((installation.data / f"{number}.json").read_bytes()) for number in range(options.clients)]
    for one in hosts:
        one.stop()
    with superuser(installation) as db:
        db.cursor().executemany("UPDATE access_limit SET most = %s WHERE kind = %s", limits)
    figures, ratio = _figures(installation, hosts, told, kills, options)
    return figures | {"the sequencer's place taken by the other host": places.taken}, ratio


def _hosts() -> list[Any]:
    from suyuan.vault import hosts

    return hosts.known()


def _figures(
    installation: Installation, hosts: list[OnHost], told: list[dict[str, Any]], kills: dict[str, int], options: Any
) -> tuple[dict[str, Any], str]:
    from suyuan.ledger import sequencer, verify

    faults = []
    for one in hosts:
        here_now(one.here)
        with psycopg.connect(one.here.database("sequencer"), autocommit=True) as connection:
            sequencer.run_once(connection)
        faults += [fault.code for fault in verify.verify() if fault.code != "ledger.witness_lost"]
    here_now(installation)
    with superuser(installation) as db:
        [records] = db.execute("SELECT count(*) FROM records_record").fetchone() or (0,)
        [retired] = db.execute(
            """SELECT count(*) FROM records_record r LEFT JOIN vault_generation g USING (key_id)
               WHERE g.state IS DISTINCT FROM 'current'"""
        ).fetchone() or (0,)
        [generations] = db.execute("SELECT count(*) FROM vault_generation").fetchone() or (0,)
        [signing] = db.execute("SELECT count(*) FROM vault_signing").fetchone() or (0,)
    taken = [id_no for one in told for id_no in one["taken"]]
    wrong = [what for one in told for what in one["wrong"]]
    figures = {
        "clients": options.clients, "acts": sum(one["acts"] for one in told), "kills": kills,
        "generations of data keys": generations, "signing keys": signing,
        "rows acknowledged": len(taken), "records stored": records, "doubled": len(taken) - len(set(taken)),
        "stored and not acknowledged": records - len(set(taken)), "under a key that is not current": retired,
        "acts refused or failed": len(wrong), "faults found by verify from both hosts": len(faults),
    }  # fmt: skip
    more = {"why": sorted(set(wrong))} if wrong else {}
    more |= {"faults": sorted(set(faults))} if faults else {}
    good = not (figures["doubled"] or retired or faults)
    return figures | more, "0 doubled, 0 under a retired key, verify clean" if good else "NOT as it must be"


if __name__ == "__main__":
    main()
