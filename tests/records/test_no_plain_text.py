"""No name, number or address comes to light: canaries in every field that can hold one, looked for in a dump of the database
and in logs, addresses, refusals and files (assurance, row 27)."""

from __future__ import annotations

import io
import logging
import os
import secrets
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import psycopg
import pytest
from django.contrib.sessions.backends.db import SessionStore as Plain
from django.db import connection
from psycopg.conninfo import conninfo_to_dict

from canaries import MARK, canary, forms_of, free, planted
from delivered import deliver
from records.doors import Seen, through, told
from suyuan import catalog
from suyuan.access.sign_in.store import SessionStore
from suyuan.catalog.model import RecordType
from suyuan.collection import actions as collection
from suyuan.collection import mapping
from suyuan.collection.imports import run
from suyuan.collection.store import Store
from suyuan.installation import Installation, current
from suyuan.installation.postgres import Server
from suyuan.review import actions as review
from suyuan.review.actions import GivenBack
from suyuan.web.logs import Line
from world import World


def secrets_of(record_type: RecordType, row: dict[str, str]) -> Iterator[str]:
    """What of a row must show nowhere: free text, and every identifier."""
    for name, value in row.items():
        field = record_type.fields[name]
        coded = field.type in ("code", "place")  # a code is a facet and lies open: it names no one
        if free(field) or field.type == "identifier" or (field.protection != "none" and not coded):
            yield value


def dump(installation: Installation) -> bytes:
    """Everything: schema, tables, large objects, as the superuser's pg_dump writes it."""
    place = conninfo_to_dict(installation.database("admin"))
    done = subprocess.run(
        [Server(installation).program("pg_dump"), "-h", str(place["host"]), "-p", str(place["port"]), "-U",
         str(place["user"]), str(place["dbname"])],
        env={"PGPASSWORD": str(place["password"]), "LC_ALL": "C.UTF-8"}, capture_output=True, check=True,
    )  # fmt: skip
    return done.stdout


@pytest.mark.clause("3.3.3", "5.2.1")
@pytest.mark.control("C22", "C26")
def test_a_dump_of_the_database_shows_no_canary(
    fresh_world: World, level_two: None, installation: Installation, tmp_path: Path
) -> None:
    """Records of every type in force or waiting, rows given back, findings, reasons, drafts, file names."""
    world, hidden = fresh_world, []
    with psycopg.connect(installation.database("admin"), autocommit=True) as owner:
        owner.execute("UPDATE access_duty SET clearance = 2")
    taken = 0
    for record_type in catalog.current().types.values():
        row = planted(record_type)
        batch, result, receipt = deliver(world.collector, record_type.id, [row])
        hidden += secrets_of(record_type, row)
        taken += result.accepted + result.warned
        if receipt.digest and result.records:
            _give_back(world, batch, result, receipt.digest, hidden)
        with world.collector.acting() as who:
            collection.save_draft(who, collection.new_id(), record_type.id, row)
    assert taken >= 20
    hidden += _import(world, tmp_path)
    everything = dump(installation)
    assert b"records_revision" in everything
    assert len(hidden) > 250
    shown = [secret for secret in hidden if len(secret) >= 6 and any(form in everything for form in forms_of(secret))]
    assert shown == []
    _negative_control(installation, f"漏出的字{secrets.token_hex(4)}")  # no canary, which the next test would find


def _give_back(world, batch, result, digest, hidden) -> None:  # type: ignore[no-untyped-def]
    reasons = [canary(), canary()]
    [record] = set(result.records.values())
    with world.first.acting() as who:
        review.decide(who, batch, 1, "return", digest, reason=reasons[0], returns=[
            GivenBack(record, 1, "", "wrong", reasons[1])])  # fmt: skip
    hidden += reasons


def _import(world: World, folder) -> list[str]:  # type: ignore[no-untyped-def]
    """A file with a telling name, one good row and one that is returned with its values in the findings."""
    name, good, bad = canary(), canary(), canary()
    path = folder / f"{name}.csv"
    path.write_text(f"no,day,where\nX{good},2026-03-05,{good}\nX{bad},{bad},{bad}\n", encoding="utf-8")
    chosen = mapping.parse(
        "mapping: c\nlegal_basis: 测试\nsource: {format: csv}\nrecords:\n  - type: alarm_call\n"
        "    fields: {call_no: no, received_on: day, address: where, source_category: where}\n", "c.yaml",
    )  # fmt: skip
    sink = Store(world.collector.person, world.collector.ground, path.name)
    with path.open("rb") as stream:
        result = run(stream, chosen, catalog.current(), sink)
    sink.finish()
    assert (result.tally.taken, result.tally.returned) == (1, 1), result.findings()
    return [name, good, bad]


