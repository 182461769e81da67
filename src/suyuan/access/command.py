"""What commands that act for a person share: `--as USER`, and the acting context of one of that person's duties."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

import click

from suyuan.access import queries
from suyuan.access.acting import Acting, acting
from suyuan.access.errors import NoGround

P = ParamSpec("P")
R = TypeVar("R")


def as_option(command: Callable[P, R]) -> Callable[P, R]:
    """`--as USER`, passed on as `username`: an account of the installation, by default the one named like oneself."""
    text = "以谁的身份 Whose account (SUYUAN_USER; 默认与系统用户同名 by default one's own name)"
    return click.option("--as", "username", metavar="USER", default=_oneself, help=text)(command)


def _oneself() -> str:
    return os.environ.get("SUYUAN_USER") or getpass.getuser()


@contextmanager
def acting_as(username: str, duties: Collection[str] = ()) -> Iterator[Acting]:
    """The acting context of a person's first live ground, of one of `duties` where some are named.

    Raises `Unknown` for an account that is not there, `NoGround`.
    """
    person = queries.person_of(username)
    for one in queries.grounds(person):
        if not duties or one.duty in duties:
            with acting(person, one.ground) as who:
                yield who
            return
    raise NoGround
