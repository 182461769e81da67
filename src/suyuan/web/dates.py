"""Dates as they are written: 年/月/日 in Chinese, ISO 8601 in English; always China's civil time."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils.translation import get_language

CIVIL = ZoneInfo("Asia/Shanghai")


def day(value: date | datetime | str | None) -> str:
    """A date, or a part of one (`2026` or `2026-03`). Text that is no date comes back as it is."""
    text = _iso(value)[:10]
    parts = text.split("-")
    if not text or not all(part.isdigit() for part in parts) or not _chinese():
        return text
    return "".join(f"{int(part)}{unit}" for part, unit in zip(parts, "年月日", strict=False))


def moment(value: datetime | str | None) -> str:
    """A date with hours and minutes; a date alone where no time is known."""
    text = _iso(value)
    date_part, _, time_part = text.replace("T", " ").partition(" ")
    return f"{day(date_part)} {time_part[:5]}".rstrip()


def _iso(value: date | datetime | str | None) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return (value.astimezone(CIVIL) if value.tzinfo else value).isoformat(" ")
    return value.isoformat() if isinstance(value, date) else value


def _chinese() -> bool:
    return (get_language() or "zh-hans").startswith("zh")
