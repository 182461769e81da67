"""What the catalog adds about persons leaves quarantine by two security administrators, and is nowhere before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from django.db import DatabaseError, connection, transaction
from django.test import Client

from delivered import rows_of
from program import Program
from suyuan import catalog
from suyuan.access import clearings
from suyuan.access.errors import Conflict, Incomplete, NotAllowed
from suyuan.catalog.loader import examine
from suyuan.cli.root import root
from suyuan.collection import mapping
from suyuan.collection.errors import MappingFault
from suyuan.collection.plan import validate
from suyuan.installation import current
from suyuan.ledger import bound
from suyuan.records import releases
from suyuan.records.errors import CatalogChanged
from world import COUNTY, Somebody, World, signed_in

OWN = """violation:
  groups:
    - {id: own, label: {zh: 自有, en: Own}, fields: [shelf_no, diet]}
  fields:
    shelf_no: {type: text, label: {zh: 档案架号, en: Shelf number}, max_length: 20, search: exact,
               purpose: 找到案卷, basis: 某管理规定第八条, retention: {years: 3, source: 保管期限表}}
    diet: {type: text, label: {zh: 饮食, en: Food}}
"""
SHELF = "violation.shelf_no"


@pytest.fixture
def own(fresh_world: World) -> Iterator[World]:
    """An installation whose overlay adds two fields to a type about persons; one does not say what it must."""
    folder = current().data / catalog.OVERLAY
    (folder / "types").mkdir(parents=True)
    (folder / "types" / "own.yaml").write_text(OWN, encoding="utf-8")
    catalog._current.cache_clear()
    yield fresh_world
    (folder / "types" / "own.yaml").unlink()
    (folder / "types").rmdir()
    folder.rmdir()
    catalog._current.cache_clear()


def held(subject: str) -> Any:
    """What lies in quarantine under a name."""
    return next(one for one in catalog.current().quarantine if one.subject == subject)


def restarted() -> set[str]:
    """The fields of the type as the next process loads them."""
    catalog._current.cache_clear()
    return set(catalog.current().types["violation"].fields)


def clear(world: World) -> int:
    """One proposes, another approves."""
    with world.security.acting() as who:
        number = clearings.propose(who, held(SHELF), reason="数据标准〔2026〕3号")
    with world.security2.acting() as who:
        clearings.approve(who, number)
    return number


def page(who: Somebody, address: str) -> str:
    """A page as its reader sees it."""
    client: Client = signed_in(who.username)
    client.post("/ground/", {"ground": who.ground})
    return client.get(address).content.decode()


def importing(field: str) -> None:
    """A mapping that feeds a field, looked at as the wizard, the command and the preview look at it."""
    text = f"mapping: t\nlabel: {{zh: t, en: t}}\nlegal_basis: t\nsource: {{format: csv}}\nrecords:\n  - type: violation\n    fields: {{{field}: a}}\n"
    validate(mapping.parse(text, "m.yaml"), catalog.current(), ["a"])


@pytest.mark.clause("bounds", "1.3.1", "5.1.1")
@pytest.mark.control("C7", "C32")
def test_a_field_is_nowhere_until_two_cleared_it(own: World) -> None:
    """Not in the form, not by the API, not by a file, each in words; by two persons it becomes a field like others."""
    row = rows_of("violation", 1)[0]
    body = {"basis": "依法调取", "rows": [row | {"shelf_no": "B7"}]}
    assert "档案架号" not in page(own.collector, "/collect/new/violation/")
    answer = Program.of(own.collector).post("types/violation/batches", body)
    assert answer.status_code == 422
    assert "隔离" in answer.content.decode()
    with pytest.raises(MappingFault, match="隔离"):
        importing("shelf_no")
    assert "shelf_no" not in restarted()
    clear(own)
    assert "shelf_no" in restarted()
    assert "diet" not in restarted()
    assert "档案架号" in page(own.collector, "/collect/new/violation/")
    importing("shelf_no")
    assert Program.of(own.collector).post("types/violation/batches", body).status_code == 201


@pytest.mark.clause("bounds", "5.1.1")
@pytest.mark.control("C7")
def test_nobody_clears_alone_and_nobody_else_does(own: World, superuser: Callable[[], psycopg.Connection[Any]]) -> None:
    """Not the proposer, no other duty, no administrator of a county; what lacks its statements is not proposed at all."""
    with own.security.acting() as who:
        number = clearings.propose(who, held(SHELF), reason="x")
        with pytest.raises(Conflict):
            clearings.approve(who, number)
        with pytest.raises(Conflict):
            clearings.propose(who, held(SHELF), reason="again")
        with pytest.raises(Incomplete, match="用途"):
            clearings.propose(who, held("violation.diet"), reason="x")
    for somebody in (own.system, own.auditor, own.head, own.collector):
        with somebody.acting() as who, pytest.raises(NotAllowed):
            clearings.approve(who, number)
    superuser().execute("UPDATE access_duty SET agency = %s WHERE duty = %s", [COUNTY, own.security2.duty])
    with own.security2.acting() as who, pytest.raises(NotAllowed):
        clearings.approve(who, number)
    assert "shelf_no" not in restarted()


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO access_clearing (subject, declaration, digest, reason, proposed_by) SELECT subject, declaration, digest, 'x', 1 FROM access_clearing",
        "UPDATE access_clearing SET approved = true", "DELETE FROM access_clearing", "TRUNCATE access_clearing",
        "SELECT access_propose_clearing('violation.diet', '{\"subject\": \"violation.diet\"}', 'x')",
        "SELECT access_propose_clearing('violation.diet', '{\"subject\": \"case.other\", \"purpose\": \"x\", \"basis\": \"x\"}', 'x')",
    ],
)  # fmt: skip
def test_the_database_holds_the_rules(own: World, statement: str) -> None:
    """Raw SQL under the application's role, as a security administrator: no row, no change, no empty declaration."""
    with own.security.acting() as who:
        clearings.propose(who, held(SHELF), reason="x")
    with pytest.raises(DatabaseError), own.security2.acting(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.clause("bounds", "5.3.1")
def test_each_step_is_entered_and_the_auditor_sees_it(
    own: World, superuser: Callable[[], psycopg.Connection[Any]]
) -> None:
    """The row is bound to its entries; changed behind the ledger it is named; the page shows it to the auditor read-only."""
    number = clear(own)
    assert list(bound.verify_rows()) == []
    for reader in (own.auditor, own.security):
        text = page(reader, "/quarantine/")
        assert SHELF in text
        assert "某管理规定第八条" in text
        assert "缺少" in text
    assert 'value="approve"' not in page(own.auditor, "/quarantine/")
    db = superuser()
    db.execute("SET session_replication_role = replica")
    db.execute("UPDATE access_clearing SET reason = 'y' WHERE clearing = %s", [number])
    assert [one.code for one in bound.verify_rows()] == ["row.altered"]


def test_the_page_takes_a_proposal_and_its_approval(own: World) -> None:
    """By the forms it shows; whoever proposed gets no button to approve."""
    first, second = (signed_in(one.username) for one in (own.security, own.security2))
    for client, one in ((first, own.security), (second, own.security2)):
        client.post("/ground/", {"ground": one.ground})
    first.post("/quarantine/", {"act": "propose", "digest": held(SHELF).digest, "reason": "数据标准〔2026〕3号"})
    assert 'value="approve"' not in first.get("/quarantine/").content.decode()
    assert 'value="approve"' in second.get("/quarantine/").content.decode()
    with own.security.acting() as who:
        [waiting] = clearings.listed(who)
    second.post("/quarantine/", {"act": "approve", "number": waiting.clearing})
    assert "shelf_no" in restarted()


def test_commands_do_the_same(own: World) -> None:
    """Propose, list, approve, and what is left in quarantine."""

    def said(*words: str) -> str:
        done = CliRunner().invoke(root, list(words), standalone_mode=False)
        assert done.exception is None, done.exception
        return done.output

    number = said("clearing", "propose", SHELF, "--reason", "x", "--as", own.security.username).strip()
    assert SHELF in said("clearing", "list", "--as", own.auditor.username)
    assert SHELF in said("catalog", "quarantine")
    said("clearing", "approve", number, "--as", own.security2.username)
    left = said("catalog", "quarantine")
    assert SHELF not in left
    assert "violation.diet" in left
    assert "缺少" in left


def test_what_was_cleared_starts_once_its_release_is_recorded(own: World) -> None:
    """A clearing changes what is loaded, as an edited file does: nothing starts under a release that nobody recorded."""
    releases.settle()
    clear(own)
    assert "shelf_no" in restarted()
    with pytest.raises(CatalogChanged, match="clearings"):
        releases.settle()
    with own.security.acting() as who:
        releases.record(who, "数据标准〔2026〕3号")
    releases.settle()


def test_another_letter_and_it_is_in_quarantine_again(own: World) -> None:
    """The clearing is of the declaration; one made beforehand counts once the file is in place."""
    clear(own)
    restarted()
    sent = {"basis": "依法调取", "rows": [rows_of("violation", 1)[0] | {"shelf_no": "B7-9"}]}
    stored = Program.of(own.collector).post("types/violation/batches", sent).json()["outcomes"][0]["record"]
    assert "B7-9" in page(own.collector, f"/record/{stored}/")
    path = current().data / catalog.OVERLAY / "types" / "own.yaml"
    path.write_text(OWN.replace("档案架号", "档案架位"), encoding="utf-8")
    assert "shelf_no" not in restarted()
    for answer in (
        page(own.collector, f"/record/{stored}/"),
        Program.of(own.collector).get(f"records/{stored}").content.decode(),
    ):
        assert "2024" in answer  # the record opens
        assert "B7-9" not in answer
    assert Program.of(own.head).post(f"records/{stored}/revisions/1/reveal/shelf_no").status_code == 404
    path.write_text(OWN, encoding="utf-8")
    assert "shelf_no" in restarted()
    assert examine([path.parents[1]]).catalog.quarantine
