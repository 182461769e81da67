"""What SQL under the application role reaches while nobody is proven: no session, no token, no ticket, no voucher.

Everything that exists is tried: each table by each privilege, each function with arguments that mean something. What gets
anywhere is compared with `unproven.csv`, written by hand, which says why it must be and what it is worth to an attacker.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

import tickets
from access.everything import Place, furnish
from access.test_every_function import KEPT_OUT, Function, called, functions
from access.test_wall import injected, nothing
from delivered import deliver, rows_of
from suyuan.access import actions, proof
from suyuan.access.models import Account
from suyuan.access.sign_in import attempts, verifier
from suyuan.access.sign_in.used import Used
from suyuan.vault import actions as vault
from suyuan.vault import hosts
from suyuan.vault.keyfile import KeyFile
from tickets import be_process
from world import PASSWORD, World

pytestmark = [pytest.mark.clause("5.1.2"), pytest.mark.control("C8", "C9")]
Superuser = Callable[[], psycopg.Connection[Any]]
Raw = psycopg.Connection[Any]
Refused = psycopg.errors.InsufficientPrivilege
PLACED = Path(__file__).with_name("unproven.csv")
TABLES = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN")
SEQUENCES = ("SELECT", "USAGE", "UPDATE")


# What the libraries keep of somebody, so that what a policy shows of it is tried.
FILL = """INSERT INTO mfa_authenticator (user_id, type, data, created_at) SELECT id, 'webauthn', '{}', now() FROM access_account LIMIT 1;
INSERT INTO socialaccount_socialaccount (user_id, provider, uid, last_login, date_joined, extra_data)
SELECT id, 'agency', 'x', now(), now(), '{}' FROM access_account LIMIT 1;
INSERT INTO access_try (kind, username, source) VALUES ('code', 'y', 'unknown')"""
# Under policies and without a row here: that each policy asks is tried in `test_wall.py`.
EMPTY = {
    "collection_delivery", "collection_draft", "collection_found", "collection_import", "collection_upload", "records_link",
    "records_setback", "review_look", "review_mark", "review_return", "review_sample",
}  # fmt: skip


def placed() -> dict[str, str]:
    """What may be reached without a proof, by the table written by hand; each row says why and what it is worth."""
    found: dict[str, str] = {}
    for row in csv.DictReader(PLACED.read_text(encoding="utf-8").splitlines()):
        assert row["why"] and row["gains"], row
        for name in row["names"].split("|"):
            assert name not in found, name
            found[name] = row["reaches"]
    return found


class Relation:
    """A table, view or sequence, and what the application role is granted of it."""

    def __init__(self, owner: Raw, oid: int, name: str, kind: str, walled: bool) -> None:
        self.owner, self.oid, self.name, self.kind, self.walled = owner, oid, name, kind, walled
        self.columns = [
            column for (column,) in owner.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped ORDER BY attnum", [oid])
        ]  # fmt: skip

    def granted(self, privilege: str) -> list[str]:
        """The columns of which the role holds a privilege; the whole relation's name for those that have no columns."""
        if privilege in ("SELECT", "INSERT", "UPDATE", "REFERENCES") and self.kind != "S":
            asked = "SELECT has_column_privilege('suyuan_app', %s::oid, %s, %s)"
            return [
                one
                for one in self.columns
                if self.owner.execute(asked, [self.oid, one, privilege]).fetchone() == (True,)
            ]
        asked = f"SELECT has_{'sequence' if self.kind == 'S' else 'table'}_privilege('suyuan_app', %s::oid, %s)"
        return [self.name] if self.owner.execute(asked, [self.oid, privilege]).fetchone() == (True,) else []

    @property
    def rows(self) -> int:
        """How many there are."""
        found = self.owner.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(self.name))).fetchone()
        return int(found[0]) if found else 0

    def open(self, privilege: str, columns: list[str]) -> bool:
        """Whether a privilege that is granted gets anywhere: tried, in a transaction of the role that is undone.

        What a constraint refuses gets somewhere: another row would pass. What a policy refuses does not.
        """
        told = {
            "SELECT": "SELECT {columns} FROM {name} LIMIT 1", "INSERT": "INSERT INTO {name} DEFAULT VALUES",
            "UPDATE": "UPDATE {name} SET {first} = NULL", "DELETE": "DELETE FROM {name}",
        }.get(privilege)  # fmt: skip
        if told is None or self.kind == "S":
            return True
        statement = sql.SQL(told).format(
            name=sql.Identifier(self.name), first=sql.Identifier(columns[0]),
            columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        )  # fmt: skip
        with injected() as raw:
            try:
                touched = raw.execute(statement).rowcount
            except psycopg.Error as exc:
                return not kept_out(exc)
        return touched > 0 or not self.walled

    def reached(self) -> str:
        """What gets anywhere, in words: "select(a b) insert"; only some columns are named."""
        said = []
        for privilege in SEQUENCES if self.kind == "S" else TABLES:
            if privilege == "MAINTAIN" and self.owner.info.server_version < 170000:
                continue
            columns = self.granted(privilege)
            if columns and self.open(privilege, columns):
                some = "" if columns in ([self.name], self.columns) else f"({' '.join(columns)})"
                said.append(privilege.lower() + some)
        return " ".join(said)