def _negative_control(installation: Installation, secret: str) -> None:
    """One word in one column is found."""
    with psycopg.connect(current().database("admin"), autocommit=True) as owner:
        owner.execute("CREATE TABLE leak AS SELECT convert_to(%s, 'UTF8') AS held", [secret])
    assert any(form in dump(installation) for form in forms_of(secret))


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the product would write to its log, down to what it does not write unless asked."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(Line("{asctime} {levelname} {name} {message}", style="{"))
    root, before = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield out
    root.removeHandler(handler)
    root.setLevel(before)


def shown_in(data: bytes) -> bool:
    """Whether any canary of this process stands in these bytes."""
    return any(form in data for form in forms_of(MARK))


def lines_with_canaries(data: bytes) -> list[str]:
    """Lines of a dump in which one stands, each led by the table it belongs to."""
    found, table = [], ""
    for line in data.split(b"\n"):
        table = line.decode() if line.startswith(b"COPY ") else table
        found += [f"{table} {line.decode(errors='replace')[:200]}"] if shown_in(line) else []
    return found


def sessions_in_plain() -> tuple[list[dict[str, Any]], bool]:
    """Sessions that can be read from the table without a key, and whether those that cannot hold a canary."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT session_key, session_data FROM django_session")
        stored = cursor.fetchall()
    held = [SessionStore(key).decode(sealed) for key, sealed in stored]
    return [found for _, sealed in stored if (found := Plain().decode(sealed))], any(
        shown_in(unquote(str(one)).encode()) for one in held
    )


def files_with_canaries(folder: Path, since: float) -> list[str]:
    """Files written since then in which a canary stands; those of the test runner itself are not looked at."""
    found = []
    for path in (
        Path(where, name) for where, _, names in os.walk(folder) for name in names
    ):  # others' folders come and go
        try:
            if path.is_file() and path.stat().st_mtime >= since and "pytest-of" not in str(path):
                found += [str(path)] if shown_in(path.read_bytes()) else []
        except OSError:  # gone or not ours
            continue
    return found


@pytest.mark.clause("1.3.3", "5.3.1")
@pytest.mark.control("C22")
def test_no_canary_leaves_by_a_side_door(
    fresh_world: World, installation: Installation, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through entry, import, review, search, export, refusals and faults: none in logs, addresses, refusals, cookies, the
    database or a file that was left."""
    began = time.time() - 1
    seen = through(fresh_world, monkeypatch)
    planted_so_far = int(canary()[len(MARK) : -1])
    assert planted_so_far > 500
    assert len(seen.addresses) > 500
    assert seen.closed
    assert told(seen.addresses, MARK) == []
    assert [page for page in seen.closed if MARK in page] == []
    assert [one for one in seen.cookies if shown_in(unquote(one).encode())] == []
    assert sessions_in_plain() == ([], True)
    assert "ValueError" in log.getvalue()
    assert "UniqueViolation 23505" in log.getvalue()
    assert not shown_in(log.getvalue().encode())
    assert lines_with_canaries(dump(installation)) == []
    assert files_with_canaries(installation.data, began) == []
    assert files_with_canaries(Path(tempfile.gettempdir()), began) == []
    _side_doors_are_watched(seen, log, installation, began)


def _side_doors_are_watched(seen: Seen, log: io.StringIO, installation: Installation, began: float) -> None:
    """Negative control: a canary at each of these places is seen."""
    assert told(["/search/?q=%E9%87%91%E4%B8%9D%E9%9B%80" + canary().removeprefix("金丝雀")], MARK)
    logging.getLogger("suyuan").warning("Refused: %s", canary())
    assert shown_in(log.getvalue().encode())
    left = Path(tempfile.gettempdir()) / f"left-{MARK.encode().hex()}"
    left.write_text(canary(), encoding="utf-16-le")
    assert str(left) in files_with_canaries(Path(tempfile.gettempdir()), began)
    left.unlink()
    with psycopg.connect(current().database("admin"), autocommit=True) as owner:
        owner.execute("CREATE TABLE leak AS SELECT %s::text AS held", [canary()])
    assert shown_in(dump(installation))
