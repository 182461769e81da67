"""Records leave under decision only: to a named recipient, as many as the limit, each of them entered (norm 1.3.3, 7.1.1)."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from click.testing import CliRunner
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from python_calamine import CalamineWorkbook

from delivered import deliver
from suyuan import catalog
from suyuan.access import grounds
from suyuan.access.acting import acting
from suyuan.access.errors import LimitReached, NoPurpose, NotAllowed
from suyuan.audit.exports import exports
from suyuan.catalog.model import Field
from suyuan.cli.root import root
from suyuan.installation import Installation, current
from suyuan.ledger import alarm, verify
from suyuan.ledger.acts import Act
from suyuan.records import export, queries
from suyuan.records.errors import ExportRefused, TooManyToExport
from suyuan.records.export import Wish
from suyuan.records.listing import Wanted
from suyuan.review import actions as review
from suyuan.web import sheet
from world import World, settle, signed_in

pytestmark = pytest.mark.usefixtures("database")
WISH = Wish("市人民检察院", "提请批准逮捕")
STARTS = "=+-@\t\r\n\0＝＋－＠"
Superuser = Callable[[], psycopg.Connection[Any]]


def one(kind: str, **values: str) -> dict[str, str]:
    """The example row of a type, under a key of its own."""
    record_type = catalog.current().types[kind]
    row = {f.name: f.example for f in record_type.fields.values() if f.example and f.type != "reference"}
    return row | ({"notice_no": f"X-{uuid4().hex[:10]}"} if kind == "violation" else {}) | values


def in_force(world: World, kind: str, *rows: dict[str, str]) -> list[UUID]:
    """Rows that went through their reviews."""
    batch, result, receipt = deliver(world.collector, kind, list(rows))
    assert receipt.digest, result.findings
    for who, step in ((world.first, 1), (world.second, 2)):
        with who.acting() as doing:
            review.decide(doing, batch, step, "approve", receipt.digest)
    return [result.records[number] for number in sorted(result.records)]


@pytest.fixture(scope="module")
def violations(installation: Installation, database: str) -> list[UUID]:
    """Three violations in force and one that waits for its review."""
    world = settle(installation)
    deliver(world.collector, "violation", [one("violation", driver_name="未审者")])
    return in_force(world, "violation", *(one("violation", driver_name=f"赵钱孙{n}") for n in "甲乙丙"))


@pytest.fixture(autouse=True)
def another_day(installation: Installation) -> Iterator[None]:
    """What was spent by one test does not count for the next."""
    yield
    with psycopg.connect(installation.database("owner"), autocommit=True) as owner:
        owner.execute("DELETE FROM access_use")


def taken(
    world: World, wish: Wish = WISH, kind: str = "violation", who: str = "head", **wanted: Any
) -> tuple[Any, bytes]:
    """An export and its file."""
    with getattr(world, who).acting() as doing:
        made = export.export(doing, catalog.current().types[kind], Wanted(**wanted), wish)
        return made, sheet.write(doing, made)


def cells(data: bytes) -> list[list[str]]:
    """The file's rows as text, whichever form it has."""
    if data[:2] == b"PK":
        return [[str(cell) for cell in row] for row in CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()]  # fmt: skip
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def entry(export_number: int) -> tuple[Any, ...]:
    """The ledger's entry of an export: person, ground, records, detail."""
    with psycopg.connect(current().database("owner")) as owner:
        [row] = owner.execute(
            "SELECT person, ground, shown, detail FROM ledger_entry WHERE act = %s AND (detail->>'export')::bigint = %s",
            [int(Act.export), export_number],
        ).fetchall()
        return row


@pytest.mark.clause("7.1.1", "5.3.1")
@pytest.mark.parametrize("form", ["xlsx", "csv"])
@pytest.mark.control("C14")
def test_a_file_leaves_and_every_record_in_it_is_entered(world: World, violations: list[UUID], form: str) -> None:
    """In force only, masked; the file says whose it is, row by row; the entry names each record, the recipient by digest."""
    made, data = taken(world, WISH._replace(format=form))
    rows = cells(data)
    text = "\n".join("\t".join(row) for row in rows)
    assert {row.record_id for row in made.rows} == set(violations)
    for words in ("市人民检察院", "提请批准逮捕", "吴长", f"第 {made.number} 号", "A3301020000002026010001", "须于"):
        assert words in text
    assert "赵钱孙" not in text and "未审者" not in text
    assert [row[0] for row in rows[-3:]] == [f"{made.number}-{n:04}" for n in (1, 2, 3)]
    person, ground, shown, detail = entry(made.number)
    assert (person, ground) == (world.head.person, world.head.ground)
    assert set(shown) == set(violations)
    assert detail == {"export": made.number, "rows": 3, "format": form}


