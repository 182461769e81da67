"""As whom the database server runs: PostgreSQL refuses to be root, so root hands it to another user of the machine.

The server must still reach its folder, which may lie under one that only root enters (`/root`, `mktemp -d`). Rather than
open those folders to everybody, such a server gets the one capability to pass them (`dac_override`).
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from suyuan.installation.errors import DataFolderUnusable

CANDIDATES = ("suyuan", "postgres")


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

    def _enters(self, path: Path) -> bool:
        return all(_may_pass(folder.stat(), self.uid, self.gid) for folder in path.absolute().parents)


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
