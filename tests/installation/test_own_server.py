"""A server of one's own, Debian's and a newer one: the way there, its roles, its log, and several installations on it."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import psycopg
import pytest
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from own_servers import ELSEWHERE, PASSWORD, OwnServer, free_port, serving
from suyuan.installation import Installation, own, serverlog
from suyuan.installation.errors import (
    AdministratorLacks,
    DatabaseUnencrypted,
    DatabaseUnreachable,
    PrefixUnfit,
    PrefixWritten,
    RolesTaken,
)
from suyuan.installation.findings import everything
from suyuan.installation.model import ROLES, Place
from suyuan.installation.roles import prepare_own
from suyuan.installation.sql import named, text

Connection = psycopg.Connection[tuple[object, ...]]


@pytest.fixture(scope="module")
def debian() -> Iterator[OwnServer]:
    """Debian's server with a certificate, as its package leaves it."""
    with serving("debian") as server:
        yield server


@pytest.fixture(scope="module")
def newer() -> Iterator[OwnServer]:
    """A newer one. Its build has no TLS, so it also is the server that a site forgot to give a certificate."""
    with serving("newer") as server:
        yield server


@pytest.fixture(params=["debian", "newer"])
def server(request: pytest.FixtureRequest) -> OwnServer:
    """Each of the two."""
    found: OwnServer = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def own_database(server: OwnServer) -> Iterator[str]:
    """A database of the administrator's, and afterwards no trace of it or of roles made for it."""
    yield from _database(server)


@pytest.fixture
def at_debian(debian: OwnServer) -> Iterator[str]:
    """The same on Debian's."""
    yield from _database(debian)


@pytest.fixture
def at_newer(newer: OwnServer) -> Iterator[str]:
    """The same on the newer one."""
    yield from _database(newer)


def _database(server: OwnServer) -> Iterator[str]:
    server.database("suyuan")
    yield "suyuan"
    server.clean()


def ids(installation: Installation) -> list[str]:
    """The findings' ids, each as often as it was found, without those of the log."""
    return sorted(one.id for one in everything(installation) if one.id != "SY014")


def logged(installation: Installation) -> set[str]:
    """The settings that `doctor` names because of the server's log."""
    found = [one for one in everything(installation) if one.id == "SY014"]
    return {one.en.split(": ")[1].split(" ")[0] for one in found}


def test_an_administrator_without_superuser_prepares_either_server(
    server: OwnServer, own_database: str, empty: Installation
) -> None:
    """Two times, as at each start: the roles work, nothing but the log's settings is left to say, and none is superuser."""
    for _ in range(2):
        prepare_own(empty, server.url())
        assert ids(empty) == []
    for role in ROLES:
        with psycopg.connect(empty.database(role)) as connection:
            [[powers]] = connection.execute(
                "SELECT rolsuper OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = current_user"
            ).fetchall()
            assert powers is False


def test_what_a_later_release_needs_is_given_to_an_earlier_database(
    server: OwnServer, own_database: str, empty: Installation
) -> None:
    """Privileges that an earlier release did not give, or should not have, and PUBLIC's, are found, named and mended by the next start."""
    prepare_own(empty, server.url())
    with server.root(own_database) as root:
        root.execute(
            "REVOKE TEMPORARY ON DATABASE suyuan FROM suyuan_owner; GRANT CONNECT ON DATABASE suyuan TO PUBLIC"
        )
        root.execute("GRANT TEMPORARY ON DATABASE suyuan TO suyuan_app")
    assert ids(empty) == ["SY011", "SY012", "SY016"]
    [lacking] = [one for one in everything(empty) if one.id == "SY011"]
    assert "suyuan_owner TEMPORARY" in lacking.en
    prepare_own(empty, server.url())
    assert ids(empty) == []


def test_an_administrator_who_may_not_is_told_what_it_takes(
    debian: OwnServer, at_debian: str, empty: Installation
) -> None:
    """Without CREATEROLE: words and the statements that mend it, and nothing is written down."""
    with debian.root() as root:
        root.execute("ALTER ROLE dba NOCREATEROLE")
    try:
        with pytest.raises(AdministratorLacks) as refused:
            prepare_own(empty, debian.url())
    finally:
        with debian.root() as root:
            root.execute("ALTER ROLE dba CREATEROLE")
    assert "ALTER ROLE dba CREATEROLE" in refused.value.mend_en
    assert not empty.exists


# The way there


def lost(place: Place, given: dict[str, str]) -> set[str]:
    """Parameters that were given and that a client of the place would not send."""
    told = {"host": place.host, "port": place.port, "dbname": place.name} | place.parameters
    return {keyword for keyword, value in given.items() if told.get(keyword) != value}


