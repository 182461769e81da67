"""How a stored value is written for a reader: by the catalog's kind of the field, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from suyuan.catalog.model import Field
from suyuan.i18n import say
from suyuan.records.mask import mask
from suyuan.records.meanings import CODED, Under, differ, recorded, words
from suyuan.web import dates
from suyuan.web.words import unit_word

EMPTY = "—"


def show(field: Field, value: Any, *, under: Under | None, masked: bool = False) -> str:
    """The words for a value, codes by the catalog that its record was approved `under` (None: by today's).

    `masked` hides what identifies a person, as lists do.
    """
    if value is None or value in ("", []):
        return EMPTY
    if isinstance(value, list):
        return say("；", "; ").join(show(field, one, under=under, masked=masked) for one in value)
    if masked and field.protection != "none":
        return mask(field, str(value))
    if field.type in CODED:
        return say(*words(field, str(value), under))
    return _WRITERS.get(field.type, _plain)(field, value)


def meaning_now(field: Field, value: Any, *, under: Under) -> str:
    """Of codes that mean something else today: by which release they were written, and what they mean now."""
    kept = recorded(under)
    if kept is None or not differ(field, value, under, None):
        return ""
    return _("按第 %(n)s 号目录发布（%(day)s）的代码表；现行含义：%(now)s") % {
        "n": kept.number, "day": dates.day(kept.at), "now": show(field, value, under=None),
    }  # fmt: skip


def _plain(field: Field, value: Any) -> str:
    return f"{_grouped(str(value))} {unit_word(field.unit)}" if field.unit else str(value)


def _grouped(number: str) -> str:
    """A number with its thousands apart: 680,000."""
    whole, dot, rest = number.partition(".")
    return f"{int(whole):,}{dot}{rest}" if whole.lstrip("-").isdecimal() and len(whole) > 4 else number


def _boolean(_field: Field, value: Any) -> str:
    return _("是") if value in (True, "true", "1") else _("否")


def _day(_field: Field, value: Any) -> str:
    return dates.day(str(value))


def _moment(_field: Field, value: Any) -> str:
    return dates.moment(str(value))


def _reference(_field: Field, value: Any) -> str:
    return str(value).replace("|", " ")


_WRITERS: dict[str, Callable[[Field, Any], str]] = {
    "boolean": _boolean,
    "date": _day,
    "datetime": _moment,
    "reference": _reference,
}
