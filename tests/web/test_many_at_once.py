"""Many requests at once: no process dies of what threads share, and none is answered by a fault."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from cli.test_up import free_port
from clicking import click
from suyuan.cli.up import answers
from suyuan.installation import Installation
from suyuan.installation.supervisor import SUPERVISED
from world import PASSWORD, World

SECONDS = 30
PEOPLE = ("collector", "colleague", "first", "second", "final", "head", "analyst", "auditor")
AT_ONCE = """
import threading
from concurrent.futures import ThreadPoolExecutor
{broken}
from suyuan import catalog
gate = threading.Barrier(8)
def first(number):
    gate.wait()
    found = catalog.current()
    return id(found)
with ThreadPoolExecutor(8) as pool:
    assert len(set(pool.map(first, range(8)))) == 1
"""
BROKEN = """
import duckdb
from contextlib import nullcontext
from types import SimpleNamespace
from suyuan import catalog
from suyuan.catalog import expressions
shared = duckdb.connect(config={"threads": 1})
expressions.parsers = SimpleNamespace(one=lambda: nullcontext(shared))
catalog._loading = nullcontext()
"""
"""As it was: one connection for all threads, and nothing that lets one load the catalog before the others."""


def fresh_processes(count: int, broken: str = "") -> Iterator[int]:
    """Exit codes of fresh processes, two at a time, in each of which eight threads ask for the catalog at once."""
    program = AT_ONCE.format(broken=broken)

    def code(_: int) -> int:
        return subprocess.run(
            [sys.executable, "-c", program], env=_environment(), capture_output=True, check=False
        ).returncode

    with ThreadPoolExecutor(2) as pool:
        for start in range(0, count, 2):
            yield from pool.map(code, range(start, min(start + 2, count)))


def _environment() -> dict[str, str]:
    told = {"SUYUAN_DATA": os.environ["SUYUAN_TEST_DATA"], "PYTHONPATH": os.pathsep.join(sys.path)}
    return os.environ | told | {SUPERVISED: "1"}  # no agent of its own, as under `suyuan up`


@contextmanager
def serving(log: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The real server, with two processes of four threads each, over the test's database."""
    command = [sys.executable, "-m", "suyuan", "serve", "--port", str(port), "--workers", "2"]
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=_environment(), stdout=out, stderr=out, start_new_session=True)
        try:
            while not answers(port):
                assert process.poll() is None, log.read_text()
                time.sleep(0.2)
            yield process
        finally:
            process.terminate()
            process.wait(30)


def test_threads_that_begin_at_once_load_the_catalog_once(installation: Installation) -> None:
    """In twenty fresh processes, of which none fails."""
    assert list(fresh_processes(20)) == [0] * 20


def test_as_it_was_they_fail(installation: Installation) -> None:
    """Negative control: with one connection for all threads and no lock, some of a few processes fail."""
    assert any(fresh_processes(6, BROKEN))


def test_eight_people_click_and_nothing_dies(world: World, tmp_path: Path) -> None:
    """Ten minutes and an hour of the same are in bench/clicking.py."""
    log, port = tmp_path / "serve.log", free_port()
    people = [(world.people[name].username, PASSWORD) for name in PEOPLE]
    with serving(log, port) as server:
        result = click(f"http://127.0.0.1:{port}/", people, SECONDS)
        assert server.poll() is None
    said = log.read_text()
    assert "Unexpected exit" not in said
    assert "corruption" not in said
    assert result.sound, (result.failed, result.lost, said[-3000:])
    assert sum(result.answers.values()) > 100
