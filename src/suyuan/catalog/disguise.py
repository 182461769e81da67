"""Names of protected attributes, however they are written."""

from __future__ import annotations

from typing import NamedTuple

from suyuan.catalog.model import Label


class Match(NamedTuple):
    """Which attribute a name stands for, and the word that gives it away."""

    attribute: Label
    word: str


def protected_name(name: str) -> Match | None:
    """The protected attribute that a column's name stands for, or None."""
    plain = name.casefold()
    for word in ("ethnic", "race", "religion", "minzu", "民族", "宗教"):
        if plain == word:
            return Match(Label("民族", "ethnicity"), word)
    return None
