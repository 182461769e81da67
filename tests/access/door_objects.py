"""What doors need besides the objects of `everything`: marks by which an object is known on a page, drafts, imports, a security key."""

from __future__ import annotations

from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
import psycopg

from access.door_arguments import mark_of
from access.everything import Place
from suyuan.records import disposal, export, releases
from suyuan.review import marks
from suyuan.vault import actions as vault

_MARKED = (
    ("access_person", "name", "person"), ("access_ground_request", "reason", "request"), ("access_ground", "reason", "ground"),
    ("access_emergency", "reason", "ground"), ("access_proposal", "reason", "proposal"), ("access_way_in", "reason", "way"),
    ("audit_finding", "matter", "finding"),
)  # fmt: skip
_THING = {"access_emergency": "glass"}
# The content of tables, whoever asks: in the transaction of the one who acts. When something was last used says nothing.
_DIGEST = """CREATE FUNCTION tried_digest(tables text[]) RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
    DECLARE one text; found text; answer jsonb := '{}';
    BEGIN FOREACH one IN ARRAY tables LOOP
        EXECUTE format('SELECT md5(coalesce(string_agg(row, '''' ORDER BY row), '''')) FROM
            (SELECT md5((to_jsonb(t) - ''used_at'')::text) AS row FROM %I t) AS rows', one) INTO found;
        answer := answer || jsonb_build_object(one, found);
    END LOOP; RETURN answer; END $$"""


def adorn(owner: psycopg.Connection[Any], places: list[Place], by: int, reviewer: int) -> None:
    """Mark what there is and add what is missing.

    What waits for a second administrator was asked `by` one who is never tried; a mark on a row is the `reviewer`'s own.
    """
    owner.execute("SET session_replication_role = replica")
    owner.execute("UPDATE access_way_in SET asked_by = %s", [by])
    owner.execute("UPDATE access_proposal SET proposed_by = %s", [by])
    owner.execute("DELETE FROM records_release")  # nothing can be read of the one that functions ask for
    releases.settle()
    owner.execute("UPDATE audit_week SET drawn_at = now(), seed = 'x', population = 1")
    owner.execute("DELETE FROM records_revision WHERE rev = 2")  # as much of one as functions ask for, not to be read
    for one in places:
        _mark(owner, one)
        _on_its_way(owner, one)
        _of_people(owner, one)
    _marked_by(owner, places[0], reviewer)
    owner.execute("SET session_replication_role = DEFAULT")
    owner.execute(_DIGEST)


def _mark(owner: psycopg.Connection[Any], one: Place) -> None:
    t, mark = one.things, mark_of(one.relation)
    for table, column, key in _MARKED:
        owner.execute(f"UPDATE {table} SET {column} = %s WHERE {key} = %s", [mark, t[_THING.get(table, key)]])
    owner.execute("UPDATE audit_finding SET owner = %s WHERE finding = %s", [t["person"], t["finding"]])
    basis = vault.seal(disposal._PURPOSE, t["record"].bytes, mark.encode())
    owner.execute("UPDATE records_disposal SET basis = %s WHERE record_id = %s", [basis, t["record"]])
    owner.execute("UPDATE records_record SET state = 'in_force', in_force_rev = 1 WHERE record_id = %s", [t["spare"]])
    digest = sha256(mark.encode()).digest()
    words = vault.seal(export.PURPOSE, digest, orjson.dumps({"recipient": mark, "purpose": mark}))
    owner.execute("UPDATE records_export SET words = %s, digest = %s WHERE agency = %s", [words, digest, one.agency])
    t["monday"], t["staff_no"] = "2026-01-05", t["username"]


def _on_its_way(owner: psycopg.Connection[Any], one: Place) -> None:
    t = one.things
    t["draft"], t["import_id"] = (UUID(int=one.agency + n, version=4) for n in (1, 2))
    owner.execute(
        """INSERT INTO collection_draft (draft_id, person, agency, level, type, content)
           VALUES (%s, %s, %s, 1, 'violation', 'x')""",
        [t["draft"], t["person"], one.agency],
    )
    owner.execute(
        """INSERT INTO collection_import (import_id, person, ground, agency, level, state, source_digest, mapping_digest, about)
           VALUES (%s, %s, %s, %s, 1, 'prepared', '', '', 'x')""",
        [t["import_id"], t["person"], t["ground"], one.agency],
    )


def _of_people(owner: psycopg.Connection[Any], one: Place) -> None:
    """Somebody who is disabled, a duty with a higher clearance, a signature, a security key."""
    t, mark = one.things, mark_of(one.relation)
    t["asleep"] = _row(
        owner,
        "INSERT INTO access_person (staff_no, name, agency, active) VALUES (%s, %s, %s, false) RETURNING person",
        [f"s-{one.relation}", mark, one.agency],
    )
    t["raised"] = _row(
        owner,
        "INSERT INTO access_duty (person, kind, agency, clearance) VALUES (%s, 'analyst', %s, 2) RETURNING duty",
        [t["person"], one.agency],
    )
    owner.execute(
        "INSERT INTO access_undertaking_signature (person, version, name) VALUES (%s, 1, %s)", [t["person"], mark]
    )
    t["factor"] = _row(
        owner,
        """INSERT INTO mfa_authenticator (user_id, type, data, created_at)
           VALUES (%s, 'webauthn', jsonb_build_object('name', %s::text), now()) RETURNING id""",
        [t["account"], mark],
    )


def _marked_by(owner: psycopg.Connection[Any], one: Place, reviewer: int) -> None:
    t = one.things
    reasons = vault.seal(marks._PURPOSE, t["waiting_batch"].bytes + t["waiting_spare"].bytes, b"[]")
    owner.execute(
        """INSERT INTO review_mark (batch_id, step, reviewer, record_id, rev, agency, level, reasons)
           VALUES (%s, 1, %s, %s, 1, %s, 1, %s)""",
        [t["waiting_batch"], reviewer, t["waiting_spare"], one.agency, reasons],
    )


def _row(owner: psycopg.Connection[Any], statement: str, values: list[Any]) -> Any:
    row = owner.execute(statement, values).fetchone()
    assert row
    return row[0]
