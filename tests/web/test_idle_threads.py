"""The end of a thread: the server ends one that waits too long, and the process goes on."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from clicking import Clicked, Clicker
from served import Served, serving
from suyuan.installation import Installation
from world import PASSWORD, World

SECONDS = 60
IDLE = "from suyuan.cli import run\nrun.IDLE = 5"
"""The shortest that the server takes."""
THREADS = """
import ctypes
import pyarrow as pa
from suyuan import catalog
from suyuan.catalog import expressions
from suyuan.catalog.check import check
from suyuan.catalog.engine import duck
{broken}
kind = catalog.current().types["violation"]

@ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)
def work(_):
    check(kind, pa.table({{"_row": [1], "notice_no": ["F-1"], "occurred_on": ["2024-03-05"]}}))
    expressions.columns_of(f"notice_no = '{{len(done)}}'")
    done.append(True)

done, system, thread = [], ctypes.CDLL(None), ctypes.c_ulong()
for _ in range(3):
    system.pthread_create(ctypes.byref(thread), None, work, None)
    system.pthread_join(thread, None)
assert done == [True] * 3
"""
"""Threads that Python did not start, as those of the server; each checks a row and ends."""
BROKEN = """
import threading
from contextlib import contextmanager, nullcontext
from suyuan.catalog.pool import Pool
own = threading.local()

def one(pool):
    if not hasattr(own, "held"):
        own.held = {}
    if pool not in own.held:
        own.held[pool] = pool._make()
    return nullcontext(own.held[pool])

@contextmanager
def holding(session, name, table):
    with before(session, name, table):
        yield
    session.rows[name].table = table.slice(0, 0)

before, duck.Session.holding, Pool.one = duck.Session.holding, holding, one
"""
"""As it was: a session for every thread, freed at its end with the last rows that it checked."""


def goes_on(broken: str = "") -> bool:
    """Whether a fresh process goes on after threads that checked a row have ended."""
    command = [sys.executable, "-c", THREADS.format(broken=broken)]
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=SECONDS).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def threads(served: Served) -> int:
    """How many threads the processes that answer have."""
    return sum(len(list(Path(f"/proc/{one}/task").iterdir())) for one in served.workers())


def test_a_process_outlives_threads_that_checked_rows(installation: Installation) -> None:
    """Nothing that was checked is freed with a thread."""
    assert goes_on()


def test_as_it_was_it_does_not(installation: Installation) -> None:
    """Negative control: with sessions that belong to threads, one of a few processes dies or stands still."""
    assert not all(goes_on(BROKEN) for _ in range(3))


def test_the_site_answers_after_a_quiet_time(world: World, installation: Installation, database: str) -> None:
    """Two enter a record and try a mapping at once, nobody asks for anything until a thread has ended, and both go on."""
    result = Clicked()
    with serving(installation, database, first=IDLE) as served:
        address = f"http://127.0.0.1:{served.port}/"
        two = [Clicker(address, who.username, PASSWORD, 0, result) for who in (world.collector, world.colleague)]
        assert all(one.sign_in() for one in two)
        with ThreadPoolExecutor(2) as at_once:
            list(at_once.map(work, two))
        tried = [(one.url, [form.action for form in one.page.forms]) for one in two]
        assert all(any("/start/" in action for action in actions) for _, actions in tried), "no mapping was tried"
        most, end = threads(served), time.monotonic() + SECONDS
        while (now := threads(served)) >= most and time.monotonic() < end:
            most = now
            time.sleep(0.2)
        assert now < most, "no thread ended"
        for one, (preview, actions) in zip(two, tried, strict=True):
            one.get(preview)
            assert [form.action for form in one.page.forms] == actions
            one.get("/")
    assert result.sound, (result.failed, result.lost)


def work(one: Clicker) -> None:
    """Enter a record, and look at what would become of a file."""
    one.enter()
    rows = "".join(f"{one.username}-{n},2024-03-05,文三路\n" for n in range(30))
    one.bring("违法.csv", f"决定书编号,发生日期,发生地点\n{rows}")
    one.get(one.url)
