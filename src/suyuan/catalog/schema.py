"""The content of a record type as JSON Schema (draft 2020-12), for programs that send or receive records."""

from __future__ import annotations

from typing import Any

from suyuan.catalog import kinds
from suyuan.catalog.model import Field, RecordType

MOST = 200  # codes listed in the schema itself; longer tables are named
_TYPES = {"integer": "integer", "boolean": "boolean"}
_DECIMAL = {"pattern": r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$", "x-decimal": True}  # a string, so that no digit is lost
_FORMATS = {"datetime": "date-time", "date": "date"}


def schema(record_type: RecordType) -> dict[str, Any]:
    """The schema of what `content` holds. Rules over several fields are in the catalog only."""
    fields = record_type.fields.values()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:suyuan:catalog:{record_type.id}:{record_type.release[:16]}",
        "title": record_type.label.zh,
        "description": record_type.label.en,
        "type": "object",
        "properties": {field.name: _field(field, record_type) for field in fields},
        "required": [field.name for field in fields if field.required],
        "additionalProperties": False,
        "x-key": list(record_type.key),
        "x-level": record_type.level,
    }


def _field(field: Field, record_type: RecordType) -> dict[str, Any]:
    one = _value(field, record_type)
    said: dict[str, Any] = {"title": field.label.zh, "description": field.label.en}
    if field.protection != "none":
        said["x-protection"] = field.protection
    if field.standard:
        said["x-standard"] = field.standard
    return {**said, "type": "array", "items": one} if field.multiple else {**said, **one}


def _value(field: Field, record_type: RecordType) -> dict[str, Any]:
    found: dict[str, Any] = {"type": _TYPES.get(field.type, "string")}
    if field.type == "decimal":
        found |= _DECIMAL
    if field.type in _FORMATS and not field.partial:
        found["format"] = _FORMATS[field.type]
    if field.type in ("code", "place"):
        found |= _codes(field, record_type)
    if field.kind:
        kind = kinds.single(field, record_type.catalog)
        found |= {"x-identifier": field.kind}
        if isinstance(kind, kinds.Identifier):
            found["pattern"] = f"^(?:{kind.form})$"
    if field.to:
        found["x-reference"] = field.to
    if field.pattern:
        found["pattern"] = field.pattern
    if field.max_length:
        found["maxLength"] = field.max_length
    for name, bound in (("minimum", field.min), ("maximum", field.max)):
        if bound is not None:
            found[name if field.type == "integer" else f"x-{name}"] = int(bound) if field.type == "integer" else bound
    return found


def _codes(field: Field, record_type: RecordType) -> dict[str, Any]:
    table = record_type.catalog.table(field)
    named = {"x-code-table": table.name, "x-edition": table.edition}
    return named | {"enum": list(table.by_code)} if len(table.by_code) <= MOST else named
