"""The two processes that serve an installation: `suyuan serve` (pages) and `suyuan worker` (background)."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

import click

from suyuan import catalog
from suyuan.installation.command import data_option, start_django
from suyuan.installation.supervisor import leave_with_supervisor

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@data_option
@click.option("--host", default="127.0.0.1", show_default=True, help="监听地址 Address to listen on")
@click.option("--port", default=8000, show_default=True, help="端口 Port")
@click.option("--workers", default=2, show_default=True, help="进程数 Processes")
@click.option("--certificate", type=FILE, metavar="PEM", help="TLS 证书 Serve over TLS with this certificate")
@click.option("--key", type=FILE, metavar="PEM", help="证书的私钥 Its private key")
def serve(host: str, port: int, workers: int, certificate: Path | None, key: Path | None) -> None:
    """只启动网页(数据库须已运行)。Serve the pages only; the database must be running."""
    from granian import Granian
    from granian.constants import Interfaces, SSLProtocols

    leave_with_supervisor()
    if certificate or key:
        _check(certificate, key)
        os.environ["SUYUAN_TLS"] = "1"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "suyuan.web.settings")
    Granian(
        "suyuan.web.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=4,
        respawn_failed_workers=True,
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
        raise click.UsageError(f"{key} 可被他人读取:chmod 600 {key}。Others may read the key.")


@click.command()
@data_option
def worker() -> None:
    """只启动后台任务和账本排序。Run background tasks and the ledger's sequencer only."""
    leave_with_supervisor()
    start_django()
    catalog.current()  # before there is a second thread
    stop = threading.Event()
    sequencer = threading.Thread(target=_sequence, args=[stop], name="sequencer")
    sequencer.start()
    try:
        _work()
    finally:
        stop.set()
        sequencer.join(10)


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
