"""Witnesses outside: a folder, an endpoint, a sheet of paper (assurance, row 7; norm 5.3.1)."""

from __future__ import annotations

import datetime as dt
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from suyuan.installation import current
from suyuan.ledger import actions, alarm, paper, sequencer, witness
from suyuan.ledger.acts import Act

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture
def note() -> str:
    """The newest checkpoint after one more entry."""
    actions.append(actions.SYSTEM, Act.sign_in)
    with psycopg.connect(current().database("sequencer"), autocommit=True) as connection:
        sequencer.run_once(connection)
    return (current().witness / "latest").read_text()


class Endpoint(BaseHTTPRequestHandler):
    """Keeps the newest note for whoever has the token."""

    held: dict[str, bytes]

    def do_POST(self) -> None:
        """Keep and echo."""
        if self.headers["Authorization"] != "Bearer s3cret":
            self.send_error(403)
            return
        self.held["note"] = self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def do_GET(self) -> None:
        """Give what is held."""
        if "note" not in self.held:
            self.send_error(404)
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.held["note"])

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def endpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An HTTPS endpoint on this machine, whose certificate is trusted for the test."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "witness")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = tmp_path / "witness.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    Endpoint.held = {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (tmp_path / "token").write_text("s3cret\n")
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    monkeypatch.setenv("SUYUAN_WITNESS_TOKEN", str(tmp_path / "token"))
    yield f"https://127.0.0.1:{server.server_port}/suyuan"
    server.shutdown()


@pytest.mark.clause("5.3.1")
@pytest.mark.control("C18")
def test_checkpoints_reach_a_folder_and_an_endpoint(
    note: str, endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both hold the newest note, byte for byte, and both agree with the log."""
    folder = tmp_path / "share"
    folder.mkdir()
    monkeypatch.setenv("SUYUAN_WITNESSES", f"folder:{folder} {endpoint}")
    witness.Courier(threading.Event()).deliver()
    assert (folder / "latest").read_text() == note
    assert Endpoint.held["note"].decode() == note
    assert {held.where: held.note for held in witness.newest()} == {
        "witness": note,
        f"folder:{folder}": note,
        endpoint: note,
    }
    assert witness.compare() == []


def test_a_witness_that_does_not_answer_alarms_and_stops_nothing(
    note: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gone folder, closed port, plain http: each is alarmed, once, and the log goes on."""
    monkeypatch.setattr(alarm, "_path", lambda: tmp_path / "alarms.jsonl")
    wanted = f"folder:{tmp_path}/gone https://127.0.0.1:9/ http://127.0.0.1:9/"
    monkeypatch.setenv("SUYUAN_WITNESSES", wanted)
    courier = witness.Courier(threading.Event())
    for _ in range(3):
        courier.deliver()
    assert [one.detail["witness"] for one in alarm.latest() if one.kind == "witness_unreachable"] == wanted.split()
    assert len(witness.compare()) == 2


def test_an_endpoint_with_another_token_is_refused(
    note: str, endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not taken is not counted as delivered."""
    (tmp_path / "token").write_text("wrong")
    with pytest.raises(OSError, match="403"):
        witness.tell(endpoint, 1, note)
    monkeypatch.setenv("SSL_CERT_FILE", "/dev/null")
    with pytest.raises(OSError, match="CERTIFICATE"):
        witness.tell(endpoint, 1, note)


def test_a_sheet_of_paper_is_a_witness(note: str) -> None:
    """The page holds the note as text and as a code; typed back, also with other line ends, it agrees; a digit off, not."""
    page = paper.page()
    assert "<svg" in page
    assert note.split("\n")[2] in page
    typed = "\r\n".join(f" {line} " for line in note.splitlines()) + "\r\n\r\n"
    assert witness.check(witness.tidied(typed))[0] == "agrees"
    wrong = note.replace(note.split("\n")[1], str(int(note.split("\n")[1]) + 1), 1)
    assert witness.check(wrong)[0] == "altered"


def test_a_note_of_a_longer_log_says_behind(note: str, fresh_database: str) -> None:
    """What was witnessed elsewhere is longer than the empty log here."""
    assert witness.check(note)[0] == "behind"
