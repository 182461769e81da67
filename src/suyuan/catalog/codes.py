"""Code tables: every code with its names and the days on which it was in use, and the search of the pickers."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

FIRST_DAY, LAST_DAY = dt.date(1, 1, 1), dt.date(9999, 12, 31)
COLUMNS = ("code", "name", "name_en", "valid_from", "valid_to", "parent")


class Words(NamedTuple):
    """A code's name in both languages; the English one may be empty."""

    zh: str
    en: str


class Code(NamedTuple):
    """One code for one span of days; both ends are in use, None is open."""

    code: str
    name: str
    name_en: str
    valid_from: dt.date | None
    valid_to: dt.date | None
    parent: str

    def valid(self, on: dt.date) -> bool:
        """Whether it was in use on a day."""
        return (self.valid_from or FIRST_DAY) <= on <= (self.valid_to or LAST_DAY)


@dataclass(frozen=True, eq=False)
class CodeTable:
    """All codes of one table, in the order of its file."""

    name: str
    label: Words
    standard: str
    edition: str
    source: str
    licence: str
    valid_from: dt.date | None
    codes: tuple[Code, ...]

    def entries(self) -> Iterator[Code]:
        """Every code that ever was, a code with several spans once for each."""
        return iter(self.codes)

    def current(self, on: dt.date | None = None) -> list[Code]:
        """The codes in use on a day (default: today)."""
        day = on or dt.datetime.now(dt.UTC).astimezone().date()
        return [one for one in self.codes if one.valid(day)]

    def find(self, code: str, on: dt.date | None = None) -> Code | None:
        """A code as it was on a day, else as it was last; None if it never was."""
        spans = self.by_code.get(code, ())
        if not spans:
            return None
        day = on or LAST_DAY
        return next((one for one in reversed(spans) if one.valid(day)), spans[-1])

    @cached_property
    def by_code(self) -> dict[str, list[Code]]:
        """The spans of each code, the oldest first."""
        found: dict[str, list[Code]] = {}
        for one in self.codes:
            found.setdefault(one.code, []).append(one)
        for spans in found.values():
            spans.sort(key=lambda one: one.valid_from or FIRST_DAY)
        return found

    @cached_property
    def upper(self) -> bool:
        """Whether its codes have no small letters, so that small letters typed are meant as capitals."""
        return all(one.code == one.code.upper() for one in self.codes)

    def periods(self, code: str) -> list[tuple[dt.date, dt.date]]:
        """When a code was in use, spans that touch joined (a new name is no new code)."""
        joined: list[tuple[dt.date, dt.date]] = []
        for one in self.by_code.get(code, ()):
            begin, end = one.valid_from or FIRST_DAY, one.valid_to or LAST_DAY
            if joined and begin <= _after(joined[-1][1]):
                joined[-1] = (joined[-1][0], max(joined[-1][1], end))
            else:
                joined.append((begin, end))
        return joined

    @cached_property
    def spans(self) -> int:
        """How many separate times a code of the table was in use, at most; 0 where no code has limits."""
        limited = {one.code for one in self.codes if one.valid_from or one.valid_to}
        periods = [self.periods(code) for code in limited]
        return max((len(one) for one in periods if one != [(FIRST_DAY, LAST_DAY)]), default=0)

    @cached_property
    def readings(self) -> dict[str, tuple[str, str]]:
        """Full pinyin and pinyin initials of every name, made when first asked for."""
        from pypinyin import Style, lazy_pinyin

        names = {one.name for one in self.codes}
        return {
            name: (
                "".join(lazy_pinyin(name)).casefold(),
                "".join(lazy_pinyin(name, style=Style.FIRST_LETTER)).casefold(),
            )
            for name in names
        }


class Codes(dict[str, CodeTable]):
    """All code tables by name."""

    def name(self, table: str, code: str, on: dt.date | None = None) -> Words | None:
        """A code's name, as it was on a day or last; None if the table or the code is unknown."""
        found = self[table].find(code, on) if table in self else None
        return Words(found.name, found.name_en) if found else None


def search(table: CodeTable, query: str, *, on: dt.date | None = None, limit: int = 20) -> list[Code]:
    """Codes in use on a day that match what was typed; the best first.

    Args:
        query: the beginning of a code, part of a name in either language, pinyin or its initials.
    """
    wanted = query.strip().casefold()
    entries = table.current(on)
    if not wanted:
        return entries[:limit]
    ranked = ((_rank(table, one, wanted), place, one) for place, one in enumerate(entries))
    found = sorted(((rank, place, one) for rank, place, one in ranked if rank is not None), key=lambda r: r[:2])
    return [one for _, _, one in found[:limit]]


def _rank(table: CodeTable, one: Code, wanted: str) -> int | None:
    code, name, english = one.code.casefold(), one.name.casefold(), one.name_en.casefold()
    tests = [code == wanted, code.startswith(wanted), name.startswith(wanted), wanted in name]
    if wanted.isascii() and wanted.isalpha():
        full, short = table.readings[one.name]
        tests += [short == wanted, short.startswith(wanted), full.startswith(wanted), wanted in short, wanted in full]
    tests.append(bool(english) and wanted in english)
    return next((rank for rank, holds in enumerate(tests) if holds), None)


def read_rows(text: str) -> Iterable[tuple[int, list[str]]]:
    """The lines of a code file after its heading: line number and cells."""
    reader = csv.reader(io.StringIO(text))
    next(reader, None)
    for cells in reader:
        if cells:
            yield reader.line_num, cells


def _after(day: dt.date) -> dt.date:
    return day if day == LAST_DAY else day + dt.timedelta(days=1)
