"""The agent that holds level 2's keys for every process of an installation, and the calls that reach it.

One runs on each host, in the supervising process of `suyuan up` or by `suyuan agent`, and listens on a Unix socket that only
its owner may open; the kernel tells who calls (SO_PEERCRED), and other users are turned away. It wraps, unwraps and digests in batches itself, so the
key-encryption key never leaves it, and sealing it seals every process at once. Ending it seals.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import socket
import socketserver
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from suyuan.errors import SuyuanError
from suyuan.vault import errors
from suyuan.vault.custodians import Custody, Status

_LENGTH = struct.Struct(">I")
_CREDENTIALS = struct.Struct("3i")
_MOST = 64 << 20  # bytes of one message
_SECONDS = 10.0
ERRORS = {
    kind.__name__: kind
    for kind in (
        errors.VaultSealed, errors.NoCustodians, errors.AlreadyAppointed, errors.BadThreshold, errors.TooManyWrong,
        errors.ShareMistyped, errors.ShareWrong, errors.ShareRetired, errors.ShareRepeated, errors.RotationUnfinished,
    )
}  # fmt: skip


def custodians_path(data: Path) -> Path:
    """Where the set of shares and the keys sealed under it are written down."""
    return data / "vault" / "level2.sealed"


@contextmanager
def sole(data: Path, *, wait: bool = False) -> Iterator[None]:
    """Be the one agent of the host until left; with `wait`, once the one before has ended. Raises `AgentRunning`."""
    folder = custodians_path(data).parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(folder / "agent.lock", os.O_WRONLY | os.O_CREAT, 0o600), "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as exc:
            raise errors.AgentRunning from exc
        yield


@contextmanager
def serving(data: Path) -> Iterator[None]:
    """Hold level 2's keys of the installation in `data`, sealed at first, until left."""
    folder = custodians_path(data).parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "agent.sock").unlink(missing_ok=True)
    custody = Custody(custodians_path(data))
    with _reachable(folder) as address, _Server(address, custody) as server:
        (folder / "agent.sock").chmod(0o600)
        thread = threading.Thread(target=server.serve_forever, args=[0.1], name="custody", daemon=True)
        thread.start()
        try:
            yield
        finally:
            custody.seal()
            server.shutdown()
            (folder / "agent.sock").unlink(missing_ok=True)


