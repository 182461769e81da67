"""`./suyuan`: sets up what is missing and nothing else."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import venv
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest

CLONE = Path(__file__).parents[2]


@pytest.fixture
def launcher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The launcher as a module, on a clone of two lock files, with its two costly steps recorded instead of done."""
    loader = SourceFileLoader("suyuan_launcher", str(CLONE / "suyuan"))
    spec = importlib.util.spec_from_loader("suyuan_launcher", loader)
    assert spec is not None
    # Reading the script must leave no compiled copy beside it.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    locks = {"runtime": tmp_path / "requirements.lock", "dev": tmp_path / "requirements-dev.lock"}
    for name, lock in locks.items():
        lock.write_text(f"# {name}\n")
    venv = tmp_path / "venv"
    module.steps = []
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", venv)
    monkeypatch.setattr(module, "PYTHON", venv / "bin" / "python")
    monkeypatch.setattr(module, "STAMP", venv / "suyuan.json")
    monkeypatch.setattr(module, "LOCKS", locks)
    monkeypatch.setattr(module, "make_environment", lambda: _pretend(module))
    monkeypatch.setattr(module, "install", lambda lock: module.steps.append(lock.name))
    monkeypatch.setattr(module, "link_sources", lambda: None)
    monkeypatch.setattr(module, "provide_pip", lambda: None)
    module.cleared = []
    monkeypatch.setattr(module, "take_installers_away", lambda: module.cleared.append(module.VENV))
    yield module


def _pretend(module: ModuleType) -> None:
    module.steps.append("made")
    module.PYTHON.parent.mkdir(parents=True)
    module.PYTHON.touch()


def test_an_environment_is_made_once(launcher: ModuleType) -> None:
    """The second start finds it and installs nothing."""
    launcher.environment("runtime")
    launcher.environment("runtime")
    assert launcher.steps == ["made", "requirements.lock"]


def test_the_checks_add_their_tools_to_the_same_environment(launcher: ModuleType) -> None:
    """`test` after `up` adds what it needs; `up` after `test` takes nothing away."""
    launcher.environment("runtime")
    launcher.environment("dev")
    launcher.environment("runtime")
    launcher.environment("dev")
    assert launcher.steps == ["made", "requirements.lock", "requirements-dev.lock"]


def test_a_changed_lock_makes_it_anew(launcher: ModuleType) -> None:
    """What the old lock installed and the new one does not must be gone."""
    launcher.environment("runtime")
    leftover = launcher.VENV / "leftover"
    leftover.touch()
    launcher.LOCKS["runtime"].write_text("# changed\n")
    launcher.environment("runtime")
    assert launcher.steps == ["made", "requirements.lock"] * 2
    assert not leftover.exists()


def test_somebody_elses_environment_is_completed_never_removed(launcher: ModuleType) -> None:
    """A `.venv` that the launcher did not make keeps what is in it."""
    _pretend(launcher)
    kept = launcher.VENV / "kept"
    kept.touch()
    launcher.environment("dev")
    assert kept.exists()
    assert launcher.steps == ["made", "requirements-dev.lock"]
    assert set(json.loads(launcher.STAMP.read_text())) == {"runtime", "dev"}


def test_a_step_that_fails_ends_in_a_message_with_a_way_out(
    launcher: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step's own words, then what to check; exit code 2."""
    monkeypatch.setenv("SUYUAN_LANG", "en")
    with pytest.raises(SystemExit) as left:
        launcher.must(launcher.run([sys.executable, "-c", "print('registry is away'); raise SystemExit(1)"]), "npm ci")
    said = capsys.readouterr().err
    assert left.value.code == 2
    assert "registry is away" in said
    assert "npm ci failed" in said


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock", "package-lock.json"])
def test_the_locks_name_no_address(lock: str) -> None:
    """A lock that names a host would tie every clone to it; hashes are what pins."""
    text = (CLONE / lock).read_text()
    assert "://" not in text
    assert "sha" in text


@pytest.mark.control("C40")
def test_the_locks_hold_what_the_project_declares() -> None:
    """Every declared dependency is pinned, and the tools' lock agrees with the product's on every version."""
    import tomllib

    declared = tomllib.loads((CLONE / "pyproject.toml").read_text())["project"]["dependencies"]
    product, tools = (_pins(CLONE / name) for name in ("requirements.lock", "requirements-dev.lock"))
    wanted = {name.split("[")[0].split("~")[0].lower() for name in declared}
    assert wanted <= product.keys()
    assert product.items() <= tools.items()


def _pins(lock: Path) -> dict[str, str]:
    lines = [line.split(" ")[0] for line in lock.read_text().splitlines() if "==" in line and line[0].isalnum()]
    return dict(line.split("==") for line in lines)


def test_the_launcher_leaves_nothing_in_the_clone(launcher: ModuleType) -> None:
    """What set-up makes is ignored by git."""
    made = [".venv/x", "node_modules/x", "suyuan-data/x", "src/suyuan/web/static/dist/suyuan.css"]
    done = subprocess.run(["git", "check-ignore", *made], cwd=CLONE, capture_output=True, text=True, check=False)
    assert done.stdout.split() == made


@pytest.mark.control("C40")
def test_old_installers_do_not_stay_in_the_environment(
    launcher: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came with Python and stands in no lock goes; pip comes back when something is to be installed."""
    real = SourceFileLoader("suyuan_real", str(CLONE / "suyuan"))
    spec = importlib.util.spec_from_loader("suyuan_real", real)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    real.exec_module(module)
    venv.create(tmp_path / "real", with_pip=True)
    monkeypatch.setattr(module, "PYTHON", tmp_path / "real" / "bin" / "python")

    def installers() -> set[str]:
        there = (tmp_path / "real" / "lib").glob("python*/site-packages/*")
        return {path.name for path in there} & {"pip", "setuptools"}

    assert "pip" in installers()
    module.take_installers_away()
    assert installers() == set()
    module.provide_pip()
    assert "pip" in installers()
    launcher.environment("runtime")
    assert launcher.cleared == [launcher.VENV]


def test_somebody_elses_environment_keeps_its_installers(launcher: ModuleType) -> None:
    """It is theirs, also when something is added to it later."""
    _pretend(launcher)
    launcher.environment("runtime")
    launcher.environment("dev")
    assert launcher.cleared == []
