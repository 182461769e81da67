"""Renewing the keys of a level while people work: every record gets a new data key, wrapped by a new key-encryption key, and its
search terms and identity digests another layer. Digests of revisions do not change, so no review or ledger entry does.

It may be killed at any point and goes on where it stood: a record is under one key or the other, in one transaction. Nothing is
said to be done before no record lies under the old key.
Source: NIST SP 800-57 part 1, 5.3.6; SP 800-38D, 8.3 (uses of one GCM key).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from django.db import IntegrityError, ProgrammingError, connection, transaction

from suyuan import formats
from suyuan.access import decide, proof
from suyuan.access.acting import Acting
from suyuan.access.errors import NotAllowed
from suyuan.installation import current
from suyuan.installation.sql import statements
from suyuan.ledger import actions as ledger
from suyuan.ledger.acts import Act
from suyuan.records.digest import Place, header, microseconds, name
from suyuan.records.errors import DestructionByAnother
from suyuan.records.reading import canonical, unwrapped
from suyuan.vault import actions as vault
from suyuan.vault import envelope, generations, terms
from suyuan.vault.errors import ContentDamaged, HostsBehind, KeyInUse
from suyuan.vault.ring import Generation

_SQL = statements("records", "rotate")
_SOME = 200  # records in one transaction: others wait for them no longer than some ten milliseconds
_IDENTITIES = 2_000
_PATIENCE = 20.0  # seconds for which hosts are waited for
_FIRST = UUID(int=0)
# A quarter of what the standard allows one GCM key with random nonces (2^32 uses).
MOST_USES = 2**30

Owner = psycopg.Connection[tuple[Any, ...]]


class Left(NamedTuple):
    """What a rotation has still to do, in records and identity rows, and the revisions it could not read."""

    records: int
    identities: int
    damaged: tuple[str, ...] = ()

    @property
    def nothing(self) -> bool:
        """Whether the old key can be retired."""
        return not (self.records or self.identities)


def begin(who: Acting, level: int, suite: str | None = None, place: str | None = None) -> int:
    """Give a level its next generation of keys; gives the number of the new key. `run` then brings the records over.

    `place` is "file" or the name of a holder. Raises `NotAllowed` and as `generations.announce` does.
    """
    decide.require(who, "keys")
    made, before = _begin(level, suite, place)
    where = vault.provider().generation(made).holder
    ledger.append(who, Act.custody, detail={"did": "rotate", "level": level, "from": before, "to": made, "in": where})
    return made


def begin_due() -> list[int]:
    """Levels whose current key comes near the number of uses it may have, each with a new generation begun."""
    found = []
    with proof.as_process():
        used = under_keys()
    for level in generations.levels():
        key_id = vault.provider().current_key(level)
        if used.get(key_id, 0) >= MOST_USES and not (generations.retiring(level) or generations.waiting(level)):
            made, before = _begin(level, None, None)
            detail = {"did": "rotate", "level": level, "from": before, "to": made, "uses": used[key_id]}
            ledger.append(ledger.SYSTEM, Act.custody, detail=detail)
            found.append(level)
    return found


def _begin(level: int, suite: str | None, place: str | None) -> tuple[int, int]:
    before = vault.provider().current_key(level)
    made = generations.announce(level, suite, place)
    with suppress(HostsBehind):  # then `run` makes it current, once they have it
        generations.promote(level, made, _SQL["switch"])
    return made, before


def under_keys() -> dict[int, int]:
    """How many records lie under each key."""
    with connection.cursor() as cursor:
        cursor.execute(_SQL["under_keys"])
        return dict(cursor.fetchall())


def run(level: int, seconds: float | None = None) -> Left:
    """Bring a level's records under its current key, for some seconds or to the end; gives what is left.

    A key that waited for hosts becomes current first. At the end the old key is retired, which is entered in the
    ledger. Raises `VaultSealed`, `HostsBehind`, and `GenerationMissing` where this host lacks one of the keys.
    """
    coming = generations.waiting(level)
    if coming is not None:
        generations.promote(level, coming.id, _SQL["switch"], _PATIENCE)
    old = generations.retiring(level)
    if old is None:
        return Left(0, 0)
    new = vault.provider().generation(vault.provider().current_key(level))
    until = time.monotonic() + seconds if seconds is not None else None
    with psycopg.connect(current().database("owner"), autocommit=True) as db:
        damaged = [one for found in _rounds(db, old, new, until) for one in found]
        if level == 1:
            _identities(db, new.depth, until)
        left = _left(db, old, new, damaged)
    if left.nothing:
        generations.move(old, "retired")
        detail = {"did": "rotated", "level": level, "from": old.id, "to": new.id}
        ledger.append(ledger.SYSTEM, Act.custody, detail=detail)
    return left


def destroy(who: Acting, key_id: int) -> bool:
    """Ask that a retired key be forgotten for good, or do what another asked: it takes two persons.

    Gives whether it is gone: old backups hold nothing readable under it from then on. Raises `NotAllowed`, `KeyInUse`,
    `VaultSealed`, `DestructionByAnother`.
    """
    decide.require(who, "keys")
    found = vault.provider().generation(key_id)
    if found.state != "retired" or under_keys().get(key_id):
        raise KeyInUse(key_id)
    with transaction.atomic():
        done = _second_person(key_id)
        did = "destroy_key" if done else "ask_destroy_key"
        ledger.append(who, Act.custody, detail={"did": did, "level": found.level, "key": key_id}, changes=True)
        if done:
            generations.move(found, "destroyed")
    return done


def _second_person(key_id: int) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT records_destroy_key(%s)", [key_id])
            return bool(cursor.fetchone()[0])
    except IntegrityError as exc:
        raise DestructionByAnother from exc
    except ProgrammingError as exc:  # insufficient privilege
        raise NotAllowed(
            "密钥由根机构的存储管理员管理。", "Keys are managed by storage custodians at the root."
        ) from exc


def _left(db: Owner, old: Generation, new: Generation, damaged: Sequence[str]) -> Left:
    [records] = db.execute(_SQL["left"], {"old": old.id}).fetchone() or (0,)
    identities = 0
    if new.level == 1:
        [identities] = db.execute(_SQL["identities_left"], {"depth": new.depth}).fetchone() or (0,)
    return Left(records, identities, tuple(sorted(set(damaged))))


def _rounds(db: Owner, old: Generation, new: Generation, until: float | None) -> Iterator[list[str]]:
    """Once over all records, some at a time; what somebody holds is left for the next round, as long as any round helps."""
    while True:
        after, moved = _FIRST, 0
        while found := _some(db, old, new, after):
            after, damaged, taken = found
            moved += taken
            yield damaged
            if until is not None and time.monotonic() > until:
                return
        if not moved:
            return


def _some(db: Owner, old: Generation, new: Generation, after: UUID) -> tuple[UUID, list[str], int] | None:
    """The next records: gives the last one's id, what of them is damaged, and how many came over."""
    with db.transaction():
        rows = db.execute(_SQL["some"], {"old": old.id, "after": after, "limit": _SOME}).fetchall()
        if not rows:
            return None
        kept, damaged = _encrypted_anew(db, rows, old, new)
        _write(db, new, kept)
    return rows[-1][0], damaged, len(kept)


