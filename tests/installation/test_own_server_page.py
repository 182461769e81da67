"""`docs/own-server.md`, run as it stands and in its order on Debian's server, as one who installs it would go through it.

Only what differs on this machine is put in place of what the page says: ports, folders, the network, the password, and
where the names of other machines lead to. The steps are one walk, so that they are one test.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from own_servers import PASSWORD, OwnServer, free_port, serving

PAGE = (Path(__file__).parents[2] / "docs" / "own-server.md").read_text(encoding="utf-8")
SECRET = "Of-a-site-1"
# `suyuan up` stays in its terminal; here it goes on beside the rest of its block.
SHELL = """set -euo pipefail
suyuan() {
    if [ "$1" != up ]; then "$PYTHON" -m suyuan "$@"; return; fi
    "$PYTHON" -m suyuan "$@" --port "$PORT" > up.log 2>&1 &
    echo $! > up.pid
    for _ in $(seq 3000); do
        grep -q 'Ctrl-C' up.log && return 0
        kill -0 $! 2>/dev/null || { cat up.log >&2; return 1; }
        sleep 0.1
    done
    return 1
}
"""


@dataclass
class Site:
    """A folder in which somebody follows the page, and the servers that they have."""

    folder: Path
    server: OwnServer
    standby_port: int
    environment: dict[str, str] = field(default_factory=dict)

    def follow(self, kind: str, block: str) -> str:
        """Do what a block says; gives what was said."""
        if kind == "ini":
            return self._configure(self._ours(block))
        if kind == "conf":
            self.server.admit(self._ours(block))
            return self._restart()
        if kind == "sql":
            return self._psql(block)
        if kind == "sh":
            return self.shell(self._ours(block), hosts=2 if "db1.example:5432,db2" in block else 1)
        (self.folder / f"calls.{kind}").write_text(block, encoding="utf-8")
        return ""

    def shell(self, script: str, *, hosts: int = 1, fails: int = 0) -> str:
        """Run it in bash; variables that it sets stay, what it started is stopped."""
        names = "PATH", "HOME", "LANG"
        told = {name: os.environ[name] for name in names if name in os.environ}
        told |= {"PYTHON": sys.executable, "PORT": str(free_port()), "SUYUAN_LANG": "en"} | self.environment
        told["PGHOSTADDR"] = ",".join(["127.0.0.1"] * hosts)  # no name server knows db1.example
        (self.folder / "script").write_text(f"{SHELL}{script}\nenv -0 > environment\n", encoding="utf-8")
        try:
            done = subprocess.run(
                ["bash", "script"], cwd=self.folder, env=told, capture_output=True, text=True, check=False
            )
        finally:
            self._end()
        assert done.returncode == fails, f"{script}\n{done.stdout}\n{done.stderr}"
        if not fails:
            pairs = (one.partition("=") for one in (self.folder / "environment").read_text().split("\0") if one)
            wanted = {"DATABASE_URL", "SUYUAN_ROLES"}
            self.environment = {name: value for name, _, value in pairs if name in wanted}
        return done.stdout + done.stderr

    def _ours(self, block: str) -> str:
        for documented, here in (
            ("/etc/suyuan/db-tls/server", f"{self.server.folder}/server"),
            ("/etc/suyuan/db-tls/authority.pem", f"{self.folder}/db-tls/authority.pem"),
            ("db1.example:5432", f"db1.example:{self.server.port}"),
            ("db2.example:5432", f"db2.example:{self.standby_port}"),
            ("10.0.0.0/8", "127.0.0.1/32"),
            ("PASSWORD", SECRET),
        ):
            block = block.replace(documented, here)
        return block

    def _configure(self, block: str) -> str:
        for name in ("server.pem", "server.key"):
            shutil.copy(self.folder / "db-tls" / name, self.server.folder / name)
            self.server.give(self.server.folder / name, 0o600)
        with (self.server.cluster / "postgresql.conf").open("a", encoding="utf-8") as settings:
            settings.write(block)
        return self._restart()

    def _restart(self) -> str:
        self.server.stop()
        self.server.start()
        return ""

    def _psql(self, block: str) -> str:
        (self.folder / "statements").write_text(block, encoding="utf-8")
        psql = [str(self.server.programs / "psql"), "-v", "ON_ERROR_STOP=1", "-f", "statements"]
        done = subprocess.run(
            [*psql, self.server.url("postgres", "postgres")],
            cwd=self.folder,
            env=os.environ | {"PGPASSWORD": PASSWORD},
            input=f"{SECRET}\n{SECRET}\n",
            start_new_session=True,  # no terminal, so that the password is read from what it is given
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _end(self) -> None:
        pid = self.folder / "up.pid"
        if pid.exists():
            subprocess.run(["kill", pid.read_text().strip()], capture_output=True, check=False)
            subprocess.run(["tail", "--pid", pid.read_text().strip(), "-f", "/dev/null"], check=False)
            pid.unlink()


@contextmanager
def site(folder: Path) -> Iterator[Site]:
    """Debian's server as its package leaves it, without a certificate, and an empty folder."""
    with serving("debian") as server:
        server.tls = False
        server.stop()
        server.start()
        yield Site(folder, server, free_port())


def blocks(page: str) -> list[tuple[str, str]]:
    """The fenced blocks with their kinds, in order."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def fail_over(here: Site) -> Iterator[str]:
    """The page's section 4 after its commands: the primary is lost, the standby is what it says, then takes over."""
    yield here.shell("suyuan ledger verify", hosts=2)
    shutil.copytree(here.folder / "suyuan-data", here.folder / "at-standby", symlinks=True)
    known = json.loads((here.folder / "at-standby/secrets/database.json").read_text())
    known |= {"host": "db2.example", "port": str(here.standby_port)}
    known["parameters"]["target_session_attrs"] = "any"
    (here.folder / "at-standby/secrets/database.json").write_text(json.dumps(known))
    yield here.shell("suyuan ledger verify --data at-standby")
    assert "SY015" in here.shell("suyuan doctor --data at-standby", fails=1)
    assert "read-only" in here.shell("suyuan prepare --data at-standby", fails=2)


@pytest.mark.control("C30")
def test_the_page_is_followed_from_an_empty_server_to_a_fail_over(tmp_path: Path) -> None:
    """Every block does what the page says, three reviews end in force, and the installation goes on at the standby."""
    with site(tmp_path) as here:
        kinds = []
        standby = None
        try:
            for kind, block in blocks(PAGE):
                if "db1.example:5432,db2" in block:
                    standby = here.server.standby(here.standby_port)
                said = here.follow(kind, block)
                kinds.append(kind)
                if "review approve" in block:
                    assert re.findall(r"^[0-9a-f-]{36}  (\w+)$", said, re.MULTILINE) == [
                        "second_review", "final_review", "done",
                    ]  # fmt: skip
                    assert "Nothing is wrong" in said
            assert kinds == ["sh", "ini", "conf", "sql", "sh", "sh", "sql", "yaml", "csv", "sh", "sh"]
            assert standby is not None
            here.environment = {}
            assert all("clean" in said for said in fail_over(here))
            here.server.stop()
            assert "cannot be reached" in here.shell("suyuan doctor", hosts=2, fails=2)
            standby.promote()
            here.shell("suyuan up", hosts=2)
            assert "clean" in here.shell("suyuan ledger verify", hosts=2)
            # The control of the whole walk: with one host written down, it would have stayed away.
            assert "cannot be reached" in here.shell("suyuan doctor --data trial", fails=2)
        finally:
            if standby:
                standby.stop()
                shutil.rmtree(standby.folder, ignore_errors=True)
