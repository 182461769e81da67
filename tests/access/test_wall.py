"""The wall against SQL under the application role: who acts is proven to the database, and variables that say so prove nothing.

What is walked over is what exists: every table that the role may read, every function that it may call. What is new and in no
list here is red until it is placed, with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product
from typing import Any

import psycopg
import pytest
from allauth.mfa.models import Authenticator
from click.testing import CliRunner
from django.test import Client
from psycopg import sql
from psycopg.types.range import Range

import tickets
from delivered import deliver, rows_of
from suyuan.access import proof, tokens
from suyuan.access.errors import NoGround, Unproven
from suyuan.access.models import Account
from suyuan.access.sign_in import verifier
from suyuan.cli.root import root
from suyuan.installation import current
from suyuan.review import actions as review
from tickets import be_process
from world import FAR_STATION, PASSWORD, STATION, Somebody, World, signed_in

pytestmark = [pytest.mark.clause("5.1.2"), pytest.mark.control("C8", "C9")]
Superuser = Callable[[], psycopg.Connection[Any]]
Raw = psycopg.Connection[Any]

VARIABLES = (
    "person", "account", "proof", "channel", "ground", "duty", "agency", "scope_lo", "scope_hi", "clearance", "purpose",
    "open_types", "batch", "seal",
)  # fmt: skip

# Tables that hold no content, and so no agency of their own, which the role reads without anybody being proven.
PLAIN = {
    "access_account": "signing in looks an account up; not what its password is checked with",
    "access_agency": "who is where: pages before any ground name it",
    "access_department": "the same",
    "access_duty": "the same: which grounds a person may choose follows from it",
    "access_ground": "the same",
    "access_limit": "policies of the installation, the password's among them",
    "access_person": "names of staff",
    "access_clearing": "what of the catalog two administrators cleared; every process asks before it loads the catalog",
    "access_proposal": "what two administrators decide on",
    "access_token": "one's own tokens are listed; never a digest",
    "access_undertaking": "the text that everybody signs",
    "access_undertaking_signature": "who has signed",
    "access_use": "how much of a limit is used",
    "access_voucher": "one column, sealed by the vault",
    "access_way_in": "which ways in wait, never a half of a code",
    "ledger_checkpoint": "public by purpose",
    "ledger_leaf": "places in the tree, no entry",
    "ledger_pruning": "ranges of leaves",
    "ledger_sequenced": "counters",
    "ledger_tile": "public by purpose: hashes",
    "ledger_writer": "counters",
    "records_key_destruction": "which key two custodians destroy",
    "records_release": "the catalog: fields and codes, no record",
    "vault_check": "codes under each secret, which whoever has the secret can compare",
    "vault_generation": "which keys there are, never a key",
    "vault_host": "which hosts work here",
    "vault_installation": "which installation this is",
    "vault_parcel": "sealed under secrets of the hosts",
    "vault_signing": "public keys",
}
LIBRARIES = ("auth_", "django_", "account_", "mfa_", "socialaccount_", "usersessions_", "procrastinate_")

# Functions of the owner that the role may call while nobody is proven, and why.
OPEN = {
    "access_activate": "the first administrators, by a one-time code",
    "access_be": "takes the proof itself",
    "access_be_process": "takes a code under the key that the vault seals",
    "access_bearer": "takes the token's digest, which no table shows",
    "access_end_proof": "takes the proof itself",
    "access_enter": "takes the proof itself",
    "access_founders_expected": "whether an empty installation waits for its first administrators: true or false",
    "access_grounds_closed": "whether a person's ways in wait: true or false",
    "access_lives": "takes the proof itself",
    "access_proven": "is the question",
    "access_signed": "whether somebody signed the undertaking: true or false",
    "access_signed_in": "takes the proof itself",
    "access_use_way_in": "takes both halves of the code",
    "access_vouch_session": "takes a code under the key that the vault seals",
    "audit_seats": "at which agencies somebody audits",
    "ledger_take_note": "what the caller's own transaction changed",
    "ledger_lease": "lends a counter, which moves with its entries only",
    "vault_tell": "takes a code under a key that hosts alone have",
}
ASKS = ("access_proven", "access_person_now", "access_account_now", "access_acting_duty", "access_is_process")


@contextmanager
def injected() -> Iterator[Raw]:
    """Whoever can run SQL under the application role, in one transaction that ends undone."""
    with psycopg.connect(current().database("app")) as raw:
        yield raw
        raw.rollback()


def say(raw: Raw, **values: object) -> None:
    """Set variables of the transaction, as anybody may."""
    for name, value in values.items():
        raw.execute("SELECT set_config(%s, %s, true)", [f"suyuan.{name}", str(value)])


def said(raw: Raw) -> dict[str, str]:
    """What the variables say."""
    return {
        name: raw.execute("SELECT current_setting(%s, true)", [f"suyuan.{name}"]).fetchone()[0] or ""
        for name in VARIABLES
    }


def forge(raw: Raw, who: Somebody, duty: str = "department_head", seal: str = "0" * 64) -> None:
    """Be somebody with the whole country in reach, for a case, at the highest level."""
    say(raw, person=who.person, ground=who.ground, duty=duty, agency=0, scope_lo=0, scope_hi=10**15, clearance=2,
        purpose="case", open_types="resident,violation", account=1, channel="session", proof="00" * 32, seal=seal)  # fmt: skip


def content_tables(raw: Raw) -> set[str]:
    """Tables under row level security, and tables whose rows carry their own agency and level."""
    return {
        name for (name,) in raw.execute(
            """SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
               AND c.relname !~ '^(mfa|socialaccount)_' AND (c.relrowsecurity OR 2 = (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = c.oid
                    AND a.attname IN ('agency', 'level') AND NOT a.attisdropped))"""
        )
    }  # fmt: skip


def readable_tables(raw: Raw) -> set[str]:
    """Every relation of which the role reads at least a column."""
    return {
        name for (name,) in raw.execute(
            """SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
               AND c.relkind IN ('r', 'p', 'v', 'm') AND has_any_column_privilege(c.oid, 'SELECT')"""
        )
    }  # fmt: skip


def count(raw: Raw, table: str) -> int:
    """How many rows of a table are seen."""
    found: int = raw.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()[0]  # type: ignore[index]
    return found


@pytest.fixture
def filled(world: World) -> World:
    """A province in which something was delivered, looked at, decided and given back."""
    if getattr(filled, "done", None) != current().place.name:
        batch, result, receipt = deliver(world.collector, "violation", rows_of("violation", 3))
        with world.first.acting() as who:
            review.look(who, batch, 1, [0])
            back = [review.GivenBack(result.records[1], 1, "place", "wrong", "地点有误")]
            review.decide(who, batch, 1, "approve", receipt.digest, returns=back)
        filled.done = current().place.name  # type: ignore[attr-defined]
    return world


def test_forged_variables_read_no_row_of_any_content_table(filled: World, superuser: Superuser) -> None:
    """Whoever is named, whatever duty and seal; the tables do hold rows."""
    owner = superuser()
    tables = content_tables(owner)
    rows = {table: count(owner, table) for table in tables}
    assert {name for name, number in rows.items() if number} >= {
        "records_batch", "records_chunk", "records_record", "records_revision", "records_key", "records_setback",
        "review_decision", "review_look", "review_return",
    }  # fmt: skip
    for who in filled.people.values():
        with injected() as raw:
            forge(raw, who)
            for table in tables & readable_tables(raw):
                assert count(raw, table) == 0, (who.username, table)


def test_every_readable_table_is_walled_or_placed(filled: World, superuser: Superuser) -> None:
    """A new one is red here until somebody says why it may be read; one of content without the check is named."""

    def unplaced() -> set[str]:
        with injected() as raw:
            here, walled = readable_tables(raw), content_tables(raw)
            return {one for one in here - walled - set(PLAIN) if not one.startswith(LIBRARIES)}

    assert unplaced() == set()
    owner = superuser()
    owner.execute("CREATE TABLE later (words text)")
    owner.execute("GRANT SELECT ON later TO suyuan_app")
    try:
        assert unplaced() == {"later"}
    finally:
        owner.execute("DROP TABLE later")


# Signing in looks a factor, or an identity, up before anybody is proven. What they share with a telephone is sealed.
LOOKED_UP = {"mfa_authenticator.looked_up", "socialaccount_socialaccount.looked_up"}


def unasking_policies(raw: Raw) -> set[str]:
    """Policies that let the application role in and do not ask, in a sub-select, who is proven. Restrictive ones let nobody in."""
    rows = raw.execute(
        """SELECT c.relname || '.' || p.polname, coalesce(pg_get_expr(p.polqual, p.polrelid), ''),
                  coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '')
           FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
           WHERE c.relnamespace = 'public'::regnamespace AND p.polpermissive AND EXISTS (
               SELECT FROM pg_roles r WHERE r.rolname = 'suyuan_app' AND (r.oid = ANY (p.polroles) OR 0 = ANY (p.polroles)))"""
    )
    asks = re.compile(r"\( SELECT access_(range|person_now|account_now|is_process|duty_range)\(")
    # Whatever else a policy reads of the session it reads row by row, and so of whoever sets it between two rows.
    alone = re.compile(r"current_setting|access_(in_scope|may_open)\(")
    return {
        name for name, *texts in rows for text in texts if text and (alone.search(text) or not asks.search(text))
    } - LOOKED_UP


def test_every_policy_asks_once_who_is_proven(filled: World, superuser: Superuser) -> None:
    """A policy that only looks at the variables is named, and is a hole indeed."""
    owner = superuser()
    assert unasking_policies(owner) == set()
    owner.execute(
        "CREATE POLICY careless ON records_record FOR SELECT TO suyuan_app USING (access_in_scope(agency, level))"
    )
    try:
        assert unasking_policies(owner) == {"records_record.careless"}
        with injected() as raw:
            forge(raw, filled.head)
            assert count(raw, "records_record") == 3
    finally:
        owner.execute("DROP POLICY careless ON records_record")


def called_functions(raw: Raw) -> dict[str, tuple[str, list[str], bool]]:
    """Functions of the schema by name: body, types of arguments, and whether the application role may call it as its owner."""
    rows = raw.execute(
        """SELECT p.proname, coalesce(p.prosrc, '') || coalesce(pg_get_function_sqlbody(p.oid), ''),
                  ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) AS t),
                  p.prosecdef AND has_function_privilege('suyuan_app', p.oid, 'EXECUTE') AND p.prorettype <> 'trigger'::regtype
           FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prokind = 'f'
             AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"""
    )
    return {name: (body, types, granted) for name, body, types, granted in rows}


def unasking_functions(raw: Raw) -> set[str]:
    """Functions that run as the owner for the application role and neither ask who is proven, by whatever they call, nor stand in OPEN."""
    known = called_functions(raw)

    def asks(name: str, seen: frozenset[str] = frozenset()) -> bool:
        if name in ASKS:
            return True
        words = set(re.findall(r"\w+", known[name][0])) & set(known) - seen - {name}
        return any(asks(one, seen | {name}) for one in words)

    return {name for name, (_, _, granted) in known.items() if granted and name not in OPEN and not asks(name)}


def test_every_function_asks_who_is_proven(filled: World, superuser: Superuser) -> None:
    """One that reads as its owner without asking is named, and is a hole indeed."""
    owner = superuser()
    assert unasking_functions(owner) == set()
    assert set(OPEN) <= set(called_functions(owner))
    owner.execute(
        """CREATE FUNCTION careless() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
           AS 'SELECT count(*) FROM records_record WHERE access_in_scope(agency, level)';
           GRANT EXECUTE ON FUNCTION careless() TO suyuan_app"""
    )
    try:
        assert unasking_functions(owner) == {"careless"}
        with injected() as raw:
            forge(raw, filled.head)
            assert raw.execute("SELECT careless()").fetchone() == (3,)
    finally:
        owner.execute("DROP FUNCTION careless()")


def arguments(owner: Raw, types: list[str]) -> Iterator[list[Any]]:
    """Arguments that mean something, by type: ids that are there, and nothing."""
    record, batch, request = (
        owner.execute("SELECT record_id, batch_id FROM records_revision LIMIT 1").fetchone() or (None, None)
    ) + (1,)
    pool: dict[str, list[Any]] = {
        "uuid": [record, batch], "uuid[]": [[record]], "bigint": [request, STATION], "bigint[]": [None], "bigint ": [1],
        "integer": [1], "smallint": [1], "smallint[]": [None], "text": ["case"], "text[]": [["case"]], "boolean": [True],
        "bytea": [b"x" * 32], "bytea[]": [[b"x" * 16]], "date": ["2026-11-23"], "numeric": ["0.05"],
        "timestamp with time zone": ["2020-01-01"], "jsonb": ["{}"],
    }  # fmt: skip
    for number, chosen in enumerate(product(*(pool.get(one, [None]) for one in types))):
        if number == 8:
            return
        yield list(chosen)


def nothing(rows: list[tuple[Any, ...]]) -> bool:
    """Whether an answer says nothing: no row, or one of NULL, false, an empty text or an empty range."""
    return all(value in (None, False, "", [], Range(empty=True)) for row in rows for value in row)


def test_forged_variables_call_no_function(filled: World, superuser: Superuser) -> None:
    """Each function that the role may call, with arguments that mean something, for each kind of person: refused or empty."""
    owner = superuser()
    granted = {name: types for name, (_, types, can) in called_functions(owner).items() if can and name not in OPEN}
    assert len(granted) > 40
    # The first release of the catalog is anybody's to record, on an installation that has none.
    owner.execute(
        "SELECT records_record_release(sha256('x'), 'x', '{}', 'x') WHERE NOT EXISTS (SELECT FROM records_release)"
    )
    answered = []
    with injected() as raw:
        for who in (filled.security, filled.system, filled.auditor, filled.head, filled.collector, filled.custodian):
            for name, types in granted.items():
                for chosen in arguments(owner, types):
                    raw.rollback()
                    forge(raw, who)
                    places = ", ".join(f"%s::{one}" for one in types)
                    try:
                        rows = raw.execute(f"SELECT * FROM {name}({places})", chosen).fetchall()
                    except psycopg.Error:
                        continue
                    if not nothing(rows):
                        answered.append((name, who.username, rows))
    assert answered == []


@pytest.fixture
def head(filled: World) -> Iterator[tuple[Raw, Somebody]]:
    """A transaction in which the head of a department acts, properly."""
    with injected() as raw:
        assert raw.execute(
            "SELECT * FROM access_enter(%s, %s, %s)",
            [filled.head.person, filled.head.ground, tickets.of(filled.head.person)],
        ).fetchone()
        yield raw, filled.head


def test_a_proven_person_reads_their_own_scope_alone(
    head: tuple[Raw, Somebody], filled: World, superuser: Superuser
) -> None:
    """The same statements see rows once somebody is proven, and none of an agency out of reach."""
    raw, _ = head
    assert count(raw, "records_record") == 3
    deliver(filled.outsider, "violation", rows_of("violation", 2))
    assert count(superuser(), "records_record") == 5
    assert count(raw, "records_record") == 3


@pytest.mark.parametrize("name", VARIABLES)
def test_each_changed_variable_breaks_the_seal(head: tuple[Raw, Somebody], filled: World, name: str) -> None:
    """Be it larger, emptied or somebody else's; undoing the change mends it."""
    raw, _ = head
    batch = raw.execute("SELECT batch_id FROM records_batch LIMIT 1").fetchone()[0]
    other = {"person": filled.security.person, "ground": 1, "duty": "analyst", "agency": 0, "scope_lo": 0, "scope_hi": 10**15,
             "clearance": 2, "purpose": "emergency", "open_types": "resident", "batch": batch, "account": 2, "channel": "task",
             "proof": "ff" * 32, "seal": "0" * 64}  # fmt: skip
    before = said(raw)[name]
    for value in {str(other[name]), "", before + "0", " " + before} - {before}:
        raw.execute("SAVEPOINT here")
        say(raw, **{name: value})
        assert count(raw, "records_record") == 0, value
        assert raw.execute("SELECT access_person_now(), access_account_now()").fetchone() == (None, None)
        raw.execute("ROLLBACK TO SAVEPOINT here")
        assert count(raw, "records_record") == 3


