"""The code held against the hand-written matrix (assurance, row 12): decisions, routes, commands, tasks and raw SQL."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any
from uuid import UUID

import click
import psycopg
import pytest
from click.testing import CliRunner
from django.db import DatabaseError, connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from procrastinate.contrib.django import app as tasks

import matrix
from delivered import deliver, rows_of
from suyuan.access import decide
from suyuan.access.acting import Acting
from suyuan.access.errors import NoGround, NoPurpose, NotAllowed, Unknown
from suyuan.access.words import READERS
from suyuan.cli.root import root
from suyuan.errors import SuyuanError
from suyuan.records.errors import NotFound
from world import (
    CITY,
    COUNTY,
    FAR_COUNTY,
    MINISTRY,
    OTHER_COUNTY,
    PROVINCE,
    STATION,
    Somebody,
    World,
    signed_in,
)

pytestmark = pytest.mark.usefixtures("database")
PLACES = {
    "own": COUNTY, "below": STATION, "above": CITY, "sideways": OTHER_COUNTY, "other_city": FAR_COUNTY,
    "other_province": PROVINCE * 2,
}  # fmt: skip
# The person of the world who holds each duty.
HOLDERS = {
    "collector": "collector", "first_reviewer": "first", "second_reviewer": "second", "final_reviewer": "final",
    "department_head": "head", "storage_custodian": "custodian", "analyst": "analyst", "security_auditor": "auditor",
    "system_administrator": "system", "security_administrator": "security", "training_manager": "trainer",
}  # fmt: skip
# Tables with content: who may not read a record finds no row of it in any of them.
CONTENT = ("records_record", "records_revision", "records_key", "records_batch", "records_chunk")
Superuser = Callable[[], psycopg.Connection[Any]]
NOBODY = UUID("00000000-0000-7000-8000-000000000000")


@pytest.fixture(scope="module")
def found(database: str, installation: Any) -> dict[str, Any]:
    """A record at the station that waits for its first review, and its batch."""
    from world import settle

    world = settle(installation)
    batch, result, _ = deliver(world.collector, "violation", rows_of("violation", 1))
    return {"record": result.records[1], "batch": batch}


def acting_as(duty: str, clearance: int) -> Acting:
    """Somebody with a duty at the county, as `access_enter` gives it."""
    lo, hi = (COUNTY, COUNTY + 10**6) if duty in READERS else (0, 0)
    return Acting(1, 1, duty, COUNTY, lo, hi, clearance, "某人", "case")


@pytest.mark.clause("5.1.2")
@pytest.mark.parametrize("action", sorted(matrix.expand("act")))
@pytest.mark.control("C8")
def test_every_decision_is_as_the_norm_says(world: World, action: str) -> None:
    """Duty, state, level, clearance and relation: 5,940 cells an action, no difference."""
    differ = []
    for cell, outcome in matrix.expand("act")[action].items():
        duty, state, level, clearance, relation = cell
        who = acting_as(duty, int(clearance))
        made = decide.decide(who, action, agency=PLACES[relation], level=int(level), state=state)
        if made.allowed != (outcome == "allowed"):
            differ.append((cell, made.reason_zh))
    assert differ == []


def test_the_matrix_knows_every_action_and_duty() -> None:
    """An action that nobody wrote down fails here."""
    assert set(matrix.expand("act")) == {action for _, action in decide.table()}
    assert set(HOLDERS) == set(matrix.DIMENSIONS["duty"])


def test_a_wrong_table_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: one line more in the decision table shows as differences."""
    wrong = decide.table() | {("storage_custodian", "read")}
    monkeypatch.setattr(decide, "table", lambda: wrong)
    cells = matrix.expand("act")["read"]
    who = acting_as("storage_custodian", 2)
    assert decide.decide(who, "read").allowed
    assert {outcome for cell, outcome in cells.items() if cell[0] == "storage_custodian"} == {"refused"}


def routes(resolver: URLResolver, space: str = "") -> Iterator[str]:
    """Names of every address of the product; those of the API are in a table of their own."""
    for one in resolver.url_patterns:
        if isinstance(one, URLResolver) and one.namespace != "api":
            yield from routes(one, one.namespace or space)
        elif isinstance(one, URLPattern):
            yield f"{space}:{one.name}" if space else str(one.name)


