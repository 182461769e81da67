"""How much may be sent: settled before it is read, by who sends it and where to."""

from __future__ import annotations

import contextlib
import http.client
import os
import threading
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from program import Program
from served import Served, serving
from suyuan.collection import actions
from suyuan.collection.queries import jobs
from suyuan.installation import Installation
from suyuan.web import bodies, uploads
from world import World, signed_in

SENT = int(os.environ.get("SUYUAN_SENT_MB", "200")) << 20  # the figure of docs/performance.md is taken with 600
FILE = 100 << 20  # of a collector: taken in, as it should be
SPARE = 10 << 20
TAIL = b"\r\n--b--\r\n"
FORM = "application/x-www-form-urlencoded"


class Untouchable(BytesIO):
    """A body that nobody may read."""

    def read(self, *_: object) -> bytes:  # type: ignore[override]
        """See above."""
        raise AssertionError("the body was read")

    readline = read  # type: ignore[assignment]


def post(client: Client, path: str, length: object, **more: object) -> int:
    """Announce a body of a length that must not be read; gives the status."""
    request = {"CONTENT_LENGTH": str(length), "wsgi.input": Untouchable(), "CONTENT_TYPE": FORM} | more
    return client.generic("POST", path, b"", **request).status_code  # type: ignore[arg-type]


@pytest.mark.control("C39")
def test_whoever_is_not_signed_in_sends_a_form_and_no_more(world: World) -> None:
    """Every page and the API, whatever is announced; a small form is read."""
    for path in ("/sign-in/", "/activate/", "/collect/import/", "/records/", "/language/"):
        assert post(Client(), path, bodies.OF_NOBODY + 1) == 413, path
    for headers in ({}, {"HTTP_AUTHORIZATION": "Bearer suyuan_wrong"}):
        assert post(Client(), "/api/types/violation/batches", bodies.OF_NOBODY + 1, **headers) == 413
    assert Client().post("/sign-in/", {"login": "x" * 1000, "password": "y"}).status_code == 200


@pytest.mark.control("C39")
def test_a_signed_in_person_sends_forms_and_a_collector_a_file_where_files_belong(world: World) -> None:
    """The wizard's page alone, and only under a duty that collects; elsewhere the large body is refused unread."""
    collector, head = signed_in(world.collector.username), signed_in(world.head.username)
    large = actions.LARGEST
    assert post(head, "/collect/import/", bodies.OF_A_PERSON + 1) == 413
    assert post(Client(), "/collect/import/", bodies.OF_A_PERSON + 1) == 413
    for path in ("/records/", "/account/", "/collect/new/case/"):
        assert post(collector, path, bodies.OF_A_PERSON + 1) == 413, path
    assert post(collector, "/collect/import/", large + (1 << 20)) == 413
    with pytest.raises(AssertionError, match="was read"):
        post(collector, "/collect/import/", large, CONTENT_TYPE="multipart/form-data; boundary=b")


@pytest.mark.control("C39")
def test_what_does_not_say_how_long_it_is_is_not_read(world: World) -> None:
    """Chunks without a length, and a length that is none."""
    client = signed_in(world.collector.username)
    for path in ("/sign-in/", "/collect/import/"):
        assert post(client, path, "", HTTP_TRANSFER_ENCODING="chunked") == 411
        assert post(client, path, "12a") == 411


@pytest.mark.control("C39")
def test_a_program_with_a_live_token_sends_a_delivery(world: World) -> None:
    """Up to what its description says; the token is asked before the body is read."""
    program = Program.of(world.collector)
    rows = {"basis": "x" * (bodies.OF_NOBODY + 1), "rows": []}
    assert program.post("types/violation/batches", rows).status_code == 422
    bearer = {"HTTP_AUTHORIZATION": program.headers["Authorization"]}
    assert post(Client(), "/api/types/violation/batches", 11 << 20, **bearer) == 413