class _Anew(NamedTuple):
    """A record under its new key: `wrapped` is None where its key was destroyed before."""

    wrapped: bytes | None
    revisions: list[tuple[UUID, int, list[int], bytes]]


def _encrypted_anew(
    db: Owner, rows: Sequence[tuple[Any, ...]], old: Generation, new: Generation
) -> tuple[dict[UUID, _Anew], list[str]]:
    held = [(record, bytes(wrapped)) for record, wrapped in rows if wrapped is not None]
    opened = unwrapped(old.id, [(record.bytes, wrapped) for record, wrapped in held])
    keys = {record: opened[record.bytes] for record, _ in held if record.bytes in opened}
    fresh, wrapped = envelope.new_keys(vault.provider(), new.id, [record.bytes for record, _ in held])
    data_keys = {record: pair for (record, _), *pair in zip(held, fresh, wrapped, strict=True)}
    found = {record: _Anew(None, []) for record, key in rows if key is None}
    found |= {record: _Anew(data_keys[record][1], []) for record in keys}
    damaged = [str(record) for record, _ in held if record not in keys]
    revisions = db.execute(_SQL["revisions"], {"records": list(keys)}).fetchall()
    for row in revisions:
        try:
            found[row[0]].revisions.append(_revision(row, keys[row[0]], data_keys[row[0]][0], old, new))
        except ContentDamaged as exc:
            damaged.append(exc.where)
    bad = {row[0] for row in revisions if name(row[0], row[1]) in damaged}
    return {record: one for record, one in found.items() if record not in bad}, damaged