def test_a_seal_is_worth_nothing_elsewhere_or_later(head: tuple[Raw, Somebody]) -> None:
    """In another connection at the same time; in the same connection, one transaction later; for the whole session."""
    raw, _ = head
    captured = said(raw)
    assert captured["seal"]
    with injected() as thief:
        say(thief, **captured)
        assert count(thief, "records_record") == 0
    raw.commit()
    say(raw, **captured)
    assert count(raw, "records_record") == 0
    for name, value in captured.items():
        raw.execute("SELECT set_config(%s, %s, false)", [f"suyuan.{name}", value])
    raw.commit()
    assert count(raw, "records_record") == 0


def test_a_batch_is_opened_by_the_function_alone(filled: World) -> None:
    """Who takes a batch up properly sees it; naming it does not help, and its seal opens no second one."""
    with injected() as raw:
        raw.execute(
            "SELECT access_enter(%s, %s, %s)",
            [filled.second.person, filled.second.duty_ground, tickets.of(filled.second.person)],
        )
        assert count(raw, "records_revision") == 0
        batch = raw.execute("SELECT batch_id FROM records_batch WHERE state = 'second_review'").fetchone()[0]
        raw.execute("SAVEPOINT here")
        say(raw, batch=batch)
        assert count(raw, "records_revision") == 0
        raw.execute("ROLLBACK TO SAVEPOINT here")
        with pytest.raises(psycopg.errors.InsufficientPrivilege), raw.transaction():
            raw.execute("SELECT access_open_batch(%s)", [batch])
        assert raw.execute("SELECT records_take_batch(%s)", [batch]).fetchone() == (True,)
        assert count(raw, "records_revision") == 3
        raw.execute("ROLLBACK TO SAVEPOINT here")
        assert count(raw, "records_revision") == 0


