"""What the benches share: an installation of their own with its server, durable as in use, its demonstration staff, and figures."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from suyuan.installation import Installation, use

_KB = 1024


@contextmanager
def installed(**settings: str) -> Iterator[Installation]:
    """A new installation in a temporary folder: its server runs with fsync on, its database is migrated."""
    folder = Path(tempfile.mkdtemp(prefix="suyuan-bench-"))
    try:
        yield from _running(folder, settings)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _running(folder: Path, settings: dict[str, str]) -> Iterator[Installation]:
    for name in ("SUYUAN_DATABASE", "DATABASE_URL"):
        os.environ.pop(name, None)
    folder.chmod(0o711)
    installation = Installation.open(folder)
    use(installation)
    from suyuan.installation.postgres import Server
    from suyuan.installation.serving import server_used

    server = Server(installation, extra=settings)
    server.make()
    with server_used(installation, server):
        import django

        os.environ["DJANGO_SETTINGS_MODULE"] = "suyuan.web.settings"
        django.setup()
        from django.db import connections

        from suyuan.access import actions as access
        from suyuan.access import proof
        from suyuan.installation.migrate import migrate
        from suyuan.installation.roles import prepare_embedded
        from suyuan.vault import installed as keys

        prepare_embedded(installation)
        migrate()
        keys.settle(installation)
        keys.enter()
        proof.settle()
        access.install()
        _tickets()
        try:
            yield installation
        finally:
            connections.close_all()


def _tickets() -> None:
    """Whoever acts in a bench outside of a request does so as a command does, by one ticket a person."""
    from functools import cache

    from suyuan.access import proof

    @cache
    def ticket(person: int) -> bytes:
        secret = proof.fresh()
        proof.ticket(person, secret)
        return secret

    proof.held = lambda person: proof._held.get(None) or ticket(person)


def staff() -> dict[str, Any]:
    """The demonstration's staff, by user name, each with `person` and `ground`."""
    from suyuan.demo.people import settle

    return dict(settle(lambda zh, en: None))


def superuser(installation: Installation) -> psycopg.Connection[Any]:
    """An autocommit connection of the server's own administrator."""
    return psycopg.connect(installation.database("admin"), autocommit=True)


class Memory(threading.Thread):
    """Watches the memory of this process and its children: the peak of their sum, in MB.

    Shared pages are counted once (PSS) where the system tells; the database server is no child.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak, self._over = 0.0, threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.1):
            self.peak = max(self.peak, sum(map(_memory, _family(os.getpid()))) / _KB)

    def end(self) -> float:
        self._over.set()
        self.join()
        return self.peak


def processor() -> float:
    """Seconds of processor that this process, its children and the server among them have used so far: unlike the time
    of day it hardly depends on what else the machine does."""
    used = 0
    for pid in _family(os.getpid(), server=True):
        with contextlib.suppress(OSError):
            used += sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]))
    return used / os.sysconf("SC_CLK_TCK")


def _family(pid: int, *, server: bool = False) -> Iterator[int]:
    yield pid
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                if server or Path(f"/proc/{child}/comm").read_text().strip() != "postgres":
                    yield from _family(int(child), server=server)


def _memory(pid: int) -> int:
    for name, key in (("smaps_rollup", "Pss:"), ("status", "VmRSS:")):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/{name}").read_text().splitlines():
                if line.startswith(key):
                    return int(line.split()[1])
    return 0


def timed(work: Callable[[], object]) -> float:
    """Seconds that `work` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def milliseconds(work: Callable[[int], object], repeats: int) -> list[float]:
    """Milliseconds of each of `repeats` calls; the call is told its number."""
    return [timed(lambda n=n: work(n)) * 1000 for n in range(repeats)]


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20, method="inclusive")[-1]


median = statistics.median


def tell(figures: dict[str, Any], ratio: str) -> None:
    """Print the figures, the ratio last; as JSON with `--json`."""
    if "--json" in sys.argv:
        print(json.dumps(figures | {"ratio": ratio}, ensure_ascii=False))
        return
    for name, value in figures.items():
        print(
            f"{name:44} {value:,.2f}"
            if isinstance(value, float)
            else f"{name:44} {value:,}"
            if isinstance(value, int)
            else f"{name:44} {value}"
        )
    print(ratio)
