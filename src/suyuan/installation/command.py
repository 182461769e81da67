"""What the commands of all rooms share: `--data`, `--json`, and a running database under them."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import click

from suyuan.installation import current

P = ParamSpec("P")
R = TypeVar("R")


def data_option(command: Callable[P, R]) -> Callable[P, R]:
    """`--data DIR`. The root reads its value before anything else; here it stands for the help and the parser."""
    text = "数据目录 Data folder (SUYUAN_DATA; ./suyuan-data)"
    return click.option("--data", metavar="DIR", expose_value=False, help=text)(command)


def json_option(command: Callable[P, R]) -> Callable[P, R]:
    """`--json`, passed on as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 Report as JSON")(command)


def with_database(command: Callable[P, R]) -> Callable[P, R]:
    """`--data DIR`, and the installation's database running for as long as the command does.

    If `suyuan up` serves it, its database is used; otherwise the embedded one is started and stopped again.
    """

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        from suyuan.installation.serving import database_running

        with database_running(current()):
            return command(*args, **kwargs)

    return data_option(run)


def start_django() -> None:
    """Load settings and rooms into this process; once is enough."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "suyuan.web.settings")
    django.setup()