def test_one_persons_session_is_that_person_only(filled: World) -> None:
    """For nobody else and under no ground but their own, and with the account it was opened for."""
    secret = tickets.session("collector")
    mine = filled.collector
    with injected() as raw:
        for other in filled.people.values():
            if other.person != mine.person:
                for ground in (other.ground, mine.ground):
                    assert not raw.execute("SELECT access_enter(%s, %s, %s)", [other.person, ground, secret]).fetchall()
                assert not raw.execute(
                    "SELECT access_enter(%s, %s, %s)", [mine.person, other.ground, secret]
                ).fetchall()
        assert raw.execute("SELECT access_person_now()").fetchone() == (None,)
        assert raw.execute("SELECT access_enter(%s, %s, %s)", [mine.person, mine.ground, secret]).fetchall()
        assert raw.execute("SELECT access_person_now()").fetchone() == (mine.person,)
        with pytest.raises(psycopg.errors.CheckViolation), raw.transaction():
            others = Account.objects.get(username="security").pk
            raw.execute("SELECT access_issue_token(%s, 'x', %s, 1)", [others, b"y" * 32])


@pytest.mark.parametrize("secret", [b"", b"\0" * 32, b"x"])
def test_nothing_else_is_a_proof(filled: World, secret: bytes) -> None:
    """No proof, and what was never handed out; nor the digest of one that is."""
    mine = filled.collector
    true = tickets.session("collector")
    with injected() as raw:
        for shown in (None, secret, proof.digest(true)):
            assert not raw.execute("SELECT access_enter(%s, %s, %s)", [mine.person, mine.ground, shown]).fetchall()
            assert not raw.execute("SELECT * FROM access_be(%s)", [shown]).fetchall()


