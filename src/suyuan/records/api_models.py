"""What the API of the records room gives."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from ninja import Schema
from pydantic import Field


class LabelOut(Schema):
    """One text in both languages."""

    zh: str
    en: str


Meanings = dict[str, LabelOut]
"""What each code of a value means, by the release that its record was approved under."""


class TypeOut(Schema):
    """A record type. `key` are the fields of its natural key, `release` the catalog it belongs to."""

    type: str
    label: LabelOut
    domain: str
    about_people: bool
    level: int
    key: list[str]
    release: str


class RowOut(Schema):
    """One revision as a list shows it."""

    record: UUID
    rev: int
    type: str
    state: str
    level: int
    agency: int
    author: int
    valid_from: datetime
    recorded_at: datetime
    in_force_rev: int | None
    batch: UUID
    row: int
    digest: str = Field(description="被签署的摘要 What a reviewer of this revision signs, SHA-256 in hexadecimal")
    release: str = Field(
        description="审核所依据的目录发布 The release of the catalog it was checked and approved under"
    )
    content: dict[str, Any]
    meanings: dict[str, Meanings] = Field(
        description="代码在该发布中的含义 What the codes of each coded field mean by that release"
    )


class LinkOut(Schema):
    """A reference from this record (`outward`) or to it."""

    field: str
    record: UUID
    outward: bool


class RecordOut(RowOut):
    """One revision. `protected` names the fields that hold something and are shown one at a time only."""

    protected: list[str]
    links: list[LinkOut]


class PageOut(Schema):
    """One page. `next` continues it; `total` counts to 1,000 and `more` says that there are more."""

    rows: list[RowOut]
    next: str | None
    total: int
    more: bool


class ChangeOut(Schema):
    """One field that differs, in its value or in what its codes mean."""

    field: str
    before: Any
    after: Any
    before_means: Meanings
    after_means: Meanings


class ChangesOut(Schema):
    """What differs between two revisions."""

    record: UUID
    changes: list[ChangeOut]


class RevisionOut(Schema):
    """One step in a record's life."""

    rev: int
    recorded_at: datetime
    valid_from: datetime
    author: int
    channel: str
    batch: UUID
    row: int
    digest: str
    returned: bool
    in_force_since: datetime | None
    changes: list[ChangeOut]


class EntryOut(Schema):
    """One entry of the ledger about a record."""

    at: datetime
    act: str
    person: int
    agency: int
    rev: int | None
    in_tree: bool


class HistoryOut(Schema):
    """A record's revisions and the entries about it."""

    revisions: list[RevisionOut]
    entries: list[EntryOut]


class ValueOut(Schema):
    """One value in clear, and what its codes mean."""

    field: str
    value: Any
    means: Meanings
