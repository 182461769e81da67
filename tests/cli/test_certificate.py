"""Certificates for closed networks: what they are good for, what they are not, and that nothing is overwritten."""

from __future__ import annotations

import re
import shlex
import socket
import ssl
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from suyuan.cli import authority
from suyuan.cli.authority import CertificateRefused, Names

HOST = "suyuan.example"


@pytest.fixture
def tls(tmp_path: Path) -> Path:
    """A folder with an authority and a certificate for one name and one address."""
    authority.make(tmp_path / "tls", Names([HOST, "10.1.2.3"]))
    return tmp_path / "tls"


def connects(folder: Path, name: str, trusted: Path | None = None) -> bool:
    """Whether a client that trusts the authority (or another) takes the server for `name`, over a real handshake."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "server.pem", folder / "server.key")
    client = ssl.create_default_context(cafile=str(trusted or folder / "authority.pem"))
    here, there = socket.socketpair()

    def answer() -> None:
        try:
            server.wrap_socket(there, server_side=True).close()
        except (ssl.SSLError, OSError):
            there.close()

    answering = threading.Thread(target=answer)
    answering.start()
    try:
        client.wrap_socket(here, server_hostname=name).close()
    except ssl.SSLCertVerificationError:
        return False
    finally:
        here.close()
        answering.join()
    return True


@pytest.mark.control("C25")
def test_a_machine_that_trusts_the_authority_takes_the_server_for_its_names_alone(tls: Path, tmp_path: Path) -> None:
    """By name and by address; for another name, or under another authority, it does not."""
    authority.make(tmp_path / "other", Names([HOST]))
    assert connects(tls, HOST)
    assert connects(tls, "10.1.2.3")
    assert not connects(tls, "elsewhere.example")
    assert not connects(tls, HOST, trusted=tmp_path / "other" / "authority.pem")


@pytest.mark.control("C25")
def test_the_authority_can_sign_for_no_other_site(tls: Path) -> None:
    """Whoever steals its key signs what they like, and machines that trust it refuse it: the control signs a lawful name."""
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key((tls / "authority.key").read_bytes(), None)
    by = x509.load_pem_x509_certificate((tls / "authority.pem").read_bytes())
    for said, taken in ((["bank.example"], False), (["10.9.9.9"], False), ([f"desk.{HOST}"], True)):
        for name in authority.FILES[2:]:
            (tls / name).unlink()
        authority._sign(tls, key, by, Names(said))  # type: ignore[arg-type]  # an elliptic one
        assert connects(tls, said[0]) is taken, said


@pytest.mark.control("C26")
def test_keys_are_their_owners_alone_and_the_days_are_sensible(tls: Path) -> None:
    """0600 in a folder of 0700; ten years and 397 days; for servers only."""
    assert tls.stat().st_mode & 0o777 == 0o700
    assert {name: (tls / name).stat().st_mode & 0o777 for name in authority.FILES} == {
        "authority.pem": 0o644, "authority.key": 0o600, "server.pem": 0o644, "server.key": 0o600,
    }  # fmt: skip
    now = datetime.now(UTC)
    assert timedelta(396) < authority.ends(tls / "server.pem") - now <= timedelta(397)
    assert timedelta(3649) < authority.ends(tls / "authority.pem") - now <= timedelta(3650)
    server = x509.load_pem_x509_certificate((tls / "server.pem").read_bytes())
    assert list(server.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [
        ExtendedKeyUsageOID.SERVER_AUTH
    ]
    assert not server.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_nothing_is_overwritten(tls: Path) -> None:
    """One file that is there is enough to refuse; renewing keeps the earlier key and certificate."""
    before = {name: (tls / name).read_bytes() for name in authority.FILES}
    with pytest.raises(CertificateRefused, match=r"authority\.pem"):
        authority.make(tls, Names([HOST]))
    assert {name: (tls / name).read_bytes() for name in authority.FILES} == before
    assert authority.renew(tls) == [HOST, "10.1.2.3"]
    assert (tls / "server.key").read_bytes() != before["server.key"]
    assert (tls / "server.key.old").read_bytes() == before["server.key"]
    assert (tls / "server.pem.old").read_bytes() == before["server.pem"]
    assert (tls / "authority.pem").read_bytes() == before["authority.pem"]
    assert connects(tls, HOST)
    (tls / "authority.key").unlink()
    with pytest.raises(CertificateRefused, match=r"authority\.key"):
        authority.renew(tls)


@pytest.mark.parametrize("said", ["*.example", "a b", "", ".example", "-x", "http://x", "10.1.2.3/8"])
def test_what_is_no_name_is_refused(said: str, tmp_path: Path) -> None:
    """No wildcards, no addresses of pages; and no file is made."""
    with pytest.raises(CertificateRefused):
        authority.make(tmp_path, Names([said]))
    assert list(tmp_path.iterdir()) == []


def test_the_documented_commands_run(tmp_path: Path) -> None:
    """As they stand on the page, in a folder of their own."""
    page = (Path(__file__).parents[2] / "docs" / "behind-a-proxy.md").read_text(encoding="utf-8")
    commands = re.findall(r"suyuan (certificate [^`\n；]+)", page)
    run = [one for one in commands if "--folder" in one]
    assert len(run) == 2
    for one in run:
        done = subprocess.run(
            [sys.executable, "-m", "suyuan", *shlex.split(one)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "tls").iterdir()) == sorted(
        [*authority.FILES, "server.key.old", "server.pem.old"]
    )