def test_a_session_is_opened_by_the_password_alone(filled: World) -> None:
    """Not by another's password, not by what the role can read of the hash, not by its digest; and only for the account."""
    account = Account.objects.get(username="collector")
    right = verifier.shown(account.password, PASSWORD)
    with injected() as raw:
        readable = raw.execute("SELECT password FROM access_account WHERE username = 'collector'").fetchone()[0]
        assert readable in right and readable != right
        be_process(raw)
        wrong = (readable, "", verifier.shown(account.password, "wrong"), proof.digest(right.encode()).hex())
        for number, shown in enumerate((*wrong, right)):
            digest = bytes([number]) * 32
            opened = raw.execute("SELECT access_open_session(%s, %s, %s)", [account.pk, shown, digest]).fetchone()[0]
            assert opened is (shown == right)
        other = Account.objects.get(username="security")
        assert raw.execute("SELECT access_open_session(0, %s, %s)", [right, b"z" * 32]).fetchone() == (False,)
        assert raw.execute(
            "SELECT access_vouch_session(%s, %s, extract(epoch FROM now())::bigint, %s)",
            [other.pk, b"z" * 32, b"c" * 32],
        ).fetchone() == (False,)


SECRETS = (
    "SELECT * FROM access_secret", "SELECT * FROM access_proof", "SELECT key FROM access_voucher",
    "SELECT verifier FROM access_account", "SELECT * FROM access_account", "SELECT digest FROM access_token",
    "SELECT access_seal_now()", "SELECT access_shown('x')", "SELECT access_make_session(1, 'x', 'password')",
    "SELECT access_command_ticket(1, 'root', 'x')", "SELECT access_end_ways(1, NULL)", "SELECT access_random_block()",
    "SELECT access_vouched('session 1 00', 1, 'x')", "SELECT access_open_batch(NULL)",
    "UPDATE access_account SET password = 'x'",
    "UPDATE access_account SET last_login = now()", "UPDATE access_account SET is_active = true",
    "INSERT INTO access_proof (digest, kind) VALUES ('x', 'session')", "DELETE FROM access_proof",
    "UPDATE access_open_types SET types = 'resident'", "SELECT first_half FROM access_way_in",
)  # fmt: skip


