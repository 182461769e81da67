"""Where an installation keeps what it needs, and how its processes reach the database."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal

from psycopg.conninfo import make_conninfo

Role = Literal["owner", "app", "sequencer", "admin"]
ROLES: tuple[Role, ...] = ("owner", "app", "sequencer")


PREFIX = "suyuan"  # of the roles' names, unless a server of one's own is shared by several installations


@dataclass(frozen=True, slots=True)
class Place:
    """Where the database server listens, as libpq is told.

    Args:
        host: a folder (unix socket), a machine, or several machines with commas between them.
        port: one, or one for each host.
        name: the database.
        admin: the server's administrator.
        embedded: whether the server is the installation's own child.
        roles: what the names of its three roles begin with.
        parameters: every other libpq parameter of DATABASE_URL, without user and password.
    """

    host: str
    port: str
    name: str
    admin: str = "postgres"
    embedded: bool = True
    roles: str = PREFIX
    parameters: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, text: str) -> Place:
        """Returns the place that `database.json` tells of, also one that kept sslmode alone."""
        known = json.loads(text)
        if "sslmode" in known:
            known["parameters"] = {"sslmode": known.pop("sslmode")}
        return cls(**known | {"port": str(known["port"])})

    def role(self, role: Role) -> str:
        """Returns the name on the server of "owner", "app", "sequencer" or "admin"."""
        return self.admin if role == "admin" else f"{self.roles}_{role}"


@dataclass(frozen=True, slots=True)
class Installation:
    """A data folder. Everything under `secrets/` is readable by its owner only."""

    data: Path

    @classmethod
    def open(cls, data: Path | None = None) -> Installation:
        """The installation in `data`, else in SUYUAN_DATA, else in ./suyuan-data. Makes nothing yet."""
        return cls((data or Path(os.environ.get("SUYUAN_DATA") or "suyuan-data")).absolute())

    @property
    def exists(self) -> bool:
        """Whether `suyuan up` has been here."""
        return (self.data / "secrets" / "database.json").exists()

    @property
    def secrets(self) -> Path:
        """Folder of secrets, mode 0700."""
        folder = self.data / "secrets"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    @property
    def witness(self) -> Path:
        """Folder into which checkpoints are written for witnesses."""
        return self._folder("witness")

    @property
    def logs(self) -> Path:
        """Folder of what the processes say."""
        return self._folder("log")

    @property
    def passphrase(self) -> str:
        """The passphrase of the key file, from SUYUAN_PASSPHRASE or a file only the owner reads."""
        return os.environ.get("SUYUAN_PASSPHRASE") or self.secret("passphrase")

    @property
    def secret_key(self) -> str:
        """Django's secret key."""
        return self.secret("django")

    def secret(self, name: str) -> str:
        """A random secret kept in `secrets/`, made whole at first use even if two processes ask at once."""
        path = self.secrets / name
        if not path.exists():
            draft = self.secrets / f".{name}.{secrets.token_hex(4)}"
            write_private(draft, secrets.token_urlsafe(32))
            try:
                path.hardlink_to(draft)
            except FileExistsError:
                pass  # the other process was first; its secret is the one that counts
            finally:
                draft.unlink()
        return path.read_text().strip()

    @property
    def place(self) -> Place:
        """Where the database is. SUYUAN_DATABASE names another one for this process's installation (tests, restores)."""
        known = Place.read((self.secrets / "database.json").read_text())
        other = os.environ.get("SUYUAN_DATABASE")
        if other and os.environ.get("SUYUAN_DATA") == str(self.data):
            return replace(known, name=other)
        return known

    @property
    def roles(self) -> str:
        """What the names of its roles begin with."""
        return self.place.roles if self.exists else PREFIX

    def place_database(self, place: Place) -> None:
        """Write down where the database is."""
        write_private(self.secrets / "database.json", json.dumps(asdict(place)))

    def parts(self, role: Role) -> dict[str, str]:
        """What libpq needs to connect as `role`; "admin" is the server's own administrator."""
        place = self.place
        given = {"host": place.host, "port": place.port, "dbname": place.name}
        told = {keyword: value for keyword, value in given.items() if value}  # a service file may say the rest
        return place.parameters | told | {"user": place.role(role), "password": self.secret(f"database-{role}")}

    def database(self, role: Role) -> str:
        """Connection string (libpq keywords) for "owner", "app", "sequencer" or "admin"."""
        return make_conninfo("", **self.parts(role))

    def _folder(self, name: str) -> Path:
        folder = self.data / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(path)


_current: Installation | None = None


def use(installation: Installation) -> None:
    """Make `installation` this process's, and that of the processes it starts."""
    global _current
    _current = installation
    os.environ["SUYUAN_DATA"] = str(installation.data)


def current() -> Installation:
    """This process's installation: the one given to `use`, else found by `Installation.open`."""
    return _current or Installation.open()
