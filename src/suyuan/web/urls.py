"""The root of all addresses. Each room adds its own `urls.py` here, in the order of the navigation."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
