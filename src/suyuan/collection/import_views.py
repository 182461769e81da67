"""Pages of the import wizard."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from suyuan import catalog
from suyuan.access.web import takes_files, with_acting
from suyuan.collection import actions, mapping, queries, wizard
from suyuan.collection.errors import ImportMissing
from suyuan.collection.imports import Result
from suyuan.collection.readers.options import Options
from suyuan.errors import SuyuanError

ENCODINGS = ("utf-8", "gb18030", "utf-16", "utf-16-le", "utf-16-be", "windows-1252", "big5")
View = Callable[..., HttpResponseBase]


def _told(view: View) -> View:
    """What a person can mend is said on the wizard's page."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            with transaction.atomic():
                return view(request, *args, **kwargs)
        except ImportMissing as error:
            return render(request, "collection/missing.html", {"error": error}, status=404)
        except SuyuanError as error:
            messages.error(request, f"{error} {error.mend}")
            import_id = kwargs.get("import_id")
            return redirect("collection:job", import_id) if import_id else redirect("collection:wizard")

    return wrapped


@with_acting
@_told
@takes_files("collect", actions.LARGEST)
def wizard_page(request: Any) -> HttpResponse:
    """One's imports, and the place to bring a file."""
    upload = request.FILES.get("file")
    if request.method == "POST" and upload:
        import_id = wizard.receive(
            request.acting, upload.name, upload.chunks(actions.PART), upload.size, catalog.current()
        )
        return redirect("collection:job", import_id)
    if request.method == "POST":
        messages.error(request, _("请先选择文件。"))
    return render(request, "collection/wizard.html", {"jobs": queries.jobs(request.acting), "shipped": _shipped()})


def _shipped() -> list[mapping.Mapping]:
    return [mapping.load(name) for name in mapping.shipped()]


@require_GET
@with_acting
@_told
def job(request: Any, import_id: UUID) -> HttpResponse:
    """One import: prepared, running, or done."""
    found = queries.job(request.acting, import_id)
    if found.state == "prepared":
        return _prepared(request, found)
    context = {"job": found, "result": _result(found)}
    return render(request, "collection/job.html", context)


def _prepared(request: Any, found: queries.Job) -> HttpResponse:
    current = catalog.current()
    shown, fault = None, None
    try:
        shown = wizard.preview(request.acting, found, current)
    except SuyuanError as error:
        fault = error
    table = wizard.choices(found.about["mapping"])
    chosen = current.types[table[0]] if table else None
    rows = _rows(chosen, table[1], found) if table and chosen else []
    context = {
        "job": found, "report": found.report, "encodings": ENCODINGS, "doubtful": wizard.doubtful(found),
        "types": list(current.types.values()), "chosen": chosen, "bases": wizard.BASES,
        "choices": [("matched", [one for one in rows if one["choice"] or one["field"].required]),
                    ("rest", [one for one in rows if not one["choice"] and not one["field"].required])],
        "unused": _unused(rows, found), "preview": shown, "fault": fault,
        "basis": found.about.get("legal_basis", ""), "labels": {one.id: one for one in current.types.values()},
    }  # fmt: skip
    return render(request, "collection/prepare.html", context)


def _rows(chosen: Any, choices: dict[str, Any], found: queries.Job) -> list[dict[str, Any]]:
    return [{"field": one, "choice": choices.get(name)} for name, one in chosen.fields.items() if one.type != "file"]


def _unused(rows: list[dict[str, Any]], found: queries.Job) -> list[str]:
    """Columns of the file that no field takes."""
    used = {one["choice"].column for one in rows if one["choice"]}
    return [name for name in found.report.columns if name not in used] if rows else []


def _result(found: queries.Job) -> dict[str, Any] | None:
    if found.state not in ("done", "running", "failed"):
        return None
    parsed = mapping.parse(found.about["mapping"], "mapping.yaml")
    return Result(found.report, found.tally, parsed, catalog.current(), []).as_dict()


@require_POST
@with_acting
@_told
def reading(request: Any, import_id: UUID) -> HttpResponse:
    """Read the file in another way."""
    found = queries.job(request.acting, import_id)
    header = request.POST.get("header_row", "")
    options = Options(
        encoding=request.POST.get("encoding") or None, sheet=request.POST.get("sheet") or None,
        delimiter={"tab": "\t"}.get(request.POST.get("delimiter", ""), request.POST.get("delimiter") or None),
        header_row=int(header) if header.isdecimal() else None,
    )  # fmt: skip
    wizard.reread(request.acting, found, options, catalog.current())
    return redirect("collection:job", import_id)


@require_POST
@with_acting
@_told
def mapped(request: Any, import_id: UUID) -> HttpResponse:
    """Settle the mapping: by type, by table, or as text."""
    found, current, posted = queries.job(request.acting, import_id), catalog.current(), request.POST
    if posted.get("how") == "type" and posted.get("type") in current.types:
        wizard.propose_type(request.acting, found, posted["type"], current)
    elif posted.get("how") == "table" and posted.get("type") in current.types:
        text = wizard.from_choices(found, posted["type"], posted, current)
        wizard.set_mapping(request.acting, found, text, posted.get("basis", ""), current)
    else:
        wizard.set_mapping(request.acting, found, posted.get("text", ""), posted.get("basis", ""), current)
    return redirect("collection:job", import_id)


@require_POST
@with_acting
@_told
def start(request: Any, import_id: UUID) -> HttpResponse:
    """Hand the import to the worker."""
    wizard.start(request.acting, queries.job(request.acting, import_id))
    return redirect("collection:job", import_id)


@require_POST
@with_acting
@_told
def withdraw(request: Any, import_id: UUID) -> HttpResponse:
    """Give up a prepared import."""
    wizard.withdraw(request.acting, queries.job(request.acting, import_id))
    messages.success(request, _("已取消导入，上传的文件已删除。"))
    return redirect("collection:wizard")


@require_GET
@with_acting
@_told
def progress(request: Any, import_id: UUID) -> HttpResponse:
    """The moving part of a running import; asks for the whole page once it is over."""
    found = queries.job(request.acting, import_id)
    if found.state not in ("queued", "running"):
        response = HttpResponse(status=204)
        response["HX-Refresh"] = "true"
        return response
    return render(request, "collection/parts/progress.html", {"job": found})


@require_GET
@with_acting
@_told
def findings_workbook(request: Any, import_id: UUID) -> HttpResponseBase:
    """The findings as a workbook."""
    out = wizard.findings_workbook(request.acting, queries.job(request.acting, import_id), catalog.current())
    return FileResponse(out, as_attachment=True, filename=f"findings-{import_id}.xlsx")