@pytest.mark.parametrize("statement", SECRETS)
def test_what_proves_is_not_to_be_read_or_written(filled: World, statement: str) -> None:
    """Neither the secret of the seals, nor digests of proofs, nor what a password is checked with; nor are they changed."""
    with injected() as raw:
        forge(raw, filled.security)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            raw.execute(statement)


def test_no_proof_stands_in_the_text_of_a_query(filled: World) -> None:
    """Other connections of the role see what a connection runs: they see no proof there."""
    from django.db import connection

    secret = tickets.session("collector")
    with proof.holding(secret), filled.collector.acting():
        with injected() as thief:
            texts = [text for (text,) in thief.execute("SELECT query FROM pg_stat_activity WHERE query <> ''")]
        assert not any(secret.hex() in text or str(secret) in text for text in texts)
        assert any("access_enter($1" in text for text in texts)
    connection.close()


def test_what_a_raw_connection_did_before_it_does_not_do_now(filled: World) -> None:
    """The tries of a trial by attack, by their steps: the whole ledger, a grant, a password, a token, a decision."""
    with injected() as raw:
        forge(raw, filled.head)
        record = "(SELECT record_id FROM records_record LIMIT 1)"
        assert raw.execute(f"SELECT * FROM ledger_about({record}, 10)").fetchall() == []
        refused = psycopg.errors.InsufficientPrivilege, psycopg.errors.CheckViolation
        for who, statement in (
            (filled.auditor, "SELECT * FROM audit_search(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 500)"),
            (filled.security, "SELECT access_propose_duty(1, 'department_head', 0, NULL, 2::smallint, civil_today(), civil_today() + 9, 'x')"),
            (filled.security2, "SELECT access_decide_proposal(1, true)"),
            (filled.security, "UPDATE access_account SET password = 'argon2$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA'"),
            (filled.security, "SELECT access_issue_token(1, 'x', decode(repeat('00', 32), 'hex'), 9)"),
            (filled.system, "SELECT access_add_person('T9', '某人', 0, NULL)"),
            (filled.second, f"""INSERT INTO review_decision (batch_id, step, outcome, reviewer, author, digest, agency, level, at)
                SELECT gen_random_uuid(), 2, 'approve', {filled.second.person}, 1, '', {STATION}, 1, clock_timestamp()"""),
            (filled.collector, f"""INSERT INTO records_batch (batch_id, type, agency, level, collector, channel, legal_basis, release, label)
                VALUES (gen_random_uuid(), 'violation', {STATION}, 1, {filled.collector.person}, 'form', 'x', '', '')"""),
        ):  # fmt: skip
            with pytest.raises(refused), raw.transaction():
                forge(raw, who, duty="collector" if who is filled.collector else "second_reviewer")
                raw.execute(statement)


