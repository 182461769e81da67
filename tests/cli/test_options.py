"""What every command takes, whatever room it comes from."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from suyuan.cli.root import root, with_data

PASSES_ON = {"test": "its arguments go to pytest", "bench": "its arguments go to the bench"}


def commands(command: click.Command, *path: str) -> Iterator[tuple[str, click.Command]]:
    """Every command below, with its words."""
    if not isinstance(command, click.Group):
        yield " ".join(path), command
        return
    with click.Context(command) as context:
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from commands(found, *path, name)


def without_data() -> set[str]:
    """Commands that do not take `--data`."""
    return {name for name, one in commands(root) if not any("--data" in option.opts for option in one.params)}


def test_every_command_takes_a_data_folder() -> None:
    """All that exist, but those that pass on what they do not know; the control is the rooms' commands as they are."""
    assert without_data() - {*PASSES_ON} == set()
    assert len([*commands(root)]) > 60
    bare = click.Group("bare", {"one": click.Command("one")})
    assert not bare.commands["one"].params
    assert [option.opts for option in with_data(bare).commands["one"].params] == [["--data"]]  # type: ignore[attr-defined]


def test_the_state_of_the_vault_is_asked_of_a_folder(tmp_path: Path) -> None:
    """`suyuan vault status --data` speaks of that folder, as `suyuan vault rotate --data` does."""
    for words in (["vault", "status"], ["vault", "rotate"]):
        command = [sys.executable, "-m", "suyuan", *words, "--data", str(tmp_path / "nowhere")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert str(tmp_path / "nowhere") in done.stderr


def test_a_command_starts_where_nothing_is_set_up() -> None:
    """A clean machine names no settings: the root command and its rooms are loaded without any."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "SUYUAN_"))}
    done = subprocess.run(
        [sys.executable, "-m", "suyuan", "--help"], env=bare, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