def test_the_matrix_knows_every_route() -> None:
    """A new address fails here until somebody says who may use it."""
    assert set(routes(get_resolver())) == set(matrix.by_duty("route"))


def visits(record: UUID, batch: UUID, person: int) -> dict[str, tuple[str, str, dict[str, str]]]:
    """How each address is asked for: method, path, form."""
    factor = "/sign-in/factor"
    draft, job, page = f"/collect/draft/{NOBODY}/", f"/collect/import/{NOBODY}/", f"/record/{record}/"
    return {
        "web:desk": ("get", "/", {}), "set_language": ("post", "/language/", {"language": "zh-hans"}),
        "access:session": ("get", "/session/", {}),
        "access:activate": ("get", "/activate/", {}), "access:token": ("post", "/account/tokens/", {}),
        "access:token_revoke": ("post", "/account/tokens/999999/revoke/", {}),
        "access:pass": ("get", "/account/pass/", {}), "access:pass_used": ("get", "/sign-in/pass/", {}),
        "access:account": ("get", "/account/", {}), "access:ground": ("post", "/ground/", {}),
        "access:undertaking": ("get", "/undertaking/", {}),
        "access:undertaking_sheet": ("get", f"/undertaking/1/{person}/", {}),
        "access:agencies": ("get", "/agencies/", {}), "access:people": ("get", "/people/", {}),
        "access:person": ("get", f"/people/{person}/", {}), "access:accounts": ("get", "/accounts/", {}),
        "access:grounds": ("get", "/grounds/", {}), "access:emergency": ("get", "/emergency/", {}),
        "access:clearings": ("get", "/quarantine/", {}),
        "access:by_code": ("get", "/sign-in/code/", {}), "access:ways_in": ("get", "/accounts/asked/", {}),
        "access:way_in": ("get", "/accounts/asked/999999/", {}),
        "access:proposals": ("get", "/proposals/", {}), "access:proposal": ("get", "/proposals/999999/", {}),
        "access:undertaking_signed": ("get", "/undertaking/signed/", {}),
        "records:search": ("post", "/search/", {"q": "330100000001"}), "records:types": ("get", "/records/", {}),
        "records:list": ("get", "/records/violation/", {}), "records:record": ("get", page, {}),
        "records:compare": ("get", f"{page}compare/?a=1&b=1", {}),
        "web:export": ("get", "/records/violation/export/", {}),
        "records:reveal": ("post", f"{page}1/reveal/plate/", {}),
        "review:desk": ("get", "/review/", {}), "review:batch": ("get", f"/review/{batch}/", {}),
        "collection:new": ("get", "/collect/new/", {}), "collection:entry": ("get", "/collect/new/violation/", {}),
        "collection:draft": ("get", draft, {}), "collection:check": ("post", f"{draft}check/", {}),
        "collection:discard": ("post", f"{draft}discard/", {}),
        "collection:codes": ("post", "/collect/codes/violation/act/", {}),
        "collection:pick": ("get", "/collect/pick/violation/driver/?q=1", {}),
        "collection:correct": ("post", f"/collect/correct/{NOBODY}/", {}),
        "collection:wizard": ("get", "/collect/import/", {}), "collection:job": ("get", job, {}),
        "collection:reading": ("post", f"{job}reading/", {}), "collection:mapping": ("post", f"{job}mapping/", {}),
        "collection:start": ("post", f"{job}start/", {}), "collection:withdraw": ("post", f"{job}withdraw/", {}),
        "collection:progress": ("get", f"{job}progress/", {}),
        "collection:findings": ("get", f"{job}findings.xlsx", {}),
        "audit:search": ("get", "/audit/", {}), "audit:record": ("get", f"/audit/record/{record}/", {}),
        "audit:entry": ("get", "/audit/entry/1/1/", {}), "audit:weeks": ("get", "/audit/weeks/", {}),
        "audit:week": ("get", "/audit/weeks/2026-01-05/", {}), "audit:sample": ("get", "/audit/sample/", {}),
        "audit:exports": ("get", "/audit/exports/", {}), "audit:findings": ("get", "/audit/findings/", {}), "audit:questions": ("get", "/audit/questions/", {}),
        "audit:prove": ("post", f"/audit/prove/{record}/", {}), "audit:verifier": ("get", "/audit/verifier.py", {}),
        "vault:level": ("get", "/vault/", {}), "keys:list": ("get", "/vault/keys/", {}),
        "keys:disposals": ("get", "/vault/keys/disposals/", {}), "records:dispose": ("post", f"{page}dispose/", {}),
        "account_login": ("get", "/sign-in/", {}), "account_inactive": ("get", "/sign-in/closed/", {}),
        "account_signup": ("get", "/sign-in/register/", {}), "usersessions_list": ("get", "/account/sessions/", {}),
        "account_reauthenticate": ("get", "/reauthenticate/", {}), "mfa_index": ("get", f"{factor}/", {}),
        "mfa_activate_totp": ("get", f"{factor}/totp/activate/", {}), "mfa_authenticate": ("get", f"{factor}/authenticate/", {}),
        "mfa_deactivate_totp": ("get", f"{factor}/totp/deactivate/", {}),
        "mfa_reauthenticate": ("get", f"{factor}/reauthenticate/", {}), "mfa_list_webauthn": ("get", f"{factor}/webauthn/", {}),
        "mfa_add_webauthn": ("get", f"{factor}/webauthn/add/", {}), "mfa_login_webauthn": ("get", f"{factor}/webauthn/login/", {}),
        "mfa_edit_webauthn": ("get", f"{factor}/webauthn/keys/0/edit/", {}),
        "mfa_remove_webauthn": ("get", f"{factor}/webauthn/keys/0/remove/", {}),
        "mfa_reauthenticate_webauthn": ("get", f"{factor}/webauthn/reauthenticate/", {}),
        "mfa_view_recovery_codes": ("get", f"{factor}/recovery-codes/", {}),
        "mfa_generate_recovery_codes": ("get", f"{factor}/recovery-codes/generate/", {}),
        "mfa_download_recovery_codes": ("get", f"{factor}/recovery-codes/download/", {}),
        "openid_connect_login": ("get", "/sign-in/with/agency/login/", {}),
        "openid_connect_callback": ("get", "/sign-in/with/agency/login/callback/", {}),
        "socialaccount_login_cancelled": ("get", "/sign-in/with/cancelled/", {}),
        "access:sign_out": ("post", "/sign-out/", {}), "account_logout": ("post", "/sign-in/out/", {}),
    }  # fmt: skip