def proofs(owner: Raw, kind: str) -> int:
    """How many proofs of a kind are stored."""
    found: int = owner.execute("SELECT count(*) FROM access_proof WHERE kind = %s", [kind]).fetchone()[0]  # type: ignore[index]
    return found


@pytest.mark.clause("5.3.1")
def test_an_act_by_command_says_so_and_names_the_systems_user(filled: World, superuser: Superuser) -> None:
    """Nobody showed a credential of that person: the entry has the channel and whose process it was; the ticket is gone."""
    owner = superuser()
    before = proofs(owner, "command")
    asked = [
        "ground",
        "request",
        "case",
        "--reference",
        "A1",
        "--reason",
        "核查",
        "--until",
        "2026-12-30",
        "--as",
        "collector",
    ]
    done = CliRunner().invoke(root, asked)
    assert done.exit_code == 0, done.output
    entered = owner.execute(
        "SELECT detail FROM ledger_entry WHERE detail->>'done' = 'ask_ground' AND person = %s",
        [filled.collector.person],
    ).fetchone()
    assert entered and entered[0]["channel"] == "command" and entered[0]["os_user"] == proof.os_user()
    assert proofs(owner, "command") == before


def test_the_ticket_of_a_job_is_for_its_person_and_ground_and_ends_with_it(filled: World, superuser: Superuser) -> None:
    """Made by whoever acts; under their other ground it is worth nothing; a job that fails keeps it for the next try."""
    mine = filled.collector
    with mine.acting():
        sealed = proof.task_ticket("import 1", mine.person)
    with pytest.raises(ValueError), proof.by_task("import 1", mine.person, sealed):
        raise ValueError
    with proof.by_task("import 1", mine.person, sealed):
        with mine.acting() as who:
            assert who.through == {"channel": "task"}
        with pytest.raises(NoGround), mine.on_duty():
            pass
        with pytest.raises(NoGround), filled.colleague.acting():
            pass
    assert proofs(superuser(), "task") == 0
    with proof.by_task("import 1", mine.person, sealed), pytest.raises(Unproven), mine.acting():
        pass
    with injected() as raw, pytest.raises(psycopg.errors.InsufficientPrivilege):
        forge(raw, mine)
        raw.execute("SELECT access_task_ticket('x', %s)", [b"q" * 32])


def ticket_of(proof_held: bytes, who: Somebody, *, process: bool) -> bytes:
    """A ticket that SQL under the application role makes of a proof, in a process or outside of one."""
    secret = proof.fresh()
    with psycopg.connect(current().database("app")) as raw:
        assert raw.execute("SELECT * FROM access_enter(%s, %s, %s)", [who.person, who.ground, proof_held]).fetchone()
        if process:
            be_process(raw)
        raw.execute("SELECT access_task_ticket('x', %s)", [proof.digest(secret)])
    return secret


