"""Witnesses: who keeps signed checkpoints where the writer of the log cannot reach them.

Every checkpoint goes to the witness folder of the installation at once, and to what `SUYUAN_WITNESSES` names within ten
seconds: folders (a mounted share, a stick) as `folder:/path`, endpoints as `https://...`, apart by spaces. An endpoint
takes the note by POST and gives the newest one it holds by GET; the file that `SUYUAN_WITNESS_TOKEN` names holds its
bearer token. For networks without either there is the printed page (`suyuan ledger witness print`).
"""

from __future__ import annotations

import logging
import os
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import psycopg

from suyuan.i18n import say
from suyuan.installation import current
from suyuan.ledger import alarm, keys
from suyuan.ledger.checkpoint import Checkpoint, read
from suyuan.ledger.errors import LedgerBehindWitness
from suyuan.ledger.tiles import Load, TileTree

log = logging.getLogger(__name__)
EVERY = 10.0  # seconds between two deliveries to a witness outside; targets ask for 60
_TIMEOUT = 5.0
_LARGEST = 10_000  # bytes of a note


class Held(NamedTuple):
    """A note of one witness, or why there is none. `own`: in the installation's own folder."""

    where: str
    note: str | None
    failure: str = ""
    own: bool = False


def keep(size: int, note: str) -> None:
    """Put a note into the installation's own witness folder: the newest, and the last of each day."""
    _put(current().witness, size, note)


def _put(folder: Path, size: int, note: str) -> None:
    """Each file is put in place whole: whoever reads meanwhile finds the note of before or this one."""
    for name in ("latest", time.strftime("%Y-%m-%d")):
        draft = folder / f".{size}.{time.monotonic_ns()}"
        draft.write_text(note, encoding="utf-8")
        draft.replace(folder / name)


def follow(connection: psycopg.Connection) -> None:
    """Keep the newest checkpoint of another host's making here too, where the log goes on from the one that is kept.

    So that a log put back while another host sequenced is noticed here as well.
    """
    row = connection.execute("SELECT size, note FROM ledger_checkpoint ORDER BY size DESC LIMIT 1").fetchone()
    kept, signers = _file(current().witness / "latest"), keys.source().signers()
    if row is None or read(row[1], signers) is None:
        return
    point = read(kept, signers) if kept else Checkpoint(0, TileTree(_loader(connection), 0).root())
    if point is not None and point.size < row[0] and agrees(point, _loader(connection), row[0]):
        keep(*row)


def outside() -> list[str]:
    """The witnesses that `SUYUAN_WITNESSES` names."""
    return os.environ.get("SUYUAN_WITNESSES", "").split()


def alone() -> bool:
    """Whether no witness lies outside the data folder: then the whole folder put back agrees with itself."""
    data = current().data.resolve()
    return not any(not where.startswith("folder:") or not _inside(data, where) for where in outside())


def _inside(data: Path, where: str) -> bool:
    return Path(where.removeprefix("folder:")).resolve().is_relative_to(data)


def warning() -> str:
    """What nobody would notice for want of a witness outside, and what to do; empty where there is one."""
    if not alone():
        return ""
    return say(
        "注意：没有任何见证方位于数据目录之外，整个目录被换回旧的副本时无法发现。请用 SUYUAN_WITNESSES 指定另一台机器上的"
        "目录（folder:/路径）或地址(https://…)，或定期执行 suyuan ledger witness print，打印后存入保险柜。",
        "Note: no witness lies outside the data folder; if the whole folder is put back, nothing shows it. Name a folder "
        "(folder:/path) or an address (https://...) on another machine in SUYUAN_WITNESSES, or print a page with "
        "`suyuan ledger witness print` from time to time and keep it in a safe.",
    )


class Courier(threading.Thread):
    """Takes the newest checkpoint to each witness outside; a witness that fails is alarmed and never holds anything up."""

    def __init__(self, stop: threading.Event, every: float = EVERY) -> None:
        super().__init__(daemon=True, name="witness-courier")
        self._stopped, self._every = stop, every
        self._told: dict[str, int] = {}

    def run(self) -> None:
        """Deliver until told to stop."""
        while not self._stopped.wait(self._every):
            self.deliver()

    def deliver(self) -> None:
        """Deliver the newest note of the installation's own folder to every witness that has an older one."""
        note = _file(current().witness / "latest")
        point = read(note, keys.source().signers()) if note else None
        if note is None or point is None:
            return
        for where in outside():
            if self._told.get(where, -1) < point.size:
                self._deliver(where, point.size, note)

    def _deliver(self, where: str, size: int, note: str) -> None:
        try:
            tell(where, size, note)
            self._told[where] = size
        except (OSError, ValueError) as exc:
            log.warning("A witness could not be reached (%s).", type(exc).__name__)
            alarm.raise_alarm("witness_unreachable", {"witness": where})


def tell(where: str, size: int, note: str) -> None:
    """Hand a note to one witness. Raises `OSError` where it cannot be reached, `ValueError` where it refuses."""
    if where.startswith("folder:"):
        _put(Path(where.removeprefix("folder:")), size, note)
        return
    if not where.startswith("https://"):
        raise ValueError(where)
    with _open(where, note.encode()) as answer:
        if answer.read(_LARGEST).decode("utf-8", "replace") != note:
            raise ValueError(where)


