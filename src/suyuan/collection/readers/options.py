"""What a caller may fix about a source, and what the reader found out about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Options:
    """What is known beforehand; None means find out.

    `header_row` counts from 1, 0 says that there is none; `columns` fixes nothing but the order of names
    for sources without a header. `preview` stops after that many rows.
    """

    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    header_row: int | None = None
    preview: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """For the reading process."""
        return asdict(self)


@dataclass(slots=True)
class Report:
    """What a source is, found by reading all of it before the first row is passed on.

    `rows` counts data rows; `blank_rows` empty lines, which are not rows; `problems` counts rows by what is
    wrong with them; `notes` are remarks (zh, en) for the person who imports.
    """

    format: str
    size: int
    digest: str
    gzip: bool = False
    encoding: str = ""
    codec: str = ""
    confidence: float = 1.0
    other_encodings: tuple[str, ...] = ()
    delimiter: str = ""
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    header_row: int = 1
    columns: tuple[str, ...] = ()
    rows: int = 0
    blank_rows: int = 0
    problems: dict[str, int] = field(default_factory=dict)
    notes: list[tuple[str, str]] = field(default_factory=list)

    def note(self, zh: str, en: str) -> None:
        """Add a remark once."""
        if (zh, en) not in self.notes:
            self.notes.append((zh, en))

    def as_dict(self) -> dict[str, Any]:
        """For passing between processes and for `--json`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Report:
        """The inverse of `as_dict`."""
        tuples = ("other_encodings", "sheets", "columns")
        notes = [tuple(note) for note in data["notes"]]
        return cls(**{**data, **{name: tuple(data[name]) for name in tuples}, "notes": notes})