def test_no_ticket_is_made_past_the_process_or_of_a_ticket(filled: World) -> None:
    """Whoever has a session's or a token's secret makes no ticket that outlives it, and a ticket makes no other.

    Negative control: the process makes one of the same session, and it works after signing out, as a queued import must.
    """
    mine, session = filled.collector, tickets.session("collector")
    with tickets.in_session("collector") as account:
        number, token = tokens.issue(account, "queue", 1)
    for held in (session, token.encode()):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            ticket_of(held, mine, process=False)
    queued, by_token = (ticket_of(one, mine, process=True) for one in (session, token.encode()))
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ticket_of(queued, mine, process=True)
    proof.end(session)
    assert (proof.lives(session), proof.lives(queued), proof.lives(by_token)) == (False, True, True)
    with tickets.in_session("collector") as account:
        tokens.revoke(account, number)
    assert (proof.lives(queued), proof.lives(by_token)) == (True, False)


def test_a_ticket_ends_with_the_accounts_of_its_person(filled: World, superuser: Superuser) -> None:
    """Closed, the account's jobs act no more; opened again, they do (negative control)."""
    queued = ticket_of(tickets.session("collector"), filled.collector, process=True)
    for active in (False, True):
        superuser().execute("UPDATE access_account SET is_active = %s WHERE username = 'collector'", [active])
        assert proof.lives(queued) is active
    proof.end(queued)


def test_leaving_signing_out_and_ending_a_session_end_its_proof(filled: World, superuser: Superuser) -> None:
    """What the browser's session held is worth nothing afterwards, though somebody kept it."""
    client = signed_in("colleague")
    secret = bytes.fromhex(client.session["proof"])
    assert proof.lives(secret)
    client.post("/sign-out/")
    assert not proof.lives(secret)
    client, other = signed_in("colleague"), signed_in("colleague")
    for one in (client, other):
        one.get("/account/sessions/")
    secret, theirs = (bytes.fromhex(one.session["proof"]) for one in (client, other))
    client.post("/account/sessions/")
    assert (proof.lives(secret), proof.lives(theirs)) == (True, False)
    superuser().execute("DELETE FROM access_proof WHERE digest = %s", [proof.digest(secret)])
    assert client.get("/records/")["Location"].startswith("/sign-in/")
    assert "_auth_user_id" not in client.session


def test_nobody_gives_somebody_else_a_factor_or_an_identity(filled: World) -> None:
    """By raw SQL: no passkey of one's own at another's account, no identity joined to it, none taken away; one's own are, by a process."""
    mine, other = (Account.objects.get(username=name).pk for name in ("collector", "security"))
    factor = "INSERT INTO mfa_authenticator (user_id, type, data, created_at) VALUES (%s, 'webauthn', '{}', now())"
    identity = """INSERT INTO socialaccount_socialaccount (user_id, provider, uid, last_login, date_joined, extra_data)
        VALUES (%s, 'agency', 'x', now(), now(), '{}')"""
    Authenticator.objects.create(user_id=other, type="webauthn", data={})
    with injected() as raw:
        for statement in (factor, identity):
            for proven in (False, True):
                if proven:
                    raw.execute("SELECT access_be(%s)", [tickets.session("collector")])
                else:
                    forge(raw, filled.security)
                    say(raw, account=other)
                with pytest.raises(psycopg.errors.InsufficientPrivilege), raw.transaction():
                    raw.execute(statement, [other])
                assert raw.execute("DELETE FROM mfa_authenticator WHERE user_id = %s", [other]).rowcount == 0
                assert raw.execute("UPDATE mfa_authenticator SET user_id = %s", [mine]).rowcount == 0
            with pytest.raises(psycopg.errors.InsufficientPrivilege), raw.transaction():
                raw.execute(statement, [mine])  # a session's secret alone makes nothing that outlasts it
            be_process(raw)
            raw.execute(statement, [mine])
            with pytest.raises(psycopg.errors.InsufficientPrivilege), raw.transaction():
                raw.execute(statement, [other])
            raw.rollback()
    assert Authenticator.objects.filter(user_id=other).delete()[0] == 1


def test_the_table_of_sessions_lets_nobody_in(filled: World) -> None:
    """Neither its keys as a cookie, nor another row's contents in one's own."""
    theirs, mine = signed_in("security"), signed_in("collector")
    key, thief = theirs.session.session_key, Client()
    thief.cookies["sessionid"] = key
    assert thief.get("/account/")["Location"].startswith("/sign-in/")
    with psycopg.connect(current().database("app"), autocommit=True) as raw:
        raw.execute(
            """UPDATE django_session m SET session_data = t.session_data FROM django_session t
               WHERE m.session_key = %s AND t.session_key = %s""",
            [mine.session.session_key, key],
        )
    assert mine.get("/account/")["Location"].startswith("/sign-in/")
    assert theirs.get("/account/").status_code == 200


