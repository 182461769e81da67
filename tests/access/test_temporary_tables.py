"""A temporary table never stands before a real one: what runs as the owner reads the owner's tables (MLPS 8.1.4.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from delivered import deliver, rows_of
from suyuan.installation import current
from suyuan.installation.findings import in_database
from world import STATION, World

Superuser = Callable[[], psycopg.Connection[Any]]

# What an attacker makes of themselves before the function looks: a ground and a duty of their own making.
PRETENCE = """
CREATE TEMPORARY TABLE access_ground AS SELECT * FROM public.access_ground WHERE ground = %(ground)s;
CREATE TEMPORARY TABLE access_duty AS SELECT duty, person, %(kind)s::text AS kind, 0::bigint AS agency, department,
    2::smallint AS clearance, starts_on, ends_on, granted_by, reason, power, approved_by, proposal
    FROM public.access_duty WHERE duty = %(duty)s;
UPDATE access_ground SET person = %(person)s;
UPDATE access_duty SET person = %(person)s;
CREATE TEMPORARY TABLE access_person AS SELECT * FROM public.access_person LIMIT 1;
UPDATE access_person SET person = %(person)s, active = true;
GRANT ALL ON access_ground, access_duty, access_person TO PUBLIC;
SELECT set_config('suyuan.person', %(person)s::text, false), set_config('suyuan.ground', %(ground)s::text, false),
       set_config('suyuan.scope_lo', '0', false), set_config('suyuan.scope_hi', '1000000000000000', false),
       set_config('suyuan.clearance', '2', false);
"""


def pretending(world: World, kind: str, person: int) -> psycopg.Connection[Any]:
    """The application role's own connection, with temporary tables in which somebody holds a duty at the root."""
    made = psycopg.connect(current().database("app"), autocommit=True, cursor_factory=psycopg.ClientCursor)
    about = {"ground": world.collector.ground, "duty": world.collector.duty, "person": person, "kind": kind}
    made.execute(PRETENCE, about)  # type: ignore[arg-type]  # one string of statements
    return made


@pytest.mark.clause("5.1.1")
@pytest.mark.control("C7", "C9")
def test_a_collector_does_not_make_people_by_a_temporary_table(fresh_world: World) -> None:
    """The act looks at the real duties."""
    act = f"SELECT public.access_add_person('T99999', '某人', {STATION}, NULL)"
    refused = pytest.raises(psycopg.errors.InsufficientPrivilege, match="access_duty_missing")
    with pretending(fresh_world, "system_administrator", fresh_world.collector.person) as raw, refused:
        raw.execute(act)


@pytest.mark.clause("3.2.1", "4.2")
@pytest.mark.control("C9")
def test_nobody_who_is_not_there_reviews(fresh_world: World, superuser: Superuser) -> None:
    """A decision of person 777777 is refused by the rules of review, and by the key to people were they gone."""
    batch, _, receipt = deliver(fresh_world.collector, "violation", rows_of("violation", 1))
    decision = """INSERT INTO public.review_decision (batch_id, step, outcome, reviewer, author, digest, agency, level, at)
        VALUES (%s, 1, 'approve', 777777, %s, %s, %s, 1, clock_timestamp())"""
    values = [batch, fresh_world.collector.person, receipt.digest, STATION]
    refused = pytest.raises(psycopg.errors.CheckViolation, match="review_duty_missing")
    with pretending(fresh_world, "first_reviewer", 777777) as raw, refused:
        raw.execute(decision, values)
    owner = superuser()
    owner.execute("ALTER TABLE review_decision DISABLE TRIGGER review_decision_allowed")
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        owner.execute(decision, values)


@pytest.mark.clause("5.1.2")
@pytest.mark.control("C9")
def test_every_function_reads_temporary_tables_last(fresh_world: World, superuser: Superuser) -> None:
    """Walked over all functions there are; one that forgot is named at start, and is a hole indeed."""
    owner = superuser()
    with psycopg.connect(current().database("app")) as app:
        assert in_database(app) == []
    owner.execute("""CREATE FUNCTION forgot() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER
        SET search_path = pg_catalog, public AS 'SELECT count(*) FROM access_duty';
        CREATE FUNCTION half() RETURNS int LANGUAGE sql SET search_path = pg_catalog, pg_temp, public AS 'SELECT 1'""")
    with psycopg.connect(current().database("app")) as app:
        [finding] = in_database(app)
    assert finding.id == "SY005" and "forgot" in finding.en and "half" in finding.en
    with pretending(fresh_world, "analyst", fresh_world.collector.person) as raw:
        assert raw.execute("SELECT forgot()").fetchone() == (1,)


# Why a column that names a person needs no key to the table of people.
WITHOUT = {
    "access_person.person": "is that table",
    "ledger_entry.person": "bound by the entry's MAC and hash; 0 is the installation itself",
    "records_release.person": "bound to its entry; 0 is the first start",
    "records_revision.author": "is the collector of its batch, by trigger",
    "review_decision.author": "is the collector of its batch, by a key of (batch, collector)",
}
NAMING = r"(^|_)(person|reviewer|author|collector|head|auditor|owner|about|by)$"


def unbound(connection: psycopg.Connection[Any]) -> set[str]:
    """Columns that name a person and do not refer to the table of people."""
    rows = connection.execute(
        """SELECT c.relname || '.' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
           WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND NOT a.attisdropped
             AND a.atttypid = 'bigint'::regtype AND a.attname ~ %s AND NOT EXISTS (
                SELECT FROM pg_constraint k WHERE k.contype = 'f' AND k.conrelid = c.oid AND k.conkey = ARRAY[a.attnum]
                  AND k.confrelid = 'access_person'::regclass)""",
        [NAMING],
    )
    return {name for (name,) in rows}


@pytest.mark.clause("4.2")
@pytest.mark.control("C9")
def test_whoever_did_something_is_on_the_staff(fresh_world: World, superuser: Superuser) -> None:
    """By the schema as it is: a new column that names a person has its key, or a reason here."""
    owner = superuser()
    assert unbound(owner) == set(WITHOUT)
    owner.execute("CREATE TABLE later (seen_by bigint, started_at timestamptz)")
    assert unbound(owner) == {*WITHOUT, "later.seen_by"}
