"""Days and moments. 2016-07-01, 2016/7/1, 2016.7.1, 20160701 and 2016年7月1日 are the same day."""

from __future__ import annotations

from suyuan.catalog.expressions import literal
from suyuan.catalog.kinds.base import ACCURACY, Kind, Trouble
from suyuan.catalog.kinds.sql import full_match, trimmed
from suyuan.catalog.model import Label

EARLIEST, LATEST = "1700-01-01", "2200-12-31"
"""Days that a field takes which names no limits of its own."""
_YMD = r"^([0-9]{4})\s*[-/.年\\ ]\s*([0-9]{1,2})\s*[-/.月\\ ]\s*([0-9]{1,2})\s*日?(?:[T ]0?0:00(?::00(?:\.0+)?)?)?$"
_YM = r"^([0-9]{4})\s*[-/.年]\s*([0-9]{1,2})\s*月?$"
_DATED = (
    r"^([0-9]{4})\s*[-/.年]\s*([0-9]{1,2})\s*[-/.月]\s*([0-9]{1,2})\s*日?\s*T?\s*([0-9]{1,2})\s*[:时]\s*([0-9]{1,2})"
)
_ZONE = r"\s*(Z|[-+][0-9]{2}:?[0-9]{2})?$"
_SECONDS = _DATED + r"\s*[:分]\s*([0-9]{1,2})(?:\.[0-9]{1,9})?\s*秒?" + _ZONE
_MINUTES = _DATED + r"\s*分?" + _ZONE
_PACKED = r"^([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})$"
_READABLE = r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2} [0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:Z|[-+][0-9]{2}:?[0-9]{2})?"
_CIVIL = "INTERVAL 8 HOUR"


class Date(Kind):
    """A day of the Gregorian calendar; where the field allows it, only a month or a year."""

    name = "date"

    @property
    def wrong(self) -> Label:  # type: ignore[override]  # read only, which is narrower
        """Says which forms are taken."""
        if self.field.partial:
            return Label(
                "应为日期，如 2016-07-01；也可只写 2016-07 或 2016",
                "must be a date such as 2016-07-01, a month or a year",
            )
        return Label("应为日期，如 2016-07-01", "must be a date such as 2016-07-01")

    def tidy(self, x: str) -> str:
        """ISO form."""
        whole = self._whole(x)
        return f"coalesce(CAST(TRY_CAST({whole} AS DATE) AS VARCHAR) = {whole}, false)"

    def _whole(self, x: str) -> str:
        """SQL: the first day of a month or year, where such are taken."""
        first = f"CASE length({x}) WHEN 7 THEN {x} || '-01' WHEN 4 THEN {x} || '-01-01' ELSE {x} END"
        return f"({first})" if self.field.partial else x

    def clean(self, x: str) -> str:
        """ISO form."""
        said = trimmed(x)
        spaced = rf"regexp_replace({said}, {literal(_YMD)}, '\1-\2-\3')"
        joined = rf"regexp_replace({spaced}, '^([0-9]{{4}})([0-9]{{2}})([0-9]{{2}})$', '\1-\2-\3')"
        whole = f"CASE WHEN {full_match(joined, '[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}')} THEN TRY_CAST({joined} AS DATE) END"
        return f"coalesce(CAST({whole} AS VARCHAR), {self._part(said)})"

    def _part(self, said: str) -> str:
        if not self.field.partial:
            return said
        month = (
            rf"regexp_replace(regexp_replace({said}, '^([0-9]{{4}})([0-9]{{2}})$', '\1-\2'), {literal(_YM)}, '\1-\2')"
        )
        padded = rf"regexp_replace({month}, '^([0-9]{{4}})-([0-9])$', '\1-0\2')"
        return rf"regexp_replace({padded}, '^([0-9]{{4}})年$', '\1')"

    def typed(self, c: str, h: str) -> str:
        """The day; the first of an open month or year."""
        day = f"CASE length({c}) WHEN 10 THEN TRY_CAST({c} AS DATE)"
        if self.field.partial:
            day += f" WHEN 7 THEN TRY_CAST({c} || '-01' AS DATE) WHEN 4 THEN TRY_CAST({c} || '-01-01' AS DATE)"
        return day + " END"

    def troubles(self, c: str, v: str, h: str, at: str | None) -> list[Trouble]:
        """No date, or outside its range."""
        low, high = self.field.min or EARLIEST, self.field.max or LATEST
        outside = f"{v} NOT BETWEEN DATE {literal(low)} AND DATE {literal(high)}"
        message = Label(f"应在 {low} 至 {high} 之间", f"must lie between {low} and {high}")
        return [*super().troubles(c, v, h, at), Trouble("out_of_range", outside, message, dimension=ACCURACY)]

    def text(self, c: str, v: str) -> str:
        """ISO form, as exact as it was given."""
        return f"CASE WHEN {v} IS NOT NULL THEN {c} END"

    def show(self, value: str) -> str:
        """年月日."""
        parts = value.split("-")
        return "".join(f"{int(part)}{sign}" for part, sign in zip(parts, "年月日", strict=False))


