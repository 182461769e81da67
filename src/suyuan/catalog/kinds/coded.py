"""Values out of a list: codes of a table, places as division codes, and references to other records."""

from __future__ import annotations

from suyuan.catalog.codes import CodeTable
from suyuan.catalog.expressions import literal, quoted
from suyuan.catalog.kinds.base import CONSISTENCY, TIMELINESS, Kind, Trouble
from suyuan.catalog.kinds.sql import escaped, trimmed
from suyuan.catalog.model import Field, Label


def known(table: str) -> str:
    """The SQL type that holds the codes of a table: casting to it is the look-up."""
    return quoted(f"codes {table}")


def bound(table: str, span: int, end: str) -> str:
    """Name of the variable that lists the first or last days of one span of every code."""
    return f"codes {table} {span} {end}"


class CodeKind(Kind):
    """A code of a table. One that was in use at another time than the record's is a warning, an unknown one a fault."""

    name = "code"

    def __init__(self, field: Field, table: CodeTable) -> None:
        super().__init__(field)
        self.table = table
        self.spans = table.name if table.spans else None

    @property
    def wrong(self) -> Label:  # type: ignore[override]  # read only, which is narrower
        """Names the table."""
        zh, en = self.table.label
        missing = "没有这个代码" if zh == self.field.label.zh else f"代码不在“{zh}”中"
        return Label(missing, f"is no code of “{en}”")

    def tidy(self, x: str) -> str:
        """The table knows it."""
        return f"{self.helper(x)} IS NOT NULL"

    def clean(self, x: str) -> str:
        """Capitals where all codes of the table are."""
        return f"upper({trimmed(x)})" if self.table.upper else trimmed(x)

    def helper(self, c: str) -> str:
        """Its place in the table."""
        return f"TRY_CAST({c} AS {known(self.table.name)})"

    def typed(self, c: str, h: str) -> str:
        """The code, where the table knows it."""
        return f"CASE WHEN {h} IS NOT NULL THEN {c} END"

    def troubles(self, c: str, v: str, h: str, at: str | None) -> list[Trouble]:
        """Unknown, or not in use on the record's day."""
        found = [Trouble("code_unknown", f"{c} IS NOT NULL AND {h} IS NULL", self.wrong)]
        if at and (count := self.table.spans):
            then = " OR ".join(self._within(h, at, span) for span in range(count))
            message = Label("代码在当时未启用或已停用", "was not in use at that time")
            sql = f"CASE WHEN {h} IS NOT NULL AND {at} IS NOT NULL THEN NOT ({then}) END"
            found.append(Trouble("code_not_valid_then", sql, message, "warn", TIMELINESS))
        return found

    def show(self, value: str) -> str:
        """The code's name."""
        found = self.table.find(value)
        return found.name if found else value

    def _within(self, h: str, at: str, span: int) -> str:
        first, last = (self._bound(h, span, end) for end in ("first", "last"))
        return f"{at} BETWEEN {first} AND {last}"

    def _bound(self, h: str, span: int, end: str) -> str:
        if self.span:
            return quoted(f"{self.span}{end}{span}")
        # One of several values of a field: the rows bring no days for it.
        return f"list_extract(getvariable({literal(bound(self.table.name, span, end))}), enum_code({h}) + 1)"


class Place(CodeKind):
    """A six-digit division code of GB/T 2260, as it stood at any time since 1980."""

    name = "place"

    @property
    def wrong(self) -> Label:  # type: ignore[override]  # read only, which is narrower
        """Says what is wanted."""
        return Label("不是县级以上行政区划代码", "is no code of an administrative division")


class Reference(Kind):
    """The natural key of another record, cleaned as that record's own key is; several parts joined with `|`."""

    name = "reference"
    wrong = Label("与所引用记录的编号形式不符", "does not have the form of the key it refers to")

    def __init__(self, field: Field, parts: list[Kind]) -> None:
        super().__init__(field)
        self.parts = parts

    def tidy(self, x: str) -> str:
        """The only part is; several are always looked at."""
        return self.parts[0].tidy(x) if len(self.parts) == 1 else "false"

    def clean(self, x: str) -> str:
        """Each part cleaned."""
        if len(self.parts) == 1:
            return self.parts[0].clean(x)
        cells = [f"NULLIF(split_part({x}, '|', {n}), '')" for n in range(1, len(self.parts) + 1)]
        cleaned = [part.clean(cell) for part, cell in zip(self.parts, cells, strict=True)]
        return f"coalesce({_joined(cleaned)}, {trimmed(x)})"

    def typed(self, c: str, h: str) -> str:
        """The key as the other record stores it; NULL where a part is wrong."""
        if len(self.parts) == 1:
            return _key_part(self.parts[0], c)
        cells = [f"split_part({c}, '|', {n})" for n in range(1, len(self.parts) + 1)]
        return _joined([_key_part(part, cell) for part, cell in zip(self.parts, cells, strict=True)])

    def troubles(self, c: str, v: str, h: str, at: str | None) -> list[Trouble]:
        """Not the form of that key."""
        return [Trouble("format", f"{c} IS NOT NULL AND {v} IS NULL", self.wrong, dimension=CONSISTENCY)]

    def json(self, c: str, v: str) -> str:
        """As a JSON string."""
        return escaped(v)


def _key_part(kind: Kind, c: str) -> str:
    return kind.index(c, f"({kind.typed_alone(c)})")


def _joined(parts: list[str]) -> str:
    return " || '|' || ".join(f"({part})" for part in parts)