def _revision(
    row: Sequence[Any], key: bytes, fresh: bytes, old: Generation, new: Generation
) -> tuple[UUID, int, list[int], bytes]:
    """One revision decrypted, checked, and encrypted under its record's new key. Raises `ContentDamaged`."""
    (record, rev, kind, agency, level, valid_from, recorded_at, author, batch, seq, row_no, final,
     facets, stored, packed, digest, content) = row  # fmt: skip
    head = header(
        Place(record.bytes, rev, kind, agency, level, microseconds(valid_from), microseconds(recorded_at),
              author, batch.bytes, seq, row_no, final)
    )  # fmt: skip
    where, plain_facets = name(record, rev), canonical(facets)
    bound = formats.content_place(head, old.id, plain_facets, bytes(packed))
    salted, commitment = envelope.open_salted(old.suite, key, bytes(content), bound, where)
    if formats.revision(head, commitment) != bytes(digest):
        raise ContentDamaged(where)
    moved = terms.moved_on_to(new.level, new.depth, stored)
    bound = formats.content_place(head, new.id, plain_facets, terms.packed(moved))
    return record, rev, moved, envelope.encrypt_salted(new.suite, fresh, salted, bound)


def _write(db: Owner, new: Generation, kept: dict[UUID, _Anew]) -> None:
    """One statement a row, sent in one go: a temporary table would need a right that the owner of the schema may lack."""
    with db.cursor() as cursor:
        cursor.executemany(
            _SQL["write_revision"],
            [
                {"record": record, "rev": rev, "terms": terms, "content": content}
                for one in kept.values()
                for record, rev, terms, content in one.revisions
            ],
        )
        cursor.executemany(
            _SQL["write_record"],
            [{"record": record, "wrapped": one.wrapped, "new": new.id} for record, one in kept.items()],
        )


def _identities(db: Owner, depth: int, until: float | None) -> None:
    """Identity digests and content marks under their next layer, some at a time."""
    older = [bytes(key) for (key,) in db.execute(_SQL["identities"], {"depth": depth})]
    for start in range(0, len(older), _IDENTITIES):
        if until is not None and time.monotonic() > until:
            return
        while not _identities_moved(db, older[start : start + _IDENTITIES], depth):
            pass  # an amendment wrote one of them under its new digest meanwhile; now it can be seen


def _identities_moved(db: Owner, keys: list[bytes], depth: int) -> bool:
    """Some identities under their next layer, or nothing where somebody was faster with one of them."""
    try:
        with db.transaction():
            values: dict[str, Any] = {"keys": keys, "depth": depth}
            rows = db.execute(_SQL["hold_identities"], values).fetchall()
            held, marks = [bytes(key) for key, _ in rows], [bytes(mark) for _, mark in rows]
            values |= {"keys": held, "moved": vault.identity_moved_on(held), "marks": vault.identity_moved_on(marks)}
            db.execute(_SQL["drop_doubles"], values)
            db.execute(_SQL["move_identities"], values)
    except psycopg.errors.UniqueViolation:
        return False
    return True
