"""Five wrong tries lock, whatever is guessed at: passwords, second factors, codes. Nobody can lock somebody else out.

A try is spent before anything is checked, so a hundred at once are no more than five; a source that is locked is refused
before anything dear is worked out, and is answered like a wrong try. Whether the account exists changes none of it.

- A browser that knows the account counts apart (`devices`), and is locked by what is tried in it alone.
- All others count by address, and all of them together: a guesser may have many addresses. For a second factor those
  five are all there are, since whoever comes that far has the password; and each further lock lasts twice as long.
- What one address tries on all accounts together is bounded too, for it costs an Argon2 each.

The counts are this process's (`proof.as_process`): SQL under the application role neither reads nor changes one.

In the ledger stand the first wrong try, each lock, and, when it is over, how many more there were. `docs/security.md`
says what is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

from django.db import connection
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from suyuan.access import proof
from suyuan.access.models import Account
from suyuan.access.sign_in import devices
from suyuan.ledger import actions as ledger
from suyuan.ledger.acts import Act

TRIES = 5
TRIES_UNKNOWN = 20  # at a password, from all addresses together, without a mark
TRIES_ADDRESS = 100  # from one address at all accounts together
WINDOW = timedelta(minutes=15)
LONGEST = timedelta(days=1)
UNKNOWN = "unknown"
_EVERYBODY = "*"
_LONGEST_NAME = 60


class Kind(NamedTuple):
    """What is guessed at: how many wrong tries a source has, all unknown ones have together (0: they do not count
    together), and whether each lock lasts twice as long as the one before."""

    name: str
    of_source: int = TRIES
    of_unknown: int = 0
    longer: bool = False


PASSWORD = Kind("password", of_unknown=TRIES_UNKNOWN)
FACTOR = Kind("second", of_unknown=TRIES, longer=True)
CODE = Kind("code")  # one-time codes are too long to be guessed: nobody outside may end one for its owner
PASSKEY = Kind("passkey", of_source=TRIES_ADDRESS)  # nothing to guess; whose it is, is not known before
_ADDRESS = Kind("address", of_source=TRIES_ADDRESS)


class _Count(NamedTuple):
    """One row of `access_try`, as it was before this try."""

    kind: str
    source: str
    tries: int
    refused: int
    locks: int
    locked: bool
    was_locked: bool
    over: bool


@dataclass
class Try:
    """A try that was spent. Whoever spends one says how it went."""

    kind: Kind
    name: str
    source: str
    person: int
    keys: list[list[str]]  # of the counts it is in
    counts: dict[tuple[str, str], int]  # (kind, source): which try of the window this one is
    ended: list[str]  # what this try, if it is wrong, locks: 'source', 'unknown', 'address'

    def won(self) -> None:
        """It was right: its source begins anew, and what is counted together gets it back."""
        with proof.as_process(), connection.cursor() as cursor:
            cursor.execute(_LOCK, _locking(self.keys))
            cursor.execute(_WON, self._values() | {"whole": self.kind.longer, "unknown": UNKNOWN})
            for refused, tries in cursor.fetchall():
                if refused or tries > 1:
                    self._enter({"tries": tries, "refused": refused})

    def lost(self) -> bool:
        """It was wrong. Gives whether it was the last."""
        first = self.counts[self.kind.name, self.source] == 1
        if not self.person and ("address", self.source) in self.counts:
            first = self.counts["address", self.source] == 1  # names that are none are entered by their address
        for what in self.ended:
            self._enter({"locked": what, "tries": self.counts[self._key(what)]})
        if first and not self.ended:
            self._enter({})
        return bool(self.ended)

    def _key(self, what: str) -> tuple[str, str]:
        return {"source": (self.kind.name, self.source), UNKNOWN: (self.kind.name, UNKNOWN)}.get(
            what, ("address", self.source)
        )

    def _enter(self, more: dict[str, Any]) -> None:
        enter(self.person, self.kind.name, more)

    def _values(self) -> dict[str, Any]:
        return {"kind": self.kind.name, "name": self.name, "source": self.source, "everybody": _EVERYBODY,
                "most": self.kind.of_unknown, "address": TRIES_ADDRESS}  # fmt: skip


# In one order, so that two tries never wait for each other.
_INSERT = """INSERT INTO access_try (kind, username, source)
             SELECT * FROM unnest(%s::text[], %s::text[], %s::text[]) AS k (kind, username, source)
             ORDER BY username, kind, source ON CONFLICT DO NOTHING"""
_LOCK = """SELECT t.kind, t.source, t.tries, t.refused, t.locks, coalesce(t.locked_until > now(), false),
                  t.locked_until IS NOT NULL, coalesce(t.locked_until, t.since + %s) <= now()
           FROM access_try t JOIN unnest(%s::text[], %s::text[], %s::text[]) AS k (kind, username, source)
             USING (kind, username, source) ORDER BY t.username, t.kind, t.source FOR UPDATE OF t"""
_REFUSE = """UPDATE access_try t SET refused = refused + 1, at = now()
             FROM unnest(%s::text[], %s::text[], %s::text[]) AS k (kind, username, source)
             WHERE (t.kind, t.username, t.source) = (k.kind, k.username, k.source) AND t.locked_until > now()"""
_SPEND = """UPDATE access_try SET tries = %(tries)s, locks = %(locks)s, at = now(),
                since = CASE WHEN %(over)s THEN now() ELSE since END, refused = CASE WHEN %(over)s THEN 0 ELSE refused END,
                locked_until = now() + %(span)s::interval
            WHERE (kind, username, source) = (%(kind)s, %(name)s, %(source)s)"""
_WON = """WITH back AS (
              UPDATE access_try SET tries = greatest(tries - 1, 0),
                  locks = greatest(locks - (locked_until IS NOT NULL)::int, 0), locked_until = NULL
              WHERE (kind, username, source) IN ((%(kind)s, %(name)s, %(unknown)s), ('address', %(everybody)s, %(source)s))
                AND NOT (%(whole)s AND kind = %(kind)s)
                AND tries <= CASE kind WHEN 'address' THEN %(address)s ELSE %(most)s END)
          DELETE FROM access_try WHERE username = %(name)s AND kind = %(kind)s
            AND (source = %(source)s OR (%(whole)s AND source = %(unknown)s))
          RETURNING refused, CASE source WHEN %(source)s THEN tries - 1 ELSE 0 END"""
_SWEEP = """DELETE FROM access_try WHERE coalesce(locked_until, since + %(window)s) <= now()
              AND (locks = 0 OR kind <> %(longer)s OR at < now() - %(longest)s * 2)
            RETURNING username, kind, source, tries, refused, locked_until IS NOT NULL"""


def spend(kind: Kind, subject: str, request: HttpRequest | None) -> Try | None:
    """Spend one try of `request` at what belongs to `subject` (an account name, or what stands for one).

    None where there is none left: answer as to a wrong try, without checking. Not inside a transaction, which could be
    undone with the count: raises `RuntimeError` there.
    """
    cut = subject[:_LONGEST_NAME]
    person, name = _known(cut)
    source = devices.source_of(request, cut)
    wanted = _wanted(kind, name, source)
    keys = [list(column) for column in zip(*((one[0].name, one[1], one[2]) for one in wanted), strict=True)]
    with proof.as_process(durable=True), connection.cursor() as cursor:
        cursor.execute(_INSERT, keys)
        cursor.execute(_LOCK, _locking(keys))
        found = {(row[0], row[1]): _Count(*row) for row in cursor.fetchall()}
        if any(one.locked for one in found.values()):
            cursor.execute(_REFUSE, keys)
            return None
        made = Try(kind, name, source, person, keys, {}, [])
        for of, where, whence, most, word in wanted:
            _take(cursor, made, found[of.name, whence], (of, where, most, word))
    return made


def enter(person: int, kind: str, more: dict[str, Any]) -> None:
    """Enter wrong tries: the first, a lock, or how many there were."""
    ledger.append(ledger.Somebody(person), Act.sign_in_failed, detail={"factor": kind} | more)


def sweep() -> int:
    """Forget counts that are over; what they held beyond their own entries is entered. Gives how many."""
    with proof.as_process(), connection.cursor() as cursor:
        values: dict[str, Any] = {"window": WINDOW, "longer": FACTOR.name, "longest": LONGEST}
        cursor.execute(_SWEEP, values)
        over = cursor.fetchall()
        for name, *count in over:
            _settle(_known(name)[0], *count)
    return len(over)


def _wanted(kind: Kind, name: str, source: str) -> list[tuple[Kind, str, str, int, str]]:
    """The counts that a try is in, with how many each has, and its word."""
    found = [(kind, name, source, kind.of_source, "source")]
    if source.startswith("address "):
        if kind.of_unknown:
            found.append((kind, name, UNKNOWN, kind.of_unknown, UNKNOWN))
        found.append((_ADDRESS, _EVERYBODY, source, TRIES_ADDRESS, "address"))
    return found


def _locking(keys: list[list[str]]) -> list[Any]:
    return [WINDOW, *keys]


def _take(cursor: Any, made: Try, before: _Count, wanted: tuple[Kind, str, int, str]) -> None:
    of, name, most, word = wanted
    if before.over:
        person = made.person if name == made.name else 0
        _settle(person, of.name, before.source, before.tries, before.refused, before.was_locked)
    tries = 1 if before.over else before.tries + 1
    locks = before.locks if of.longer else 0
    span = None
    if tries >= most:
        span = min(WINDOW * 2 ** min(locks, 10), LONGEST) if of.longer else WINDOW
        locks += 1
        made.ended.append(word)
    made.counts[of.name, before.source] = tries
    cursor.execute(
        _SPEND, {"tries": tries, "locks": locks, "over": before.over, "span": span, "kind": of.name, "name": name,
                 "source": before.source},
    )  # fmt: skip


def _settle(person: int, kind: str, source: str, tries: int, refused: int, locked: bool) -> None:
    # What is counted together was entered by its sources; what was locked was entered then.
    alone = source != UNKNOWN and kind != _ADDRESS.name
    if refused or (alone and tries > 1 and not locked):
        enter(person, kind, {"tries": tries, "refused": refused})


def _known(subject: str) -> tuple[int, str]:
    """The person behind an account name, and the name; for any other, nobody and a digest that does not say what it was."""
    account: Sequence[int] = list(Account.objects.filter(username=subject).values_list("person", flat=True)[:1])
    if account:
        return account[0], subject
    return 0, "? " + salted_hmac("access.try", subject, algorithm="sha256").hexdigest()[:32]
