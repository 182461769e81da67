"""One world with an object of every kind at every place, and arguments for any function that takes one of them.

For the test of every function: a function whose arguments are known by name and type is tried by itself; one with an
argument of a new name is red until somebody says here what to give it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import psycopg

from delivered import deliver, rows_of
from suyuan.installation import current
from suyuan.ledger.sequencer import run_once
from world import CITY, COUNTY, FAR_COUNTY, OTHER_COUNTY, PROVINCE, STATION, Somebody, World

PLACES = {
    "own": COUNTY, "below": STATION, "above": CITY, "sideways": OTHER_COUNTY, "other_city": FAR_COUNTY,
    "other_province": PROVINCE * 2,
}  # fmt: skip
Row = tuple[Any, ...]


@dataclass
class Place:
    """What there is at one agency, by kind: numbers and ids."""

    relation: str
    agency: int
    things: dict[str, Any] = field(default_factory=dict)


def furnish(world: World, owner: psycopg.Connection[Any]) -> list[Place]:
    """Everybody's duty at the county, and at each place a record, a batch, a person with duty, ground, account and so on."""
    batches = []
    owner.execute("SET session_replication_role = replica")
    owner.execute(
        "INSERT INTO access_agency VALUES (%s, 1000000000000, 0, '浙西省公安厅', '', 'province', '340000')",
        [PROVINCE * 2],
    )
    for number, agency in enumerate(PLACES.values()):
        owner.execute("UPDATE access_duty SET agency = %s WHERE duty = %s", [agency, world.colleague.duty])
        batches.append([_delivered(world, f"E{number:05}{which}") for which in ("", "W")])
    with psycopg.connect(current().database("sequencer"), autocommit=True) as connection:
        run_once(connection)
    owner.execute("UPDATE access_duty SET agency = %s", [COUNTY])
    owner.execute("UPDATE access_person SET agency = %s", [COUNTY])
    owner.execute(
        "INSERT INTO records_release (release, content, files, person, reason) VALUES (sha256('x'), '', '{}', 0, 'x')"
    )
    made = []
    for (relation, agency), (taken, waiting) in zip(PLACES.items(), batches, strict=True):
        one = Place(relation, agency, taken | {f"waiting_{name}": thing for name, thing in waiting.items()})
        one.things["waiting"] = one.things["waiting_batch"]
        _people(owner, one, world)
        _papers(owner, one, world)
        made.append(one)
    owner.execute("SET session_replication_role = DEFAULT")
    return made


def _delivered(world: World, number: str) -> dict[str, Any]:
    rows = [row | {"notice_no": f"{number}{n}"} for n, row in enumerate(rows_of("violation", 2))]
    batch, result, receipt = deliver(world.colleague, "violation", rows)
    return {"batch": batch, "record": result.records[1], "spare": result.records[2], "digest": receipt.digest}


def _one(owner: psycopg.Connection[Any], statement: str, values: list[Any]) -> Any:
    row = owner.execute(statement, values).fetchone()
    assert row
    return row[0]


def _people(owner: psycopg.Connection[Any], one: Place, world: World) -> None:
    """Somebody of the agency who collects there, with a case, an account and a token."""
    t, name = one.things, f"e-{one.relation}"
    t["person"] = _one(
        owner,
        "INSERT INTO access_person (staff_no, name, agency) VALUES (%s, '某人', %s) RETURNING person",
        [name, one.agency],
    )
    t["duty"] = _one(
        owner,
        "INSERT INTO access_duty (person, kind, agency, clearance) VALUES (%s, 'collector', %s, 1) RETURNING duty",
        [t["person"], one.agency],
    )
    t["ground"] = _one(
        owner,
        "INSERT INTO access_ground (person, duty, kind, reason, ends_at) VALUES (%s, %s, 'case', 'x', 'tomorrow') RETURNING ground",
        [t["person"], t["duty"]],
    )
    t["account"] = _one(
        owner,
        """INSERT INTO access_account (password, username, person, email, is_active)
           VALUES ('!', %s, %s, '', true) RETURNING id""",
        [name, t["person"]],
    )
    t["username"] = name
    t["token"] = _one(
        owner,
        """INSERT INTO access_token (account, name, digest, expires_at)
           VALUES (%s, 'x', sha256(%s), now() + interval '1 day') RETURNING token""",
        [t["account"], name.encode()],
    )


