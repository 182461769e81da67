"""Pages of the records room: types, lists, search, one record. Views read the request, ask, and show."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from suyuan import catalog
from suyuan.access.decide import decide
from suyuan.access.sign_in.fresh import fresh_factor
from suyuan.access.web import ActingRequest, with_acting
from suyuan.catalog.model import Field, Group, RecordType
from suyuan.ledger import queries as ledger
from suyuan.ledger.acts import Act
from suyuan.ledger.queries import Seen
from suyuan.records import asked, disposal, dossier, listing, meanings, queries
from suyuan.records.dossier import Dossier
from suyuan.records.errors import DisposalRefused
from suyuan.records.listing import Wanted
from suyuan.records.queries import Change, Neighbour, RevisionInfo
from suyuan.records.reading import RecordView

LOOKS = (Act.consult, Act.list, Act.search, Act.reveal, Act.disclose, Act.export, Act.combine)
WIDE = 40  # a text longer than this takes the whole row
COLUMNS = 5  # beside state and agency, what a screen of 1,440 pixels holds
SEARCHED = 4  # fields named in the search box
LATEST = 20  # looks shown at once


class Fact(NamedTuple):
    """One value on the record page. `origin` stands only where it differs from that of most of the record."""

    field: Field
    value: Any
    origin: RevisionInfo | None
    wide: bool


class FactGroup(NamedTuple):
    """A group of fields with their values."""

    id: str
    label: Any
    facts: list[Fact]
    unfilled: list[Field]


class FieldChange(NamedTuple):
    """A change with the field it is about. Protected values stay hidden in it."""

    field: Field
    change: Change
    masked: bool


class Look(NamedTuple):
    """Looks of one person within one minute, said once."""

    at: datetime
    person: int
    agency: int
    words: tuple[str, str]
    times: int


class Titled(NamedTuple):
    """A record with its type, for a list of several types."""

    rtype: RecordType
    view: RecordView


@require_GET
@with_acting
def types(request: ActingRequest) -> HttpResponse:
    """Record types by domain."""
    return render(request, "records/types.html")


@require_http_methods(["GET", "POST"])
@with_acting
def list_type(request: ActingRequest, type: str) -> HttpResponse:
    """The list of one type. A query is sent as a body and answered under an address that holds it sealed."""
    if request.method == "POST":
        return _sealed(request)
    rtype = record_type(type)
    facets, said = listing.facets(rtype), asked.opened(request.acting.person, request.GET.get("s", ""))
    wanted, unknown = asked_for(request, rtype)
    page = listing.find(request.acting, [rtype], wanted, type=rtype.id)
    columns = listing.columns(rtype)[:COLUMNS]
    context = {
        "rtype": rtype,
        "query": wanted,
        "unknown": unknown,
        "columns": columns,
        "states": listing.STATES,
        "rows": [_row(one, columns) for one in page.rows],
        "following": page.next,
        "total": page.total,
        "more": page.more,
        "filters": [listing.offer(field, said.get(f"f.{field.name}", "")) for field in facets],
        "may_export": decide(request.acting, "export").allowed,
        "asked": request.GET.get("s", "") if said else "",
        "searched": [field for field in rtype.fields.values() if field.search != "none"][:SEARCHED],
    }
    return render(request, "records/list.html", context)


@require_http_methods(["GET", "POST"])
@with_acting
def search(request: ActingRequest) -> HttpResponse:
    """Search over all types. What is looked for is sent as a body, as for `list_type`."""
    if request.method == "POST":
        return _sealed(request)
    said = asked.opened(request.acting.person, request.GET.get("s", ""))
    wanted = Wanted(q=said.get("q", ""), after=request.GET.get("after"))
    known = catalog.current().types
    context: dict[str, Any] = {"query": wanted}
    if wanted.q:
        page = listing.find(request.acting, known.values(), wanted, type=None)
        rows = [Titled(known[one.type], one) for one in page.rows]
        context |= {"rows": rows, "following": page.next, "total": page.total, "more": page.more}
    return render(request, "records/search.html", context)


@require_http_methods(["GET", "POST"])
@with_acting
def record(request: ActingRequest, record: UUID) -> HttpResponse:
    """The page of one record, now or as of a pair of times. Identifying values show in full only to a POST, an act of its own."""
    as_of, known_at = (_moment(request.GET.get(name, "")) for name in ("as_of", "known_at"))
    found = dossier.open_dossier(request.acting, record, as_of=as_of, known_at=known_at)
    rtype = record_type(found.view.type)
    shown = _shown(request, found.view)
    common = _common(found)
    seen, now = ledger.about(record), timezone.now()
    looks = _looks(seen)
    groups = _groups(rtype, found, common)
    place: dict[str, Any] = {"agency": found.view.agency, "level": found.view.level, "state": found.view.state}
    may_reveal = decide(request.acting, "reveal", **place).allowed
    context = {
        "view": found.view,
        "rtype": rtype,
        "groups": [one for one in groups if one.facts],
        "unfilled_groups": [one for one in groups if not one.facts],
        "common_origin": common,
        "revisions": [(one.info, _changes(rtype, one.changes, shown)) for one in found.steps],
        "shown": shown,
        "meanings_lost": meanings.lost(found.view.under),
        "disposal": disposal.of(record),
        "may_dispose": decide(request.acting, "dispose", **place).allowed,
        "may_prove": decide(request.acting, "prove").allowed,
        "may_reveal": may_reveal,
        "may_show": rtype.about_people and not shown and may_reveal,
        "links": _titled(found.neighbours),
        "seen": seen,
        "looks": looks[:LATEST],
        "earlier": looks[LATEST:],
        "read_at": (as_of or now, known_at or now) if as_of or known_at else None,
        "as_of": request.GET.get("as_of", ""),
        "known_at": request.GET.get("known_at", ""),
        "now": now,
        "may_correct": decide(request.acting, "collect", **place).allowed,
    }
    return render(request, "records/record.html", context)


@require_POST
@fresh_factor
@with_acting
def dispose(request: ActingRequest, record: UUID) -> HttpResponse:
    """Ask for a record to be erased; back on its page with what became of that."""
    try:
        disposal.ask(request.acting, record, request.POST.get("basis", "")[:500])
        messages.success(request, _("已提请销毁，由存储管理员办理。"))
    except DisposalRefused as error:
        messages.error(request, f"{error}{error.mend}")
    return redirect("records:record", record)


@require_http_methods(["GET", "POST"])
@with_acting
def compare(request: ActingRequest, record: UUID) -> HttpResponse:
    """Two revisions of one record, field by field; the last two where none are named."""
    last = len(queries.revisions(record))
    asked = (request.GET.get("a", str(last - 1)), request.GET.get("b", str(last)))
    if not all(one.isdecimal() for one in asked):
        raise Http404
    before, after = sorted(map(int, asked))
    changes = queries.compare(request.acting, record, before, after)
    views = {one.rev: one for one in queries.every_revision(record)}
    rtype = record_type(views[after].type)
    shown = _shown(request, views[after])
    context = {"rtype": rtype, "record": record, "a": before, "b": after, "changes": _changes(rtype, changes, shown),
               "may_show": rtype.about_people and not shown and decide(request.acting, "reveal").allowed}  # fmt: skip
    return render(request, "records/compare.html", context)


@require_POST
@with_acting
def reveal(request: ActingRequest, record: UUID, rev: int, field: str) -> HttpResponse:
    """Show one protected value; the look is entered in the ledger."""
    view, value = dossier.reveal(request.acting, record, rev, field)
    fact = {"field": record_type(view.type).fields[field], "value": value}
    if not request.headers.get("HX-Request"):
        return redirect("records:record", record)
    return render(request, "records/parts/revealed.html", {"fact": fact, "view": view})


def record_type(name: str) -> RecordType:
    """A type of the catalog by its name in an address. Raises `Http404`."""
    rtype = catalog.current().types.get(name)
    if rtype is None:
        raise Http404
    return rtype


def asked_for(request: ActingRequest, rtype: RecordType) -> tuple[Wanted, list[str]]:
    """What the address asks for, and filter words that no code table knows."""
    said = asked.opened(request.acting.person, request.GET.get("s", ""))
    codes, unknown = {}, []
    for field in listing.facets(rtype):
        if word := said.get(f"f.{field.name}", ""):
            code = listing.code_of(field, word)
            codes[field.name] = code or word
            unknown += [] if code else [word]
    state = said.get("state", "")
    wanted = Wanted(said.get("q", ""), state if state in listing.STATES else "", codes, request.GET.get("after"))
    return wanted, unknown


def _sealed(request: ActingRequest) -> HttpResponse:
    """To the answer of the query that was sent, under an address that does not tell it."""
    said = {name: value for name, value in request.POST.items() if name != "csrfmiddlewaretoken"}
    word = asked.sealed(request.acting.person, {name: str(value) for name, value in said.items()})
    return redirect(f"{request.path}?s={word}")


def _row(view: RecordView, columns: list[Field]) -> dict[str, Any]:
    """A row of the list; its first value leads to the record."""
    leads = next((field for field in columns if view.content.get(field.name) is not None), columns[0])
    cells = [{"field": field, "value": view.content.get(field.name), "leads": field is leads} for field in columns]
    return {"record_id": view.record_id, "view": view, "agency": view.agency, "cells": cells}


def _looks(seen: list[Seen]) -> list[Look]:
    """Who looked and how, newest first; the same again within a minute is counted."""
    found: dict[tuple[Any, ...], Look] = {}
    for one in seen:
        if one.act in LOOKS:
            key = (one.person, one.agency, one.act, one.at.replace(second=0, microsecond=0))
            before = found.get(key)
            found[key] = Look(one.at, one.person, one.agency, one.words, before.times + 1 if before else 1)
    return list(found.values())


def _common(found: Dossier) -> RevisionInfo | None:
    """The revision most values came with: said once instead of beside each."""
    revs = Counter(one.rev for one in found.origins.values())
    if not revs:
        return None
    [(rev, _count)] = revs.most_common(1)
    return next(one for one in found.origins.values() if one.rev == rev)


def _groups(rtype: RecordType, found: Dossier, common: RevisionInfo | None) -> list[FactGroup]:
    return [_group(group, rtype, found, common) for group in rtype.groups]


def _group(group: Group, rtype: RecordType, found: Dossier, common: RevisionInfo | None) -> FactGroup:
    fields = [rtype.fields[name] for name in group.fields]
    filled = [field for field in fields if found.view.content.get(field.name) not in (None, "", [])]
    facts = [_fact(field, found, common) for field in filled]
    return FactGroup(group.id, group.label, facts, [field for field in fields if field not in filled])


def _fact(field: Field, found: Dossier, common: RevisionInfo | None) -> Fact:
    value, origin = found.view.content.get(field.name), found.origins.get(field.name)
    apart = origin if origin and common and origin.rev != common.rev else None
    return Fact(field, value, apart, len(str(value or "")) > WIDE)


def _shown(request: ActingRequest, view: RecordView) -> bool:
    """Whether identifying values of this page are to be shown in full; that is entered in the ledger."""
    if request.method != "POST":
        return False
    dossier.reveal_identity(request.acting, view)
    return True


def _changes(rtype: RecordType, changes: list[Change], shown: bool) -> list[FieldChange]:
    return [
        FieldChange(field, one, field.protection == "protected" or not shown)
        for one in changes
        if (field := rtype.fields.get(one.field))
    ]


def _titled(found: list[Neighbour]) -> list[Titled]:
    """Each record beside this one once, by however many fields it is linked."""
    views = {one.view.record_id: one.view for one in found}
    return [Titled(record_type(one.type), one) for one in views.values()]


def _moment(said: str) -> datetime | None:
    """A moment from the form, in China's civil time; anything else counts as not given."""
    try:
        moment = parse_datetime(said)
    except ValueError:
        return None
    return timezone.make_aware(moment) if moment and timezone.is_naive(moment) else moment
