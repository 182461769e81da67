"""`suyuan up`: database, migration, demonstration, worker and web server, in one terminal.

The supervising process stays small: whatever needs Django (migrating, loading, serving, working) is a child of it.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from suyuan.access.words import DUTIES
from suyuan.i18n import say
from suyuan.installation import Installation, current
from suyuan.installation.command import data_option
from suyuan.installation.errors import PortInUse, StartFailed
from suyuan.installation.postgres import Server
from suyuan.installation.serving import make_folder, server_used, sole_supervisor
from suyuan.installation.supervisor import Child, Supervisor
from suyuan.vault import agent, hosts

HOST = "127.0.0.1"
ANSWER_SECONDS = 60.0


def tell(zh: str, en: str) -> None:
    """Progress, in the reader's language."""
    click.echo(say(zh, en))


@click.command()
@data_option
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="端口 Port on 127.0.0.1")
@click.option("--demo", is_flag=True, help="首次启动时载入演示数据 Load the demonstration at first start")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="网页进程数 Web processes")
@click.option("--no-worker", is_flag=True, help="不启动后台任务 Without the background worker (it runs elsewhere)")
def up(port: int, demo: bool, workers: int, no_worker: bool) -> None:
    """启动：数据库、后台任务和网页。Start the database, the worker and the pages; Ctrl-C stops them.

    DATABASE_URL 指定自有的 PostgreSQL（首次由其管理员建角色）。DATABASE_URL names a server of your own.
    """
    here = current()
    address = f"http://{HOST}:{port}/"
    make_folder(here)
    refuse_used_port(here, port)
    with _interruptible(), ExitStack() as stack:
        stack.enter_context(sole_supervisor(here, address))
        stack.enter_context(agent.sole(here.data))
        stack.enter_context(agent.serving(here.data))
        server = _database(here, stack)
        told = _prepare(here, demo)
        stack.enter_context(hosts.beating(here))
        supervisor = Supervisor(server, _children(here, port, workers, worker=not no_worker), tell)
        stack.callback(supervisor.stop)
        supervisor.start()
        _wait_for_answer(here, port, supervisor)
        _welcome(address, told)
        supervisor.watch()
    tell("已停止。", "Stopped.")


@contextmanager
def _interruptible() -> Iterator[None]:
    """SIGTERM is taken as Ctrl-C; either leaves quietly through whatever has to be closed."""

    def interrupt(number: int, frame: object) -> None:
        # One is enough: a second, impatient one must not cut the closing short.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        click.echo()
        tell("正在停止…", "Stopping…")
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with contextlib.suppress(KeyboardInterrupt):
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def refuse_used_port(here: Installation, port: int) -> None:
    """Say so at once, before anything is started, when something listens on the port already."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, port))
        except OSError as error:
            if (here.data / "up.lock").exists():
                # Perhaps it is this very installation; then that is the better message.
                with sole_supervisor(here, ""):
                    pass
            raise PortInUse(port) from error


def _database(here: Installation, stack: ExitStack) -> Server | None:
    url = os.environ.get("DATABASE_URL")
    if url or (here.exists and not here.place.embedded):
        if url:
            tell("正在检查自有数据库…", "Checking your database…")
            from suyuan.installation.roles import prepare_own

            prepare_own(here, url)
        return None
    server = Server(here)
    if not server.cluster.exists():
        tell("正在建立数据库…", "Making the database…")
    server.make()
    stack.enter_context(server_used(here, server, tell))
    return server


def _prepare(here: Installation, demo: bool) -> dict[str, object]:
    """Everything between a running database and serving, in a process of its own; gives what it reports."""
    arguments = [sys.executable, "-m", "suyuan", "prepare", *(["--demo"] if demo else [])]
    done = subprocess.run(arguments, stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise StartFailed(say("准备", "prepare"), here.logs)
    report: dict[str, object] = json.loads(done.stdout)
    return report


def _children(here: Installation, port: int, workers: int, *, worker: bool) -> list[Child]:
    def child(name: str, *arguments: str) -> Child:
        return Child(name, [sys.executable, "-m", "suyuan", name, *arguments], _fresh_log(here, name))

    web = child("serve", "--port", str(port), "--workers", str(workers))
    return [child("worker"), web] if worker else [web]


def _fresh_log(here: Installation, name: str) -> Path:
    log = here.logs / f"{name}.log"
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
    return log


def _wait_for_answer(here: Installation, port: int, supervisor: Supervisor) -> None:
    deadline = time.monotonic() + ANSWER_SECONDS
    while not answers(port):
        if time.monotonic() > deadline:
            raise StartFailed(say("网页", "serve"), here.logs)
        supervisor.look()
        time.sleep(0.1)


def answers(port: int) -> bool:
    """Whether the web server on that port answers at all."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _welcome(address: str, told: dict[str, object]) -> None:
    click.secho(f"\n  溯源 Suyuan  {address}", bold=True)
    accounts = told.get("accounts")
    if isinstance(accounts, list):
        tell(
            f"  可登录人员（密码见 {told['accounts_file']}）：",
            f"  Who can sign in (passwords in {told['accounts_file']}):",
        )
        for account in accounts:
            click.echo(f"    {account}")
    if told.get("activation"):
        tell("  首批管理员的一次性激活码：", "  One-time activation codes for the first administrators:")
        for line in str(told["activation"]).splitlines():
            kind, code = line.split(" ")
            click.echo(f"    {say(DUTIES[kind], kind.replace('_', ' '))}  {code}")
        tell(f"  各人在此页凭码激活：{address}activate/", f"  Each activates theirs at {address}activate/")
    tell("  按 Ctrl-C 停止。\n", "  Ctrl-C stops it.\n")
