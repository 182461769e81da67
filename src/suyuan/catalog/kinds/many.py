"""A field that holds several values, separated by ； or ;."""

from __future__ import annotations

from suyuan.catalog.kinds.base import Kind, Trouble

SEPARATOR = "；"


class Many(Kind):
    """A list of values of another kind; rules see a list."""

    def __init__(self, one: Kind) -> None:
        super().__init__(one.field)
        self.one = one
        self.name = one.name

    def tidy(self, x: str) -> str:
        """A single tidy value; anything with a separator is looked at."""
        return f"NOT regexp_matches({x}, '[；;]') AND {self.one.tidy(x)}"

    def clean(self, x: str) -> str:
        """Each value cleaned, empty ones left out; NULL where none is left."""
        parts = f"list_transform(string_split_regex({x}, '[；;]'), lambda e: {self.one.clean('e')})"
        return f"NULLIF(array_to_string(list_filter({parts}, lambda e: e IS NOT NULL), '{SEPARATOR}'), '')"

    def helper(self, c: str) -> str | None:
        """The texts."""
        return f"string_split({c}, '{SEPARATOR}')"

    def typed(self, c: str, h: str) -> str:
        """Each value typed; all of these kinds are text."""
        return f"list_transform({h}, lambda e: {self.one.typed_alone('e')})"

    def troubles(self, c: str, v: str, h: str, at: str | None) -> list[Trouble]:
        """What is wrong with any of them."""
        typed, helper = f"({self.one.typed_alone('e')})", f"({self.one.helper('e')})"
        return [
            Trouble(
                each.id, f"len(list_filter({h}, lambda e: {each.sql})) > 0", each.message, each.severity, each.dimension
            )
            for each in self.one.troubles("e", typed, helper, at)
        ]

    def texts(self, c: str, v: str) -> str:
        """SQL of the list of stored texts."""
        return f"list_transform({v}, lambda e: {self.one.index('e', 'e')})"

    def json(self, c: str, v: str) -> str:
        """As a JSON array."""
        return f"'[' || array_to_string(list_transform({v}, lambda e: {self.one.json('e', 'e')}), ',') || ']'"
