"""`docs/several-hosts.md` is run: every command in it, on two hosts, in the order in which it stands."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import witnessed
from suyuan.cli.up import answers
from suyuan.installation import Installation
from suyuan.vault import actions
from two_hosts import HostFolder, asked, two, until
from world import World

DOCUMENT = Path(__file__).parent.parent / "docs" / "several-hosts.md"
STAYING = ("agent", "worker", "serve")  # processes; the others end by themselves


def blocks() -> Iterator[tuple[str, str]]:
    """The commands of the document, each with the host it is for."""
    for host, text in re.findall(
        r"^```sh (\w+)\n(.*?)^```", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    ):
        for line in text.splitlines():
            yield host, line


def free_port() -> int:
    """A port that nothing listens on at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def of_ours(line: str) -> list[str]:
    """The words of a command of ours, empty for another."""
    words = shlex.split(line)
    return words[1:] if words[0] == "suyuan" else []


@pytest.mark.clause("5.2.1")
def test_the_document_works_as_it_is_written(
    installation: Installation, fresh_world: World, fresh_database: str, tmp_path: Path
) -> None:
    """Set up, look, renew, carry over, strike off: each command ends well, and the ledger verifies at the end."""
    with two(installation, actions.key_path(installation), tmp_path, fresh_database) as (one, other):
        shutil.rmtree(other.here.data)
        ran = 0
        for host, line in blocks():
            for where in {"first": [one], "second": [other], "both": [one, other]}[host]:
                ran += _follow(where, line, tmp_path, other)
        assert ran > 15
        code, said = one.run("ledger", "verify")
        assert code == 0, said


def _follow(where: HostFolder, line: str, folder: Path, other: HostFolder) -> int:
    """Do one line of the document on a host."""
    words = of_ours(line)
    if words[:1] and words[0] in STAYING:
        _stays(where, words)
        return 1
    if words[:3] == ["vault", "hosts", "strike"]:
        other.stop()
    strange = line.replace("USER", "custodian").replace("HOST", _id(other) if "strike" in line else "HOST")
    command = strange.replace("suyuan ", f"{shlex.quote(sys.executable)} {shlex.quote(witnessed.__file__)} ", 1)
    done = subprocess.run(
        ["bash", "-c", command if words else strange], env=where.environment | {"PATH": os.environ["PATH"]},
        cwd=folder, capture_output=True, text=True, check=False, timeout=400,
    )  # fmt: skip
    assert done.returncode == 0, (line, done.stdout, done.stderr)
    return 1


def _stays(where: HostFolder, words: list[str]) -> None:
    """Start what stays, and see it at work; pages and worker end then, the agent goes on."""
    if words[0] == "agent":
        where.start(*words)
        told = "SELECT count(*) FROM vault_host WHERE host = %s AND vault_live(vault_host)"
        until(lambda: asked(where.here.database("app"), told, _id(where)), 300)
        return
    port = free_port()
    started = where.start(*(["serve", "--port", str(port), "--workers", "1"] if words[0] == "serve" else words))
    at_work = (lambda: answers(port)) if words[0] == "serve" else (lambda: any(where.here.data.rglob("latest")))
    until(lambda: at_work() or started.poll() is not None, 300)
    assert started.poll() is None
    started.terminate()
    started.wait(60)


def _id(host: HostFolder) -> str:
    from suyuan.vault import hosts

    return hosts.here_id(host.here)


def test_every_command_of_the_document_is_one_of_ours_or_tar(installation: Installation) -> None:
    """A word that no command has would not be noticed where a line is not run: all of them are."""
    from suyuan.cli.root import root

    for _, line in blocks():
        words = of_ours(line)
        if not words:
            assert shlex.split(line)[0] in ("tar", "mkdir")
            continue
        command: object = root
        for word in words:
            if not hasattr(command, "get_command"):
                break
            command = command.get_command(None, word)
            assert command is not None, line
