"""A page keeps to itself."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from suyuan.web.security import headers


@pytest.mark.control("C31")
def test_pages_load_nothing_from_elsewhere_and_stay_in_no_cache() -> None:
    """The policy allows own scripts and styles only, no inline ones, and forbids keeping a copy."""
    response = headers(lambda _: HttpResponse())(RequestFactory().get("/"))
    policy = response["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert response["Cache-Control"] == "no-store"


def test_a_static_file_keeps_its_own_cache_rule() -> None:
    """What already says how long it may be kept is left alone."""
    kept = HttpResponse(headers={"Cache-Control": "max-age=60"})
    assert headers(lambda _: kept)(RequestFactory().get("/static/x"))["Cache-Control"] == "max-age=60"
