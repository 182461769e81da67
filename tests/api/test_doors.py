"""Four doors, one answer: form, file, API and command say the same of the same rows; and sending again adds nothing."""

from __future__ import annotations

import csv
import json
import threading
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from click.testing import CliRunner
from django.db import connection

from delivered import BASIS, rows_of
from program import Program
from suyuan import catalog
from suyuan.cli.root import root
from suyuan.collection import entry, queries, tasks, wizard
from suyuan.installation import current
from suyuan.records import queries as records
from world import Somebody, World

GOOD = {"notice_no": "FD-1", "occurred_on": "2024-03-05", "occurred_time": "08:30", "place": "110105", "address": "示例大街",
        "description": "未按导向车道行驶", "act": "P06-08", "points": "1"}  # fmt: skip
ROWS: list[dict[str, str]] = [
    GOOD,
    {"notice_no": "FD-2"},
    GOOD | {"notice_no": "FD-3", "occurred_on": "2999-01-01"},
    GOOD | {"notice_no": "FD-4", "occurred_on": "三月五日", "points": "许多"},
    GOOD | {"notice_no": "FD-5", "occurred_time": "25:00", "place": "999999"},
    GOOD | {"notice_no": " FD-6 ", "act": "不明", "points": "99"},
]
Found = list[list[str]]


def mapping_text() -> str:
    """A mapping that takes each column as the field of its name."""
    names = ", ".join(f"{name}: {name}" for name in GOOD)
    return (
        f"mapping: t\nlabel: {{zh: t, en: t}}\nlegal_basis: t\nsource: {{format: csv}}\nrecords:\n"
        f"  - type: violation\n    fields: {{{names}}}\n"
    )


def as_csv(path: Path) -> Path:
    """The rows as a file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(GOOD))
        writer.writeheader()
        writer.writerows(ROWS)
    return path


def by_form() -> Found:
    """What the form says of each row, by rule."""
    verdicts = [entry.judge(catalog.current().types["violation"], row) for row in ROWS]
    return [sorted(note.rule for notes in (*one.notes.values(), one.general) for note in notes) for one in verdicts]


def by_file(who: Somebody, path: Path) -> Found:
    """What the wizard's import says."""
    data = path.read_bytes()
    with who.acting() as acting:
        made = wizard.receive(acting, path.name, [data], len(data), catalog.current())
        wizard.set_mapping(acting, queries.job(acting, made), mapping_text(), BASIS, catalog.current())
        wizard.start(acting, queries.job(acting, made))
    tasks.take_in(made, who.person, who.ground)
    with who.acting() as acting:
        found = [one for table in queries.findings(acting, made) for one in table.to_pylist()]
    first = 2  # the row below the heading
    return [sorted(one["rule"] for one in found if one["row"] == number) for number in range(first, first + len(ROWS))]


def by_api(who: Somebody) -> Found:
    """What the API says."""
    answer = Program.of(who).post("types/violation/batches", {"basis": BASIS, "rows": ROWS})
    assert answer.status_code == 201, answer.content.decode()
    found = answer.json()["findings"]
    return [sorted(one["rule"] for one in found if one["row"] == number) for number in range(1, len(ROWS) + 1)]


def by_command(who: Somebody, path: Path) -> Counter[str]:
    """What the command counts, by rule."""
    chosen = path.with_suffix(".yaml")
    chosen.write_text(mapping_text(), encoding="utf-8")
    line = ["import", str(path), "--mapping", str(chosen), "--as", who.username, "--json"]
    result = CliRunner().invoke(root, line, standalone_mode=False)
    assert result.exception is None, result.exception
    return Counter({one["rule"]: one["count"] for one in json.loads(result.stdout)["findings"]})


@pytest.mark.clause("1.3.4", "3.1.1", "3.1.2")
@pytest.mark.control("C39")
def test_form_file_api_and_command_say_the_same(fresh_world: World, tmp_path: Path) -> None:
    """Row by row the same findings, whatever door they came through."""
    path = as_csv(tmp_path / "rows.csv")
    said = by_form()
    assert said[0] == []
    assert all(said[1:5])
    assert by_api(fresh_world.collector) == said
    assert by_file(fresh_world.collector, path) == said
    assert by_command(fresh_world.collector, path) == Counter(rule for rules in said for rule in rules)


def stored() -> int:
    """How many revisions there are."""
    with psycopg.connect(current().database("admin"), autocommit=True) as db:
        row = db.execute("SELECT count(*) FROM records_revision").fetchone()
    return int(row[0]) if row else 0


