"""What a list of one type shows and how it is narrowed: columns, filters, and finding what a person typed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from suyuan import catalog
from suyuan.access.acting import Acting
from suyuan.catalog.check import index
from suyuan.catalog.model import Field, RecordType
from suyuan.i18n import say
from suyuan.records import queries
from suyuan.records.queries import Page

COLUMNS = 6
CHOICES = 60
STATES = ("first_review", "second_review", "final_review", "in_force", "returned", "rejected", "sealed", "disposed")


@dataclass(frozen=True, slots=True)
class Filter:
    """A field to narrow a list by. `choices` is empty where its table is too long for a drop-down."""

    field: Field
    choices: list[tuple[str, str]]
    chosen: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for: words typed, a state, and codes by facet."""

    q: str = ""
    state: str = ""
    codes: Mapping[str, str] | None = None
    after: str | None = None

    @property
    def narrowed(self) -> bool:
        """Whether anything but the type restricts the list."""
        return bool(self.q or self.state or self.codes)


def columns(rtype: RecordType) -> list[Field]:
    """The title's fields first, then the natural key, then coded facets: as many as a screen holds."""
    coded = [name for name, field in rtype.fields.items() if field.facet and field.type == "code"]
    names = dict.fromkeys([*rtype.title, *rtype.key, *coded])
    shown = [rtype.fields[name] for name in names]
    return [field for field in shown if field.protection != "protected"][:COLUMNS]


def facets(rtype: RecordType) -> list[Field]:
    """Coded fields by which a list can be narrowed."""
    return [field for field in rtype.fields.values() if field.facet and field.type in ("code", "place")]


def offer(field: Field, chosen: str) -> Filter:
    """A filter for a coded field: all its codes where they are few, else a place to write one."""
    codes = catalog.current().table(field).current()
    offered = codes if len(codes) <= CHOICES else []
    return Filter(field, [(one.code, say(one.name, one.name_en or one.name)) for one in offered], chosen)


def code_of(field: Field, said: str) -> str | None:
    """The code meant by a code or by a name in either language; None if the table knows neither."""
    table = catalog.current().table(field)
    if said in table.by_code:
        return said
    return next((one.code for one in table.current() if said in (one.name, one.name_en)), None)


def find(who: Acting, types: Iterable[RecordType], wanted: Wanted, *, type: str | None, limit: int = 50) -> Page:
    """A page of what was asked for: by every full number the words can be read as, else by the words themselves."""
    q, numbers = wanted.q.strip(), _numbers(types, wanted)
    found = _search(who, wanted, type, numbers, "", limit) if numbers else None
    return found if found and found.rows else _search(who, wanted, type, [], q, limit)


def in_force(who: Acting, rtype: RecordType, wanted: Wanted, most: int) -> tuple[list[UUID], list[int]]:
    """What `find` would find of one type that is in force, as `queries.matching` gives it."""
    numbers = _numbers([rtype], wanted)
    if numbers:
        found = queries.matching(who, type=rtype.id, exact=numbers, codes=wanted.codes, most=most)
        if found[0]:
            return found
    return queries.matching(who, type=rtype.id, text=wanted.q.strip(), codes=wanted.codes, most=most)


def _numbers(types: Iterable[RecordType], wanted: Wanted) -> list[str]:
    q = wanted.q.strip()
    return [f"{name}\x1f{value}" for name, value in dict.fromkeys(_exact_readings(list(types), q))] if q else []


def _search(who: Acting, wanted: Wanted, type: str | None, exact: list[str], text: str, limit: int) -> Page:
    return queries.search(
        who, type=type, text=text, exact=exact, codes=wanted.codes, state=wanted.state or None,
        after=wanted.after, limit=limit,
    )  # fmt: skip


def _exact_readings(types: list[RecordType], q: str) -> Iterator[tuple[str, str]]:
    """Ways to read the words as one identifier: by every kind that recognises them, then as a field's own number."""
    fields = [(rtype, field) for rtype in types for field in rtype.fields.values() if field.search == "exact"]
    kinds = {field.kind: (rtype, field.name) for rtype, field in fields if field.kind}
    for kind, (rtype, name) in kinds.items():
        value = index(rtype, name, q)
        if value:
            yield kind, value
    for _, field in fields:
        if not field.kind and any(sign.isdigit() for sign in q):
            yield field.name, q