def _papers(owner: psycopg.Connection[Any], one: Place, world: World) -> None:
    """What waits for a decision there: by others than anybody who is tried."""
    t, by = one.things, world.outside_first.person
    t["request"] = _one(
        owner,
        """INSERT INTO access_ground_request (person, duty, kind, reference, reason, ends_on)
           VALUES (%s, %s, 'case', 'x', 'x', current_date + 9) RETURNING request""",
        [t["person"], t["duty"]],
    )
    t["glass"] = _one(
        owner,
        """INSERT INTO access_ground (person, duty, kind, reason, ends_at)
           VALUES (%s, %s, 'emergency', 'x', now() + interval '9 minutes') RETURNING ground""",
        [t["person"], t["duty"]],
    )
    owner.execute(
        "INSERT INTO access_emergency (ground, person, agency, reason) VALUES (%s, %s, %s, 'x')",
        [t["glass"], t["person"], one.agency],
    )
    t["proposal"] = _one(
        owner,
        """INSERT INTO access_proposal (what, person, agency, kind, clearance, starts_on, ends_on, reason, proposed_by)
           VALUES ('grant', %s, %s, 'analyst', 1, current_date, 'infinity', 'x', %s) RETURNING proposal""",
        [t["person"], one.agency, by],
    )
    t["way"] = _one(
        owner,
        """INSERT INTO access_way_in (kind, person, username, reason, asked_by, first_half)
           VALUES ('password', %s, %s, 'x', %s, sha256('x')) RETURNING way""",
        [t["person"], t["username"], by],
    )
    owner.execute(
        "INSERT INTO records_disposal (record_id, agency, level, asked_by, basis) VALUES (%s, %s, 1, %s, '')",
        [t["record"], one.agency, by],
    )
    owner.execute("UPDATE records_record SET state = 'in_force', in_force_rev = 1 WHERE record_id = %s", [t["record"]])
    t["finding"] = _one(
        owner,
        """INSERT INTO audit_finding (agency, source, matter, owner, due_on, opened_by)
           VALUES (%s, 'auditor', 'x', %s, current_date, %s) RETURNING finding""",
        [one.agency, by, by],
    )
    writer = _one(owner, "INSERT INTO ledger_writer (n) VALUES (1) RETURNING writer", [])
    owner.execute(
        """INSERT INTO ledger_entry (writer, n, at, act, person, ground, agency, record, mac)
           VALUES (%s, 1, (extract(epoch FROM now()) * 1000000)::bigint, 3, %s, %s, %s, %s, '')""",
        [writer, t["person"], t["ground"], one.agency, t["record"]],
    )
    owner.execute(
        "INSERT INTO audit_week (agency, monday, seed_digest, sealed_seed) VALUES (%s, '2026-01-05', sha256('x'), '')",
        [one.agency],
    )
    owner.execute(
        "INSERT INTO audit_item (agency, monday, writer, n, person, unit) VALUES (%s, '2026-01-05', %s, 1, %s, %s)",
        [one.agency, writer, t["person"], one.agency],
    )
    owner.execute(
        """INSERT INTO records_export (person, ground, agency, level, type, format, whole, rows, words, digest, at, expires_on)
           VALUES (%s, %s, %s, 1, 'violation', 'csv', false, 1, '', '', now(), current_date)""",
        [t["person"], t["ground"], one.agency],
    )
    t["writer"] = writer
    owner.execute(
        """INSERT INTO review_decision (batch_id, step, outcome, reviewer, author, digest, agency, level, at)
           VALUES (%s, 1, 'approve', %s, %s, %s, %s, 1, now())""",
        [t["batch"], by, world.colleague.person, t["digest"], one.agency],
    )
    owner.execute(
        """INSERT INTO records_revision SELECT (jsonb_populate_record(v, '{"rev": 2}')).* FROM records_revision v
           WHERE record_id = %s""",
        [t["record"]],
    )
    owner.execute("INSERT INTO audit_staff_record VALUES (%s, %s)", [t["person"], t["record"]])


