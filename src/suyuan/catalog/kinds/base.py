"""What every kind of value can do.

A kind says in SQL how a value is cleaned, what it becomes for rules, and what can be wrong with it; and in Python how
it is shown. It belongs to one field. The SQL is the only judge of values: forms, files, the API and commands all ask it.
A value that cannot be cleaned keeps its text and gets a finding; it never becomes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from suyuan.catalog.expressions import literal
from suyuan.catalog.kinds.sql import folded, full_match
from suyuan.catalog.model import Field, Label, Severity

DOT = "＊"
CONFORMITY, ACCURACY, COMPLETENESS, CONSISTENCY, TIMELINESS = "规范性", "准确性", "完整性", "一致性", "时效性"
"""Quality dimensions of GB/T 36344-2018."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that can be wrong with a value. `sql` is true where it is."""

    id: str
    sql: str
    message: Label
    severity: Severity = "reject"
    dimension: str = CONFORMITY


class Kind:
    """Text of no particular form; other kinds override what differs.

    In the SQL, `x` is the given text, `c` the cleaned text, `v` the typed value: NULL where the text is no such value.
    """

    name = "text"
    wrong = Label("格式不正确", "is not in the right form")
    keep = (1, 0)
    """Characters left readable by `mask` at the beginning and at the end."""

    def __init__(self, field: Field) -> None:
        self.field = field

    def clean(self, x: str) -> str:
        """SQL of the cleaned text; NULL where nothing is given."""
        raise NotImplementedError

    def typed(self, c: str) -> str:
        """SQL of the value as rules see it."""
        raise NotImplementedError

    def troubles(self, c: str, v: str, at: str | None) -> list[Trouble]:
        """What can be wrong. `at` is SQL of the record's day, None where the type has none."""
        return [Trouble("format", f"{c} IS NOT NULL AND {v} IS NULL", self.wrong)]

    def text(self, c: str, v: str) -> str:
        """SQL of the stored form as text, for keys, search terms and lists of codes; NULL where there is none."""
        return v

    def json(self, c: str, v: str) -> str:
        """SQL of the value in the content; NULL where there is none."""
        return f"'\"' || {self.text(c, v)} || '\"'"

    def index(self, c: str, v: str) -> str:
        """SQL of the form by which equal values are found, however they were written."""
        return self.text(c, v)

    def index_form(self, value: str) -> str:
        """The same of a stored value, in Python."""
        return value

    def mask(self, value: str) -> str:
        """The value with its middle hidden."""
        begin, end = self.keep
        hidden = len(value) - begin - end
        if hidden <= 0:
            return value[:1] + DOT * max(len(value) - 1, 1)
        return value[:begin] + DOT * min(hidden, 6) + (value[-end:] if end else "")

    def show(self, value: str) -> str:
        """The value as people write it."""
        return value


class Identifier(Kind):
    """A number or sign with a fixed form: full-width signs become half-width, small letters capitals."""

    form = ""
    """Regular expression of the cleaned value, matched whole."""
    strip = r"[\s\x{200b}\x{feff}]"
    """What is left out between its signs."""
    keep = (3, 4)

    def clean(self, x: str) -> str:
        """As it is where it has the form already."""
        slow = f"NULLIF(upper(regexp_replace({folded(x)}, {literal(self.strip)}, '', 'g')), '')"
        return f"CASE WHEN {full_match(x, self.form)} THEN {x} ELSE {slow} END"

    def typed(self, c: str) -> str:
        """The text, where it has the form."""
        return f"CASE WHEN {full_match(c, self.form)} THEN {c} END"


def digit_sum(weights: Sequence[int], digits: Sequence[str]) -> str:
    """SQL of the weighted sum of digits, each given as SQL of a number."""
    return " + ".join(f"{weight} * {digit}" for weight, digit in zip(weights, digits, strict=True))
