"""Addresses of the vault room."""

from __future__ import annotations

from django.urls import path

from suyuan.vault import views

app_name = "vault"
urlpatterns = [path("", views.level, name="level")]
