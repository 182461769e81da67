"""Addresses of the audit room."""

from __future__ import annotations

from django.urls import path, re_path

from suyuan.audit import proof_views

app_name = "audit"
urlpatterns = [
    path("prove/<uuid:record>/", proof_views.prove, name="prove"),
    re_path(r"^verifier\.(?P<kind>html|py)$", proof_views.verifier, name="verifier"),
]
