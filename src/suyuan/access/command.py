"""What commands that act for a person share: `--as USER`, and the acting context of one of that person's duties."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

import click

from suyuan.access import proof, queries
from suyuan.access.acting import Acting, acting
from suyuan.access.errors import NoGround
from suyuan.access.undertaking import require_signed

P = ParamSpec("P")
R = TypeVar("R")


def as_option(command: Callable[P, R]) -> Callable[P, R]:
    """`--as USER`, passed on as `username`: an account of the installation, by default the one named like oneself."""
    text = "以何人身份 Whose account （SUYUAN_USER; 默认与系统用户同名 by default one's own name）"
    return click.option("--as", "username", metavar="USER", default=_oneself, help=text)(command)


def ground_option(command: Callable[P, R]) -> Callable[P, R]:
    """`--ground N`, passed on as `ground`: one of the person's live grounds; None for that of their duty."""
    text = (
        "办理事由编号，见 suyuan ground list Which ground （SUYUAN_GROUND; 默认为岗位日常 by default that of the duty）"
    )
    return click.option("--ground", type=int, envvar="SUYUAN_GROUND", metavar="N", help=text)(command)


def _oneself() -> str:
    return os.environ.get("SUYUAN_USER") or getpass.getuser()


@contextmanager
def acting_as(
    username: str, duties: Collection[str] = (), *, ground: int | None = None, before_signing: bool = False
) -> Iterator[Acting]:
    """The acting context of a person's own live ground, by its number or the first of one of `duties`.

    Raises `Unknown` for an account that is not there, `NoGround`; `NotSigned` unless this comes before signing.
    """
    person = queries.person_of(username)
    for one in queries.grounds(person):
        if one.ground == ground if ground else not duties or one.duty in duties:
            with for_person(person, one.ground) as who:
                if not before_signing:
                    require_signed(who)
                yield who
            return
    raise NoGround


@contextmanager
def for_person(person: int, ground: int) -> Iterator[Acting]:
    """Act by command under a person's ground: by a ticket of the database's owner, not by a credential of the person."""
    with proof.by_command(person), acting(person, ground) as who:
        yield who