def relations(owner: Raw) -> Iterator[Relation]:
    """Every one of the schema."""
    for oid, name, kind, walled in owner.execute(
        """SELECT oid, relname, relkind::text, relrowsecurity FROM pg_class
           WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')"""
    ).fetchall():
        yield Relation(owner, oid, name, kind, walled)


def library_functions(owner: Raw) -> set[str]:
    """Functions of the queue. They run as whoever calls them, so they reach what the tables let."""
    return {
        name for (name,) in owner.execute(
            """SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname ~ '^procrastinate_'
               AND NOT prosecdef""")
    }  # fmt: skip


def all_reached(owner: Raw, place: Place) -> dict[str, str]:
    """Everything that gets anywhere, by name."""
    found = {one.name: said for one in relations(owner) if (said := one.reached())}
    return found | {f"{one.name}()": said for one in functions(owner) if (said := outcome(one, place))}


def outcome(one: Function, place: Place) -> str:
    """Whether a function "answers" or "changes" anything for nobody; empty where it does neither."""
    changed = "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_xact_all_tables"
    with injected() as raw:
        try:
            rows = raw.execute(*called(one, place, "department_head")).fetchall()
        except psycopg.Error as exc:
            return "" if kept_out(exc) else "answers"
        if raw.execute(changed).fetchone() != (0,):
            return "changes"
    return "" if nothing(rows) else "answers"


def kept_out(exc: psycopg.Error) -> bool:
    """Whether an attempt was refused because nobody acts, and not because of its values."""
    return exc.sqlstate == "42501" or exc.diag.constraint_name in KEPT_OUT


@pytest.mark.clause("5.1.2")
@pytest.mark.control("C8", "C9")
def test_what_nobody_reaches_is_placed_with_its_reason(fresh_world: World, superuser: Superuser) -> None:
    """What is new is red until it is placed; what was granted in addition, or asks nobody, is named."""
    owner = superuser()
    place = furnish(fresh_world, owner)[0]
    owner.execute(FILL)
    expected = placed()
    empty = {one.name for one in relations(owner) if one.walled and not one.rows}
    assert empty == EMPTY
    assert all_reached(owner, place) == expected
    assert not {name for (name,) in owner.execute(
        "SELECT proname FROM pg_proc WHERE proname ~ '^procrastinate_' AND prosecdef")}  # fmt: skip
    # The controls: a grant more, a column more, a policy that asks nobody, a function that asks nobody.
    owner.execute(
        """GRANT DELETE ON access_use TO suyuan_app; GRANT SELECT (verifier) ON access_account TO suyuan_app;
           CREATE POLICY careless ON access_try FOR SELECT TO suyuan_app USING (true);
           CREATE FUNCTION later() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM access_proof';
           GRANT EXECUTE ON FUNCTION later() TO suyuan_app"""
    )
    after = all_reached(owner, place)
    assert {name for name in after if after[name] != expected.get(name)} == {
        "access_use", "access_account", "access_try", "later()",
    }  # fmt: skip


