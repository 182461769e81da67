"""A small certificate authority for a closed network, and the one server certificate it signs.

The authority may sign for the names it was made for and no others (name constraints), so that machines which trust it
risk nothing beside them. Keys are readable by their owner only; nothing is overwritten.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from suyuan.errors import SuyuanError

AUTHORITY_DAYS = 3650
SERVER_DAYS = 397  # what browsers take at most
FILES = ("authority.pem", "authority.key", "server.pem", "server.key")
_LATENESS = timedelta(hours=1)  # a clock elsewhere may be behind


class CertificateRefused(SuyuanError):
    """A certificate is not made: files are there already, or none, or a name is none."""


class Names:
    """What a server is called: DNS names and addresses."""

    def __init__(self, said: list[str]) -> None:
        """Raises `CertificateRefused` for no name at all and for what can be none."""
        self.addresses: list[IPv4Address | IPv6Address] = []
        self.names: list[str] = []
        for one in said:
            try:
                self.addresses.append(ip_address(one))
            except ValueError:
                self.names.append(_checked(one))
        if not said:
            raise _no_name("")

    @property
    def all(self) -> list[str]:
        """Every name and address as text."""
        return [*self.names, *map(str, self.addresses)]

    def alternative(self) -> x509.SubjectAlternativeName:
        """The names as a certificate holds them."""
        return x509.SubjectAlternativeName([*map(x509.DNSName, self.names), *map(x509.IPAddress, self.addresses)])

    def only(self) -> x509.NameConstraints:
        """These names, theirs below, and nothing else. A kind of which there is none is shut out whole."""
        permitted = [*map(x509.DNSName, self.names), *(x509.IPAddress(ip_network(str(one))) for one in self.addresses)]
        excluded: list[x509.GeneralName] = [] if self.names else [x509.DNSName("")]
        if not self.addresses:
            excluded += [x509.IPAddress(ip_network("0.0.0.0/0")), x509.IPAddress(ip_network("::/0"))]
        return x509.NameConstraints(permitted, excluded or None)


def make(folder: Path, names: Names) -> None:
    """Make authority and server certificate. Raises `CertificateRefused` where any of the files is there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if there := [name for name in FILES if (folder / name).exists()]:
        raise CertificateRefused(
            "certificate.exists", f"{folder} 中已有 {there[0]}，没有覆盖。", f"{folder} has {there[0]}; nothing was overwritten.",
            "续期用 suyuan certificate renew；另建一个请用 --folder 指定空目录。",
            "To renew: suyuan certificate renew. For another one name an empty folder with --folder.",
        )  # fmt: skip
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _authority(key, names)
    _write(folder / "authority.key", _private(key), 0o600)
    _write(folder / "authority.pem", _public(certificate), 0o644)
    _sign(folder, key, certificate, names)


def renew(folder: Path) -> list[str]:
    """Make a new key and certificate for the server; the earlier ones stay as `.old`. Gives the names.

    Raises `CertificateRefused` where the authority or the certificate is missing, or the authority has run out.
    """
    for name in FILES[:3]:
        if not (folder / name).exists():
            raise CertificateRefused(
                "certificate.missing", f"{folder} 中没有 {name}，不能续期。", f"{folder} has no {name}; nothing was renewed.",
                "把签发机构的两个文件放回，或用 suyuan certificate new 新建。",
                "Put the authority's two files back, or make new ones: suyuan certificate new.",
            )  # fmt: skip
    authority = x509.load_pem_x509_certificate((folder / "authority.pem").read_bytes())
    if authority.not_valid_after_utc <= datetime.now(UTC) + timedelta(days=1):
        raise CertificateRefused(
            "certificate.ended", "签发机构证书已到期，不能续期。", "The authority has run out; nothing was renewed.",
            "在空目录重新执行 suyuan certificate new，并把新的签发机构证书装到各终端。",
            "Run suyuan certificate new in an empty folder and install the new authority on the machines.",
        )  # fmt: skip
    key = cast(
        ec.EllipticCurvePrivateKey,
        serialization.load_pem_private_key((folder / "authority.key").read_bytes(), None),
    )
    names = Names(names_in(folder / "server.pem"))
    for name in FILES[2:]:
        if (folder / name).exists():
            (folder / name).replace(folder / f"{name}.old")
    _sign(folder, key, authority, names)
    return names.all


def names_in(path: Path) -> list[str]:
    """The names that a certificate is for."""
    found = x509.load_pem_x509_certificate(path.read_bytes())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))]


def ends(path: Path) -> datetime:
    """Until when a certificate is good."""
    return x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc


def _authority(key: ec.EllipticCurvePrivateKey, names: Names) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Suyuan local authority {names.all[0]}"[:64])])
    return (
        _begun(subject, subject, key, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(names.only(), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .sign(key, hashes.SHA256())
    )


def _sign(folder: Path, by: ec.EllipticCurvePrivateKey, authority: x509.Certificate, names: Names) -> None:
    """Make the server's key and certificate. The certificate's file brings the authority along."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names.all[0][:64])])
    days = min(SERVER_DAYS, (authority.not_valid_after_utc - datetime.now(UTC)).days)
    made = (
        _begun(subject, authority.subject, key, days)
        .add_extension(names.alternative(), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
        .sign(by, hashes.SHA256())
    )
    _write(folder / "server.key", _private(key), 0o600)
    _write(folder / "server.pem", _public(made) + _public(authority), 0o644)


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _LATENESS)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs, key_cert_sign=signs, crl_sign=signs, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _public(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write a file that is not there yet. Its mode is set by hand, since the process lets nobody else read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:
        out.write(content)
    path.chmod(mode)


def _checked(name: str) -> str:
    """A DNS name in ASCII. Raises `CertificateRefused` for anything else, wildcards included."""
    try:
        plain = name.encode("idna").decode().lower()
    except UnicodeError:
        plain = ""
    letters = plain.replace("-", "").replace(".", "")
    if not letters.isalnum() or not plain.isascii() or plain.startswith((".", "-")) or len(plain) > 253:
        raise _no_name(name)
    return plain


def _no_name(name: str) -> CertificateRefused:
    return CertificateRefused(
        "certificate.name", f"“{name}”不是主机名或地址。", f"{name!r} is neither the name of a host nor an address.",
        "写成 suyuan.example 或 10.1.2.3，可写多个；不用通配符。",
        "Write suyuan.example or 10.1.2.3, as many as needed; no wildcards.",
    )  # fmt: skip
