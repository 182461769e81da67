"""As whom the database server runs: PostgreSQL refuses to be root, so root hands it to another user of the machine.

The server must still reach its folder, which may lie under one that only root enters (`/root`, `mktemp -d`). Rather than
open those folders to everybody, such a server gets the one capability to pass them (`dac_override`). Programs ask with
access(2), which knows no capabilities, so those are copied to where everybody may run them.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from suyuan.installation.errors import DataFolderUnusable

SHARED = Path("/var/lib/suyuan")
CANDIDATES = ("suyuan", "postgres")


@dataclass(frozen=True, slots=True)
class Supply:
    """Where PostgreSQL's programs come from: folders `parts` under `root`, programs in `bin`."""

    root: Path
    parts: tuple[str, ...]
    bin: Path
    version: str


@dataclass(frozen=True, slots=True)
class ServerUser:
    """The user of the machine that the server's processes and files belong to."""

    uid: int
    gid: int
    as_root: bool

    def own(self, folder: Path, mode: int = 0o700) -> None:
        """Make `folder` and give it to this user."""
        folder.mkdir(parents=True, exist_ok=True)
        if self.as_root:
            os.chown(folder, self.uid, self.gid)
        folder.chmod(mode)

    def command(self, arguments: list[str], *reaches: Path) -> list[str]:
        """`arguments` to be run as this user, able to reach each of the paths."""
        if not self.as_root:
            return arguments
        drop = ["setpriv", f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups"]
        if not all(self._enters(path) for path in reaches):
            drop += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
        return [*drop, "--", *arguments]

    def programs(self, supply: Supply) -> Path:
        """Folder of the programs, or where this user cannot reach it, that of a copy."""
        if not self.as_root or self._enters(supply.root / supply.bin / "initdb"):
            return supply.root / supply.bin
        copy = SHARED / f"postgresql-{supply.version}"
        if not (copy / supply.bin).exists():
            _copy(supply, copy)
        return copy / supply.bin

    def _enters(self, path: Path) -> bool:
        return all(_may_pass(folder.stat(), self.uid, self.gid) for folder in path.absolute().parents)


def _copy(supply: Supply, to: Path) -> None:
    SHARED.mkdir(parents=True, exist_ok=True)
    SHARED.chmod(0o755)  # programs, which the server's user runs; whatever this process else makes is its own alone
    draft = Path(tempfile.mkdtemp(prefix=".copy-", dir=SHARED))
    draft.chmod(0o755)
    for part in supply.parts:
        shutil.copytree(supply.root / part, draft / part, symlinks=True)
    try:
        draft.rename(to)
    except OSError:  # another start was first, and its copy is the same
        shutil.rmtree(draft)


def _may_pass(status: os.stat_result, uid: int, gid: int) -> bool:
    shift = 6 if status.st_uid == uid else 3 if status.st_gid == gid else 0
    return bool(status.st_mode >> shift & 1)


def server_user(data: Path) -> ServerUser:
    """The user for the server of a data folder: oneself, or for root the folder's earlier one or a system user."""
    if os.geteuid() != 0:
        return ServerUser(os.geteuid(), os.getegid(), as_root=False)
    if not shutil.which("setpriv"):
        raise DataFolderUnusable(data, "root 运行需要 setpriv (util-linux) / running as root needs setpriv")
    cluster = data / "pg"
    if cluster.exists() and cluster.stat().st_uid != 0:
        status = cluster.stat()
        return ServerUser(status.st_uid, status.st_gid, as_root=True)
    entry = _entry()
    return ServerUser(entry.pw_uid, entry.pw_gid, as_root=True)


def _entry() -> pwd.struct_passwd:
    for name in CANDIDATES:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    make = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", CANDIDATES[0]]
    if shutil.which("useradd") and subprocess.run(make, capture_output=True, check=False).returncode == 0:
        return pwd.getpwnam(CANDIDATES[0])
    return pwd.getpwnam("nobody")
