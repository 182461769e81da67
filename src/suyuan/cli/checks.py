"""`suyuan test`: linters, types, import contracts, then every test. The same for a newcomer and for the build."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click

from suyuan.cli.clone import source_folder
from suyuan.i18n import say

PROGRAMS = {
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
    "softhsm2": ("softhsm2-util",),
    "postgresql-15": ("/usr/lib/postgresql/15/bin/initdb",),
    "nginx": ("nginx",),
}
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
    """全部检查:格式、类型、引用约束和测试。Lint, types, import contracts and all tests; arguments go to pytest."""
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


def ensure_programs() -> None:
    """Chromium, a software token and Debian's PostgreSQL for the tests: used if there, installed by root, else asked for."""
    missing = [package for package, programs in PROGRAMS.items() if not any(map(shutil.which, programs))]
    if not missing:
        return
    names = " ".join(missing)
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise click.UsageError(f"缺少程序：sudo apt-get install {names}。Programs are missing: install those packages.")
    click.echo(say(f"正在安装 {names}…", f"Installing {names}…"), err=True)
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for step in (["apt-get", "-q", "update"], ["apt-get", "-qy", "install", "--no-install-recommends", *missing]):
        subprocess.run(step, env=quiet, stdout=subprocess.DEVNULL, check=True)
