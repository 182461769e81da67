"""What changes agencies, people, accounts and duties. Each is one transaction with its ledger entry.

Who may do it is checked by the database functions themselves, from the acting ground (`sql/administer.sql`).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, ProgrammingError, connection, transaction

from suyuan.access import proof
from suyuan.access.acting import Acting
from suyuan.access.errors import BadCode, Conflict, NotAllowed
from suyuan.ledger import actions as ledger
from suyuan.ledger import bound
from suyuan.ledger.acts import Act

# Two security administrators, since nothing is granted by one alone.
FOUNDERS = ("system_administrator", "security_administrator", "security_administrator", "security_auditor")


def add_agency(who: Acting, parent: int, name: str, name_en: str = "", division_code: str = "") -> int:
    """Add an agency under `parent`; gives its number. Raises `NotAllowed`, `Conflict`."""
    return int(
        do(who, "add_agency", "SELECT access_add_agency(%s, %s, %s, %s)", [parent, name, name_en, division_code])
    )


def add_department(who: Acting, agency: int, name: str, name_en: str = "") -> int:
    """Add a department to an agency. Raises `NotAllowed`, `Conflict`."""
    return int(do(who, "add_department", "SELECT access_add_department(%s, %s, %s)", [agency, name, name_en]))


def add_person(who: Acting, staff_no: str, name: str, agency: int, department: int | None = None) -> int:
    """Enter a member of staff; gives their number. Raises `NotAllowed`, `Conflict`."""
    return int(do(who, "add_person", "SELECT access_add_person(%s, %s, %s, %s)", [staff_no, name, agency, department]))


def set_active(who: Acting, person: int, active: bool) -> None:
    """Let a person in, or shut them out at once, open sessions included. Raises `NotAllowed`."""
    do(who, "set_active", "SELECT access_set_active(%s, %s)", [person, active])


def end_duty(who: Acting, duty: int) -> None:
    """End a duty and its grounds at once. Raises `NotAllowed`."""
    do(who, "end_duty", "SELECT access_end_duty(%s)", [duty])


def lower_clearance(who: Acting, duty: int) -> None:
    """Take a duty's clearance back to level 1 at once. Raises `NotAllowed`."""
    do(who, "lower_clearance", "SELECT access_lower_clearance(%s)", [duty])


def install() -> None:
    """Enter what the tables came with, as the first entry of an empty ledger.

    On any other, what an older release left in tables that are bound only since, once.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM ledger_writer WHERE n > 0)")
        if not cursor.fetchone()[0]:
            ledger.append(ledger.SYSTEM, Act.administer, detail={"done": "install", **bound.existing()})
        elif adopted := bound.adopt():
            ledger.append(ledger.SYSTEM, Act.administer, detail={"done": "bind", **adopted})


def first_activation_code() -> str | None:
    """The code of an empty installation's first administrators, "kind code" a line; None once somebody is there.

    Only digests are stored, so each call before the first activation makes new codes.
    """
    codes = [(kind, secrets.token_hex(8)) for kind in FOUNDERS]
    with proof.as_process(), connection.cursor() as cursor:
        cursor.execute("SELECT access_offer_codes(%s, %s)", [list(FOUNDERS), [_digest(code) for _, code in codes]])
        if not cursor.fetchone()[0]:
            return None
        ledger.append(ledger.SYSTEM, Act.administer, detail={"done": "offer_codes"}, changes=True)
    return "\n".join(f"{kind} {code}" for kind, code in codes)


def activate(kind: str, code: str, staff_no: str, name: str, username: str, password: str) -> int:
    """Make the first administrator of a kind with a one-time code; gives their person number.

    Raises `BadCode`, `Conflict`.
    """
    values = [kind, _digest(code), staff_no, name, username, make_password(password)]
    with transaction.atomic():
        try:
            person = call("SELECT access_activate(%s, %s, %s, %s, %s, %s)", values)
        except NotAllowed as exc:
            raise BadCode from exc
        ledger.append(ledger.Somebody(person), Act.administer, detail={"done": "activate", "kind": kind}, changes=True)
    return int(person)


def _digest(code: str) -> str:
    return sha256(code.strip().encode()).hexdigest()


def do(who: Acting, done: str, statement: str, values: list[Any]) -> Any:
    """Call one function of this room and enter it, under the name `done`, with the numbers of what it was about and made.

    Raises `NotAllowed`, `Conflict`.
    """
    with transaction.atomic():
        result = call(statement, values)
        numbers = {"made": result} if isinstance(result, int) else {}
        first = {"on": values[0]} if isinstance(values[0], int) else {}
        ledger.append(who, Act.administer, detail={"done": done, **first, **numbers}, changes=True)
    return result


def call(statement: str, values: list[Any]) -> Any:
    """Call one function of this room; whoever calls it enters it in the ledger. Raises `NotAllowed`, `Conflict`."""
    with _worded(), transaction.atomic():
        return proof.ask(statement, values)[0]


@contextmanager
def _worded() -> Iterator[None]:
    try:
        yield
    except IntegrityError as exc:
        raise Conflict(getattr(getattr(exc.__cause__, "diag", None), "constraint_name", None) or "") from exc
    except ProgrammingError as exc:  # insufficient privilege
        raise NotAllowed("当前岗位不能办理这项管理操作。", "The current duty does not cover this act.") from exc
