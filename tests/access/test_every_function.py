"""Every function that the application role may call, as each duty held at a county, at objects of every place (norm 5.1.2).

What the role may execute comes from the database, what is right from the hand-written matrix. So a function that nobody
placed is red, and so is one that reaches beside or above.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

import matrix
from access.everything import PLACES, Place, argument, furnish, somebody
from access.test_matrix import HOLDERS
from suyuan.access.words import DUTIES
from world import World

Superuser = Callable[[], psycopg.Connection[Any]]

# What counts as being kept out, besides the right that is lacking: what is hidden and what is missing look the same.
KEPT_OUT = frozenset({
    "review_duty_missing", "records_not_found", "records_disposal_missing", "audit_finding_closed", "audit_week_open",
    "audit_draw_refused", "records_export_rows", "records_batch_not_open", "access_token_account",
})  # fmt: skip
# What gives a number of things: none is none.
COUNTING = frozenset({"access_finish_ways_in", "review_population"})
# Columns that say whose a row is, the first that there is.
WHOSE = ("record_id", "record", "unit", "agency", "person")


class Function(NamedTuple):
    """A function of the schema: its name, arguments by name and type, whether it gives rows, and which columns."""

    name: str
    arguments: tuple[tuple[str, str], ...]
    rows: bool
    composite: frozenset[str]


def functions(owner: psycopg.Connection[Any]) -> list[Function]:
    """Those of the rooms that the application role may execute. Triggers are called by nobody, libraries bring their own."""
    found = owner.execute(
        """SELECT p.proname, coalesce(p.proargnames, '{}')::text[], (SELECT array_agg(t.typname::text ORDER BY a.n)
                FROM unnest(p.proargtypes) WITH ORDINALITY AS a (type, n) JOIN pg_type t ON t.oid = a.type),
              p.proretset, ARRAY(SELECT t.typname::text FROM unnest(p.proargtypes) AS a (type) JOIN pg_type t ON t.oid = a.type
                                 WHERE t.typtype = 'c')
           FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prorettype <> 'trigger'::regtype
             AND p.prokind = 'f' AND has_function_privilege('suyuan_app', p.oid, 'EXECUTE')
             AND p.proname !~ '^procrastinate_'
             AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
           ORDER BY p.proname"""
    ).fetchall()
    return [
        Function(name, tuple(zip(names, types or [], strict=False)), rows, frozenset(composite))
        for name, names, types, rows, composite in found
    ]


def called(one: Function, place: Place, duty: str) -> tuple[str, list[Any]]:
    """The statement that calls a function at a place, and its values."""
    marks, values = [], []
    for name, kind in one.arguments:
        if kind in one.composite:
            marks.append(f"(SELECT x FROM {kind} x LIMIT 1)")
        else:
            marks.append(f"%s::{kind.removeprefix('_')}{'[]' if kind.startswith('_') else ''}")
            values.append(argument(one.name, name, kind, place, duty))
    return f"SELECT * FROM {one.name}({', '.join(marks)})", values


def call(one: Function, place: Place, duty: str, *, keep: bool = False) -> bool:
    """Whether somebody gets anywhere with a function at a place; what it did is taken back, unless it is to be kept."""
    statement, values = called(one, place, duty)
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(statement, values)
                columns = [column.name for column in cursor.description or ()]
                found = cursor.fetchall()
            transaction.set_rollback(not keep)
    except DatabaseError as exc:
        diag = getattr(exc.__cause__, "diag", None)
        if diag is None or diag.sqlstate in ("42883", "42703", "42P01", "42601", "42804", "22P02", "57014"):
            raise
        return diag.sqlstate != "42501" and diag.constraint_name not in KEPT_OUT
    if not one.rows:
        return found[0][0] is not False and not (one.name in COUNTING and found[0][0] == 0)
    by = next((name for name in WHOSE if name in columns), None)
    if by is None:
        return bool(found)
    theirs = {place.agency if by in ("unit", "agency") else place.things["person" if by == "person" else "record"]}
    return any(row[columns.index(by)] in theirs for row in found)


def differing(
    world: World, owner: psycopg.Connection[Any], places: list[Place], duties: list[str], names: set[str] | None = None
) -> dict[str, list[str]]:
    """Where the outcome is not what the matrix says, by function."""
    expected, differ = matrix.expand("sql_function"), {}
    for duty in duties:
        with somebody(world, HOLDERS[duty]).acting():
            for one in functions(owner):
                if names is not None and one.name not in names:
                    continue
                for place in places:
                    should = expected[one.name][duty, "in_force", "1", "1", place.relation] == "allowed"
                    if call(one, place, duty) != should:
                        differ.setdefault(one.name, []).append(f"{duty} {place.relation}")
    return differ


@pytest.fixture
def places(fresh_world: World, superuser: Superuser) -> list[Place]:
    """Objects at every place."""
    return furnish(fresh_world, superuser())


@pytest.mark.clause("5.1.1", "5.1.2")
@pytest.mark.control("C7", "C8", "C9")
def test_every_function_is_placed_and_tried(fresh_world: World, superuser: Superuser) -> None:
    """A function that stands in no row of the matrix is red, and so is a row about none."""
    owner = superuser()
    assert {one.name for one in functions(owner)} == set(matrix.expand("sql_function"))
    owner.execute("CREATE FUNCTION later(p_person bigint) RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'")
    assert {one.name for one in functions(owner)} - set(matrix.expand("sql_function")) == {"later"}


@pytest.mark.clause("5.1.1", "5.1.2", "5.3.1")
@pytest.mark.control("C7", "C8", "C9")
def test_every_function_reaches_what_the_matrix_says(
    fresh_world: World, places: list[Place], superuser: Superuser, record_property: Callable[[str, object], None]
) -> None:
    """As each duty held at a county, at objects of its own agency, below, above, beside, of another city and province."""
    owner = superuser()
    record_property("cells", len(functions(owner)) * len(DUTIES) * len(PLACES))
    assert differing(fresh_world, owner, places, list(DUTIES)) == {}


UNRANGED = {
    "access_require_person": "p_duties text[], p_person bigint) RETURNS void",
    "access_require_over": "p_duty text, p_agency bigint) RETURNS void",
}


@pytest.mark.control("C7", "C8")
@pytest.mark.parametrize(("helper", "named"), [
    ("access_require_person", {"access_set_active"}), ("access_require_over", {"access_add_agency", "access_propose_clearance"}),
])  # fmt: skip
def test_a_check_taken_out_is_named(
    fresh_world: World, places: list[Place], superuser: Superuser, helper: str, named: set[str]
) -> None:
    """Negative control: without its range the functions that lean on it are named."""
    owner = superuser()
    owner.execute(f"""CREATE OR REPLACE FUNCTION {helper}({UNRANGED[helper]} LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = pg_catalog, public, pg_temp AS 'BEGIN END'""")  # fmt: skip
    duties = ["system_administrator", "security_administrator"]
    assert named <= set(differing(fresh_world, owner, places, duties, named))


def credentials(owner: psycopg.Connection[Any], but: int) -> set[tuple[Any, ...]]:
    """Everything by which somebody else gets in: passwords, sessions and the like, tokens, second factors."""
    return set(
        owner.execute(
            """SELECT 'password', person, password || coalesce(encode(verifier, 'hex'), '') FROM access_account
               WHERE person <> %(me)s AND password !~ '^!'
               UNION ALL SELECT 'proof', person, encode(digest, 'hex') FROM access_proof WHERE person <> %(me)s
               UNION ALL SELECT 'token', a.person, encode(t.digest, 'hex') FROM access_token t
                   JOIN access_account a ON a.id = t.account WHERE a.person <> %(me)s AND t.revoked_at IS NULL
               UNION ALL SELECT 'factor', a.person, m.id::text FROM mfa_authenticator m
                   JOIN access_account a ON a.id = m.user_id WHERE a.person <> %(me)s""",
            {"me": but},
        ).fetchall()
    )


def obtained(world: World, owner: psycopg.Connection[Any], place: Place, duty: str) -> dict[str, set[tuple[Any, ...]]]:
    """Ways in of other people that one person has made after calling everything once, by function."""
    who, found = somebody(world, HOLDERS[duty]), {}
    for one in functions(owner):
        before = credentials(owner, who.person)
        with who.acting():
            call(one, place, duty, keep=True)
        if new := credentials(owner, who.person) - before:
            found[one.name] = new
    return found


@pytest.mark.clause("5.1.1")
@pytest.mark.control("C1", "C7")
@pytest.mark.parametrize(
    "duty", ["system_administrator", "security_administrator", "security_auditor", "department_head"]
)
def test_no_single_person_makes_a_way_in_of_another(
    fresh_world: World, places: list[Place], superuser: Superuser, duty: str
) -> None:
    """After every function called by one person, and kept, no password, session, token or factor of anybody else is new."""
    owner = superuser()
    assert obtained(fresh_world, owner, places[0], duty) == {}
    owner.execute("""CREATE FUNCTION later(p_person bigint) RETURNS boolean LANGUAGE sql SECURITY DEFINER
        SET search_path = pg_catalog, public, pg_temp AS $$ INSERT INTO access_account (password, username, person, email,
        is_active) VALUES ('known', 'evil', p_person, '', true); SELECT true $$""")
    assert "later" in obtained(fresh_world, owner, places[0], duty)