WIDER = "set_config('suyuan.scope_lo', '0', true) || set_config('suyuan.scope_hi', '1000000000000000', true) "
WIDER += "|| set_config('suyuan.clearance', '2', true) || set_config('suyuan.purpose', 'case', true)"


def enter(raw: Raw, who: Somebody, ground: int | None = None) -> None:
    """Enter somebody's context by a proof of theirs."""
    proof = tickets.of(who.person)
    raw.execute("SELECT * FROM access_enter(%s, %s, %s)", [who.person, ground or who.ground, proof])


def seen_beside(who: Somebody, table: str, ground: int | None = None) -> tuple[int, int, int]:
    """Rows that a live context shows: asked plainly; by a cursor, and within a statement, while the range is made wider."""
    select = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
    between = sql.SQL(
        """SELECT count(*) FROM generate_series(1, 2) AS turn,
                  LATERAL (SELECT CASE WHEN turn = 2 THEN {wider} END AS said OFFSET 0) AS changed,
                  LATERAL (SELECT 1 FROM {table} WHERE changed.said IS NOT NULL OR turn = 1 OFFSET 0) AS rows"""
    ).format(wider=sql.SQL(WIDER), table=sql.Identifier(table))
    with injected() as raw:
        enter(raw, who, ground)
        plain = raw.execute(select).fetchone()[0]
        found = raw.execute(between).fetchone()[0] - plain
    with injected() as raw:
        enter(raw, who, ground)
        raw.execute(sql.SQL("DECLARE c NO SCROLL CURSOR FOR SELECT 1 FROM {}").format(sql.Identifier(table)))
        fetched = len(raw.execute("FETCH 1 FROM c").fetchall())
        raw.execute(f"SELECT {WIDER}")
        fetched += len(raw.execute("FETCH ALL FROM c").fetchall())
    return plain, found, fetched


def test_a_context_is_not_widened_between_two_rows(filled: World, superuser: Superuser) -> None:
    """Of every content table, for somebody who sees a part of it: the same part, whatever is set after the first row."""
    owner = superuser()
    deliver(filled.outsider, "violation", rows_of("violation", 2, notice_no="W-1"))
    tables = content_tables(owner)
    for who in (filled.collector, filled.outsider, filled.first):
        for table in tables:
            with injected() as raw:
                if table not in readable_tables(raw):
                    continue
            plain, found, fetched = seen_beside(who, table)
            assert found <= plain, (who.username, table)
            assert fetched == plain, (who.username, table)
    # The control: a policy that asks once who is proven and then reads the range row by row.
    owner.execute(
        "ALTER POLICY in_scope ON records_batch USING ((SELECT access_proven()) AND access_in_scope(agency, level))"
    )
    try:
        plain, found, fetched = seen_beside(filled.outsider, "records_batch")
        assert max(found, fetched) > plain
    finally:
        owner.execute(
            "DO $$ BEGIN EXECUTE format('ALTER POLICY in_scope ON records_batch USING (%s)', access_range_rule('see')); END $$"
        )


def test_nothing_is_written_for_another_agency_between_two_rows(filled: World) -> None:
    """The second row of one statement is held to the range of the first."""
    batch = f"""INSERT INTO records_batch (batch_id, type, agency, level, collector, channel, legal_basis, release, label)
        SELECT gen_random_uuid(), 'violation', agency, 1, {filled.collector.person}, 'form', 'x', '', ''
        FROM (VALUES (1, {STATION}), (2, {FAR_STATION})) AS n (turn, agency),
             LATERAL (SELECT CASE WHEN turn = 2 THEN set_config('suyuan.agency', '{FAR_STATION}', true) END OFFSET 0) AS changed"""
    with injected() as raw:
        enter(raw, filled.collector)
        raw.execute(batch.replace(f"(2, {FAR_STATION})", f"(1, {STATION})"))  # the control: both of one's own
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            raw.execute(batch)


def test_two_contexts_do_not_mix(filled: World, superuser: Superuser) -> None:
    """Whoever enters a second context of theirs while a cursor is open sees what either shows, and nothing between."""
    owner = superuser()
    [(everything,)] = owner.execute("SELECT count(*) FROM records_batch").fetchall()
    with injected() as raw:
        enter(raw, filled.collector)
        own = count(raw, "records_batch")
        raw.execute("DECLARE c NO SCROLL CURSOR FOR SELECT agency FROM records_batch")
        rows = raw.execute("FETCH 1 FROM c").fetchall()
        enter(raw, filled.outsider)
        rows += raw.execute("FETCH ALL FROM c").fetchall()
    assert {agency for (agency,) in rows} <= {STATION, FAR_STATION}
    assert own < everything
