"""The OpenAPI description: what the operations say of themselves, completed from the catalog.

Delivering rows is described type by type: one address each, whose rows name that type's fields.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from suyuan import catalog
from suyuan.access.calls import GROUND
from suyuan.catalog.model import RecordType
from suyuan.catalog.schema import schema
from suyuan.collection.api import AMENDS

_TEMPLATE = "/api/types/{type}/batches"
_VALUE = ["string", "number", "boolean", "null"]
_SAID = ("title", "description", "x-identifier", "x-code-table", "x-reference", "x-protection")
_AMENDS = {"type": "string", "format": "uuid", "description": "本行更正的记录 The record that this row corrects"}
_GROUND = {
    "in": "header", "name": GROUND, "required": False, "schema": {"type": "integer", "minimum": 1, "maximum": 10**18 - 1},
    "description": "办理事由编号；不写则为岗位日常 The ground to act under; without it that of one's first duty",
}  # fmt: skip


def complete(described: dict[str, Any]) -> dict[str, Any]:
    """The description with the header of grounds, the zip of a proof, and each type's deliveries."""
    types = catalog.current().types
    for path, methods in described["paths"].items():
        for operation in methods.values():
            _operation(path, operation, list(types))
    _deliveries(described, types)
    described["security"] = [{"Token": []}]
    return described


def _operation(path: str, operation: dict[str, Any], names: list[str]) -> None:
    if path != "/api/grounds":
        operation["parameters"].append(dict(_GROUND))
    for parameter in operation["parameters"]:
        if (parameter["in"], parameter["name"]) == ("path", "type"):
            parameter["schema"]["enum"] = names
        _without_null(parameter["schema"])
    if media := operation.pop("x-gives", None):
        operation["responses"][200]["content"] = {media: {"schema": {"type": "string", "format": "binary"}}}


def _without_null(one: dict[str, Any]) -> None:
    """What is not given is left out of an address: nobody writes null there."""
    kinds = [kind for kind in one.get("anyOf", []) if kind.get("type") != "null"]
    if len(kinds) == 1:
        del one["anyOf"]
        one |= kinds[0]


def _deliveries(described: dict[str, Any], types: dict[str, RecordType]) -> None:
    """One address for each type instead of the one for all."""
    template = described["paths"].pop(_TEMPLATE)["post"]
    schemas = described["components"]["schemas"]
    general = schemas.pop("Delivery")
    for name, rtype in types.items():
        operation = deepcopy(template)
        operation["operationId"] = f"{template['operationId']}_{name}"
        operation["parameters"] = [one for one in operation["parameters"] if one["name"] != "type"]
        body = operation["requestBody"]["content"]["application/json"]
        body["schema"] = {"$ref": f"#/components/schemas/Delivery_{name}"}
        delivery = deepcopy(general)
        delivery["properties"]["rows"]["items"] = {"$ref": f"#/components/schemas/Row_{name}"}
        schemas |= {f"Delivery_{name}": delivery | {"title": f"Delivery_{name}"}, f"Row_{name}": _row(rtype)}
        described["paths"][_TEMPLATE.replace("{type}", name)] = {"post": operation}


def _row(rtype: RecordType) -> dict[str, Any]:
    """A row as it may be sent: its fields. What their values must be says the type's own schema, and the check finds."""
    strict = schema(rtype)
    properties = {name: _field(one) for name, one in strict["properties"].items() if rtype.fields[name].type != "file"}
    properties[AMENDS] = dict(_AMENDS)
    return {
        "title": f"Row_{rtype.id}", "description": f"{rtype.label.zh} {rtype.label.en}", "type": "object",
        "properties": properties, "additionalProperties": False, "x-required": strict["required"], "x-key": list(rtype.key),
    }  # fmt: skip


def _field(strict: dict[str, Any]) -> dict[str, Any]:
    said = {name: strict[name] for name in _SAID if name in strict}
    one: dict[str, Any] = {"type": _VALUE}
    if strict["type"] == "array":
        one = {"anyOf": [{"type": _VALUE}, {"type": "array", "items": {"type": _VALUE}}]}
    return said | one
