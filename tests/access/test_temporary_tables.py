"""A temporary table never stands before a real one: the application may make none, and what runs as the owner reads the
owner's tables (MLPS 8.1.4.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

import tickets
from delivered import deliver, rows_of
from suyuan.installation import Installation, current
from suyuan.installation.errors import RolesUnsafe
from suyuan.installation.findings import in_database, refuse_unsafe
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


GIVEN_BACK = """DO $$BEGIN
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO suyuan_app', current_database());
END$$"""


def shadowed(owner: psycopg.Connection[Any]) -> set[str]:
    """The tables of the schema before which the application role can put one of its own."""
    names = [name for (name,) in owner.execute(
        """SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')"""
    )]  # fmt: skip
    assert {"mfa_authenticator", "ledger_entry", "ledger_writer", "access_try", "records_record"} <= set(names)
    made = set()
    for name in names:
        with psycopg.connect(current().database("app"), autocommit=True) as raw:
            for statement in (
                f"CREATE TEMPORARY TABLE {name} (LIKE public.{name})",
                f"CREATE TEMPORARY TABLE {name} (n int)",
                f"CREATE TABLE pg_temp.{name} (n int)",
                f"CREATE TEMPORARY VIEW {name} AS SELECT 1",
                f"SELECT 1 AS n INTO TEMPORARY {name}",
            ):
                try:
                    raw.execute(statement.encode())
                except psycopg.errors.InsufficientPrivilege:
                    continue
                made.add(name)
                break
    return made


@pytest.mark.clause("5.1.1", "5.1.2", "4.2")
@pytest.mark.control("C9", "C40")
def test_the_application_puts_no_table_before_any(
    fresh_database: str, superuser: Superuser, installation: Installation
) -> None:
    """Walked over all tables there are. Were the right given back, all could be, and nothing would be served."""
    owner = superuser()
    assert shadowed(owner) == set()
    owner.execute(GIVEN_BACK)
    assert {"mfa_authenticator", "ledger_entry", "ledger_writer", "access_try"} <= shadowed(owner)
    with psycopg.connect(current().database("app")) as app:
        [finding] = in_database(app)
    assert finding.id == "SY016" and finding.fatal and "suyuan_app" in finding.en
    with pytest.raises(RolesUnsafe, match="SY016"):
        refuse_unsafe(installation)


@pytest.mark.clause("4.1")
@pytest.mark.control("C9")
def test_an_import_opens_no_way_to_tables_of_ones_own(fresh_world: World, superuser: Superuser) -> None:
    """Nobody has the table that imports pass through; who collects may fill it and neither own, change nor add to it."""
    who = fresh_world.collector
    with psycopg.connect(current().database("app")) as raw:
        with pytest.raises(psycopg.errors.InsufficientPrivilege), raw.transaction():
            raw.execute("SELECT records_make_staging()")
        raw.execute("SELECT access_enter(%s, %s, %s)", [who.person, who.duty_ground, tickets.of(who.person)])
        raw.execute("SELECT records_make_staging()")
        raw.execute("INSERT INTO records_staging (rev) VALUES (1)")
        for statement in (
            "CREATE TEMPORARY TABLE mfa_authenticator (LIKE public.mfa_authenticator)",
            "CREATE FUNCTION pg_temp.access_proven() RETURNS boolean LANGUAGE sql AS 'SELECT true'",
            "ALTER TABLE records_staging RENAME TO ledger_entry",
            "CREATE TRIGGER mine BEFORE INSERT ON records_staging FOR EACH ROW EXECUTE FUNCTION records_unchangeable()",
            "ALTER TABLE records_staging DISABLE TRIGGER ALL",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), raw.transaction():
                raw.execute(statement.encode())
        raw.execute("SELECT records_make_staging()")
        assert raw.execute("SELECT count(*) FROM records_staging").fetchone() == (0,)
        raw.execute("INSERT INTO records_staging (rev) VALUES (1)")
        raw.commit()
        assert raw.execute("SELECT count(*) FROM records_staging").fetchone() == (0,)


def pretending(world: World, kind: str, person: int, owner: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    """The application role's own connection, with temporary tables in which somebody holds a duty at the root.

    It may make none. The owner's functions are not fooled even where somebody gave the right back, as here.
    """
    owner.execute(GIVEN_BACK)
    made = psycopg.connect(current().database("app"), autocommit=True, cursor_factory=psycopg.ClientCursor)
    about = {"ground": world.collector.ground, "duty": world.collector.duty, "person": person, "kind": kind}
    made.execute(PRETENCE, about)  # type: ignore[arg-type]  # one string of statements
    return made


@pytest.mark.clause("5.1.1")
@pytest.mark.control("C7", "C9")
def test_a_collector_does_not_make_people_by_a_temporary_table(fresh_world: World, superuser: Superuser) -> None:
    """The database refuses the table; were there one, the act looks at the real duties."""
    with (
        psycopg.connect(current().database("app"), autocommit=True) as raw,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="temporary tables"),
    ):
        raw.execute("CREATE TEMPORARY TABLE access_duty (LIKE public.access_duty)")
    act = f"SELECT public.access_add_person('T99999', '某人', {STATION}, NULL)"
    refused = pytest.raises(psycopg.errors.InsufficientPrivilege, match="access_duty_missing")
    with pretending(fresh_world, "system_administrator", fresh_world.collector.person, superuser()) as raw, refused:
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
    owner = superuser()
    with pretending(fresh_world, "first_reviewer", 777777, owner) as raw, refused:
        raw.execute(decision, values)
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
    with pretending(fresh_world, "analyst", fresh_world.collector.person, owner) as raw:
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
