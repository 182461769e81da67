"""`suyuan test`: linters, types, import contracts, then every test. The same for a newcomer and for the build."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import click

from suyuan.cli.clone import source_folder
from suyuan.i18n import say

SERVERS = "/usr/lib/postgresql/*/bin/initdb"
"""Where Debian and Ubuntu keep PostgreSQL's programs, by version."""


def _at(pattern: str) -> list[Path]:
    return list(Path("/").glob(pattern.lstrip("/")))


class Needed(NamedTuple):
    """A program that tests run: by what it is found, and the packages of Debian and Ubuntu that bring it, the first known."""

    what: tuple[str, str]
    found_as: tuple[str, ...]
    packages: tuple[str, ...]

    def there(self) -> bool:
        """Whether this machine has it: by its name on the search path, or at a place that fits a pattern."""
        return any(_at(name) if "/" in name else shutil.which(name) for name in self.found_as)


PROGRAMS = (
    Needed(("浏览器 Chromium", "the browser Chromium"), ("chromium", "chromium-browser", "google-chrome"),
           ("chromium", "chromium-browser")),
    Needed(("软件密码令牌 SoftHSM 2", "the software token SoftHSM 2"), ("softhsm2-util",), ("softhsm2",)),
    Needed(("PostgreSQL 服务器", "a PostgreSQL server"), (SERVERS, "initdb"), ("postgresql",)),
    Needed(("反向代理 nginx", "the proxy nginx"), ("nginx",), ("nginx",)),
)  # fmt: skip
LINTS = (
    ("ruff check", ["-m", "ruff", "check", "."]),
    ("ruff format", ["-m", "ruff", "format", "--check", "."]),
    ("mypy --strict", ["-m", "mypy", "--strict", "-p", "suyuan", "-m", "suyuan_verify"]),
    ("import contracts", ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]),
    ("docs/conformance.md", ["tools/conformance.py", "--check"]),
    ("docs/security.md", ["tools/controls.py", "--check"]),
)


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def test(arguments: tuple[str, ...]) -> int:
    """全部检查：格式、类型、引用约束和测试。Lint, types, import contracts and all tests; arguments go to pytest."""
    root = source_folder("tests")
    ensure_programs()
    failed = [name for name, command in LINTS if not _passes(root, name, command)]
    code = _pytest(root, arguments)
    for name in failed:
        click.secho(say(f"未通过：{name}", f"failed: {name}"), err=True, fg="red")
    return 1 if failed else code


def _passes(root: Path, name: str, command: list[str]) -> bool:
    click.secho(f"== {name}", err=True, bold=True)
    environment = os.environ | {"SUYUAN_DATA": os.devnull}
    return subprocess.run([sys.executable, *command], cwd=root, env=environment, check=False).returncode == 0


def _pytest(root: Path, arguments: tuple[str, ...]) -> int:
    click.secho("== pytest", err=True, bold=True)
    sys.stdout.flush()
    parallel = [] if any(a.startswith("-n") for a in arguments) else ["-n", "2", "--dist", "loadfile"]
    environment = {k: v for k, v in os.environ.items() if k not in ("SUYUAN_DATA", "DATABASE_URL")}
    command = [sys.executable, "-m", "pytest", *parallel, *arguments]
    return subprocess.run(command, cwd=root, env=environment, check=False).returncode


def server_programs() -> Path:
    """The folder of the system's own PostgreSQL programs, of the newest version that is there."""
    of_debian = sorted(_at(SERVERS), key=lambda path: int(path.parts[-3]))
    return of_debian[-1].parent if of_debian else Path(shutil.which("initdb") or "initdb").parent


def ensure_programs() -> None:
    """What tests run beside Python: used if there, installed by root on Debian and Ubuntu, else asked for in words."""
    missing = [one for one in PROGRAMS if not one.there()]
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        _install(missing)
        missing = [one for one in missing if not one.there()]
    if missing:
        raise click.UsageError(say(*_lacking(missing)))


def _install(missing: list[Needed]) -> None:
    click.echo(say(f"正在安装：{'、'.join(one.what[0] for one in missing)}……",
                   f"Installing {', '.join(one.what[1] for one in missing)}…"), err=True)  # fmt: skip
    _apt("update")
    for one in missing:
        for package in one.packages:
            if one.there() or _apt("install", "--no-install-recommends", package):
                break


def _apt(*words: str) -> bool:
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(["apt-get", "-qy", *words], env=quiet, stdout=subprocess.DEVNULL, check=False).returncode == 0


def _lacking(missing: list[Needed]) -> tuple[str, str]:
    """What is missing, how the tests look for it, and what to do, in both languages."""
    names = " ".join(one.packages[0] for one in missing)
    zh = "".join(f"\n  {one.what[0]}（{'、'.join(one.found_as)}）" for one in missing)
    en = "".join(f"\n  {one.what[1]} ({', '.join(one.found_as)})" for one in missing)
    return (
        f"没有运行测试，缺少程序：{zh}\nDebian、Ubuntu 执行 sudo apt-get install {names}；其他系统请用自己的软件源安装。",
        f"No test ran; programs are missing: {en}\nOn Debian and Ubuntu: sudo apt-get install {names}; "
        "elsewhere install them as your system does.",
    )
