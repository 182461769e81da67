"""The release of a catalog: a digest of everything in it that a check depends on or that a person reads."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from suyuan import formats
from suyuan.catalog.codes import Code, Codes, CodeTable, Words
from suyuan.catalog.model import Place, RecordType

FORMAT = 1
"""Changes when the check itself comes to mean something else by the same declaration."""


def digest(types: Iterable[RecordType], tables: Iterable[CodeTable]) -> str:
    """SHA-256 in hexadecimal over the canonical JSON of all types and tables; comments and layout do not count."""
    return formats.fingerprint(written(types, tables)).hex()


def written(types: Iterable[RecordType], tables: Iterable[CodeTable]) -> bytes:
    """What `digest` digests: kept when a release is recorded, so that what was read then can be read later."""
    data = {
        "format": FORMAT,
        "types": {one.id: plain(one) for one in types},
        "codes": {one.name: plain(one) for one in tables},
    }
    return formats.RELEASE.to_bytes(data)


def read(text: bytes) -> tuple[Codes, dict[tuple[str, str], str]]:
    """The code tables of what `written` wrote, and the table of each coded field by type and field."""
    data = json.loads(text)
    codes = Codes({name: _table(one) for name, one in data["codes"].items()})
    tables = {
        (type_id, name): field["table"]
        for type_id, one in data["types"].items() for name, field in one["fields"].items() if field["table"]
    }  # fmt: skip
    return codes, tables


def _table(said: dict[str, Any]) -> CodeTable:
    codes = tuple(
        Code(code, name, name_en, _day(begin), _day(end), parent)
        for code, name, name_en, begin, end, parent in said["codes"]
    )
    return CodeTable(**said | {"label": Words(*said["label"]), "valid_from": _day(said["valid_from"]), "codes": codes})


def _day(said: str | None) -> dt.date | None:
    return dt.date.fromisoformat(said) if said else None


def files(folders: Iterable[Path]) -> dict[str, str]:
    """The files of a catalog's folders with their SHA-256: those whose change may be another release."""
    found = {}
    for number, folder in enumerate(folders):
        shown = f"{folder.name}/" if number else ""
        for pattern in ("types/*.yaml", "codes/tables.yaml", "codes/*.csv", "cleared.yaml"):
            for path in folder.glob(pattern):
                found[shown + path.relative_to(folder).as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()
    return dict(sorted(found.items()))


def changes(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What reads otherwise in another release: types by their names, codes with the meaning of before and of now."""
    lines = [
        f"{name}" for name in sorted(before["types"].keys() | now["types"].keys())
        if before["types"].get(name) != now["types"].get(name)
    ]  # fmt: skip
    for name in sorted(before["codes"].keys() | now["codes"].keys()):
        old, new = (_meanings(one["codes"].get(name)) for one in (before, now))
        differ = [code for code in sorted(old.keys() | new.keys()) if old.get(code) != new.get(code)]
        lines += [f"{name} {code}: {old.get(code, '—')} → {new.get(code, '—')}" for code in differ]
    return lines


def _meanings(table: dict[str, Any] | None) -> dict[str, str]:
    return {str(code): str(name) for code, name, *_ in (table["codes"] if table else ())}


def plain(value: Any) -> Any:
    """A declaration as JSON values, without where it stands and what it belongs to."""
    if is_dataclass(value):
        names = (one.name for one in fields(value) if one.name not in ("place", "catalog"))
        return {name: plain(getattr(value, name)) for name in names}
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value if value is None or isinstance(value, bool | int | str) else str(value)


__all__ = ["Place", "changes", "digest", "files", "plain", "read", "written"]
