"""Every table and every column is evidence that `verify` checks, or says why it is none (norm 5.3.1, 5.3.2)."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from suyuan.installation import Installation, current
from suyuan.ledger import bound, evidence
from suyuan.ledger.evidence import How
from tampered import CLASSES, ELSEWHERE, GENERATED


@pytest.fixture
def owner(installation: Installation, database: str) -> Iterator[psycopg.Connection]:
    """The owner's connection, to read the schema."""
    with psycopg.connect(current().database("owner")) as connection:
        yield connection


def schema(owner: psycopg.Connection) -> dict[str, set[str]]:
    """Every table of the schema with its columns."""
    rows = owner.execute(
        """SELECT c.relname, array_agg(a.attname::text) FROM pg_class c
           JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
           WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') GROUP BY 1"""
    )
    return {table: set(columns) for table, columns in rows}


def unplaced(tables: dict[str, set[str]]) -> list[str]:
    """What the schema has and no room places, and what a room places that is not there; each with what to do."""
    placed = evidence.placed()
    new = [f"{table}: place it in its room's rows.py" for table in sorted(set(tables) - set(placed))]
    return new + [
        f"{table}: placed in a rows.py, but there is no such table" for table in sorted(set(placed) - set(tables))
    ]


def uncovered(tables: dict[str, set[str]]) -> list[str]:
    """Columns of evidence that no digest covers and that nobody declared loose."""
    found = []
    for one in evidence.placed().values():
        if one.how is How.NOT or one.table not in tables:
            continue
        covered = {column for each in CLASSES.values() for column in each.get(one.table, ())}
        row = bound.table(one.table)
        covered |= set(row.columns) if row else set(ELSEWHERE.get(one.table, ()))
        covered -= {column for table, column in GENERATED if table == one.table}
        found += [
            f"{one.table}.{column}: cover or declare it" for column in tables[one.table] - covered - set(one.loose)
        ]
        found += [f"{one.table}.{column}: loose and covered" for column in covered & set(one.loose)]
        found += [
            f"{one.table}.{column}: there is no such column"
            for column in (covered | set(one.loose)) - tables[one.table]
        ]
    return sorted(found)


@pytest.mark.clause("5.3.1", "5.3.2")
@pytest.mark.control("C18")
def test_every_table_is_placed(owner: psycopg.Connection) -> None:
    """The declarations of the rooms and the schema are the same tables."""
    assert unplaced(schema(owner)) == []


@pytest.mark.clause("5.3.1", "5.3.2")
@pytest.mark.control("C18")
def test_every_column_of_evidence_is_covered(owner: psycopg.Connection) -> None:
    """Each column is in a digest, or follows from something that is, or says why it may be loose."""
    assert uncovered(schema(owner)) == []


def test_what_is_not_evidence_says_why() -> None:
    """In both languages; and the reason of a loose column is words too."""
    for one in evidence.placed().values():
        assert one.how is not How.NOT or (one.zh and one.en), one.table
        assert all(one.loose.values()), one.table


def test_a_new_table_and_a_new_column_are_red(owner: psycopg.Connection) -> None:
    """Negative control: a table nobody placed, a column nobody covered."""
    owner.execute("CREATE TABLE access_favour (person bigint)")
    owner.execute("ALTER TABLE access_duty ADD COLUMN favour int")
    tables = schema(owner)
    assert unplaced(tables) == ["access_favour: place it in its room's rows.py"]
    assert uncovered(tables) == ["access_duty.favour: cover or declare it"]
    owner.rollback()


def test_every_bound_table_has_its_trigger(owner: psycopg.Connection) -> None:
    """Rows that are bound are remembered by the database itself; links alone have an entry a chunk instead."""
    rows = owner.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'ledger_changed'")
    tables = {one.table for one in evidence.placed().values() if one.how in (How.BOUND, How.APPENDED)}
    assert tables - {table for (table,) in rows} == {"records_link"}


def test_what_is_appended_only_never_changes_for_the_owner_either(owner: psycopg.Connection) -> None:
    """Of each such table a row cannot be deleted."""
    tables = [one.table for one in evidence.placed().values() if one.how is How.APPENDED]
    assert tables
    for table in tables:
        with pytest.raises(psycopg.errors.CheckViolation), owner.transaction():
            owner.execute(f"DELETE FROM {table}")