@pytest.mark.control("C3")
def test_nobody_asks_whether_a_password_is_right(fresh_world: World) -> None:
    """Neither for a session nor for a new password, with the right one; not by a session's secret either. The process is told."""
    account = Account.objects.get(username="collector")
    right = verifier.shown(account.password, PASSWORD)
    with injected() as raw:
        assert raw.execute("SELECT access_check_password(%s, %s)", [account.pk, right]).fetchone() == (False,)
        assert raw.execute("SELECT access_open_session(%s, %s, %s)", [account.pk, right, b"z" * 32]).fetchone() == (
            False,
        )
        raw.execute("SELECT access_be(%s)", [tickets.session("collector")])
        assert raw.execute("SELECT access_check_password(%s, %s)", [account.pk, right]).fetchone() == (False,)
        with pytest.raises(Refused), raw.transaction():
            raw.execute("SELECT access_change_password(%s, %s)", [right, right])
        be_process(raw)
        assert raw.execute("SELECT access_check_password(%s, %s)", [account.pk, right]).fetchone() == (True,)


def test_a_process_is_one_in_its_connection_and_transaction(fresh_world: World) -> None:
    """Its mark is worth nothing elsewhere or later, nor is its voucher in another connection; nor is what one makes up."""
    with injected() as raw, injected() as other:
        [connected] = raw.execute("SELECT pg_backend_pid()").fetchone()
        said = proof.voucher(f"process {connected}")
        assert other.execute("SELECT access_be_process(%s, %s)", said).fetchone() == (False,)
        assert raw.execute("SELECT access_be_process(%s, %s)", said).fetchone() == (True,)
        [mark] = raw.execute("SELECT current_setting('suyuan.process')").fetchone()
        assert raw.execute("SELECT access_is_process()").fetchone() == (True,)
        raw.commit()
        for one in (raw, other):
            for made_up in (mark, "", "0" * 64):
                one.execute("SELECT set_config('suyuan.process', %s, true)", [made_up])
                assert one.execute("SELECT access_is_process()").fetchone() == (False,)
        for at, code in ((said[0], None), (None, said[1]), (said[0], b"c" * 32), (said[0] - 120, said[1])):
            assert raw.execute("SELECT access_be_process(%s, %s)", [at, code]).fetchone() == (False,)
    with proof.as_process():
        assert proof.ask("SELECT access_is_process()", []) == (True,)
    assert proof.ask("SELECT access_is_process()", []) == (False,)


def test_whoever_acts_goes_on_acting_beside_the_process(fresh_world: World) -> None:
    """What the process does for itself within an act neither ends the act nor stays with it."""
    with fresh_world.collector.acting():
        with proof.as_process():
            with proof.as_process():
                pass
            assert proof.ask("SELECT access_person_now(), access_is_process()", []) == (
                fresh_world.collector.person,
                True,
            )
        assert proof.ask("SELECT access_person_now(), access_is_process()", []) == (fresh_world.collector.person, False)


@pytest.mark.control("C3")
def test_nobody_gives_or_takes_a_try(fresh_world: World, superuser: Superuser) -> None:
    """Counts of wrong tries are neither read nor changed nor made, for oneself or to lock somebody else."""
    assert attempts.spend(attempts.PASSWORD, "collector", None) is not None
    before = superuser().execute("SELECT * FROM access_try ORDER BY 1, 2, 3").fetchall()
    assert before
    with injected() as raw:
        for proven in (False, True):
            if proven:
                raw.execute("SELECT access_be(%s)", [tickets.session("collector")])
            assert raw.execute("SELECT * FROM access_try").fetchall() == []
            assert raw.execute("UPDATE access_try SET tries = 0").rowcount == 0
            assert raw.execute("DELETE FROM access_try").rowcount == 0
            with pytest.raises(Refused), raw.transaction():
                raw.execute(
                    "INSERT INTO access_try (kind, username, source, tries) VALUES ('second', 'head', 'unknown', 9)"
                )
        raw.commit()
    assert superuser().execute("SELECT * FROM access_try ORDER BY 1, 2, 3").fetchall() == before


