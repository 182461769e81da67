"""The root of the commands: the platform's own, and those that each room lists in its `cli.py`.

Rooms are loaded only when one of their commands, or the list of all, is asked for: `suyuan up` must not wait for them.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from pathlib import Path
from typing import NoReturn

import click

from suyuan import __version__, i18n
from suyuan.cli import platform
from suyuan.errors import SuyuanError
from suyuan.installation import Installation, use
from suyuan.installation.command import data_option, start_django
from suyuan.installation.errors import explain
from suyuan.installation.private import keep_private

ROOMS = ("catalog", "ledger", "access", "vault", "records", "review", "collection", "audit", "web")


def of_rooms() -> dict[str, click.Command]:
    """Every command that a room brings, by name."""
    start_django()
    modules = [f"suyuan.{room}.cli" for room in ROOMS if importlib.util.find_spec(f"suyuan.{room}.cli")]
    return {str(c.name): c for module in modules for c in importlib.import_module(module).commands}


def with_data(command: click.Command) -> click.Command:
    """Let the command, and all below it, take `--data`: whatever room it comes from, it may be asked of any folder."""
    if isinstance(command, click.Group):
        for one in command.commands.values():
            with_data(one)
        return command
    # What `suyuan test` does not know goes to pytest.
    passes_on = command.context_settings.get("ignore_unknown_options")
    if not passes_on and not any("--data" in option.opts for option in command.params):
        data_option(command)
    return command


class Commands(click.Group):
    """The platform's commands, then the rooms'."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of a person's day: platform first, then the rooms from low to high."""
        return [*platform.commands, *(name for name in of_rooms() if name not in platform.commands)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        found = platform.commands.get(cmd_name) or of_rooms().get(cmd_name)
        return found and with_data(found)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="suyuan")
def root() -> None:
    """Suyuan 溯源：可证明的公安数据记录。Records whose whole life can be proved.

    语言 Language: SUYUAN_LANG=zh|en。退出码 exit codes: 0 成功 ok, 1 有问题 findings, 2 用法错误或被拒绝 refused.
    """


def data_folder(arguments: list[str]) -> Path | None:
    """The value of `--data` among the arguments: settings need it before any command is read."""
    for index, argument in enumerate(arguments):
        if argument == "--data" and index + 1 < len(arguments):
            return Path(arguments[index + 1])
        if argument.startswith("--data="):
            return Path(argument.removeprefix("--data="))
    return None


def tell(error: SuyuanError, *, as_json: bool) -> None:
    """Say what went wrong and the way out, for a person or for a script."""
    if as_json:
        click.echo(json.dumps({"error": error.as_dict()}, ensure_ascii=False))
        return
    click.secho(str(error), err=True, fg="red")
    if error.mend:
        click.echo(error.mend, err=True)
    if error.command:
        click.echo(i18n.say(f"命令：{error.command}", f"Command: {error.command}"), err=True)


def refuse(error: SuyuanError, given: list[str]) -> NoReturn:
    """Say it and leave."""
    tell(error, as_json="--json" in given)
    sys.exit(error.exit_code)


def main(arguments: list[str] | None = None) -> None:
    """Run one command and leave with its exit code."""
    keep_private()
    given = sys.argv[1:] if arguments is None else arguments
    i18n.speak_to_terminal()
    use(Installation.open(data_folder(given)))
    try:
        result = root.main(given, prog_name="suyuan", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except Exception as error:
        if said := explain(error, in_full=True):
            refuse(said, given)
        raise
    sys.exit(result if isinstance(result, int) else 0)