def test_every_parameter_that_libpq_knows_is_kept(debian: OwnServer) -> None:
    """All of them, from libpq's own list, but user and password; the control is a place that keeps sslmode alone."""
    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
    given = {keyword: f"{keyword}-as-given" for keyword in known - {"user", "password", "dbname", "service"}}
    with own.connect(own.parameters(debian.url("postgres"))) as connection:
        place = own.place(given, connection, "suyuan")
    assert lost(place, given) == set()
    assert Place.read(json.dumps(asdict(place))) == place
    assert "sslrootcert" in lost(replace(place, parameters={"sslmode": given["sslmode"]}), given)


def test_everybody_who_connects_uses_them(debian: OwnServer, at_debian: str, empty: Installation) -> None:
    """As each role over TLS, with a mark in `options` that the server shows; Django's settings hold the same."""
    url = debian.far(sslrootcert=str(debian.authority), options="-c application.mark=kept", channel_binding="require")
    prepare_own(empty, url)
    for role in ROLES:
        with psycopg.connect(empty.database(role)) as connection:
            seen = connection.execute(
                "SELECT ssl, version, current_setting('application.mark') FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
            ).fetchone()
            assert seen == (True, "TLSv1.3", "kept")
    assert PASSWORD not in (empty.secrets / "database.json").read_text()


def test_a_place_written_down_by_an_earlier_release_is_read(empty: Installation) -> None:
    """It had a number for the port and sslmode beside it."""
    old = {"host": "h", "port": 5433, "name": "n", "sslmode": "require", "admin": "a", "embedded": False}
    (empty.secrets / "database.json").write_text(json.dumps(old))
    place = empty.place
    assert (place.port, place.parameters, place.roles) == ("5433", {"sslmode": "require"}, "suyuan")
    assert conninfo_to_dict(empty.database("app"))["sslmode"] == "require"


