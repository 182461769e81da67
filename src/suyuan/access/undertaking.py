"""The secrecy undertaking 保密承诺书 (norm 5.2.2): who signed which version, and that nobody works on records without."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection, transaction

from suyuan.access import actions, decide, queries
from suyuan.access.acting import Acting
from suyuan.access.errors import NotSigned, Unknown
from suyuan.access.words import READERS
from suyuan.ledger import actions as ledger
from suyuan.ledger.acts import Act


class Text(NamedTuple):
    """A version of the text; `digest` is the SHA-256 of its UTF-8 bytes."""

    version: int
    body: str
    digest: bytes
    since: datetime


class Signature(NamedTuple):
    """A version as one person signed it."""

    person: int
    version: int
    name: str
    signed_at: datetime
    body: str
    digest: bytes


class Signer(NamedTuple):
    """A member of staff, and the newest version they signed; None for none."""

    person: int
    staff_no: str
    name: str
    agency: int
    version: int | None
    signed_at: datetime | None


def current() -> Text:
    """The version in force."""
    rows = _rows("SELECT version, body, digest, since FROM access_undertaking ORDER BY version DESC LIMIT 1")
    version, body, digest, since = rows[0]
    return Text(version, body, bytes(digest), since)


def sign(who: Acting, version: int, digest: bytes, name: str) -> None:
    """Sign the version whose text was shown, under one's registered name; entered in the ledger with the text's digest.

    Raises `Conflict` for another name, a version that is no longer current, or a second signature.
    """
    with transaction.atomic():
        actions.call("SELECT access_sign_undertaking(%s, %s, %s)", [version, digest, name])
        detail = {"done": "sign_undertaking", "version": version}
        ledger.append(who, Act.administer, digest=digest, detail=detail, changes=True)


def propose(who: Acting, body: str, *, reason: str) -> int:
    """Propose a new version, which another person approves and everybody then signs. Raises `NotAllowed`, `Conflict`."""
    statement = "SELECT access_propose_undertaking(%s, %s)"
    return int(actions.do(who, "propose_undertaking", statement, [body.replace("\r\n", "\n").strip(), reason]))


def signed(person: int) -> bool:
    """Whether a person has signed the version in force."""
    return bool(_rows("SELECT access_signed(%s)", [person])[0][0])


def require_signed(who: Acting) -> None:
    """Raise `NotSigned` where a duty that works on records reaches none: the database shows them nothing either."""
    if who.duty in READERS and who.scope_hi == who.scope_lo:
        raise NotSigned


def signature(who: Acting, person: int, version: int) -> Signature:
    """One signature: one's own, or anybody's in the range of whoever looks after them. Raises `Unknown`."""
    rows = _rows(
        """SELECT s.person, s.version, s.name, s.signed_at, u.body, u.digest, p.agency
           FROM access_undertaking_signature s JOIN access_undertaking u USING (version) JOIN access_person p USING (person)
           WHERE s.person = %s AND s.version = %s""",
        [person, version],
    )
    if not rows or (person != who.person and not decide.decide(who, "undertakings", agency=int(rows[0][6])).allowed):
        raise Unknown(str(version))
    holder, number, name, signed_at, body, digest, _ = rows[0]
    return Signature(holder, number, name, signed_at, body, bytes(digest))


def own(person: int) -> list[tuple[int, datetime]]:
    """The versions a person has signed, newest first, with the time."""
    return _rows(
        "SELECT version, signed_at FROM access_undertaking_signature WHERE person = %s ORDER BY version DESC", [person]
    )


def signers(who: Acting) -> list[Signer]:
    """The active staff in range with the newest version each signed, those who signed none first. Raises `NotAllowed`."""
    decide.require(who, "undertakings")
    lo, hi = queries.range_of(who.agency)
    return [
        Signer(*row)
        for row in _rows(
            """SELECT p.person, p.staff_no, p.name, p.agency, s.version, s.signed_at
               FROM access_person p LEFT JOIN LATERAL (
                   SELECT version, signed_at FROM access_undertaking_signature s
                   WHERE s.person = p.person ORDER BY version DESC LIMIT 1) s ON true
               WHERE p.active AND p.agency >= %s AND p.agency < %s
               ORDER BY s.version NULLS FIRST, p.agency, p.staff_no""",
            [lo, hi],
        )
    ]


def _rows(statement: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
