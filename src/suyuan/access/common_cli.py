"""What the commands of this room share: a running database, and rows as a table or as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click

JSON = click.option("--json", "as_json", is_flag=True, help="机器可读 · machine-readable")


@contextmanager
def database() -> Iterator[None]:
    """The installation's database, running while the command does."""
    from suyuan.installation import current
    from suyuan.installation.serving import database_running

    with database_running(current()):
        yield


def show(rows: Sequence[tuple[Any, ...]], as_json: bool) -> None:
    """Print named tuples, a line each or as JSON."""
    if as_json:
        click.echo(json.dumps([row._asdict() for row in rows], ensure_ascii=False, default=str))  # type: ignore[attr-defined]  # named tuples
    else:
        for row in rows:
            click.echo("\t".join("" if value is None else str(value) for value in row))
