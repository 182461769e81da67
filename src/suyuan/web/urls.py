"""The root of all addresses. Each room adds its own `urls.py` here, in the order of the navigation."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path
from django.views.i18n import set_language

from suyuan.web import desk, export_views
from suyuan.web.api import api

_own = (
    [path("", desk.desk, name="desk"), path("records/<slug:type>/export/", export_views.page, name="export")],
    "web",
)
urlpatterns: list[URLPattern | URLResolver] = [
    path("", include(_own)),
    path("api/", api.urls),
    path("language/", set_language, name="set_language"),
    path("review/", include("suyuan.review.urls")),
    path("collect/", include("suyuan.collection.urls")),
    path("audit/", include("suyuan.audit.urls")),
    path("vault/keys/", include("suyuan.records.key_urls")),
    path("vault/", include("suyuan.vault.urls")),
    path("", include("suyuan.records.urls")),
    path("", include("suyuan.access.urls")),
    path("", include("suyuan.access.sign_in.urls")),
]
handler400 = "suyuan.web.views.malformed"
handler403 = "suyuan.web.views.refused"
handler404 = "suyuan.web.views.not_found"
handler500 = "suyuan.web.views.broken"