class DateTime(Kind):
    """A moment in China's civil time (UTC+8); one with another offset is turned into it."""

    name = "datetime"
    wrong = Label("应为日期和时间，如 2016-07-01 08:30", "must be a date and time such as 2016-07-01 08:30")

    def tidy(self, x: str) -> str:
        """ISO form with seconds."""
        return f"coalesce(strftime(TRY_CAST({x} AS TIMESTAMP), '%Y-%m-%dT%H:%M:%S') = {x}, false)"

    def clean(self, x: str) -> str:
        """ISO form with seconds, civil time."""
        said = trimmed(x)
        packed = rf"regexp_replace({said}, {literal(_PACKED)}, '\1-\2-\3 \4:\5:\6')"
        seconds = rf"regexp_replace({packed}, {literal(_SECONDS)}, '\1-\2-\3 \4:\5:\6\7')"
        spaced = rf"regexp_replace({seconds}, {literal(_MINUTES)}, '\1-\2-\3 \4:\5:00\6')"
        read = rf"CASE WHEN {full_match(spaced, _READABLE)} THEN TRY_CAST({spaced} AS TIMESTAMP) END"
        civil = f"{read} + CASE WHEN {full_match(spaced, '.*(?:Z|:[0-9]{1,2}[-+][0-9:]+)')} THEN {_CIVIL} ELSE INTERVAL 0 HOUR END"
        written = f"strftime({civil}, '%Y-%m-%dT%H:%M:%S')"
        return f"coalesce({written}, {said})"

    def typed(self, c: str, h: str) -> str:
        """The moment."""
        return f"CASE WHEN length({c}) = 19 AND substr({c}, 11, 1) = 'T' THEN TRY_CAST({c} AS TIMESTAMP) END"

    def troubles(self, c: str, v: str, h: str, at: str | None) -> list[Trouble]:
        """No moment, or outside its range."""
        low, high = self.field.min or EARLIEST, self.field.max or LATEST
        outside = f"CAST({v} AS DATE) NOT BETWEEN DATE {literal(low)} AND DATE {literal(high)}"
        message = Label(f"应在 {low} 至 {high} 之间", f"must lie between {low} and {high}")
        return [*super().troubles(c, v, h, at), Trouble("out_of_range", outside, message, dimension=ACCURACY)]

    def text(self, c: str, v: str) -> str:
        """ISO form."""
        return f"CASE WHEN {v} IS NOT NULL THEN {c} END"

    def show(self, value: str) -> str:
        """年月日 and the time of day."""
        day, _, time = value.partition("T")
        return f"{Date.show(Date(self.field), day)} {time.removesuffix(':00')}"