# What an argument is given, by function and name, by name and type, or by type alone where the name says no more.
OWN = {
    ("access_ask_way_in", "p_kind"): "password", ("access_propose_duty", "p_kind"): "analyst",
    ("access_propose_limit", "p_kind"): "look", ("access_spend", "p_kind"): "look",
    ("access_assign_ground", "p_kind"): "case", ("access_request_ground", "p_kind"): "case",
    ("audit_note_absence", "p_kind"): "leave", ("access_activate", "p_kind"): "system_administrator",
    ("access_propose_clearance", "p_clearance"): 2, ("access_reads", "kind"): "collector",
    ("access_range", "p_for"): "see", ("access_sealed", "p_name"): "person",
    ("audit_open_finding", "p_source"): "auditor", ("access_sign_undertaking", "p_version"): 1,
    ("ledger_prune", "p_most"): 1, ("access_propose_limit", "p_most"): 99,
    ("audit_draw", "p_seed"): b"x", ("audit_open_week", "p_monday"): "2026-01-12", ("access_review_emergency", "p_ground"): "glass",
}  # fmt: skip
BY_NAME: dict[tuple[str, str], Any] = {
    **{(name, "int8"): name.removeprefix("p_") for name in (
        "p_person", "p_duty", "p_ground", "p_request", "p_proposal", "p_finding", "p_account", "p_token", "p_way", "p_agency",
        "agency")},
    ("p_proof", "bytea"): b"x" * 32, ("p_clearing", "int8"): 1, ("p_at", "int8"): 0, ("p_job", "text"): "x",
    ("p_parent", "int8"): "agency", ("p_lo", "int8"): "agency", ("p_hi", "int8"): "agency_end", ("p_home", "int8"): "agency",
    ("p_about", "int8"): "person", ("p_owner", "int8"): "person", ("p_department", "int8"): None,
    ("p_record", "uuid"): "record", ("p_records", "_uuid"): "records", ("p_batch", "uuid"): "batch", ("batch", "uuid"): "batch",
    ("p_before_id", "uuid"): None, ("p_writer", "int4"): "writer", ("p_n", "int8"): 1, ("p_before_n", "int8"): None,
    ("p_before", "int8"): None, ("p_before", "timestamptz"): None, ("p_before_writer", "int4"): None,
    ("p_from", "int8"): 0, ("p_to", "int8"): 2**60, ("p_acts", "_int2"): None, ("p_limit", "int4"): 1000,
    ("p_from", "timestamptz"): "2026-01-01", ("p_to", "timestamptz"): "2100-01-01",
    ("p_from", "date"): "2026-01-01", ("p_to", "date"): "2026-01-02", ("p_monday", "date"): "2026-01-05",
    ("p_duty", "text"): "kind_of_duty", ("p_duties", "_text"): "kinds_of_duty", ("p_kinds", "_text"): ["system_administrator"],
    ("p_digests", "_text"): ["x"], ("p_username", "text"): "username", ("p_type", "text"): "violation", ("type", "text"): "violation",
    ("p_kind", "text"): "case", ("p_state", "text"): None, ("p_format", "text"): "csv", ("p_outcome", "text"): "x",
    ("p_terms", "_int8"): None, ("p_terms_before", "_int8"): None, ("p_any", "_int8"): None, ("p_step", "int2"): 1, ("p_step", "int4"): 1,
    ("p_clearance", "int2"): 1, ("p_above", "int2"): 0, ("p_upto", "int2"): 1, ("level", "int2"): 1, ("p_key", "int4"): 1, ("p_level", "int2"): 1,
    ("p_bound", "numeric"): 0.05, ("p_confidence", "numeric"): 0.95, ("p_population", "int4"): 9, ("p_rev", "int4"): 1,
    ("p_keys", "_bytea"): [], ("p_marks", "_bytea"): [], ("p_seqs", "_int4"): [0, 1, 2], ("p_skipped", "int4"): 0, ("p_days", "int4"): 1, ("p_cap", "int4"): 9,
    ("p_most", "int4"): 9, ("p_version", "int4"): 1, ("leaf", "int8"): 1, ("p_starts", "date"): "today", ("p_ends", "date"): "tomorrow",
    ("p_expires", "date"): "tomorrow", ("p_due", "date"): "tomorrow", ("day", "date"): "today", ("at", "timestamptz"): "now",
    ("p_range", "int8range"): "[0,9)", ("p_seconds", "int4"): 1, ("p_division", "text"): "", ("p_record_id", "uuid"): "record",
}  # fmt: skip
BY_TYPE: dict[str, Any] = {"jsonb": "{}", "text": "x" * 20, "bytea": b"x" * 32, "bool": True}
THINGS = {"person", "duty", "ground", "request", "proposal", "finding", "account", "token", "way", "record", "batch", "writer",
          "username", "glass"}  # fmt: skip


def argument(function: str, name: str, kind: str, place: Place, duty: str) -> Any:
    """What to give an argument. Raises `KeyError` for one of which nothing is known."""
    given = OWN.get((function, name), ...)
    if given is ...:
        given = BY_NAME[name, kind] if (name, kind) in BY_NAME else BY_TYPE[kind]
    if isinstance(given, str):
        if given in THINGS:
            return place.things[given]
        special = {"agency": place.agency, "agency_end": place.agency + 1, "records": [place.things.get("record")],
                   "kind_of_duty": duty, "kinds_of_duty": [duty]}  # fmt: skip
        return special.get(given, given)
    return given


def somebody(world: World, holder: str) -> Somebody:
    """The person of the world who holds a duty."""
    found: Somebody = getattr(world, holder)
    return found
