"""References between records: a natural key in the source becomes a link to the record it names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.db import connection

from suyuan.access.acting import Acting
from suyuan.installation.sql import statements
from suyuan.ledger import actions as ledger
from suyuan.ledger.acts import Act
from suyuan.ledger.bound import digest_of
from suyuan.records.arrival import Arrangement, Arrival, Finding, Outcome
from suyuan.vault import actions as vault

_SQL = statements("records", "take_in")


def resolve(
    who: Acting,
    batch: UUID,
    chunk_no: int,
    levels: Mapping[str, int],
    arrangement: Arrangement,
    ids: dict[int, bytes],
) -> None:
    """Store the links of the rows to be written and enter them; a reference nobody answers becomes a warning.

    `ids` are the record ids by `id(arrival)`, so that rows of one chunk can refer to each other; `levels` those
    of the types, since a link lies at the level of the record that makes it.
    """
    asked = [(one, ref) for one in arrangement.writes() for ref in one.refs]
    if not asked:
        return
    keys = vault.identities([reference_key(who.agency, ref) for _, ref in asked])
    wanted = [(one, ref, key) for (one, ref), key in zip(asked, keys.now, strict=True)]
    here = {one.mark.key_digest: ids[id(one)] for one in arrangement.writes()}
    stored = _stored(set(keys.now) - here.keys(), dict(zip(keys.before or (), keys.now)))  # noqa: B905  # none before
    links: dict[int, list[tuple[UUID, int, str, UUID]]] = {}
    for one, ref, key in wanted:
        target = here.get(key) or stored.get(key)
        if target is None:
            _warn(arrangement, one, ref["field"])
        else:
            rev = one.known.latest_rev + 1 if one.known else 1
            link = (UUID(bytes=ids[id(one)]), rev, ref["field"], UUID(bytes=target))
            links.setdefault(levels[one.type], []).append(link)
    for level, found in links.items():
        _insert(who, level, found)
    if links:
        _enter(who, batch, chunk_no, links)


def _enter(who: Acting, batch: UUID, chunk_no: int, links: Mapping[int, list[tuple[UUID, int, str, UUID]]]) -> None:
    """One entry a chunk: the digest of all its links."""
    place = {"batch_id": batch, "chunk_no": chunk_no, "agency": who.agency}
    rows = [
        {**place, "record_id": str(record), "rev": rev, "field": field, "target_id": str(target), "level": level}
        for level, found in links.items()
        for record, rev, field, target in set(found)
    ]
    bound_to = {"links": len(rows), **digest_of("records_link", rows)}
    ledger.append(who, Act.combine, batch=batch, detail=bound_to)


def reference_key(agency: int, ref: dict[str, str]) -> bytes:
    """Innermost key digest of what a reference names."""
    return vault.identity_digester("key")(f"{ref['to']}\x1f{agency}\x1f{ref['key']}".encode())


def _stored(keys: Iterable[bytes], before: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """Records by the keys they are stored under; `before` gives the key of now for what a rotation has not reached."""
    with connection.cursor() as cursor:
        cursor.execute(_SQL["targets"], {"keys": b"".join([*keys, *before])})
        return {before.get(bytes(key), bytes(key)): record.bytes for key, record in cursor.fetchall()}


def _warn(arrangement: Arrangement, one: Arrival, field: str) -> None:
    arrangement.findings.append(Finding(one.row_no, one.type, field, "records.reference_missing", "warn"))
    if arrangement.outcomes[one.row_no] is Outcome.ACCEPTED:
        arrangement.outcomes[one.row_no] = Outcome.WARNED


def _insert(who: Acting, level: int, links: list[tuple[UUID, int, str, UUID]]) -> None:
    records, revs, fields, targets = (list(column) for column in zip(*links, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(
            _SQL["links"],
            {"records": records, "revs": revs, "fields": fields, "targets": targets,
             "agency": who.agency, "level": level},
        )  # fmt: skip
