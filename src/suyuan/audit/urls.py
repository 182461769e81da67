"""Addresses of the audit room."""

from __future__ import annotations

from django.urls import path, re_path

from suyuan.audit import export_views, proof_views, views

app_name = "audit"
urlpatterns = [
    path("", views.search, name="search"),
    path("record/<uuid:record>/", views.record, name="record"),
    path("entry/<int:writer>/<int:n>/", views.entry, name="entry"),
    path("weeks/", views.weeks, name="weeks"),
    path("weeks/<str:monday>/", views.week, name="week"),
    path("sample/", views.sample, name="sample"),
    path("findings/", views.findings, name="findings"),
    path("questions/", views.questions, name="questions"),
    path("exports/", export_views.exports, name="exports"),
    path("prove/<uuid:record>/", proof_views.prove, name="prove"),
    re_path(r"^verifier\.(?P<kind>html|py)$", proof_views.verifier, name="verifier"),
]