@pytest.mark.control("C4")
def test_a_used_code_is_remembered_by_the_process_alone(fresh_world: World, superuser: Superuser) -> None:
    """Once is once; nobody forgets it or uses somebody's code up, and no value is kept that could be read back as a program."""
    kept = Used("", {})
    assert kept.add("totp:1:123456", "y", 30)
    assert not kept.add("totp:1:123456", "y", 30)
    with injected() as raw, pytest.raises(Refused):
        raw.execute("SELECT access_use_once(sha256('x'), 30)")
    assert superuser().execute("SELECT count(*) FROM access_used").fetchone() == (1,)
    superuser().execute("UPDATE access_used SET ends_at = now() - interval '1 second'")
    assert kept.add("totp:1:123456", "y", 30)
    with pytest.raises(NotImplementedError):
        kept.get("totp:1:123456")


@pytest.mark.control("C1")
def test_nobody_founds_an_installation_by_sql(fresh_database: str, superuser: Superuser) -> None:
    """Codes of the first administrators are offered by the process, and what is kept of them is read by nobody."""
    assert actions.first_activation_code()
    with injected() as raw:
        assert raw.execute("SELECT access_founders_expected()").fetchone() == (True,)
        with pytest.raises(Refused), raw.transaction():
            raw.execute("SELECT access_offer_codes('{system_administrator}', '{x}')")
        with pytest.raises(Refused):
            raw.execute("SELECT * FROM access_activation")
    assert superuser().execute("SELECT count(*) FROM access_activation WHERE digest = 'x'").fetchone() == (0,)


def test_a_host_tells_by_its_keys(fresh_world: World, superuser: Superuser, installation: Any) -> None:
    """Whoever has the key file; neither plain SQL nor a code under another key, for other words, or of another time."""
    file = KeyFile(vault.key_path(installation), installation.passphrase)
    told = {"host": "0" * 16, "name": "x", "holds": ["key 1"], "level2": "none", "stopped": False}
    with injected() as raw:
        for statement, values in (
            ("INSERT INTO vault_host (host, name, holds, level2) VALUES ('0123456789abcdef', 'x', '{}', 'none')", []),
            ("UPDATE vault_host SET holds = '{}'", []), ("SELECT key FROM vault_teller", []),
            ("SELECT vault_tell('{}', extract(epoch FROM now())::bigint, NULL)", []),
            ("SELECT vault_tell('{}', NULL, %s)", [b"c" * 32]),
            ("SELECT vault_tell(%s, extract(epoch FROM now())::bigint, %s)", ["{}", b"c" * 32]),
        ):  # fmt: skip
            with pytest.raises(Refused), raw.transaction():
                raw.execute(statement, values)
        hosts.tell(raw, file, told)
        assert raw.execute("SELECT name FROM vault_host WHERE host = %s", ["0" * 16]).fetchone() == ("x",)
        superuser().execute("UPDATE vault_teller SET key = decode(repeat('00', 128), 'hex')")
        with pytest.raises(Refused), raw.transaction():
            hosts.tell(raw, file, told)


@pytest.fixture
def out_of_use(fresh_world: World, superuser: Superuser) -> Place:
    """A record that is sealed."""
    batch, result, _ = deliver(fresh_world.collector, "violation", rows_of("violation", 1, notice_no="S-1"))
    record = result.records[1]
    superuser().execute("UPDATE records_record SET state = 'sealed', in_force_rev = 1 WHERE record_id = %s", [record])
    return Place("own", 0, {"record": record, "batch": batch})