@pytest.mark.control("C39")
def test_a_file_where_none_belongs_is_dropped(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It never reaches memory; many files and many fields are refused. Where files belong it arrives."""
    made: list[int] = []
    real = os.memfd_create
    monkeypatch.setattr(uploads.os, "memfd_create", lambda name: made.append(1) or real(name))
    file = SimpleUploadedFile("a.csv", "号牌号码,号牌种类\n浙A12345,02\n".encode())
    client = signed_in(world.collector.username)
    Client().post("/sign-in/", {"login": "x", "password": "y", "file": file})
    file.seek(0)
    client.post("/account/", {"file": file})
    signed_in(world.head.username).post("/collect/import/", {"file": SimpleUploadedFile("a.csv", b"a\n1\n")})
    assert made == []
    file.seek(0)
    assert client.post("/collect/import/", {"file": file}).status_code == 302
    assert made
    with world.collector.acting() as who:
        assert [one.about["name"] for one in jobs(who)] == ["a.csv"]
    many = {f"f{number}": SimpleUploadedFile("a.csv", b"1") for number in range(3)}
    assert client.post("/collect/import/", many).status_code == 400
    fields = {f"f{number}": "1" for number in range(2_001)}
    assert client.post("/account/", fields).status_code == 400


def memory(process: int) -> int:
    """Bytes that a process holds now: its own memory and the files without a path that it keeps in memory."""
    here = Path(f"/proc/{process}")
    lines = dict(line.split(":", 1) for line in (here / "status").read_text().splitlines())
    held = int(lines["VmRSS"].split()[0]) << 10
    for one in (here / "fd").iterdir():
        with contextlib.suppress(OSError):
            held += one.stat().st_blocks * 512 if "memfd:" in str(one.readlink()) else 0
    return held


@contextlib.contextmanager
def highest(process: int) -> Iterator[list[int]]:
    """Looks at a process's memory all the time; the list holds the most that was seen."""
    seen, over = [memory(process)], threading.Event()

    def watch() -> None:
        while not over.wait(0.005):
            seen[0] = max(seen[0], memory(process))

    watching = threading.Thread(target=watch)
    watching.start()
    yield seen
    over.set()
    watching.join()


@pytest.fixture
def server(installation: Installation, world: World, database: str) -> Iterator[Served]:
    """A real server that has answered once."""
    with serving(installation, database) as one:
        for _ in range(5):
            _get(one, "/sign-in/")
        yield one


def _get(server: Served, path: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    return str(answer.headers.get("Set-Cookie", "")).split(";")[0].partition("=")[2]


def send(server: Served, path: str, *, chunked: bool = False, size: int = SENT, session: str = "") -> int:
    """Send zeros as a form with a file and a right token; gives the status, 0 if the connection was cut."""
    token = _get(server, "/sign-in/")
    head = (f'--b\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n{token}\r\n--b\r\n'
            'Content-Disposition: form-data; name="file"; filename="a"\r\n\r\n').encode()  # fmt: skip
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.putrequest("POST", path)
    connection.putheader("Cookie", f"csrftoken={token}; sessionid={session}")
    connection.putheader("Content-Type", "multipart/form-data; boundary=b")
    connection.putheader(
        *(("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(size + len(head) + len(TAIL))))
    )
    connection.endheaders()
    piece = bytes(1 << 20)
    try:
        connection.send(b"%x\r\n%b\r\n" % (len(head), head) if chunked else head)
        for _ in range(size >> 20):
            connection.send(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        connection.send(b"%x\r\n%b\r\n0\r\n\r\n" % (len(TAIL), TAIL) if chunked else TAIL)
    except OSError:
        pass  # the server need not wait for all of it
    try:
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0


@pytest.mark.control("C39")
def test_what_nobody_sends_does_not_fill_the_memory(
    server: Served, installation: Installation, record_property: Callable[[str, object], None]
) -> None:
    """200 MB to each door, with a length and without: the process that answers grows by 10 MB at most."""
    [worker] = server.workers()[-1:]
    for path in ("/sign-in/", "/activate/", "/collect/import/", "/api/types/violation/batches"):
        send(server, path)  # what answering itself takes is taken once
    before = memory(worker)
    with highest(worker) as most:
        for chunked in (False, True):
            for path in ("/sign-in/", "/activate/", "/collect/import/", "/api/types/violation/batches"):
                assert send(server, path, chunked=chunked) in (0, 411, 413)
    record_property("grown_mb", round((most[0] - before) / 2**20, 1))
    assert most[0] - before <= SPARE


@pytest.mark.control("C39")
def test_the_measure_notices_what_is_taken_in(server: Served, world: World) -> None:
    """A collector's file of 100 MB lies in memory while it is read: what the test above would see."""
    session = signed_in(world.collector.username).cookies["sessionid"].value
    [worker] = server.workers()[-1:]
    before = memory(worker)
    with highest(worker) as most:
        assert send(server, "/collect/import/", size=FILE, session=session) == 302
    assert most[0] - before > FILE
