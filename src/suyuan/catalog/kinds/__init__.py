"""The kinds of value: one small class each, all behind the interface of `kinds.base.Kind`."""

from __future__ import annotations

from collections.abc import Callable

from suyuan.catalog.kinds.base import Identifier, Kind, Trouble
from suyuan.catalog.kinds.coded import CodeKind, Place, Reference
from suyuan.catalog.kinds.date import Date, DateTime
from suyuan.catalog.kinds.many import Many
from suyuan.catalog.kinds.numbers import CaseNo, Passport, Phone, Uscc
from suyuan.catalog.kinds.plain import Boolean, Decimal, File, Integer, Text
from suyuan.catalog.kinds.resident_id import DrivingLicence, ResidentId
from suyuan.catalog.kinds.vehicle import Plate, Vin
from suyuan.catalog.model import DIVISIONS, Catalog, Field


def _alone(kind: Callable[[Field], Kind]) -> Callable[[Field, Catalog], Kind]:
    return lambda field, _: kind(field)


IDENTIFIERS: dict[str, Callable[[Field, Catalog], Kind]] = {
    "resident_id": lambda field, catalog: ResidentId(field, catalog.codes.get(DIVISIONS)),
    "driving_licence": lambda field, _: DrivingLicence(field),
    **{kind.name: _alone(kind) for kind in (Uscc, Vin, Plate, Phone, Passport, CaseNo)},
}
"""Kinds of identifiers by the word that the catalog uses."""
_PLAIN: dict[str, Callable[[Field], Kind]] = {
    "text": Text, "file": File, "integer": Integer, "decimal": Decimal, "boolean": Boolean, "date": Date,
    "datetime": DateTime,
}  # fmt: skip


def of(field: Field, catalog: Catalog) -> Kind:
    """The kind of a field's values."""
    one = single(field, catalog)
    return Many(one) if field.multiple else one


def single(field: Field, catalog: Catalog) -> Kind:
    """The kind of one of a field's values."""
    if field.type == "identifier":
        return IDENTIFIERS[field.kind or ""](field, catalog)
    if field.type == "code":
        return CodeKind(field, catalog.table(field))
    if field.type == "place":
        return Place(field, catalog.table(field))
    if field.type == "reference":
        target = catalog.types[field.to or ""]
        return Reference(field, [single(target.fields[name], catalog) for name in target.key])
    return _PLAIN[field.type](field)


__all__ = ["IDENTIFIERS", "Identifier", "Kind", "Many", "Trouble", "of", "single"]
