"""PostgreSQL servers of one's own, as a site runs them: Debian's and a newer one, over TCP with certificates.

They run as another user of the machine than root, listen on 127.0.0.1 and are gone with the test. Their administrator
may make roles and databases and is no superuser; `root` is, for what only a superuser may set and see.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from psycopg.conninfo import make_conninfo

from suyuan.cli.checks import server_programs
from suyuan.installation.osuser import ServerUser, server_user
from suyuan.installation.postgres import supplied

ELSEWHERE = "db.example"  # by its name another machine; `hostaddr` leads to this one
PASSWORD = "only-in-tests'\\"
SETTINGS = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "64MB", "max_connections": "100"}


@dataclass
class OwnServer:
    """A cluster in a folder. `settings` are what its site wrote; `tls` is whether it has a certificate."""

    programs: Path
    folder: Path
    user: ServerUser
    port: int
    tls: bool = True
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def cluster(self) -> Path:
        """PostgreSQL's data folder."""
        return self.folder / "pg"

    @property
    def authority(self) -> Path:
        """The certificate of the authority that signed the server's."""
        return self.folder / "ca.crt"

    @property
    def log(self) -> Path:
        """What the server wrote."""
        return self.folder / "server.log"

    def url(self, database: str = "suyuan", user: str = "dba", **more: str) -> str:
        """DATABASE_URL of its administrator (or another user), on this machine's loopback."""
        told = {"host": "127.0.0.1", "port": str(self.port), "dbname": database, "user": user, "password": PASSWORD}
        return make_conninfo("", **told | more)

    def far(self, **more: str) -> str:
        """The same by the name of another machine, for which TLS is demanded."""
        return self.url(**{"host": ELSEWHERE, "hostaddr": "127.0.0.1"} | more)

    def admit(self, lines: str) -> None:
        """Let in by these lines of pg_hba.conf alone, beside the superuser; they count from the next start."""
        own = "host all,replication postgres 127.0.0.1/32 scram-sha-256\n"
        (self.cluster / "pg_hba.conf").write_text(own + lines)

    @contextmanager
    def root(self, database: str = "postgres") -> Iterator[psycopg.Connection[tuple[object, ...]]]:
        """An autocommit connection of the superuser."""
        with psycopg.connect(self.url(database, "postgres"), autocommit=True) as connection:
            yield connection

    def database(self, name: str) -> None:
        """A database that the administrator owns, which is all that a site has to prepare."""
        with self.root() as root:
            root.execute(f"CREATE DATABASE {name} OWNER dba")

    def clean(self) -> None:
        """Drop every database but the server's own, and every role that was made for an installation."""
        with self.root() as root:
            for (name,) in root.execute(
                "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'"
            ).fetchall():
                root.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
            for (name,) in root.execute(
                "SELECT rolname FROM pg_roles WHERE rolname ~ '^(?!pg_).*_(app|owner|sequencer|clear)$'"
            ):
                root.execute(f"DROP ROLE {name}".encode())

    def make(self) -> None:
        """Make the cluster, its certificate and its administrator, and start it."""
        self._certify()
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        self.give(secret, 0o600)
        options = ("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--data-checksums", "--no-instructions")
        self.run("initdb", "-D", str(self.cluster), "-U", "postgres", f"--pwfile={secret}", *options)
        self.start()
        with self.root() as root:
            root.execute("CREATE ROLE dba LOGIN CREATEROLE CREATEDB NOSUPERUSER")
            verifier = root.pgconn.encrypt_password(PASSWORD.encode(), b"dba", b"scram-sha-256").decode()
            root.execute(f"ALTER ROLE dba PASSWORD '{verifier}'")

    def start(self) -> None:
        """Start it and wait until it answers."""
        told = SETTINGS | {"listen_addresses": "127.0.0.1", "unix_socket_directories": ""} | self.settings
        if self.tls:
            told |= {
                "ssl": "on",
                "ssl_cert_file": f"{self.folder}/server.crt",
                "ssl_key_file": f"{self.folder}/server.key",
            }
        options = " ".join(f"-c {name}='{value}'" for name, value in told.items())
        log = ("-l", str(self.log), "-w", "-t", "30")
        self.run("pg_ctl", "start", "-D", str(self.cluster), *log, "-o", f"-p {self.port} {options}")

    def stop(self) -> None:
        """Stop it at once."""
        self.run("pg_ctl", "stop", "-D", str(self.cluster), "-m", "immediate", "-w")

    def run(self, program: str, *arguments: str) -> None:
        """One of PostgreSQL's programs, as the server's user."""
        command = self.user.command([str(self.programs / program), *arguments], self.folder)
        environment = {"PATH": os.defpath, "LC_ALL": "C", "PGPASSWORD": PASSWORD}
        # To a file, since a server that was started would hold a pipe open.
        with tempfile.TemporaryFile("w+") as said:
            done = subprocess.run(
                command, cwd="/", env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said, check=False
            )
            said.seek(0)
            assert done.returncode == 0, (
                f"{program}: {said.read()}\n{self.log.read_text() if self.log.exists() else ''}"
            )

    def standby(self, port: int) -> OwnServer:
        """A streaming standby of this server, running; both trust each other's certificate."""
        other = OwnServer(self.programs, Path(f"{self.folder}-standby"), self.user, port, self.tls, self.settings)
        self.user.own(other.folder)
        for name in ("ca.crt", "server.crt", "server.key"):
            shutil.copy(self.folder / name, other.folder / name)
            self.give(other.folder / name, 0o600)
        source = self.url("postgres", "postgres")
        self.run("pg_basebackup", "-D", str(other.cluster), "-d", source, "-R", "-c", "fast")
        other.start()
        return other

    def promote(self) -> None:
        """Make a standby the primary."""
        self.run("pg_ctl", "promote", "-D", str(self.cluster), "-w", "-t", "60")

    def _certify(self) -> None:
        """An authority, and a certificate for this machine's names and the one of elsewhere."""
        authority_key, authority = _authority()
        key = ec.generate_private_key(ec.SECP256R1())
        names: list[x509.GeneralName] = [x509.DNSName("localhost"), x509.DNSName(ELSEWHERE)]
        names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        made = _certificate("server", key, authority.subject, authority_key, x509.SubjectAlternativeName(names))
        pem = serialization.Encoding.PEM
        secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        for name, content in (
            ("ca.crt", authority.public_bytes(pem)),
            ("server.crt", made.public_bytes(pem)),
            ("server.key", secret),
        ):
            (self.folder / name).write_bytes(content)
            self.give(self.folder / name, 0o644 if name == "ca.crt" else 0o600)

    def give(self, path: Path, mode: int) -> None:
        """Let the server own the file."""
        path.chmod(mode)
        if self.user.as_root:
            os.chown(path, self.user.uid, self.user.gid)


def _authority() -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
    return key, _certificate("authority", key, name, key, x509.BasicConstraints(ca=True, path_length=0))


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    by: ec.EllipticCurvePrivateKey,
    says: x509.ExtensionType,
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(says, critical=isinstance(says, x509.BasicConstraints))
        .sign(by, hashes.SHA256())
    )


def free_port() -> int:
    """A port of 127.0.0.1 on which nothing listens."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port


def programs(kind: str) -> Path:
    """The folder of PostgreSQL's programs: "debian" is the system's own, "newer" the one of the wheel."""
    if kind == "debian":
        return server_programs()
    return server_user(Path(tempfile.gettempdir())).programs(supplied())


@contextmanager
def serving(kind: str, **settings: str) -> Iterator[OwnServer]:
    """A server of that kind, made and running, for as long as a test needs it."""
    folder = Path(tempfile.mkdtemp(prefix="suyuan-own-", dir="/tmp"))
    user = server_user(folder)
    user.own(folder)
    tls = kind == "debian"  # the build of the wheel has none
    server = OwnServer(programs(kind), folder, user, free_port(), tls, settings)
    try:
        server.make()
        yield server
    finally:
        if (server.cluster / "postmaster.pid").exists():
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)