# Its content comes as ciphertext, so that the commitment can be computed where the keys are: a proof reads nothing.
PROVES = {("audit_proof_revisions", "security_auditor")}


def handing_out(world: World, owner: Raw, place: Place) -> set[tuple[str, str]]:
    """Functions that give the wrapped key or the content of a sealed record, and the duty to which they do."""
    found: set[tuple[str, str]] = set()
    secret = (
        "SELECT wrapped_key, content FROM records_record JOIN records_revision USING (record_id) WHERE record_id = %s"
    )
    secrets = {bytes(one) for row in owner.execute(secret, [place.things["record"]]) for one in row}
    for duty, who in (("collector", world.collector), ("first_reviewer", world.first), ("analyst", world.analyst),
                      ("department_head", world.head), ("security_auditor", world.auditor),
                      ("storage_custodian", world.custodian)):  # fmt: skip
        for one in functions(owner):
            if {"uuid", "_uuid"} & {kind for _, kind in one.arguments}:
                with injected() as raw:
                    raw.execute(
                        "SELECT access_enter(%s, %s, %s)", [who.person, who.duty_ground, tickets.of(who.person)]
                    )
                    if told(raw, one, place) & secrets:
                        found.add((one.name, duty))
    return found


def told(raw: Raw, one: Function, place: Place) -> set[bytes]:
    """Every bytes that a function gives for a record."""
    record = place.things["record"]
    given: dict[str, Any] = {"uuid": record, "_uuid": [record], "int4": 10, "int8": 1, "int2": 1, "text": "x", "bool": True,
                             "bytea": b"x"}  # fmt: skip
    try:
        marks = ", ".join(f"%s::{kind.removeprefix('_')}{'[]' * kind.startswith('_')}" for _, kind in one.arguments)
        rows = raw.execute(
            f"SELECT * FROM {one.name}({marks})", [given.get(kind) for _, kind in one.arguments]
        ).fetchall()
    except psycopg.Error:
        return set()
    return {bytes(value) for row in rows for value in row if isinstance(value, bytes)}


def test_no_function_hands_out_what_opens_a_sealed_record(
    fresh_world: World, out_of_use: Place, superuser: Superuser
) -> None:
    """Under the ground of a duty nobody gets the wrapped key or the content of one, by whatever function; the proof aside."""
    owner = superuser()
    assert handing_out(fresh_world, owner, out_of_use) == PROVES
    owner.execute(
        """CREATE FUNCTION later(p_records uuid[]) RETURNS TABLE (wrapped_key bytea) LANGUAGE sql SECURITY DEFINER
           SET search_path = pg_catalog, public, pg_temp AS $$ SELECT r.wrapped_key FROM records_record r
               WHERE r.record_id = ANY (p_records) AND access_in_scope(r.agency, r.level) $$;
           GRANT EXECUTE ON FUNCTION later(uuid[]) TO suyuan_app"""
    )
    assert ("later", "collector") in handing_out(fresh_world, owner, out_of_use)


# What somebody with the code, SQL under the role and the session's secret of one low person tries beside the functions.
BESIDE = (
    "SET ROLE suyuan_owner", "SET SESSION AUTHORIZATION suyuan_owner", "SET ROLE suyuan_sequencer", "SET session_replication_role = replica",
    "SET row_security = off; SELECT count(*) FROM records_revision", "COPY records_revision TO '/tmp/x'",
    "COPY (SELECT 1) TO PROGRAM 'true'", "SELECT pg_read_file('PG_VERSION')", "SELECT lo_import('/etc/hostname')",
    "SELECT pg_ls_dir('.')", "CREATE EXTENSION dblink", "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE TABLE public.t (x int)", "CREATE SCHEMA s", "ALTER TABLE records_record DISABLE ROW LEVEL SECURITY",
    "DROP POLICY in_scope ON records_record", "CREATE POLICY p ON records_record USING (true)",
    "CREATE RULE r AS ON SELECT TO records_record DO INSTEAD SELECT 1", "ALTER FUNCTION access_proven() OWNER TO suyuan_app",
    "CREATE TRIGGER t BEFORE INSERT ON access_person FOR EACH ROW EXECUTE FUNCTION access_keep_verifier()",
    "SELECT * FROM pg_statistic", "SELECT * FROM pg_authid",     "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p",
    "LOAD 'auto_explain'; SET auto_explain.log_analyze = on",
    "SELECT pg_export_snapshot() FROM access_secret", "SELECT nextval('access_person_person_seq')", "LOCK TABLE access_duty IN ACCESS EXCLUSIVE MODE",
    "COMMENT ON TABLE access_duty IS 'x'", "ALTER ROLE suyuan_app SUPERUSER", "ALTER SYSTEM SET fsync = off",
    "SELECT access_issue_token(access_account_now(), 'x', decode(repeat('00', 32), 'hex'), 90)",
)  # fmt: skip


