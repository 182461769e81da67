"""Tags for all pages: icons, states, dates, labels and values of records, empty places, pagers, form fields."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, Select, SelectMultiple
from django.template.context import Context
from django.template.loader_tags import BLOCK_CONTEXT_KEY
from django.templatetags.static import static
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from suyuan import catalog
from suyuan.access import queries as access
from suyuan.catalog.kinds.base import DOT
from suyuan.catalog.model import Field
from suyuan.i18n import say
from suyuan.ledger.queries import Seen
from suyuan.records.meanings import Under
from suyuan.records.queries import RevisionInfo
from suyuan.records.reading import RecordView
from suyuan.web import dates, values, words
from suyuan.web.chain import Step, chain
from suyuan.web.states import STATES
from suyuan.web.values import EMPTY
from suyuan.web.values import show as write

register = template.Library()


@register.simple_tag
def icon(name: str, classes: str = "") -> SafeString:
    """An icon of the sprite, hidden from screen readers: the words beside it say what it means."""
    return format_html(
        '<svg class="icon {}" fill="none" stroke="currentColor" stroke-linecap="round" stroke-linejoin="round"'
        ' aria-hidden="true"><use href="{}#{}"/></svg>',
        classes, static("dist/icons.svg"), name,
    )  # fmt: skip


@register.simple_tag(takes_context=True)
def block_again(context: Context, name: str) -> str:
    """The text of a block a second time: the heading of a page is its title unless it says otherwise."""
    block = context.render_context[BLOCK_CONTEXT_KEY].get_block(name)
    return str(block.render(context)) if block else ""


@register.filter
def state_badge(state: str) -> SafeString:
    """A record's or batch's state as a word with its colour."""
    shown = STATES.get(state)
    tone, word = (shown.tone, _(shown.word)) if shown else ("rest", state)
    return format_html('<span class="sy-state sy-state-{}">{}</span>', tone, word)


@register.filter
def standing(view: RecordView) -> SafeString:
    """How a record stands: in force with what becomes of its amendment beside it, else its state."""
    if not _amending(view):
        return state_badge(view.state)
    amendment = format_html(
        '<span class="sy-state sy-state-{}">{}{}</span>', STATES[view.state].tone, _("更正"), _(STATES[view.state].word)
    )
    return format_html('{} <span aria-hidden="true">·</span> {}', state_badge("in_force"), amendment)


@register.filter
def standing_next(view: RecordView) -> str:
    """What happens next to a record as it stands."""
    if not _amending(view):
        return state_next(view.state)
    return _("现行内容继续有效；更正经审核通过后取代它。")


def _amending(view: RecordView) -> bool:
    """Whether the revision shown is in force while a later one waits or was given back."""
    return (
        view.rev == view.in_force_rev
        and view.latest_rev > view.rev
        and view.state not in ("in_force", "sealed", "disposed")
    )


@register.filter
def state_word(state: str) -> str:
    """A record's or batch's state as a word."""
    shown = STATES.get(state)
    return _(shown.word) if shown else state


@register.filter
def state_next(state: str) -> str:
    """What happens next to a record or batch in this state."""
    shown = STATES.get(state)
    return _(shown.next) if shown else ""


@register.filter
def label(thing: Any) -> str:
    """The label of a field, group, type or code table of the catalog in the reader's language."""
    return say(thing.label.zh, thing.label.en)


@register.filter
def type_label(name: str) -> str:
    """The label of a record type by its id."""
    found = catalog.current().types.get(name)
    return say(found.label.zh, found.label.en) if found else name


@register.simple_tag
def show(field: Field, value: Any, *, under: Under | None, masked: bool = False) -> SafeString:
    """A stored value in words; a number or code that must be read letter by letter in even figures."""
    text = write(field, value, under=under, masked=masked)
    classes = "sy-none" if text == EMPTY else "sy-mask" if DOT in text else "sy-id" if field.kind else ""
    return format_html('<span class="{}">{}</span>', classes, text) if classes else escape(text)


@register.simple_tag
def meaning_now(field: Field, value: Any, *, under: Under) -> SafeString:
    """A note beside codes that mean something else today."""
    text = values.meaning_now(field, value, under=under)
    return format_html('<span class="sy-from">{}</span>', text) if text else SafeString()


