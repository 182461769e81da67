"""What every kind of value can do.

A kind says in SQL how a value is cleaned, what it becomes for rules, and what can be wrong with it; and in Python how
it is shown. It belongs to one field. The SQL is the only judge of values: forms, files, the API and commands all ask it.
A value that cannot be cleaned keeps its text and gets a finding; it never becomes nothing.
"""

from __future__ import annotations

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

    In the SQL, `x` is the given text, `c` the cleaned text, `h` what `helper` made of it, and `v` the typed value: NULL
    where the text is no such value. Most values come clean, so `tidy` asks that first and `clean` may be slow.
    """

    name = "text"
    wrong = Label("格式不正确", "is not in the right form")
    keep = (1, 0)
    """Characters left readable by `mask` at the beginning and at the end."""

    spans: str | None = None
    """The code table whose days of validity are looked up for each value."""
    code_signs: int | None = None
    """How many of a value's first signs are the code; None for all."""
    span: str | None = None
    """Beginning of the names of the columns with those days, where the rows bring them."""

    def __init__(self, field: Field) -> None:
        self.field = field

    def tidy(self, x: str) -> str:
        """SQL: the text stands as it would be stored."""
        raise NotImplementedError

    def clean(self, x: str) -> str:
        """SQL of the cleaned text; NULL where nothing is given."""
        raise NotImplementedError

    def helper(self, c: str) -> str | None:
        """SQL of something that `typed` and `troubles` both need and that should be computed once."""
        return None

    def typed(self, c: str, h: str) -> str:
        """SQL of the value as rules see it."""
        raise NotImplementedError

    def troubles(self, c: str, v: str, h: str, at: str | None) -> list[Trouble]:
        """What can be wrong. `at` is SQL of the record's day, None where the type has none."""
        return [Trouble("format", f"{c} IS NOT NULL AND {v} IS NULL", self.wrong)]

    def typed_alone(self, c: str) -> str:
        """SQL of the value where there is no column for the helper."""
        return self.typed(c, f"({self.helper(c)})")

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

    def tidy(self, x: str) -> str:
        """It has the form already."""
        return full_match(x, self.form)

    def clean(self, x: str) -> str:
        """Half-width capitals without what may stand between them."""
        return f"NULLIF(upper(regexp_replace({folded(x)}, {literal(self.strip)}, '', 'g')), '')"

    def typed(self, c: str, h: str) -> str:
        """The text, where it has the form."""
        return f"CASE WHEN {full_match(c, self.form)} THEN {c} END"