# Addresses whose object is not there in this test: whoever may use them is told so, nobody else gets that far.
ABSENT = re.compile(r"collection:|mfa_|openid_|audit:(entry|week)$|access:(proposal|way_in)$")


def page_of(who: Somebody) -> Client:
    """A signed-in session with the person's case chosen."""
    client = signed_in(who.username, raise_request_exception=False)
    client.post("/ground/", {"ground": who.ground})
    return client


def refused(name: str, answer: HttpResponse) -> bool:
    """Whether an answer keeps somebody out."""
    return answer.status_code == 403 or (answer.status_code == 404 and not ABSENT.match(name))


@pytest.mark.clause("5.1.1", "5.1.2")
@pytest.mark.parametrize("duty", HOLDERS)
@pytest.mark.control("C8")
def test_every_route_is_as_the_matrix_says(world: World, found: dict[str, Any], duty: str) -> None:
    """Nobody gets a page that is not theirs, and everybody gets theirs; nothing breaks."""
    who = getattr(world, HOLDERS[duty])
    client, expected = page_of(who), matrix.by_duty("route")
    addresses = visits(found["record"], found["batch"], who.person)
    assert set(addresses) == set(expected)
    differ = {}
    for name, (method, path, form) in addresses.items():
        answer = getattr(client, method)(path, form)
        if answer.status_code >= 500 or refused(name, answer) == expected[name][duty]:
            differ[name] = answer.status_code
    assert differ == {}