@pytest.mark.control("C8")
@pytest.mark.parametrize("statement", BESIDE)
def test_a_low_person_with_sql_finds_no_way_beside_the_functions(world: World, statement: str) -> None:
    """Neither another role, nor a file, a program, an extension, an object of the schema, a setting, or a lasting token."""
    with injected() as raw:
        raw.execute("SELECT access_be(%s)", [tickets.session("collector")])
        with pytest.raises(psycopg.Error) as refused:
            raw.execute(statement)
    assert refused.value.sqlstate in ("42501", "58P01", "0A000", "25001", "42704", "42809", "55000"), refused.value


def test_statistics_tell_nothing_of_hidden_columns(world: World, superuser: Superuser) -> None:
    """Of tables under policies, and of columns that are not granted; the control is a column that is."""
    deliver(world.collector, "violation", rows_of("violation", 3, notice_no="ST-1"))
    owner = superuser()
    owner.execute("ANALYZE")
    told = "SELECT DISTINCT tablename || '.' || attname FROM pg_stats WHERE schemaname = 'public'"
    with injected() as raw:
        seen = {name for (name,) in raw.execute(told)}
    every = {name for (name,) in owner.execute(told)}
    assert "access_person.name" in seen
    assert {
        "records_revision.terms",
        "records_record.state",
        "records_key.key_digest",
        "access_account.verifier",
    } <= every
    walled = {name for (name,) in owner.execute("SELECT relname FROM pg_class WHERE relrowsecurity")}
    assert not {one for one in seen if one.split(".")[0] in walled}
    assert not seen & {
        "access_account.verifier",
        "access_token.digest",
        "access_proof.digest",
        "access_way_in.first_half",
    }


def test_what_was_prepared_while_somebody_acted_shows_nothing_later(world: World) -> None:
    """A prepared statement and a plan that is kept ask anew; a function of one's own named like one of the rooms is refused."""
    mine = world.collector
    deliver(mine, "violation", rows_of("violation", 2, notice_no="PR-1"))
    with injected() as raw:
        raw.execute("SET plan_cache_mode = force_generic_plan")
        raw.execute("SELECT access_enter(%s, %s, %s)", [mine.person, mine.ground, tickets.of(mine.person)])
        raw.execute("PREPARE seen AS SELECT count(*) FROM records_record")
        assert raw.execute("EXECUTE seen").fetchone() != (0,)
        raw.commit()
        assert raw.execute("EXECUTE seen").fetchone() == (0,)
        for function in ("access_proven", "access_is_process"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), raw.transaction():
                raw.execute(f"CREATE FUNCTION pg_temp.{function}() RETURNS boolean LANGUAGE sql AS 'SELECT true'")
        raw.execute("SET search_path = pg_temp, public")
        assert raw.execute("EXECUTE seen").fetchone() == (0,)
        assert raw.execute("SELECT count(*) FROM records_record").fetchone() == (0,)
        assert raw.execute("SELECT count(*) FROM access_try").fetchone() == (0,)
        with pytest.raises(Refused):
            raw.execute("SELECT * FROM access_use_once(sha256('x'), 1)")