@pytest.mark.clause("1.3.3")
def test_whole_values_leave_only_with_whoever_may_reveal(world: World, violations: list[UUID]) -> None:
    """A head may take them, and the entry names the fields; an analyst may not."""
    made, data = taken(world, WISH._replace(whole=True))
    assert sum("赵钱孙" in cell for row in cells(data) for cell in row) == 3
    assert "driver_name" in entry(made.number)[3]["revealed"]
    with pytest.raises(NotAllowed):
        taken(world, WISH._replace(whole=True), who="analyst")
    masked, _ = taken(world, who="analyst")
    assert "revealed" not in entry(masked.number)[3]


@pytest.mark.clause("1.3.1")
def test_protected_fields_never_leave(world: World) -> None:
    """Ethnicity has no column, whole or masked."""
    in_force(world, "resident", one("resident"))
    protected = [f for f in catalog.current().types["resident"].fields.values() if f.protection == "protected"]
    assert protected
    for whole in (False, True):
        made, data = taken(world, WISH._replace(whole=whole), "resident")
        assert not {f.name for f in protected} & {f.name for f in made.fields}
        assert not [cell for row in cells(data) for cell in row if cell in [f.label.zh for f in protected]]


@pytest.mark.clause("5.1.2", "7.2.1")
def test_nothing_leaves_without_ground_duty_words_and_records(world: World, violations: list[UUID]) -> None:
    """On duty alone, without a recipient, of another duty, or with nothing in force: refused, each in words."""
    rtype = catalog.current().types["violation"]
    with world.head.on_duty() as who, pytest.raises(NoPurpose):
        export.export(who, rtype, Wanted(), WISH)
    for name in ("collector", "first", "second", "final"):
        with getattr(world, name).acting() as who, pytest.raises(NotAllowed):
            export.export(who, rtype, Wanted(), WISH)
    for wish in (WISH._replace(recipient=" "), WISH._replace(purpose=""), WISH._replace(format="pdf")):
        with pytest.raises(ExportRefused):
            taken(world, wish)
    with pytest.raises(ExportRefused):
        taken(world, q="没有这个人")


@pytest.mark.clause("5.1.2")
def test_an_emergency_takes_nothing_out(fresh_world: World) -> None:
    """It opens records; it is no ground for a file."""
    with fresh_world.head.on_duty() as who:
        emergency = grounds.break_glass(who, "人质事件")
    with acting(fresh_world.head.person, emergency) as who, pytest.raises(NoPurpose):
        export.export(who, catalog.current().types["violation"], Wanted(), WISH)


@pytest.mark.control("C13")
def test_more_than_one_file_may_hold_is_refused_whole(
    world: World, violations: list[UUID], superuser: Superuser
) -> None:
    """Nothing is cut off in silence."""
    with transaction.atomic():
        superuser().execute("UPDATE access_limit SET rows_at_once = 2 WHERE kind = 'export'")
        with pytest.raises(TooManyToExport):
            taken(world)
        superuser().execute("UPDATE access_limit SET rows_at_once = 1000 WHERE kind = 'export'")


