"""A dump of the whole database shows no name, number or address: canaries in every field that can hold one."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from delivered import deliver
from suyuan import catalog
from suyuan.catalog.model import Field, RecordType
from suyuan.collection import actions as collection
from suyuan.collection import mapping
from suyuan.collection.imports import run
from suyuan.collection.store import Store
from suyuan.installation import Installation, current
from suyuan.installation.postgres import Server
from suyuan.review import actions as review
from suyuan.review.actions import GivenBack
from world import World

NUMBERS = iter(range(10_000))


def canary() -> str:
    """A word that is nowhere else."""
    return f"金丝雀{next(NUMBERS):05}鸟"


def planted(record_type: RecordType) -> dict[str, str]:
    """The example row of a type with a canary in each text without a form."""
    row = {name: field.example for name, field in record_type.fields.items() if field.example}
    return row | {name: canary() for name, field in record_type.fields.items() if _free(field)}


def _free(field: Field) -> bool:
    return field.type == "text" and not field.pattern and (field.max_length or 100) >= 10


def secrets_of(record_type: RecordType, row: dict[str, str]) -> Iterator[str]:
    """What of a row must show nowhere: free text, and every identifier."""
    for name, value in row.items():
        field = record_type.fields[name]
        coded = field.type in ("code", "place")  # a code is a facet and lies open: it names no one
        if _free(field) or field.type == "identifier" or (field.protection != "none" and not coded):
            yield value


def forms_of(secret: str) -> Iterator[bytes]:
    """How a value could lie in a dump: as text, as escaped JSON, as hex."""
    yield secret.encode()
    yield secret.encode("unicode_escape")
    yield secret.encode().hex().encode()
    yield secret.encode("utf-16-le").hex().encode()


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
@pytest.mark.usefixtures("level_two")
def test_a_dump_of_the_database_shows_no_canary(fresh_world: World, installation: Installation, tmp_path) -> None:  # type: ignore[no-untyped-def]
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
    _negative_control(installation, hidden[0])


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
    """One canary in one column is found."""
    with psycopg.connect(current().database("admin"), autocommit=True) as owner:
        owner.execute("CREATE TABLE leak AS SELECT convert_to(%s, 'UTF8') AS held", [secret])
    assert any(form in dump(installation) for form in forms_of(secret))
