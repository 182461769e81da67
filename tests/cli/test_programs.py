"""What tests run beside Python: found in any version, installed where that is possible, else asked for in words."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from suyuan.cli import checks
from suyuan.cli.checks import Needed

NOWHERE = Needed(("甲程序", "program A"), ("no-such-program",), ("no-such-package", "its-other-name"))


def test_the_newest_server_of_any_version_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of Debian 12, 13 and Ubuntu 24.04: 15, 17 and 16; versions are compared as numbers."""
    monkeypatch.setattr(checks, "SERVERS", f"{tmp_path}/*/bin/initdb")
    for version in ("9", "15", "16", "17"):
        (tmp_path / version / "bin").mkdir(parents=True)
        (tmp_path / version / "bin" / "initdb").touch()
        assert checks.server_programs() == tmp_path / version / "bin"


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """By somebody who may install nothing: what it is, how it is looked for, and the package that brings it."""
    monkeypatch.setattr(checks, "PROGRAMS", (NOWHERE,))
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(click.UsageError) as refused:
        checks.ensure_programs()
    assert (
        "甲程序（no-such-program）" in refused.value.message or "program A (no-such-program)" in refused.value.message
    )
    assert "no-such-package" in refused.value.message


def test_the_first_package_that_brings_it_is_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A package is called otherwise on another system: the next name is tried; one that brings nothing is said."""
    asked: list[str] = []

    def apt(*words: str) -> bool:
        asked.append(words[-1])
        if words[-1] == "its-other-name":
            (tmp_path / "program").touch()
        return words[-1] == "its-other-name"

    monkeypatch.setattr(checks, "_apt", apt)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("shutil.which", lambda name: name if name == "apt-get" else None)
    monkeypatch.setattr(checks, "PROGRAMS", (NOWHERE._replace(found_as=(f"{tmp_path}/program",)),))
    checks.ensure_programs()
    assert asked == ["update", "no-such-package", "its-other-name"]
    monkeypatch.setattr(checks, "PROGRAMS", (NOWHERE,))
    with pytest.raises(click.UsageError):
        checks.ensure_programs()
