"""Who may pass the row level security: nobody who serves."""

from __future__ import annotations

import subprocess

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from suyuan.installation import Installation
from suyuan.installation.errors import DatabaseUnreachable, RolesTaken, RolesUnsafe, VersionUnknown
from suyuan.installation.findings import in_database, in_folder, refuse_unsafe
from suyuan.installation.postgres import Server
from suyuan.installation.roles import check_version, prepare_own

Connection = psycopg.Connection[tuple[object, ...]]


@pytest.fixture
def spoilt(own_server: Server) -> Connection:
    """A transaction of the superuser that is rolled back, in which a test spoils what the check must see."""
    return psycopg.connect(own_server.installation.database("admin"))


def found(connection: Connection) -> dict[str, str]:
    """The findings of the application role in this transaction, by id."""
    connection.execute("SET LOCAL ROLE suyuan_app; SET LOCAL plan_cache_mode = force_custom_plan")
    result = {finding.id: finding.en for finding in in_database(connection)}
    connection.close()
    return result


def test_a_fresh_installation_has_no_finding(own_server: Server) -> None:
    """The control: nothing is wrong with roles just made."""
    assert refuse_unsafe(own_server.installation) == []


@pytest.mark.clause("5.1.2")
def test_the_migrated_database_has_no_fatal_finding(database: str, installation: Installation) -> None:
    """Every table with content of every room is under forced row level security, and no function is loose."""
    with psycopg.connect(installation.database("app")) as connection:
        assert [finding.en for finding in in_database(connection) if finding.fatal] == []


SPOILS = {
    "SY001": "ALTER ROLE suyuan_app BYPASSRLS",
    "SY002": "GRANT suyuan_owner TO suyuan_app",
    "SY003": "CREATE TABLE bare (agency bigint, level smallint, content bytea)",
    "SY004": "CREATE TABLE ledger_entry (n int); GRANT DELETE ON ledger_entry TO suyuan_app",
    "SY005": "CREATE FUNCTION loose() RETURNS int SECURITY DEFINER LANGUAGE sql AS 'SELECT 1'",
    "SY006": "GRANT CREATE ON SCHEMA public TO suyuan_app",
    "SY007": "CREATE VIEW wide AS SELECT 1 AS a; GRANT SELECT ON wide TO suyuan_app",
    "SY016": "DO $$BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO suyuan_sequencer', current_database()); END$$",
}


@pytest.mark.clause("3.3.1")
@pytest.mark.control("C24")
def test_a_changed_page_of_the_stopped_server_is_found(own_server: Server) -> None:
    """Page checksums are on, and a bit changed in a table's file does not pass; switched off, `suyuan doctor` says so."""
    with psycopg.connect(own_server.installation.database("admin"), autocommit=True) as admin:
        admin.execute("CREATE TABLE paged AS SELECT n FROM generate_series(1, 1000) n")
        [[path]] = admin.execute("SELECT pg_relation_filepath('paged')").fetchall()
    own_server.stop()
    page = own_server.cluster / str(path)
    whole = page.read_bytes()
    page.write_bytes(whole[:4000] + bytes([whole[4000] ^ 1]) + whole[4001:])
    assert checksums(own_server, "--check") == 1
    page.write_bytes(whole)
    assert checksums(own_server, "--check") == 0
    try:
        assert checksums(own_server, "--disable") == 0
        own_server.start()
        with psycopg.connect(own_server.installation.database("app")) as connection:
            assert "SY010" in {finding.id for finding in in_database(connection)}
    finally:
        own_server.stop()
        assert checksums(own_server, "--enable") == 0
        own_server.start()


def checksums(server: Server, mode: str) -> int:
    """The exit code of `pg_checksums`, run as the server's user."""
    arguments = [server.program("pg_checksums"), mode, "-D", str(server.cluster)]
    return subprocess.run(server.user.command(arguments, server.cluster), capture_output=True, check=False).returncode


@pytest.mark.clause("5.1.2")
@pytest.mark.parametrize("identity", SPOILS)
@pytest.mark.control("C40")
def test_each_way_round_the_wall_is_found(spoilt: Connection, identity: str) -> None:
    """One spoil at a time: its finding is reported (an owner may also create things, so that one brings a second)."""
    spoilt.execute(SPOILS[identity])
    assert identity in found(spoilt)


def test_row_level_security_that_is_not_forced_counts_as_none(spoilt: Connection) -> None:
    """The owner would pass it; a table with a policy but without FORCE is reported."""
    spoilt.execute("CREATE TABLE half (agency bigint, level smallint)")
    spoilt.execute("ALTER TABLE half ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON half USING (false)")
    assert "half" in found(spoilt)["SY003"]


def test_a_superuser_is_refused_as_the_application_role(own_server: Server) -> None:
    """Serving as the server's administrator is what the check exists to prevent."""
    with psycopg.connect(own_server.installation.database("admin")) as connection:
        fatal = {finding.id for finding in in_database(connection) if finding.fatal}
    assert "SY001" in fatal


def test_secrets_that_others_may_read_stop_the_start(own_server: Server) -> None:
    """One secret with too wide a mode: refused with its path; closed again: no finding."""
    secret = own_server.installation.secrets / "django"
    own_server.installation.secret("django")
    secret.chmod(0o640)
    with pytest.raises(RolesUnsafe) as refused:
        refuse_unsafe(own_server.installation)
    assert str(secret) in refused.value.zh
    secret.chmod(0o600)
    assert [finding for finding in in_folder(own_server.installation) if finding.fatal] == []


@pytest.mark.parametrize("number", [140020, 150013, 160009, 170005])
def test_servers_before_the_fix_are_refused(number: int) -> None:
    """Minors before 15.14, 16.10 and 17.6 leak hidden values through planner statistics."""
    with pytest.raises(VersionUnknown) as refused:
        check_version(number, "db.example")
    assert "17.6" in refused.value.en


@pytest.mark.parametrize("number", [150014, 160010, 170006, 180000, 190001])
def test_servers_with_the_fix_are_taken(number: int) -> None:
    """The first safe minor of each major, and later majors."""
    check_version(number, "db.example")


def test_an_own_server_gets_the_same_roles(own_server: Server, empty: Installation) -> None:
    """DATABASE_URL: its administrator makes the roles once; a second installation is refused, not broken into."""
    here = own_server.installation
    with psycopg.connect(here.database("admin"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE elsewhere")
    url = make_conninfo(here.database("admin"), dbname="elsewhere")
    with pytest.raises(RolesTaken):
        prepare_own(empty, url)
    assert not empty.exists


def test_an_own_server_is_written_down_and_reached_as_the_application(own_server: Server, empty: Installation) -> None:
    """The same secrets, as after moving the data folder: roles are kept, the place is the new database."""
    here = own_server.installation
    for role in ("owner", "app", "sequencer"):
        (empty.secrets / f"database-{role}").write_text(here.secret(f"database-{role}"))
    with psycopg.connect(here.database("admin"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE moved")
    prepare_own(empty, make_conninfo(here.database("admin"), dbname="moved"))
    assert not empty.place.embedded
    with psycopg.connect(empty.database("app")) as connection:
        assert connection.execute("SELECT current_user, current_database()").fetchone() == ("suyuan_app", "moved")


def test_a_server_that_does_not_answer_is_named(empty: Installation) -> None:
    """The message says which machine, and what of DATABASE_URL to check."""
    with pytest.raises(DatabaseUnreachable) as refused:
        prepare_own(empty, "postgresql://postgres:x@127.0.0.1:1/suyuan")
    assert "127.0.0.1" in refused.value.en
    assert "DATABASE_URL" in refused.value.mend_zh
