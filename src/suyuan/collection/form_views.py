"""Pages of the entry form."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from suyuan import catalog
from suyuan.access.web import keeps_typed, typed_before, with_acting
from suyuan.catalog.codes import search
from suyuan.catalog.model import Field, RecordType
from suyuan.collection import actions, entry, forms, looks, queries, wizard
from suyuan.collection.errors import DraftChanged, DraftClosed
from suyuan.i18n import say
from suyuan.records.errors import NotFound


@require_GET
@with_acting
def choose(request: Any) -> HttpResponse:
    """Which type to enter, drafts to go on with, and records given back to correct."""
    current = catalog.current()
    by_domain: dict[str, list[RecordType]] = {}
    for one in current.types.values():
        by_domain.setdefault(one.domain, []).append(one)
    context = {
        "domains": by_domain, "drafts": _named(queries.drafts(request.acting)),
        "returned": _returned(request),
    }  # fmt: skip
    return render(request, "collection/choose.html", context)


def _returned(request: Any) -> list[tuple[Any, list[str]]]:
    """Records given back to correct, each with the reasons, by field where they are about one."""
    found = []
    for row in forms.returned(request.acting):
        fields = catalog.current().types[row.type].fields
        reasons = forms.reasons(request.acting, row.record_id)
        labels = {name: fields[name].label for name in reasons if name in fields}
        worded = [say(f"{labels[name].zh}：{why}", f"{labels[name].en}: {why}") if name in labels else why
                  for name, why in reasons.items()]  # fmt: skip
        found.append((row, worded))
    return found


def _named(drafts: list[queries.Draft]) -> list[tuple[queries.Draft, RecordType]]:
    types = catalog.current().types
    return [(one, types[one.type]) for one in drafts if one.type in types]


@require_GET
@with_acting
def start(request: Any, type: str) -> HttpResponse:
    """A fresh form; its draft is made when something is typed."""
    if type not in catalog.current().types:
        raise Http404
    return _form(request, actions.new_id(), catalog.current().types[type], {})


@with_acting
@keeps_typed
def edit(request: Any, draft: UUID) -> HttpResponse:
    """Go on with a draft, or send it. What was sent after the session's end comes back as it was typed."""
    found = queries.any_draft(request.acting, draft)
    if found is not None and found.closed:
        return _closed(request, DraftClosed(found.record))
    if request.method == "GET" and (typed := typed_before(request)):
        messages.warning(request, _("登录曾结束，刚才没有提交。您填写的内容都在，请核对后重新提交。"))
        request.POST = typed
        record_type = catalog.current().types.get(found.type if found else typed.get("_type", ""))
        if record_type is not None:
            return _form(request, draft, record_type, _values(request, record_type),
                         amends=found.amends if found else None, version=_version(request))  # fmt: skip
    if request.method == "POST":
        type_id = found.type if found else request.POST.get("_type", "")
        if type_id not in catalog.current().types:
            raise Http404
        return _send(request, draft, catalog.current().types[type_id], found.amends if found else None)
    if found is None or found.type not in catalog.current().types:
        raise Http404
    record_type = catalog.current().types[found.type]
    looks.enter(request.acting, "open_draft", draft)
    return _form(request, draft, record_type, found.values, amends=found.amends, version=found.version)


def _closed(request: Any, closed: DraftClosed) -> HttpResponse:
    """To what the draft became, or to where another begins."""
    messages.warning(request, f"{closed}{closed.mend}")
    return redirect("records:record", closed.record) if closed.record else redirect("collection:new")


def _save(request: Any, draft: UUID, record_type: RecordType, values: dict[str, str], amends: UUID | None) -> int:
    """Keep what this window holds. Raises as `save_draft` does."""
    given = {"version": _version(request), "tab": request.POST.get("_tab", "")}
    return actions.save_draft(request.acting, draft, record_type.id, values, amends, **given)


def _version(request: Any) -> int:
    """The version of the draft that this window began with; 0 for one that was never saved."""
    said = request.POST.get("_version", "")
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else 0


def _send(request: Any, draft: UUID, record_type: RecordType, amends: UUID | None) -> HttpResponse:
    values = _values(request, record_type)
    verdict = entry.judge(record_type, values)
    try:
        version = _save(request, draft, record_type, values, amends)
    except DraftClosed as closed:
        return _closed(request, closed)
    except DraftChanged as changed:
        return _form(request, draft, record_type, values, verdict, amends=amends, version=changed.version,
                     changed=changed, status=409)  # fmt: skip
    if not verdict.passes:
        messages.error(request, _("存在必须更正的问题，请查看标红的项目。"))
        return _form(request, draft, record_type, values, verdict, amends=amends, version=version, status=422)
    twins = [] if amends or request.POST.get("_confirmed") else forms.twins(request.acting, record_type, verdict)
    if twins:
        return _form(request, draft, record_type, values, verdict, twins=twins, version=version, status=409)
    basis = request.POST.get("_basis", "").strip() or wizard.BASES[0]
    record, problem = forms.submit(request.acting, record_type, verdict, basis, amends)
    if record is None:
        messages.error(request, problem)
        return _form(request, draft, record_type, values, verdict, amends=amends, version=version, status=409)
    actions.close_draft(request.acting, draft, record)
    messages.success(request, _("已提交，进入初审。"))
    return redirect("records:record", record)