@pytest.mark.clause("3.1.2")
def test_a_delivery_sent_again_adds_nothing(fresh_world: World) -> None:
    """With its key it is told the same; without one its rows are duplicates; the key of another delivery is refused."""
    program = Program.of(fresh_world.collector)
    body = {"basis": BASIS, "rows": rows_of("violation", 3)}
    first = program.post("types/violation/batches", body, **{"Idempotency-Key": "2026-01"})
    again = program.post("types/violation/batches", body, **{"Idempotency-Key": "2026-01"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert stored() == 3
    other = program.post("types/violation/batches", body | {"label": "x"}, **{"Idempotency-Key": "2026-01"})
    assert (other.status_code, other.json()["error"]["code"]) == (409, "collection.key_reused")
    bare = program.post("types/violation/batches", body)
    assert (bare.json()["duplicate"], bare.json()["accepted"], stored()) == (3, 0, 3)


def test_a_key_is_its_sender_s_own(fresh_world: World) -> None:
    """A colleague's delivery under the same key is another delivery."""
    body = {"basis": BASIS, "rows": rows_of("violation", 1)}
    keyed = {"Idempotency-Key": "k"}
    first = Program.of(fresh_world.collector).post("types/violation/batches", body, **keyed)
    second = Program.of(fresh_world.colleague).post("types/violation/batches", body, **keyed)
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json()["duplicate"] == 1


def test_the_same_delivery_at_once_goes_in_once(fresh_world: World) -> None:
    """Eight senders with one key: one batch, and all are told of it."""
    body = {"basis": BASIS, "rows": rows_of("violation", 2)}
    program, told = Program.of(fresh_world.collector), []

    def send() -> None:
        told.append(program.post("types/violation/batches", body, **{"Idempotency-Key": "k"}).json()["batch"])
        connection.close()

    senders = [threading.Thread(target=send) for _ in range(8)]
    for one in senders:
        one.start()
    for one in senders:
        one.join()
    assert (len(told), len(set(told)), stored()) == (8, 1, 2)


def test_digits_arrive_as_they_were_written(fresh_world: World) -> None:
    """Numbers, booleans and lists of a program are the values that a form or a file would have brought."""
    [row] = rows_of("violation", 1)
    row |= {"notice_no": "20240001.50", "longitude": "116.416350", "caused_accident": "false"}
    body = json.dumps({"basis": BASIS, "rows": [row]}, ensure_ascii=False)
    typed = (
        body.replace('"20240001.50"', "20240001.50").replace('"116.416350"', "116.416350").replace('"false"', "false")
    )
    assert typed != body
    program = Program.of(fresh_world.collector)
    written, again = (program.post("types/violation/batches", one) for one in (typed, body))
    assert (written.json()["accepted"], again.json()["duplicate"]) == (1, 1), written.content.decode()
    with fresh_world.collector.acting() as who:
        content = records.open_record(who, UUID(written.json()["outcomes"][0]["record"])).content
    assert (content["notice_no"], content["longitude"], content["caused_accident"]) == (
        "20240001.50",
        "116.41635",
        False,
    )


@pytest.mark.clause("3.4.2")
def test_a_row_corrects_the_record_it_names(fresh_world: World) -> None:
    """Also where its number has changed with it; a record out of reach is not there."""
    program = Program.of(fresh_world.collector)
    [row] = rows_of("violation", 1)
    batch = program.post("types/violation/batches", {"basis": BASIS, "rows": [row]}).json()
    record, digest = batch["outcomes"][0]["record"], batch["digest"]
    back = {"record": record, "rev": 1, "field": "notice_no", "code": "wrong", "reason": "编号与文书不符"}
    decision = {"outcome": "return", "digest": digest, "reason": "编号有误", "returns": [back]}
    first = Program.of(fresh_world.first)
    assert first.post(f"reviews/{batch['batch']}/decision", decision).status_code == 200
    state: dict[str, Any] = program.get(f"batches/{batch['batch']}").json()
    assert [(one["field"], one["reason"]) for one in state["returns"]] == [("notice_no", "编号与文书不符")]
    mended = row | {"notice_no": "改正后", "_amends": record}
    again = program.post("types/violation/batches", {"basis": BASIS, "rows": [mended]}).json()
    assert again["outcomes"][0]["record"] == record
    assert [one["rev"] for one in program.get(f"records/{record}/history").json()["revisions"]] == [1, 2]
    missing = row | {"_amends": "00000000-0000-7000-8000-000000000000"}
    assert program.post("types/violation/batches", {"basis": BASIS, "rows": [missing]}).status_code == 404


@pytest.mark.clause("5.2.1")
def test_a_type_above_one_s_clearance_is_refused_at_every_door(fresh_world: World) -> None:
    """In words, before anything is stored."""
    answer = Program.of(fresh_world.collector).post(
        "types/control_measure/batches", {"basis": BASIS, "rows": rows_of("control_measure", 1)}
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "access.not_allowed")
