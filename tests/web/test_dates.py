"""Dates follow Chinese government habits, and English readers get ISO 8601."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.utils import translation

from suyuan.web import dates


@pytest.mark.parametrize(
    ("value", "zh", "en"),
    [
        (date(2026, 3, 5), "2026年3月5日", "2026-03-05"),
        ("2026-03", "2026年3月", "2026-03"),
        ("2026", "2026年", "2026"),
        ("不详", "不详", "不详"),
        (None, "", ""),
    ],
)
def test_a_date_is_written_as_far_as_it_is_known(value: date | str | None, zh: str, en: str) -> None:
    """Years and months alone stay years and months."""
    with translation.override("zh-hans"):
        assert dates.day(value) == zh
    with translation.override("en"):
        assert dates.day(value) == en


def test_a_moment_is_shown_in_chinas_civil_time() -> None:
    """Half past six in the evening UTC is half past two the next morning in Beijing."""
    with translation.override("zh-hans"):
        assert dates.moment(datetime(2026, 3, 5, 18, 30, tzinfo=UTC)) == "2026年3月6日 02:30"