def _form(
    request: HttpRequest, draft: UUID, record_type: RecordType, values: dict[str, str],
    verdict: entry.Verdict | None = None, *, amends: UUID | None = None, twins: Any = (), version: int = 0,
    changed: DraftChanged | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    reasons = forms.reasons(request.acting, amends) if amends else {}  # type: ignore[attr-defined]  # set by with_acting
    context = {
        "draft": draft, "rtype": record_type, "amends": amends, "twins": twins, "bases": wizard.BASES,
        "groups": entry.controls(catalog.current(), record_type, values, verdict.notes if verdict else None, reasons),
        "general": verdict.general if verdict else [], "reason": reasons.get("", ""), "version": version,
        "tab": request.POST.get("_tab", "") or actions.new_id().hex, "basis": request.POST.get("_basis") or wizard.BASES[0],
        "changed": changed, "differing": _differing(record_type, values, changed) if changed else [],
    }  # fmt: skip
    return render(request, "collection/entry.html", context, status=status)


def _differing(record_type: RecordType, values: dict[str, str], changed: DraftChanged) -> list[tuple[Field, str, str]]:
    """Fields that differ between this window and the other: the field, what stands here, what stands there."""
    return [(field, values.get(name, ""), changed.values.get(name, "")) for name, field in record_type.fields.items()
            if values.get(name, "") != changed.values.get(name, "")]  # fmt: skip


@require_POST
@with_acting
def check(request: Any, draft: UUID) -> HttpResponse:
    """While typing: keep the draft, fill in what follows from the identity number, say what is wrong."""
    current = catalog.current()
    record_type = current.types.get(request.POST.get("_type", ""))
    if record_type is None:
        raise Http404
    values = _values(request, record_type)
    filled = entry.fills(record_type, values)
    values |= filled
    found = queries.any_draft(request.acting, draft)
    try:
        version = _save(request, draft, record_type, values, found.amends if found else None)
    except DraftClosed as closed:
        return render(
            request, "collection/parts/changed.html", {"draft": draft, "closed": closed, "swap": True}, status=409
        )
    except DraftChanged as changed:
        context = {"draft": draft, "rtype": record_type, "changed": changed, "swap": True,
                   "differing": _differing(record_type, values, changed)}  # fmt: skip
        return render(request, "collection/parts/changed.html", context, status=409)
    verdict = entry.judge(record_type, values)
    notes = entry.while_typing(verdict, [], values)
    context = {
        "rtype": record_type, "notes": [(name, notes.get(name, [])) for name in record_type.fields],
        "filled": [entry.control(current, record_type.fields[name], value) for name, value in filled.items()],
        "general": verdict.general, "version": version,
    }  # fmt: skip
    return render(request, "collection/parts/checked.html", context)


@require_POST
@with_acting
def discard(request: Any, draft: UUID) -> HttpResponse:
    """Forget a draft."""
    actions.close_draft(request.acting, draft)
    messages.success(request, _("草稿已删除。"))
    return redirect("collection:new")


@require_POST
@with_acting
def codes(request: Any, type: str, field: str) -> HttpResponse:
    """Codes that match what was typed: number, name, or pinyin initials. Sent as a body: it may be an address."""
    record_type, one = _field(type, field)
    typed = request.POST.get(f"q.{field}", "")
    found = search(catalog.current().table(one), typed)
    return render(request, "collection/parts/codes.html", {"rtype": record_type, "field": one, "entries": found})


@require_GET
@with_acting
def pick(request: Any, type: str, field: str) -> HttpResponse:
    """The picker with a code chosen."""
    record_type, one = _field(type, field)
    control = entry.control(catalog.current(), one, request.GET.get("code", ""))
    response = render(request, "collection/parts/picker.html", {"rtype": record_type, "control": control})
    response["HX-Trigger"] = "picked"
    return response


def _field(type_id: str, name: str) -> tuple[RecordType, Any]:
    record_type = catalog.current().types.get(type_id)
    one = record_type.fields.get(name) if record_type else None
    if record_type is None or one is None or one.type not in ("code", "place"):
        raise Http404
    return record_type, one


@require_POST
@with_acting
def correct(request: Any, record: UUID) -> HttpResponse:
    """Begin correcting a record that was given back: its content becomes a draft."""
    try:
        draft = forms.correction(request.acting, record)
    except NotFound as exc:
        raise Http404 from exc
    return redirect("collection:draft", draft)


def _values(request: HttpRequest, record_type: RecordType) -> dict[str, str]:
    posted = request.POST
    found = {name: posted.get(name, "") for name in record_type.fields if name in posted}
    shown = {name: posted[f"q.{name}"].strip() for name in found if f"q.{name}" in posted}
    return found | {name: _picked(record_type.fields[name], found[name], text) for name, text in shown.items()}


def _picked(one: Field, code: str, shown: str) -> str:
    """The code chosen in a picker while its words stand; else the code those words mean, else the words, to be told."""
    current = catalog.current()
    if not shown or shown == entry.code_name(current, one, code):
        return code if shown else ""
    entries = current.table(one).current()
    return next((entry.code for entry in entries if shown in (entry.code, entry.name, entry.name_en)), shown)
