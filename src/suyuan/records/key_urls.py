"""Addresses of the keys: apart from those of records, since whoever keeps the keys reads no record."""

from __future__ import annotations

from django.urls import path

from suyuan.records import key_views

app_name = "keys"
urlpatterns = [
    path("", key_views.keys, name="list"),
    path("disposals/", key_views.disposals, name="disposals"),
]
