"""The release of a catalog: a digest of everything in it that a check depends on or that a person reads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from typing import Any

from suyuan.catalog.codes import CodeTable
from suyuan.catalog.model import Place, RecordType

FORMAT = 1
"""Changes when the check itself comes to mean something else by the same declaration."""


def digest(types: Iterable[RecordType], tables: Iterable[CodeTable]) -> str:
    """SHA-256 in hexadecimal over the canonical JSON of all types and tables; comments and layout do not count."""
    data = {
        "format": FORMAT,
        "types": {one.id: plain(one) for one in types},
        "codes": {one.name: plain(one) for one in tables},
    }
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


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


__all__ = ["Place", "digest", "plain"]
