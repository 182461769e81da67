"""What the commands of this room share: a running database, and rows as a table or as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unicodedata import east_asian_width

import click

JSON = click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 · machine-readable")


@contextmanager
def database() -> Iterator[None]:
    """The installation's database, running while the command does."""
    from suyuan.installation import current
    from suyuan.installation.serving import database_running

    with database_running(current()):
        yield


def show(rows: Sequence[tuple[Any, ...]], as_json: bool) -> None:
    """Print named tuples in words, or as JSON as they are stored."""
    if as_json:
        click.echo(json.dumps([row._asdict() for row in rows], ensure_ascii=False, default=str))  # type: ignore[attr-defined]  # named tuples
    else:
        from suyuan.access.tables import in_words

        for line in in_words(rows):
            click.echo(line)


def aligned(lines: Sequence[Sequence[str]]) -> list[str]:
    """Lines of cells as columns; a Chinese sign takes the place of two."""
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    return ["  ".join(text + " " * (width - _width(text)) for text, width in zip(line, widths, strict=True)).rstrip()
            for line in lines]  # fmt: skip


def _width(text: str) -> int:
    return sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)