def _open(where: str, data: bytes | None) -> urllib.request._UrlopenRet:
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    token = os.environ.get("SUYUAN_WITNESS_TOKEN")
    if token:
        headers["Authorization"] = f"Bearer {Path(token).read_text(encoding='utf-8').strip()}"
    asked = urllib.request.Request(where, data, headers)  # noqa: S310  # only https comes here
    return urllib.request.urlopen(asked, timeout=_TIMEOUT)  # noqa: S310


def newest() -> Iterator[Held]:
    """What each witness holds."""
    yield Held("witness", _file(current().witness / "latest"))
    for where in outside():
        if where.startswith("folder:"):
            yield Held(where, _file(Path(where.removeprefix("folder:")) / "latest"))
            continue
        try:
            with _open(where, None) as answer:
                yield Held(where, answer.read(_LARGEST).decode("utf-8", "replace"))
        except urllib.error.HTTPError as exc:
            yield Held(where, None, "" if exc.code == 404 else f"HTTP {exc.code}")
        except (OSError, ValueError) as exc:
            yield Held(where, None, type(exc).__name__)


def kept() -> list[Held]:
    """Every note there is to hold the log against: all that the own folder holds, then the newest of each witness outside.

    Whoever compares must read these before the log, which may have grown since.
    """
    folder = current().witness
    paths = sorted(path for path in folder.glob("[!.]*") if path.is_file())
    own = [Held(path.name, _file(path), own=True) for path in paths]
    return [*own, *(held for held in newest() if held.where != "witness")]


def _file(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def compare() -> list[str]:
    """Hold the database against every witness before serving; gives the witnesses that could not be asked.

    Raises `LedgerBehindWitness` when the log is shorter than a witness saw it, or another one. Costs a few tiles, not a
    reading of the log: that is what `suyuan ledger verify` is for.
    """
    silent = []
    with psycopg.connect(current().database("sequencer")) as connection:
        for held in newest():
            if held.failure:
                silent.append(held.where)
            if held.note is not None and not accepted(held.note):
                _compare(connection, held.where, held.note)
    return silent


def _compare(connection: psycopg.Connection, where: str, note: str) -> None:
    point = read(note, keys.source().signers())
    row = connection.execute("SELECT coalesce(max(size), 0) FROM ledger_checkpoint").fetchone()
    size = int(row[0]) if row else 0
    if point is None:
        raise LedgerBehindWitness(where, "altered", 0, size)
    if point.size > size:
        raise LedgerBehindWitness(where, "behind", point.size, size)
    if not agrees(point, _loader(connection), size):
        raise LedgerBehindWitness(where, "fork", point.size, size)


def agrees(point: Checkpoint, load: Load, size: int) -> bool:
    """Whether the first `point.size` leaves of a tree of `size`, as its tiles have them, give the witnessed root."""
    if point.size == 0:
        return point.root == TileTree(load, 0).root()
    return point.size <= size and TileTree(load, size).head(point.size) == point.root


def _loader(connection: psycopg.Connection) -> Load:
    def load(level: int, index: int) -> bytes:
        row = connection.execute(
            "SELECT hashes FROM ledger_tile WHERE level = %s AND index = %s", [level, index]
        ).fetchone()
        return bytes(row[0]) if row else b""

    return load


def tidied(typed: str) -> str:
    """A note as it was signed, from one that was scanned or copied: line ends and blanks around it do not count."""
    lines = [line.strip() for line in typed.strip().splitlines()]
    return "\n".join(lines) + "\n"


def accept(reason: str) -> list[str]:
    """Set aside what the witnesses saw beyond this log, after a restore that is known; gives the digests of those notes.

    The notes stay beside the reason in the folder `superseded`, and `ledger verify` compares with them no longer. The caller
    enters it in the ledger.
    """
    digests = []
    for held in newest():
        if held.note is not None and check(held.note)[0] != "agrees":
            digest = sha256(held.note.encode()).hexdigest()
            folder = current().witness / "superseded"
            folder.mkdir(exist_ok=True)
            (folder / digest).write_text(f"{reason}\n\n{held.note}", encoding="utf-8")
            digests.append(digest)
    for path in current().witness.glob("[!.]*"):
        if path.is_file() and check(path.read_text(encoding="utf-8", errors="replace"))[0] != "agrees":
            path.replace(current().witness / "superseded" / f"{path.name}-{time.time_ns()}")
    return digests


def accepted(note: str) -> bool:
    """Whether this note was set aside."""
    return (current().witness / "superseded" / sha256(note.encode()).hexdigest()).exists()


def check(note: str) -> tuple[str, int, int]:
    """What a note that somebody kept says of the log: "agrees", "behind", "fork" or "altered"; its size and the log's."""
    with psycopg.connect(current().database("sequencer")) as connection:
        row = connection.execute("SELECT coalesce(max(size), 0) FROM ledger_checkpoint").fetchone()
        size = int(row[0]) if row else 0
        point = read(note, keys.source().signers())
        if point is None:
            return "altered", 0, size
        if point.size > size:
            return "behind", point.size, size
        return ("agrees" if agrees(point, _loader(connection), size) else "fork"), point.size, size