@pytest.mark.control("C25")
@pytest.mark.parametrize(
    ("url", "mode"),
    [
        ("postgresql://a@db.example/x", "verify-full"),
        ("postgresql://a@10.1.2.3/x", "verify-full"),
        ("postgresql://a@[fd00::1]/x", "verify-full"),
        ("postgresql://a@localhost,db.example/x", "verify-full"),
        ("postgresql://a@db.example/x?sslmode=prefer", "prefer"),
        ("host=db.example hostaddr=127.0.0.1", "verify-full"),
        ("hostaddr=10.1.2.3", "verify-full"),
        ("postgresql://a@localhost/x", None),
        ("postgresql://a@127.0.0.2/x", None),
        ("postgresql://a@[::1]/x", None),
        ("postgresql://a@/x?host=/run/postgresql", None),
        ("postgresql:///x", None),
    ],
)
def test_another_machine_means_a_checked_certificate(
    url: str, mode: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless the person wrote another sslmode; sockets and the loopback are this machine."""
    monkeypatch.delenv("PGSSLMODE", raising=False)
    assert own.parameters(url).get("sslmode") == mode


@pytest.mark.control("C25")
def test_another_machine_without_a_trusted_certificate_is_refused_in_words(
    debian: OwnServer, newer: OwnServer, at_debian: str, at_newer: str, empty: Installation
) -> None:
    """No authority named, another name in the certificate, no TLS at all: none is connected, nothing is written down."""
    trusted = {"sslrootcert": str(debian.authority)}
    for url in (debian.far(), debian.far(host="other.example", **trusted), newer.far(**trusted)):
        with pytest.raises(DatabaseUnencrypted) as refused:
            prepare_own(empty, url)
        assert "sslrootcert" in refused.value.mend_zh
    assert not empty.exists
    prepare_own(empty, debian.far(**trusted))
    assert ids(empty) == []


@pytest.mark.control("C25")
def test_a_way_that_is_not_checked_is_chosen_by_name_and_stays_a_finding(
    newer: OwnServer, at_newer: str, empty: Installation
) -> None:
    """`sslmode` written out: connected, and `doctor` goes on saying so."""
    prepare_own(empty, newer.far(sslmode="prefer"))
    assert ids(empty) == ["SY013"]


def test_a_service_file_is_held_to_the_same(
    newer: OwnServer, at_newer: str, empty: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its host is known only once connected; then another machine without a check is refused too."""
    lines = f"[records]\nhost={ELSEWHERE}\nhostaddr=127.0.0.1\nport={newer.port}\ndbname=suyuan\n"
    (tmp_path / "services").write_text(lines)
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    given = make_conninfo("", service="records", user="dba", password=PASSWORD)
    with pytest.raises(DatabaseUnencrypted):
        prepare_own(empty, given)
    prepare_own(empty, make_conninfo(given, sslmode="disable"))
    assert ids(empty) == ["SY013"]
    with psycopg.connect(empty.database("app")) as connection:
        assert connection.info.port == newer.port


def test_a_choice_of_hosts_stays_a_choice(debian: OwnServer, at_debian: str, empty: Installation) -> None:
    """Two hosts of which the first does not answer: both are written down, and the one that takes writing is wanted."""
    ports = f"{free_port()},{debian.port}"
    prepare_own(empty, debian.url(host="127.0.0.1,127.0.0.1", port=ports))
    assert (empty.place.host, empty.place.port) == ("127.0.0.1,127.0.0.1", ports)
    assert empty.place.parameters["target_session_attrs"] == "read-write"
    with psycopg.connect(empty.database("app")) as connection:
        assert connection.info.port == debian.port
    with pytest.raises(DatabaseUnreachable) as refused:
        prepare_own(empty, debian.url(host="127.0.0.1,127.0.0.1", port=f"{free_port()},{free_port()}"))
    assert "127.0.0.1,127.0.0.1" in refused.value.en


# What the server's log holds


@pytest.mark.control("C22")
def test_no_password_reaches_the_servers_log(server: OwnServer, own_database: str, empty: Installation) -> None:
    """With log_statement=ddl the statements that make the roles are there, with verifiers; the control is a clear one."""
    with server.root() as root:
        root.execute("ALTER ROLE dba SET log_statement = 'ddl'")
        prepare_own(empty, server.url())
        root.execute("ALTER ROLE dba RESET log_statement")
    log = server.log.read_text()
    for role in ROLES:
        assert f'CREATE ROLE "suyuan_{role}"' in log
        assert empty.secret(f"database-{role}") not in log
    assert log.count("SCRAM-SHA-256$") >= len(ROLES)
    with server.root() as root:
        root.execute("SET log_statement = 'ddl'")
        root.execute("CREATE ROLE suyuan_clear PASSWORD 'seen-by-the-log'")
    assert "seen-by-the-log" in server.log.read_text()


LOUD = {
    "debug_print_parse": "on",
    "debug_print_plan": "on",
    "debug_print_rewritten": "on",
    "log_error_verbosity": "default",
    "log_min_duration_sample": "5s",
    "log_min_duration_statement": "1s",
    "log_min_error_statement": "fatal",
    "log_min_messages": "debug2",
    "log_parameter_max_length_on_error": "-1",
    "log_statement": "mod",
    "log_transaction_sample_rate": "0.1",
}


@pytest.mark.control("C22")
def test_settings_that_bring_rows_into_the_log_are_found_and_mended(
    server: OwnServer, own_database: str, empty: Installation
) -> None:
    """Each of them for each role, named with the statement that mends it, which does; then none is left."""
    prepare_own(empty, server.url())
    with server.root() as root:
        for name, value in LOUD.items():
            root.execute(f"ALTER ROLE suyuan_sequencer SET {name} = '{value}'")
        assert logged(empty) == set(LOUD)
        for one in everything(empty):
            root.execute(one.mend_en.removeprefix("as the server's superuser: "))
    assert everything(empty) == []


@pytest.mark.control("C22")
def test_an_administrator_who_may_sets_them_by_itself(
    server: OwnServer, own_database: str, empty: Installation
) -> None:
    """As Debian leaves them two are wrong; granted SET on them, the next start mends them for the three roles."""
    prepare_own(empty, server.url())
    assert logged(empty) == {"log_error_verbosity", "log_min_error_statement"}
    with server.root() as root:
        root.execute("GRANT SET ON PARAMETER log_error_verbosity, log_min_error_statement TO dba")
        prepare_own(empty, server.url())
        root.execute("REVOKE SET ON PARAMETER log_error_verbosity, log_min_error_statement FROM dba")
    assert everything(empty) == []


@pytest.mark.control("C22")
def test_a_refused_row_is_in_the_log_before_and_not_after(
    server: OwnServer, own_database: str, empty: Installation
) -> None:
    """The settings do what is said of them: the same error of the application, as Debian leaves them and mended."""
    prepare_own(empty, server.url())
    with psycopg.connect(empty.database("owner"), autocommit=True) as owner:
        owner.execute("CREATE TABLE once (n text PRIMARY KEY); GRANT SELECT, INSERT ON once TO suyuan_app")
        owner.execute("INSERT INTO once VALUES ('before'), ('after')")

    def refused(value: str) -> bool:
        with psycopg.connect(empty.database("app")) as app, pytest.raises(psycopg.errors.UniqueViolation):
            app.execute("INSERT INTO once VALUES (%s)", [value])
        return f"({value})" in server.log.read_text()

    assert refused("before")
    with server.root() as root:
        for one in everything(empty):
            root.execute(one.mend_en.removeprefix("as the server's superuser: "))
    assert not refused("after")


# Settings of this kind that hold no row, each with the reason.
NO_ROWS = {
    "log_parameter_max_length": "only shortens what the settings above would write",
    "log_statement_sample_rate": "only with log_min_duration_sample",
    "log_destination logging_collector log_directory log_filename log_file_mode log_rotation_age log_rotation_size "
    "log_truncate_on_rotation syslog_facility syslog_ident syslog_sequence_numbers syslog_split_messages event_source "
    "log_timezone log_line_prefix application_name cluster_name": "where and how the log lies",
    "client_min_messages": "what the client is told",
    "log_autovacuum_min_duration log_checkpoints log_connections log_disconnections log_duration log_hostname "
    "log_lock_waits log_lock_failures log_recovery_conflict_waits log_replication_commands log_startup_progress_interval "
    "log_temp_files update_process_title md5_password_warnings log_autoanalyze_min_duration": "names, places and times",
    "debug_pretty_print": "only the form of debug_print_*",
}


def test_every_setting_of_the_log_is_placed(server: OwnServer) -> None:
    """All that the server has of them, from its own list: asked about, or without rows for a written reason."""
    with server.root() as root:
        found = root.execute("SELECT name FROM pg_settings WHERE category LIKE 'Reporting and Logging%'").fetchall()
    harmless = {name for names in NO_ROWS for name in names.split()}
    assert {str(name) for (name,) in found} - harmless - set(serverlog.QUIET) == set()
    assert not harmless & set(serverlog.QUIET)


# Several installations on one server


def test_two_installations_share_a_server_and_nothing_else(
    server: OwnServer, own_database: str, empty: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second gives its roles a beginning of their own; none of either's roles may connect to the other's database."""
    prepare_own(empty, server.url())
    server.database("city")
    other = Installation.open(tmp_path / "other")
    with pytest.raises(RolesTaken) as taken:
        prepare_own(other, server.url("city"))
    assert "SUYUAN_ROLES" in taken.value.mend_zh
    monkeypatch.setenv("SUYUAN_ROLES", "west_city")
    prepare_own(other, server.url("city"))
    monkeypatch.delenv("SUYUAN_ROLES")
    prepare_own(other, server.url("city"))
    assert other.place.role("app") == "west_city_app"
    assert ids(empty) == ids(other) == []
    for one, strange in ((empty, "city"), (other, "suyuan")):
        for role in ROLES:
            with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
                psycopg.connect(make_conninfo(one.database(role), dbname=strange))
    with server.root("city") as root:
        root.execute("GRANT CONNECT ON DATABASE city TO PUBLIC")
    psycopg.connect(make_conninfo(empty.database("app"), dbname="city")).close()
    assert ids(other) == ["SY012"]


@pytest.mark.parametrize("word", ["Suyuan", "1a", "a-b", "pg_x", "x" * 41, "a;b", " "])
def test_a_word_that_roles_cannot_begin_with_is_refused(
    word: str, empty: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is connected."""
    monkeypatch.setenv("SUYUAN_ROLES", word)
    with pytest.raises(PrefixUnfit):
        prepare_own(empty, "postgresql://a@127.0.0.1:1/x")


def test_the_beginning_is_written_down_once(
    debian: OwnServer, at_debian: str, empty: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another word later would be another installation."""
    prepare_own(empty, debian.url())
    monkeypatch.setenv("SUYUAN_ROLES", "west_city")
    with pytest.raises(PrefixWritten) as refused:
        prepare_own(empty, debian.url())
    assert "west_city" in refused.value.zh
    assert empty.place.roles == "suyuan"


def names_a_role(source: str) -> bool:
    """Whether a Python source holds a role's usual name in a string; what a module says of itself is no statement."""
    tree = ast.parse(source)
    said = {id(tree.body[0].value) for _ in tree.body[:1] if isinstance(tree.body[0], ast.Expr)}
    words = [one for one in ast.walk(tree) if isinstance(one, ast.Constant) and id(one) not in said]
    return any(re.search(r"suyuan_(app|owner|sequencer)\b", str(one.value)) for one in words)


def test_no_statement_of_any_room_names_a_role_that_the_beginning_does_not_reach() -> None:
    """Read for other roles, no SQL file holds the names of the first; the control reads one as it stands."""
    rooms = Path(text.__code__.co_filename).parents[1]
    files = [*rooms.glob("*/sql/*.sql")]
    assert len(files) > 30
    for path in files:
        assert "suyuan_app" not in text(path.parents[1].name, path.stem, "west"), path
        assert "suyuan_owner" not in text(path.parents[1].name, path.stem, "west"), path
    assert "suyuan_app" in text("records", "policies", "suyuan")
    said = {path.name for path in rooms.rglob("*.py") if names_a_role(path.read_text(encoding="utf-8"))}
    assert said == {"findings.py"}  # whose words are read with the beginning as well
    assert names_a_role('execute("GRANT SELECT ON t TO suyuan_app")')
    assert named("suyuan_app, suyuan_appendix", "west") == "west_app, suyuan_appendix"
