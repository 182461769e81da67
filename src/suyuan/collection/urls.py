"""Addresses of the collection room, under /collect/."""

from __future__ import annotations

from django.urls import path

from suyuan.collection import form_views, import_views

app_name = "collection"
urlpatterns = [
    path("new/", form_views.choose, name="new"),
    path("new/<slug:type>/", form_views.start, name="entry"),
    path("draft/<uuid:draft>/", form_views.edit, name="draft"),
    path("draft/<uuid:draft>/check/", form_views.check, name="check"),
    path("draft/<uuid:draft>/discard/", form_views.discard, name="discard"),
    path("codes/<slug:type>/<slug:field>/", form_views.codes, name="codes"),
    path("pick/<slug:type>/<slug:field>/", form_views.pick, name="pick"),
    path("correct/<uuid:record>/", form_views.correct, name="correct"),
    path("import/", import_views.wizard_page, name="wizard"),
    path("import/<uuid:import_id>/", import_views.job, name="job"),
    path("import/<uuid:import_id>/reading/", import_views.reading, name="reading"),
    path("import/<uuid:import_id>/mapping/", import_views.mapped, name="mapping"),
    path("import/<uuid:import_id>/start/", import_views.start, name="start"),
    path("import/<uuid:import_id>/withdraw/", import_views.withdraw, name="withdraw"),
    path("import/<uuid:import_id>/progress/", import_views.progress, name="progress"),
    path("import/<uuid:import_id>/findings.xlsx", import_views.findings_workbook, name="findings"),
]