def verbs(command: click.Command, name: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command by its whole name."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for one in command.list_commands(context):
            yield from verbs(command.get_command(context, one) or click.Command(one), f"{name} {one}".strip())
    else:
        yield name, command


def test_the_matrix_knows_every_command_and_task() -> None:
    """A new verb or background task fails here until somebody says whose it is."""
    assert {name for name, _ in verbs(root)} == set(matrix.by_duty("command"))
    assert set(tasks.tasks) == set(matrix.by_duty("task"))


def lines(record: UUID, batch: UUID, who: Somebody, away: Somebody) -> dict[str, list[str]]:
    """What is given to each command that acts for a person, besides the person."""
    far = str(away.person)
    other = ["--reason", "x"]
    return {
        "ground list": [], "ground waiting": [], "ground end": ["999999"],
        "undertaking sign": ["--name", who.name, "--version", "1"], "token list": [], "token revoke": ["999999"],
        "agency add": [str(CITY), "某机构"], "user add": ["!", "某人", str(MINISTRY)], "user disable": [far],
        "user enable": [far], "user account": [far, "newcomer", *other],
        "user reset": [far, "outsider", "unlock", *other], "user confirm": ["999999"], "user refuse": ["999999"],
        "user asked": [],
        "duty propose": [far, "analyst", str(MINISTRY), *other], "duty raise": ["999999", *other],
        "duty lower": ["999999"], "duty proposals": [], "duty effect": ["999999"], "duty approve": ["999999"],
        "duty refuse": ["999999"], "duty end": ["999999"], "policy propose": ["look", "100", *other],
        "clearing propose": ["no.such", *other], "clearing list": [], "clearing approve": ["999999"], "clearing refuse": ["999999"],
        "undertaking propose": [__file__, *other], "undertaking signed": [],
        "ground request": ["case", *other, "--until", "2000-01-01"], "ground answer": ["999999", "grant"],
        "vault seal": [], "vault rotate": [], "vault rotate-signing": [], "vault destroy": ["999999", "--yes"],
        "vault disposals": [], "vault erase": [str(record), "--yes"],
        "vault hosts strike": ["0" * 16], "vault hand-over": [f"{os.environ['SUYUAN_TEST_DATA']}/handed-over"],
        "record dispose": [str(record), "--basis", "某令"],
        "ledger witness accept": ["--reason", "x"], "catalog release": ["--reason", "x"],
        "ledger prune": [], "ledger staff": [far, str(record)],
        "ledger absence": [far, "--from", "2026-01-01", "--until", "2026-01-02"],
        "ground assign": ["999999", "1", "case", *other, "--until", "2000-01-01"],
        "record export": ["violation", "-o", "/dev/null/x.csv", "--recipient", "某局", "--purpose", "某事"],
        "record show": [str(record)], "record history": [str(record)],
        "review list": [], "review show": [str(batch)], "review approve": [str(batch), "--yes"],
        "review return": [str(batch), "--yes", *other], "review reject": [str(batch), "--yes", *other],
    }  # fmt: skip


# Verbs that name something that is not there: who may use them is told that it is not there, or is none of theirs.
MISSING = frozenset({"clearing propose", "clearing approve", "clearing refuse",
                     "duty raise", "duty lower", "duty effect", "duty approve", "duty refuse", "duty end", "ground end", "user confirm", "user refuse",
                     "ground answer", "ground assign"})  # fmt: skip


@pytest.mark.usefixtures("own_keys")
@pytest.mark.clause("5.1.2")
@pytest.mark.parametrize("duty", HOLDERS)
@pytest.mark.control("C8")
def test_every_command_is_as_the_matrix_says(world: World, found: dict[str, Any], duty: str) -> None:
    """Under the account of each duty; a refusal changes nothing."""
    who, expected = getattr(world, HOLDERS[duty]), matrix.by_duty("command")
    differ = {}
    for name, arguments in lines(found["record"], found["batch"], who, world.outsider).items():
        if name in MISSING and expected[name][duty]:
            continue
        command = [*name.split(" "), *arguments, "--as", who.username]
        if name in ("record show", "record history", "record export", "record dispose"):
            command += ["--ground", str(who.ground)]
        with transaction.atomic():
            result = CliRunner().invoke(root, command, standalone_mode=False)
            transaction.set_rollback(True)
        kept_out = isinstance(result.exception, (NoGround, NotAllowed, NoPurpose, NotFound, Unknown)) or (
            isinstance(result.exception, SuyuanError) and result.exception.code.startswith("review.")
        )
        if kept_out == expected[name][duty] or not isinstance(result.exception, (SuyuanError, type(None))):
            differ[name] = repr(result.exception)
    assert differ == {}


@pytest.fixture
def at_the_county(fresh_world: World, superuser: Superuser) -> tuple[World, psycopg.Connection[Any]]:
    """Everybody's duty is at the county, and a superuser for whom no trigger fires carries one record about."""
    batch, result, _ = deliver(fresh_world.collector, "violation", rows_of("violation", 1))
    assert batch and result.records
    carrier = superuser()
    carrier.execute("UPDATE access_duty SET agency = %s", [COUNTY])
    carrier.execute("SET session_replication_role = replica")
    return fresh_world, carrier


def carry(carrier: psycopg.Connection[Any], agency: int, level: int) -> None:
    """Let the one record of this database belong to an agency and a level."""
    for table in CONTENT:
        carrier.execute(f"UPDATE {table} SET agency = %s, level = %s", [agency, level])


def reads(who: Somebody) -> set[str]:
    """Tables of which the application role is shown a row, by the plainest statement there is."""
    with who.acting(), connection.cursor() as cursor:
        return {
            table
            for table in CONTENT
            if cursor.execute(f"SELECT 1 FROM {table}").fetchone()  # type: ignore[func-returns-value]
        }


@pytest.mark.clause("5.1.2", "5.2.1")
@pytest.mark.parametrize("clearance", [1, 2])
@pytest.mark.control("C9", "C10")
def test_raw_sql_reads_what_the_matrix_says(
    at_the_county: tuple[World, psycopg.Connection[Any]], clearance: int
) -> None:
    """Every duty, relation and level: the application role is shown the row where the matrix allows it, else nothing."""
    world, carrier = at_the_county
    carrier.execute("UPDATE access_duty SET clearance = %s", [clearance])
    expected, differ = matrix.expand("sql")["select"], {}
    for (relation, agency), level in product(PLACES.items(), (1, 2)):
        carry(carrier, agency, level)
        for duty, holder in HOLDERS.items():
            allowed = expected[duty, "first_review", str(level), str(clearance), relation] == "allowed"
            shown = reads(getattr(world, holder))
            if shown != (set(CONTENT) if allowed else set()):
                differ[duty, relation, level] = shown
    assert differ == {}


@pytest.mark.clause("5.2.1")
@pytest.mark.parametrize("level", [3, 4, 5])
@pytest.mark.control("C28")
def test_no_record_is_ever_at_a_level_that_is_refused(
    at_the_county: tuple[World, psycopg.Connection[Any]], level: int
) -> None:
    """The matrix refuses levels 3 to 5 to everybody; the table holds none of them, even for its owner."""
    outcomes = {outcome for cell, outcome in matrix.expand("sql")["select"].items() if cell[2] == str(level)}
    assert outcomes == {"refused"}
    with pytest.raises(psycopg.errors.CheckViolation):
        carry(at_the_county[1], COUNTY, level)


@pytest.mark.clause("3.3.1", "4.1")
@pytest.mark.parametrize("duty", HOLDERS)
@pytest.mark.control("C9")
def test_raw_sql_writes_what_the_matrix_says(at_the_county: tuple[World, psycopg.Connection[Any]], duty: str) -> None:
    """Only a collector adds rows, of their own agency; nobody changes or removes one."""
    world, carrier = at_the_county
    carry(carrier, COUNTY, 1)
    who, expected = getattr(world, HOLDERS[duty]), matrix.by_duty("sql")
    statements = {
        "insert": f"""INSERT INTO records_batch (batch_id, type, agency, level, collector, channel, legal_basis, release, label)
                      VALUES (gen_random_uuid(), 'violation', {COUNTY}, 1, {who.person}, 'form', '', '', '')""",
        "update": "UPDATE records_record SET state = 'in_force'",
        "delete": "DELETE FROM records_revision",
    }
    differ = {what for what, statement in statements.items() if works(who, statement) != expected[what][duty]}
    assert differ == set()


def works(who: Somebody, statement: str) -> bool:
    """Whether the database lets somebody change anything by a statement, which is then taken back."""
    try:
        with who.acting(), connection.cursor() as cursor:
            cursor.execute(statement)
            transaction.set_rollback(True)
            return cursor.rowcount > 0
    except DatabaseError:
        return False
