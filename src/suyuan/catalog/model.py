"""What a catalog is made of: record types with their fields, groups and rules, and code tables.

Everything here is read-only once loaded. `loader` makes it from YAML, `check` judges rows by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple

from suyuan.catalog.codes import Code, Codes, CodeTable

FieldType = Literal[
    "text", "date", "datetime", "integer", "decimal", "boolean", "code", "identifier", "place", "reference", "file"
]
Protection = Literal["none", "identifying", "protected"]
Search = Literal["none", "exact", "text"]
Severity = Literal["reject", "warn"]
DIVISIONS = "divisions"
"""The code table of a `place`: GB/T 2260 with its history."""


class Label(NamedTuple):
    """One text in both languages."""

    zh: str
    en: str

    def of(self, lang: str) -> str:
        """The text in `zh` or `en`."""
        return self.en if lang == "en" else self.zh


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is declared."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record type. `kind` names the sort of an identifier, `to` the type a reference leads to.

    `purpose`, `basis` and `retention` are said of what an agency adds about persons.
    """

    name: str
    type: FieldType
    label: Label
    place: Place
    required: bool = False
    required_when: str | None = None
    table: str | None = None
    kind: str | None = None
    to: str | None = None
    protection: Protection = "none"
    facet: bool = False
    search: Search = "none"
    multiple: bool = False
    partial: bool = False
    unit: str | None = None
    min: str | None = None
    max: str | None = None
    max_length: int | None = None
    pattern: str | None = None
    max_age: str | None = None
    note: Label | None = None
    standard: str | None = None
    example: str | None = None
    purpose: str | None = None
    basis: str | None = None
    retention: Retention | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """A heading with the fields under it, in the order of the form."""

    id: str
    label: Label
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """An SQL condition over the fields; a row breaks it where the condition is false."""

    id: str
    says: str
    fields: tuple[str, ...]
    message: Label
    severity: Severity
    dimension: str
    source: str | None
    place: Place


@dataclass(frozen=True, slots=True)
class Retention:
    """How long records are kept, and by which rule."""

    years: int
    source: str


@dataclass(frozen=True, eq=False)
class RecordType:
    """One record type. `catalog` is the one it belongs to."""

    id: str
    label: Label
    domain: str
    clause: str
    person: bool
    about: str | None
    purpose: str | None
    basis: str | None
    title: tuple[str, ...]
    key: tuple[str, ...]
    time: str | None
    level: int
    cycle: str | None
    retention: Retention | None
    final_review_when: str | None
    groups: tuple[Group, ...]
    fields: Mapping[str, Field]
    rules: tuple[Rule, ...]
    place: Place
    catalog: Catalog = field(init=False, repr=False)

    def message(self, rule: str, lang: str, *, beside: bool = False) -> str:
        """The words for a finding of this type in `zh` or `en`; the id itself where it has none.

        With `beside` they stand beside the field's name and need not say it.
        """
        from suyuan.catalog.plan import plan_of

        found = plan_of(self).problems.get(rule)
        return (found.beside if beside else found.message).of(lang) if found else rule

    @property
    def release(self) -> str:
        """The release of its catalog, 64 hex digits."""
        return self.catalog.release

    @property
    def about_people(self) -> bool:
        """Whether its records say anything of a person: then they open under an assigned ground only."""
        return self.person or any(one.protection != "none" for one in self.fields.values())


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A field, or a whole type where `field` is empty, that is not loaded until it is cleared.

    It looks like a protected attribute, given away by a word, and one person clears it; or an agency adds it about
    persons, and two clear its `declaration` by its `digest`, unless it `lacks` what it must say.
    """

    type: str
    field: str
    word: str
    attribute: Label
    place: Place
    declaration: str = ""
    digest: str = ""
    lacks: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        """The type, or the field as `type.field`."""
        return f"{self.type}.{self.field}" if self.field else self.type


@dataclass(frozen=True, eq=False)
class Catalog:
    """All record types and code tables of one release."""

    types: dict[str, RecordType]
    codes: Codes
    release: str
    quarantine: tuple[Quarantined, ...] = ()

    def held(self, type_id: str, field: str) -> bool:
        """Whether a field, or the type it belongs to, lies in quarantine."""
        return any(one.type == type_id and one.field in ("", field) for one in self.quarantine)

    def table(self, of: Field) -> CodeTable:
        """The code table of a code or place. Raises KeyError for a field of another type."""
        return self.codes[of.table or DIVISIONS]

    @cached_property
    def open_types(self) -> tuple[str, ...]:
        """Types whose records say nothing of anybody: who reaches them may open them without an assigned ground."""
        return tuple(one.id for one in self.types.values() if not one.about_people)

    @cached_property
    def references(self) -> dict[str, list[tuple[str, str]]]:
        """Who refers to each type: (type, field) pairs by target."""
        found: dict[str, list[tuple[str, str]]] = {}
        for one in self.types.values():
            for name, each in one.fields.items():
                if each.to:
                    found.setdefault(each.to, []).append((one.id, name))
        return found


__all__ = ["Catalog", "Code", "CodeTable", "Codes", "Field", "Group", "Label", "RecordType", "Rule"]
