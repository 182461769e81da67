"""Records as values for programs: what `--json` prints and the API sends. What identifies a person is masked unless revealed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from suyuan.catalog.model import Field, RecordType
from suyuan.ledger.queries import Seen
from suyuan.records.mask import mask
from suyuan.records.meanings import CODED, Under, words
from suyuan.records.queries import Change, RevisionInfo, changes
from suyuan.records.reading import RecordView


def masked(content: dict[str, Any], rtype: RecordType) -> dict[str, Any]:
    """The content without protected values and with identifying ones as lists show them."""
    shown = open_content(content, rtype)
    return {
        name: _mask(rtype.fields[name], value) if rtype.fields[name].protection == "identifying" else value
        for name, value in shown.items()
    }


def open_content(content: dict[str, Any], rtype: RecordType) -> dict[str, Any]:
    """The content without protected values, which are shown one at a time, and without what lies in quarantine."""
    fields = rtype.fields
    return {name: value for name, value in content.items() if name in fields and fields[name].protection != "protected"}


def protected(content: dict[str, Any], rtype: RecordType) -> list[str]:
    """Names of the protected fields that hold something."""
    return [name for name in content if name in rtype.fields and rtype.fields[name].protection == "protected"]


def content(view: RecordView, shown: dict[str, Any], rtype: RecordType) -> dict[str, Any]:
    """What is shown of a revision's content, and what its codes mean by the release it was approved under."""
    clear = {name: value for name, value in shown.items() if value == view.content.get(name)}
    said = {name: means(rtype.fields[name], value, view.under) for name, value in clear.items()}
    return {"content": shown, "meanings": {name: found for name, found in said.items() if found}}


def means(field: Field, value: Any, under: Under | None) -> dict[str, dict[str, str]]:
    """What each code of a value means, in both languages; nothing where it has none."""
    if field.type not in CODED or value in (None, "", []):
        return {}
    return {
        str(code): words(field, str(code), under)._asdict() for code in (value if isinstance(value, list) else [value])
    }


def change(one: Change, rtype: RecordType) -> dict[str, Any]:
    """One field that differs; a code with what it meant and means."""
    field = rtype.fields[one.field]
    clear = field.protection == "none"
    return {
        "field": one.field, "before": one.before, "after": one.after,
        "before_means": means(field, one.before, one.before_under) if clear else {},
        "after_means": means(field, one.after, one.after_under) if clear else {},
    }  # fmt: skip


def head(view: RecordView) -> dict[str, Any]:
    """A revision without its content."""
    return {
        "record": view.record_id, "rev": view.rev, "type": view.type, "state": view.state, "level": view.level,
        "agency": view.agency, "author": view.author, "valid_from": view.valid_from, "recorded_at": view.recorded_at,
        "in_force_rev": view.in_force_rev, "batch": view.batch, "row": view.row_no, "digest": view.digest.hex(),
        "release": view.release.hex(),
    }  # fmt: skip


def steps(
    infos: Iterable[RevisionInfo], views: Iterable[RecordView], rtype: RecordType
) -> list[tuple[RevisionInfo, list[Change]]]:
    """Each revision with the fields it changed, masked, oldest first."""
    known = {one.rev: one for one in views}
    return [
        (one, masked_changes(changes(known.get(one.rev - 1), known[one.rev]) if one.rev in known else [], rtype))
        for one in infos
    ]


def masked_changes(changed: Iterable[Change], rtype: RecordType) -> list[Change]:
    """What differs, without protected values and with identifying ones masked."""
    fields = rtype.fields
    return [
        one._replace(
            **{side: masked({one.field: getattr(one, side)}, rtype)[one.field] for side in ("before", "after")}
        )
        for one in changed
        if one.field in fields and fields[one.field].protection != "protected"
    ]


def revision(info: RevisionInfo, changed: list[Change], rtype: RecordType) -> dict[str, Any]:
    """One step in a record's life."""
    return {
        "rev": info.rev, "recorded_at": info.recorded_at, "valid_from": info.valid_from, "author": info.author,
        "channel": info.channel, "batch": info.batch, "row": info.row_no, "digest": info.digest.hex(),
        "returned": info.returned, "in_force_since": info.in_force_since,
        "changes": [change(one, rtype) for one in changed],
    }  # fmt: skip


def entry(seen: Seen) -> dict[str, Any]:
    """One entry about a record."""
    return {
        "at": seen.at, "act": seen.act.name, "person": seen.person, "agency": seen.agency, "rev": seen.rev,
        "in_tree": seen.sequenced,
    }  # fmt: skip


def _mask(field: Field, value: Any) -> Any:
    if value in (None, "", []):
        return value
    return [mask(field, str(one)) for one in value] if isinstance(value, list) else mask(field, str(value))