@pytest.mark.clause("5.1.2")
@pytest.mark.control("C13")
def test_the_sixth_file_of_a_day_is_refused_and_alarmed(
    world: World, violations: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five a day under one ground."""
    monkeypatch.setattr("suyuan.access.grounds.time.sleep", lambda _: None)
    for _ in range(5):
        taken(world)
    with pytest.raises(LimitReached):
        taken(world)
    assert alarm.latest()[-1].detail["kind"] == "export"


def _texts() -> Iterator[tuple[str, Field]]:
    """Every free text of the catalog that may leave."""
    for rtype in catalog.current().types.values():
        for field in export.fields_of(rtype):
            if field.type == "text" and not field.pattern and not field.multiple and rtype.level == 1:
                yield rtype.id, field


@pytest.mark.clause("1.3.3")
@pytest.mark.parametrize("form", ["xlsx", "csv"])
@pytest.mark.control("C39")
def test_no_text_of_a_file_runs_as_a_formula(world: World, violations: list[UUID], form: str) -> None:
    """Every text field of every type with each beginning that a spreadsheet takes for one (assurance, row 17)."""
    with world.head.acting() as who:
        held, tried = queries.open_record(who, violations[0]), 0
        for kind, field in _texts():
            rtype = catalog.current().types[kind]
            rows = [replace(held, type=kind, content={field.name: f"{start}1+1|cmd"}) for start in STARTS]
            wish = WISH._replace(recipient="=1+1", format=form, whole=True)
            made = export.Exported(1, timezone.now(), timezone.localdate(), wish, rtype, export.fields_of(rtype), rows)
            _assert_dead(sheet.write(who, made), form)
            tried += len(rows)
    assert tried > 200


def test_what_is_stored_stays_as_it_was_sent(fresh_world: World) -> None:
    """A text that begins like a formula is led by an apostrophe in the file only."""
    text = '=HYPERLINK("http://a.example","b")'
    [record] = in_force(fresh_world, "violation", one("violation", description=text))
    _, data = taken(fresh_world, WISH._replace(format="csv"))
    assert f"'{text}" in cells(data)[-1]
    with fresh_world.head.acting() as who:
        assert queries.open_record(who, record).content["description"] == text


def _assert_dead(data: bytes, form: str) -> None:
    if form == "xlsx":
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            xml = book.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in xml and "<f " not in xml
        assert all('t="s"' in cell for cell in re.findall(r"<c [^>]*[^/]>", xml))
        return
    for row in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")):
        assert not [cell for cell in row if cell and cell[0] in STARTS]


def test_a_live_formula_would_be_seen() -> None:
    """Negative control: text as it is stored does not pass."""
    out = io.StringIO()
    csv.writer(out).writerow(["=1+1"])
    with pytest.raises(AssertionError):
        _assert_dead(out.getvalue().encode("utf-8-sig"), "csv")


@pytest.mark.clause("5.1.2", "3.2.1")
def test_the_database_holds_the_rules_and_not_the_page(world: World, violations: list[UUID]) -> None:
    """Raw SQL as the application role: no row by INSERT, none of a record that waits, twice, out of reach or by another duty."""
    call = "SELECT records_export('violation', 'csv', %s, %s, '\\x00', '\\x00', current_date)"
    _, result, _ = deliver(world.collector, "violation", [one("violation")])
    waiting = result.records[1]
    attempts = [
        ("head", [False, [waiting]]), ("head", [False, [*violations, waiting]]), ("head", [False, [violations[0]] * 2]),
        ("head", [False, [uuid4()]]), ("head", [False, []]), ("analyst", [True, violations]), ("collector", [False, violations]),
    ]  # fmt: skip
    for name, values in attempts:
        with pytest.raises(DatabaseError), getattr(world, name).acting(), connection.cursor() as cursor:
            cursor.execute(call, values)
    with pytest.raises(DatabaseError), world.head.on_duty(), connection.cursor() as cursor:
        cursor.execute(call, [False, violations])
    with pytest.raises(DatabaseError), world.head.acting(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO records_export SELECT * FROM records_export")
    with world.head.acting(), connection.cursor() as cursor:  # negative control: what is right is taken
        cursor.execute(call, [False, violations])
        transaction.set_rollback(True)
    taken(world)
    with world.second.acting(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM records_export")
        assert cursor.fetchone()[0] == 0


@pytest.mark.clause("5.3.2")
@pytest.mark.parametrize(
    ("attack", "code"),
    [
        ("UPDATE records_export SET rows = rows + 1", "export.altered"),
        ("UPDATE records_export SET expires_on = expires_on + 1", "export.altered"),
        ("UPDATE records_export SET words = words || '\\x00'", "export.altered"),
        ("DELETE FROM records_export", "export.missing"),
    ],
)
def test_what_is_kept_about_an_export_cannot_be_changed(
    fresh_world: World, superuser: Superuser, attack: str, code: str
) -> None:
    """Refused by a trigger; done by a superuser without triggers, `verify` names it."""
    in_force(fresh_world, "violation", one("violation"))
    taken(fresh_world)
    assert {fault.code for fault in verify.verify()} <= {"ledger.witness_lost"}
    attacker = superuser()
    with pytest.raises(psycopg.errors.CheckViolation):
        attacker.execute(attack)
    attacker.execute("SET session_replication_role = replica")
    attacker.execute(attack)
    assert code in {fault.code for fault in verify.verify()}


@pytest.mark.clause("5.3.1")
@pytest.mark.control("C15")
def test_the_auditor_sees_who_took_what_for_whom(world: World, violations: list[UUID]) -> None:
    """With recipient and purpose in words, for a lawful purpose; nobody else, and the look is entered."""
    made, _ = taken(world, WISH._replace(recipient="省公安厅督察总队"))
    with world.auditor.acting() as who:
        found = exports(who, "lawfulness")[0]
    assert (found.export, found.person, found.rows) == (made.number, world.head.person, 3)
    assert (found.recipient, found.purpose) == ("省公安厅督察总队", "提请批准逮捕")
    assert found.writer
    page = signed_in(world.auditor.username).get("/audit/exports/?purpose=lawfulness").content.decode()
    assert "省公安厅督察总队" in page
    with world.head.acting() as who, pytest.raises(NotAllowed):
        exports(who, "lawfulness")


@pytest.mark.clause("7.1.1")
@pytest.mark.control("C12")
def test_the_page_asks_first_and_then_hands_out_the_file(world: World, violations: list[UUID]) -> None:
    """Button on the list; a factor that is not fresh is asked for again; what is missing is said at its field."""
    client = signed_in(world.head.username)
    client.post("/ground/", {"ground": world.head.ground})
    assert "/records/violation/export/" in client.get("/records/violation/").content.decode()
    page = client.get("/records/violation/export/").content.decode()
    assert "导出 3 条" in page and "市人民检察院" not in page
    form = {"recipient": "市人民检察院", "purpose": "提请批准逮捕", "format": "xlsx"}
    assert "invalid-feedback" in client.post("/records/violation/export/", form | {"recipient": ""}).content.decode()
    answer = client.post("/records/violation/export/", form)
    assert answer["Content-Disposition"].endswith('.xlsx"')
    assert len(cells(answer.content)) == 4 + 1 + 3
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": 0}]
    session.save()
    for stale in (client.get("/records/violation/export/"), client.post("/records/violation/export/", form)):
        assert "/reauthenticate/" in stale["Location"]


def test_a_search_result_leaves_as_it_was_found(world: World, violations: list[UUID]) -> None:
    """The button of a narrowed list takes the query along, sealed; nothing of it stands in the address."""
    client = signed_in(world.head.username)
    client.post("/ground/", {"ground": world.head.ground})
    found = client.post("/records/violation/", {"q": "赵钱孙乙"}, follow=True)
    address, _ = found.redirect_chain[-1]
    assert "赵" not in address and "%" not in address.split("?s=")[1].rstrip("%3D")
    [link] = re.findall(r'/records/violation/export/\?s=[^"]+', found.content.decode())
    assert "导出 1 条" in client.get(link).content.decode()
    stranger = signed_in(world.analyst.username)
    stranger.post("/ground/", {"ground": world.analyst.ground})
    assert "导出 3 条" in stranger.get(link).content.decode()


def test_the_command_writes_the_same_file(world: World, violations: list[UUID], tmp_path: Path) -> None:
    """By its ending; readable by its owner alone."""
    out = tmp_path / "v.csv"
    done = CliRunner().invoke(root, [
        "record", "export", "violation", "-o", str(out), "--recipient", "市人民检察院", "--purpose", "提请批准逮捕",
        "--as", world.head.username, "--ground", str(world.head.ground),
    ], standalone_mode=False)  # fmt: skip
    assert done.exception is None, done.exception
    assert len(cells(out.read_bytes())) == 4 + 1 + 3
    assert out.stat().st_mode & 0o077 == 0
