"""Handing out proofs, and what outsiders check them with."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET, require_POST

from suyuan.access.sign_in.fresh import fresh_factor
from suyuan.access.web import ActingRequest, with_acting
from suyuan.audit import bundle
from suyuan.audit.cli import page, program


@require_POST
@fresh_factor
@with_acting
def prove(request: ActingRequest, record: UUID) -> HttpResponse:
    """The proof of one record as a download; with its content only for a named recipient."""
    recipient, content = request.POST.get("recipient", "").strip()[:200], request.POST.get("content") == "1"
    data = bundle.prove(request.acting, record, recipient=recipient, with_content=content)
    return download(data, "application/zip", f"proof-{record}.zip")


@require_GET
def verifier(request: HttpRequest, kind: str) -> HttpResponse:
    """The offline page (`html`) or the one-file program (`py`). Open to anybody: they hold no data."""
    return download(page() if kind == "html" else program(), "application/octet-stream", f"suyuan_verify.{kind}")


def download(data: bytes, content_type: str, name: str) -> HttpResponse:
    """A file to be saved under a name."""
    return HttpResponse(data, content_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})
