"""How a stored value is written for a reader: by the catalog's kind of the field, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from suyuan.catalog.model import Field
from suyuan.i18n import say
from suyuan.records.mask import mask
from suyuan.web import dates
from suyuan.web.words import code_name, place_name, unit_word

EMPTY = "—"


def show(field: Field, value: Any, *, masked: bool = False) -> str:
    """The words for a value. `masked` hides what identifies a person, as lists do."""
    if value is None or value in ("", []):
        return EMPTY
    if isinstance(value, list):
        return say("；", "; ").join(show(field, one, masked=masked) for one in value)
    if masked and field.protection != "none":
        return mask(field, str(value))
    return _WRITERS.get(field.type, _plain)(field, value)


def _plain(field: Field, value: Any) -> str:
    return f"{_grouped(str(value))} {unit_word(field.unit)}" if field.unit else str(value)


def _grouped(number: str) -> str:
    """A number with its thousands apart: 680,000."""
    whole, dot, rest = number.partition(".")
    return f"{int(whole):,}{dot}{rest}" if whole.lstrip("-").isdecimal() and len(whole) > 4 else number


def _boolean(_field: Field, value: Any) -> str:
    return _("是") if value in (True, "true", "1") else _("否")


def _code(field: Field, value: Any) -> str:
    return code_name(field, str(value))


def _place(field: Field, value: Any) -> str:
    return place_name(field, str(value))


def _day(_field: Field, value: Any) -> str:
    return dates.day(str(value))


def _moment(_field: Field, value: Any) -> str:
    return dates.moment(str(value))


def _reference(_field: Field, value: Any) -> str:
    return str(value).replace("|", " ")


_WRITERS: dict[str, Callable[[Field, Any], str]] = {
    "boolean": _boolean,
    "code": _code,
    "place": _place,
    "date": _day,
    "datetime": _moment,
    "reference": _reference,
}
