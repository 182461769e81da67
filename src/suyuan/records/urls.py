"""Addresses of the records room."""

from __future__ import annotations

from django.urls import path

from suyuan.records import views

app_name = "records"
urlpatterns = [
    path("search/", views.search, name="search"),
    path("records/", views.types, name="types"),
    path("records/<slug:type>/", views.list_type, name="list"),
    path("record/<uuid:record>/", views.record, name="record"),
    path("record/<uuid:record>/dispose/", views.dispose, name="dispose"),
    path("record/<uuid:record>/compare/", views.compare, name="compare"),
    path("record/<uuid:record>/<int:rev>/reveal/<slug:field>/", views.reveal, name="reveal"),
]