@register.simple_tag
def title_of(view: Any, masked: bool = False) -> str:
    """What a record is called: the values of its type's title fields."""
    rtype = catalog.current().types[view.type]
    shown = [write(rtype.fields[name], view.content.get(name), under=view.under, masked=masked) for name in rtype.title]
    return " · ".join(one for one in shown if one != EMPTY) or say(rtype.label.zh, rtype.label.en)


@register.filter
def agency_name(agency: int) -> str:
    """An agency's name."""
    return words.agency_name(agency)


@register.filter
def person_name(person: int) -> str:
    """A person's name."""
    return words.person_name(person)


@register.filter
def staff_no(person: int) -> str:
    """A person's staff number."""
    return access.person(person).staff_no


@register.filter
def channel_word(channel: str) -> str:
    """How data arrived."""
    return _(words.CHANNELS.get(channel, channel))


@register.filter
def duty_word(duty: str) -> str:
    """A duty."""
    return _(words.DUTIES.get(duty, duty))


@register.filter
def said(pair: tuple[str, str]) -> str:
    """The one of two wordings, Chinese and English, that the reader understands."""
    return say(*pair)


@register.filter
def unit_word(unit: str) -> str:
    """A unit of measure."""
    return words.unit_word(unit)


@register.filter
def level_word(level: int) -> str:
    """A level of secrecy."""
    return _(words.LEVELS[level]) if level in words.LEVELS else str(level)


@register.filter
def day(value: date | datetime | str | None) -> str:
    """A date as it is written in the reader's language: 2026年3月5日."""
    return dates.day(value)


@register.filter
def moment(value: datetime | str | None) -> str:
    """A date with hours and minutes in China's civil time: 2026年3月5日 14:30."""
    return dates.moment(value)


@register.inclusion_tag("web/parts/empty.html")
def empty(icon_name: str, heading: str, hint: str = "", url: str = "", action: str = "") -> dict[str, str]:
    """An empty place that says why it is empty and what to do next."""
    return {"icon_name": icon_name, "heading": heading, "hint": hint, "url": url, "action": action}


@register.inclusion_tag("web/parts/pager.html", takes_context=True)
def pager(context: Context, following: str | None, shown: int = 0) -> dict[str, Any]:
    """Keyset paging: "first page" and "next page", keeping the query of the request."""
    query = context["request"].GET.copy()
    started = bool(query.pop("after", None))
    first = query.urlencode()
    query["after"] = following or ""
    return {"first": first, "next": query.urlencode() if following else "", "started": started, "shown": shown}


@register.inclusion_tag("web/parts/field.html")
def field(bound: BoundField, hint: str = "") -> dict[str, Any]:
    """A form field with its label, help, and what is wrong with it, tied together for screen readers."""
    widget = bound.field.widget
    classes = "form-select" if isinstance(widget, Select | SelectMultiple) else "form-control"
    described = [f"{bound.id_for_label}-hint"] if hint or bound.help_text else []
    described += [f"{bound.id_for_label}-errors"] if bound.errors else []
    attrs: dict[str, Any] = {"class": "form-check-input" if isinstance(widget, CheckboxInput) else classes}
    if bound.errors:
        attrs |= {"class": f"{attrs['class']} is-invalid", "aria-invalid": "true"}
    if described:
        attrs["aria-describedby"] = " ".join(described)
    return {
        "bound": bound,
        "control": bound.as_widget(attrs=attrs),
        "hint": hint or bound.help_text,
        "check": isinstance(widget, CheckboxInput),
    }


@register.filter
def get(mapping: Any, key: Any) -> Any:
    """`mapping[key]`, or nothing."""
    return mapping.get(key) if mapping is not None else None


@register.filter
def joined(values: Iterable[Any]) -> str:
    """Values side by side with the reader's own separator."""
    return _("、").join(str(one) for one in values)


@register.inclusion_tag("web/parts/proof.html")
def proof(view: RecordView, seen: list[Seen]) -> dict[str, Any]:
    """What can be proved of a record: its digest, and whether every entry about it has its place in the ledger."""
    placed = sum(one.sequenced for one in seen)
    return {"view": view, "digest": view.digest.hex(), "placed": placed, "waiting": len(seen) - placed}


@register.inclusion_tag("web/parts/responsibility.html")
def responsibility(view: RecordView, revisions: list[tuple[RevisionInfo, Any]]) -> dict[str, list[Step]]:
    """Who answers for the revision shown: who collected it and who decided each review."""
    info = next(one for one, _ in revisions if one.rev == view.rev)
    return {"chain": chain(view, info)}
