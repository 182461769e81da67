"""The hand-written matrix, expanded: who may do what, in which state, at which level, to whose records.

A column holds `*` for everything, `a|b` for some, `!a|b` for all but some. Every cell is decided exactly once.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from suyuan.access.words import DUTIES

STATES = (
    "draft",
    "first_review",
    "second_review",
    "final_review",
    "in_force",
    "returned",
    "rejected",
    "sealed",
    "disposed",
)
DIMENSIONS = {
    "duty": tuple(DUTIES),
    "state": STATES,
    "level": ("1", "2", "3", "4", "5"),
    "clearance": ("1", "2"),
    "relation": ("own", "below", "above", "sideways", "other_city", "other_province"),
}
Cell = tuple[str, ...]


def chosen(words: str, among: tuple[str, ...]) -> tuple[str, ...]:
    """The values that a column names. Raises `ValueError` for one that is not there."""
    if words == "*":
        return among
    some = words.removeprefix("!").split("|")
    if unknown := set(some) - set(among):
        raise ValueError(f"matrix.csv: {unknown}")
    return tuple(one for one in among if (one in some) is not words.startswith("!"))


def rows(kind: str) -> Iterator[dict[str, str]]:
    """Rows of one kind, as they are written."""
    with (Path(__file__).parent / "access" / "matrix.csv").open(encoding="utf-8", newline="") as file:
        yield from (row for row in csv.DictReader(file) if row["kind"] == kind)


def expand(kind: str) -> dict[str, dict[Cell, str]]:
    """Every cell of one kind by what is done. Raises `ValueError` for a cell decided twice or not at all."""
    found: dict[str, dict[Cell, str]] = {}
    for row in rows(kind):
        ranges = [chosen(row[name], among) for name, among in DIMENSIONS.items()]
        for what in row["what"].split("|"):
            cells = found.setdefault(what, {})
            for cell in product(*ranges):
                if cell in cells:
                    raise ValueError(f"matrix.csv: {what} {cell} is decided twice")
                cells[cell] = row["outcome"]
    whole = len(list(product(*DIMENSIONS.values())))
    for what, cells in found.items():
        if len(cells) != whole:
            raise ValueError(f"matrix.csv: {what} leaves {whole - len(cells)} cells undecided")
    return found


def by_duty(kind: str, state: str = "first_review") -> dict[str, dict[str, bool]]:
    """What is allowed by duty to an ordinary record of a lower agency in a state."""
    return {
        what: {duty: cells[duty, state, "1", "1", "below"] == "allowed" for duty in DUTIES}
        for what, cells in expand(kind).items()
    }