class Client:
    """The agent of one installation, as its other processes see it. A call is a connection."""

    def __init__(self, data: Path) -> None:
        self.path = custodians_path(data)

    def status(self) -> Status:
        """See `Custody.status`; without an agent, what the file says."""
        try:
            return Status(*self._ask("status"))
        except errors.NoAgent:
            return Custody(self.path).status()

    def present(self, share: str) -> Status:
        """See `Custody.present`. Raises `NoAgent` too, as all calls but `status` do."""
        return Status(*self._ask("present", share))

    def seal(self) -> None:
        """See `Custody.seal`."""
        self._ask("seal")

    def appoint(self, threshold: int, holders: Sequence[int], suite: str) -> list[str]:
        """See `Custody.appoint`."""
        return [str(share) for share in self._ask("appoint", threshold, list(holders), suite)]

    def replace(self, shares: Sequence[str], threshold: int, holders: Sequence[int]) -> list[str]:
        """See `Custody.replace`."""
        return [str(share) for share in self._ask("replace", list(shares), threshold, list(holders))]

    def wrap(self, key_id: int, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """See `Custody.wrap`. Without an agent level 2 is sealed."""
        return self._keyed("wrap", key_id, [[_text(place), _text(key)] for place, key in items])

    def unwrap(self, key_id: int, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """See `Custody.unwrap`. Without an agent level 2 is sealed."""
        return self._keyed("unwrap", key_id, [[_text(place), _text(wrapped)] for place, wrapped in items])

    def digests(self, terms: Sequence[str], depth: int) -> list[bytes]:
        """See `Custody.digests`. Without an agent level 2 is sealed."""
        return self._keyed("digests", list(terms), depth)

    def move_on(self, digests: Sequence[bytes], depth: int) -> list[bytes]:
        """See `Custody.move_on`. Without an agent level 2 is sealed."""
        return self._keyed("move_on", [_text(one) for one in digests], depth)

    def hold(self, key_id: int, suite: str, depth: int) -> None:
        """See `Custody.hold`."""
        self._ask("hold", key_id, suite, depth)

    def forget(self, key_id: int) -> None:
        """See `Custody.forget`."""
        self._ask("forget", key_id)

    def take_up(self, text: str) -> None:
        """See `Custody.take_up`."""
        self._ask("take_up", text)

    def _keyed(self, call: str, *arguments: Any) -> list[bytes]:
        try:
            return [base64.b64decode(one) for one in self._ask(call, *arguments)]
        except errors.NoAgent as exc:
            raise errors.VaultSealed from exc

    def _ask(self, call: str, *arguments: Any) -> Any:
        with socket.socket(socket.AF_UNIX) as caller:
            caller.settimeout(_SECONDS)
            try:
                with _reachable(self.path.parent) as address:
                    caller.connect(address)
                _send(caller, [call, *arguments])
                said = _receive(caller)
            except OSError as exc:
                raise errors.NoAgent from exc
        if "error" in said:
            raise _error(*said["error"])
        return said["answer"]


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, address: str, custody: Custody) -> None:
        super().__init__(address, _Handler)
        self.custody = custody
        self.alone = threading.Lock()

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Only processes of the user who runs the agent."""
        raw = request.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        return bool(_CREDENTIALS.unpack(raw)[1] == os.geteuid())


class _Handler(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        self.request.settimeout(_SECONDS)
        try:
            call, *arguments = _receive(self.request)
            with self.server.alone:
                answer = _answer(self.server.custody, call, arguments)
            _send(self.request, answer)
        except (OSError, ValueError):
            return  # a caller that went away or does not speak the language gets no answer


def _answer(custody: Custody, call: str, arguments: list[Any]) -> dict[str, Any]:
    try:
        if call in ("wrap", "unwrap"):
            key_id, items = arguments
            pairs = [(base64.b64decode(place), base64.b64decode(key)) for place, key in items]
            made = custody.wrap(key_id, pairs) if call == "wrap" else custody.unwrap(key_id, pairs)
            return {"answer": [_text(one) for one in made]}
        if call == "digests":
            return {"answer": [_text(one) for one in custody.digests(*arguments)]}
        if call == "move_on":
            given, depth = arguments
            return {"answer": [_text(one) for one in custody.move_on(map(base64.b64decode, given), depth)]}
        if call in ("status", "present", "seal", "appoint", "replace", "hold", "forget", "take_up"):
            return {"answer": getattr(custody, call)(*arguments)}
        raise ValueError(call)
    except errors.SharesMissing as error:
        return {"error": ["SharesMissing", error.given, error.needed]}
    except errors.ContentDamaged as error:
        return {"error": ["ContentDamaged", error.where]}
    except SuyuanError as error:
        return {"error": [type(error).__name__]}


def _error(name: str, *arguments: Any) -> SuyuanError:
    if name == "SharesMissing":
        return errors.SharesMissing(*arguments)
    return errors.ContentDamaged(*arguments) if name == "ContentDamaged" else ERRORS[name]()


@contextmanager
def _reachable(folder: Path) -> Iterator[str]:
    """The socket's address by way of its open folder: a path of any length fits into the kernel's 108 bytes."""
    try:
        held = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    except FileNotFoundError as exc:
        raise errors.NoAgent from exc
    try:
        yield f"/proc/self/fd/{held}/agent.sock"
    finally:
        os.close(held)


def _send(peer: socket.socket, said: Any) -> None:
    raw = json.dumps(said).encode()
    peer.sendall(_LENGTH.pack(len(raw)) + raw)


def _receive(peer: socket.socket) -> Any:
    [length] = _LENGTH.unpack(_exactly(peer, _LENGTH.size))
    if length > _MOST:
        raise ValueError(length)
    return json.loads(_exactly(peer, length))


def _exactly(peer: socket.socket, count: int) -> bytes:
    got = bytearray()
    while len(got) < count:
        piece = peer.recv(count - len(got))
        if not piece:
            raise ConnectionResetError
        got += piece
    return bytes(got)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
