"""The processes that serve an installation: `suyuan serve` (pages), `suyuan worker` (background), `suyuan agent` (keys)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from suyuan import catalog
from suyuan.installation import current
from suyuan.installation.command import data_option, start_django
from suyuan.installation.errors import DatabaseUnreachable, InstallationMissing
from suyuan.installation.supervisor import LIFELINE, SUPERVISED, leave_with_supervisor

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
IDLE = 600
"""Seconds after which a thread that waits for requests ends; the longest that the server takes."""
CLOSING = 10
"""Seconds that a process has for the answers it is at; one told to stop while it starts does not hear it at all."""


@click.command()
@data_option
@click.option("--host", default="127.0.0.1", show_default=True, help="监听地址 Address to listen on")
@click.option("--port", default=8000, show_default=True, help="端口 Port")
@click.option("--workers", default=2, show_default=True, help="进程数 Processes")
@click.option("--certificate", type=FILE, metavar="PEM", help="TLS 证书 Serve over TLS with this certificate")
@click.option("--key", type=FILE, metavar="PEM", help="证书的私钥 Its private key")
def serve(host: str, port: int, workers: int, certificate: Path | None, key: Path | None) -> None:
    """只启动网页（数据库须已运行）。Serve the pages only; the database must be running."""
    leave_with_supervisor()
    if certificate or key:
        _check(certificate, key)
        os.environ["SUYUAN_TLS"] = "1"
    _compare()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "suyuan.web.settings")
    with _agent_beside():
        _serve(host, port, workers, certificate, key)


def _serve(host: str, port: int, workers: int, certificate: Path | None, key: Path | None) -> None:
    from granian import Granian
    from granian.constants import Interfaces, SSLProtocols

    Granian(
        "suyuan.web.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=4,
        blocking_threads_idle_timeout=IDLE,
        respawn_failed_workers=True,
        workers_kill_timeout=CLOSING,
        process_name=None,
        ssl_cert=certificate,
        ssl_key=key,
        ssl_protocol_min=SSLProtocols.tls12,
    ).serve()


def _check(certificate: Path | None, key: Path | None) -> None:
    """Raises `UsageError` for one file without the other, and for a key that others may read."""
    if certificate is None or key is None:
        raise click.UsageError("--certificate 和 --key 须同时给出。--certificate and --key go together.")
    if key.stat().st_mode & 0o077:
        raise click.UsageError(f"{key} 可被他人读取：chmod 600 {key}。Others may read the key.")


@click.command()
@data_option
def worker() -> None:
    """只启动后台任务和账本排序。Run background tasks and the ledger's sequencer only."""
    leave_with_supervisor()
    _compare()
    start_django()
    catalog.current()  # before there is a second thread
    stop = threading.Event()
    sequencer = threading.Thread(target=_sequence, args=[stop], name="sequencer")
    with _agent_beside():
        sequencer.start()
        try:
            _work()
        finally:
            stop.set()
            sequencer.join(10)


@click.command()
@data_option
@click.option("--wait", is_flag=True, help="等前一个代理结束后接替 Take over once the one that runs has ended")
def agent(wait: bool) -> None:
    """只启动本机的密钥代理：持有 2 级密钥，与其他主机交接密钥。Run this host's agent of keys only."""
    from suyuan.vault import agent as room
    from suyuan.vault import hosts

    leave_with_supervisor()
    here, ended = current(), threading.Event()
    with room.sole(here.data, wait=wait):
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ended.set())
        with room.serving(here.data), hosts.beating(here):
            ended.wait()


def _compare() -> None:
    """The keys of this folder must be those of the database, before anything is done with either."""
    import psycopg

    from suyuan.vault import installed
    from suyuan.vault.actions import key_path
    from suyuan.vault.keyfile import KeyFile

    here = current()
    if not here.exists:
        raise InstallationMissing(here.data)
    try:
        installed.compare(here, KeyFile(key_path(here), here.passphrase))
    except psycopg.OperationalError as error:
        raise DatabaseUnreachable(here.place.name, str(error).strip().splitlines()[-1]) from error
    start_django()
    from suyuan.records import releases

    releases.refuse_changed()


@contextmanager
def _agent_beside() -> Iterator[None]:
    """An agent for this host, where `suyuan up` has none: it waits while another runs, and ends with this process."""
    if os.environ.get(SUPERVISED) == "1":
        yield
        return
    ends = os.pipe()
    started = subprocess.Popen(
        [sys.executable, "-m", "suyuan", "agent", "--wait"],
        stdin=subprocess.DEVNULL,
        pass_fds=[ends[0]],
        env=os.environ | {LIFELINE: str(ends[0])},
    )
    os.close(ends[0])
    try:
        yield
    finally:
        started.terminate()
        started.wait(10)
        os.close(ends[1])


def _sequence(stop: threading.Event) -> None:
    """The sequencer; if it fails the whole worker leaves, so that the supervisor starts both again."""
    from suyuan.ledger import sequencer

    try:
        sequencer.run(stop)
    finally:
        if not stop.is_set():
            os.kill(os.getpid(), signal.SIGTERM)


def _work() -> None:
    from procrastinate.contrib.django import app

    connector: Any = app.connector
    with app.replace_connector(connector.get_worker_connector()) as working:
        working.run_worker(install_signal_handlers=True)
