"""The page of an export: to whom, what for, in which form; sent, it answers with the file."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from suyuan.access import proposals
from suyuan.access.sign_in.fresh import fresh_factor_first
from suyuan.access.web import ActingRequest, with_acting
from suyuan.records import export
from suyuan.records.errors import ExportRefused, TooManyToExport
from suyuan.records.export import Exported, Wish
from suyuan.records.views import asked_for, record_type
from suyuan.web import sheet


class ExportForm(forms.Form):
    """What somebody says before records leave."""

    recipient = forms.CharField(
        label=_("接收方"), min_length=2, max_length=100, help_text=_("将使用这份文件的单位或人员，印在文件上。")
    )
    purpose = forms.CharField(label=_("用途"), min_length=2, max_length=200, help_text=_("用于哪项工作，印在文件上。"))
    format = forms.ChoiceField(label=_("格式"), choices=[("xlsx", _("Excel 工作簿（XLSX）")), ("csv", "CSV")])
    whole = forms.BooleanField(
        label=_("导出标识信息原文"), required=False, help_text=_("姓名、证件号码、地址不脱敏；每条均记作“显示原文”。")
    )


@require_http_methods(["GET", "POST"])
@fresh_factor_first
@with_acting
def page(request: ActingRequest, type: str) -> HttpResponse:
    """Ask before records of one type leave, or hand out the file."""
    who, rtype = request.acting, record_type(type)
    wanted, _unknown = asked_for(request, rtype)
    export.allow(who)
    form = ExportForm(request.POST or None)
    if not export.may_reveal(who):
        del form.fields["whole"]
    if request.method == "POST" and form.is_valid():
        try:
            made = export.export(who, rtype, wanted, Wish(**form.cleaned_data))
        except (ExportRefused, TooManyToExport) as exc:
            messages.error(request, f"{exc}{exc.mend}")
        else:
            return _download(request, made)
    most, found = export.most(), export.count(who, rtype, wanted)
    daily = next(one.most for one in proposals.limits() if one.kind == "export")
    context: dict[str, Any] = {
        "rtype": rtype, "form": form, "query": wanted, "found": found, "most": most, "too_many": found > most,
        "daily": daily, "days": export.DAYS, "asked": request.GET.get("s", ""),
        "hidden": [field for field in rtype.fields.values() if field.protection == "protected"],
    }  # fmt: skip
    return render(request, "web/export.html", context)


def _download(request: ActingRequest, made: Exported) -> HttpResponse:
    kept = {"Content-Disposition": f'attachment; filename="{sheet.name(made)}"', "Cache-Control": "no-store"}
    return HttpResponse(sheet.write(request.acting, made), sheet.TYPES[made.wish.format], headers=kept)
