"""A field that holds several values, separated by ； or ;."""

from __future__ import annotations

from suyuan.catalog.kinds.base import Kind, Trouble


class Many(Kind):
    """A list of values of another kind; rules see a list."""

    def __init__(self, one: Kind) -> None:
        super().__init__(one.field)
        self.one = one
        self.name = one.name

    def clean(self, x: str) -> str:
        """Each value cleaned, empty ones left out; NULL where none is left."""
        parts = f"list_transform(string_split_regex({x}, '[；;]'), lambda e: {self.one.clean('e')})"
        return f"list_filter({parts}, lambda e: e IS NOT NULL)"

    def typed(self, c: str) -> str:
        """Each value typed."""
        return f"CASE WHEN len({c}) > 0 THEN list_transform({c}, lambda e: {self.one.typed('e')}) END"

    def troubles(self, c: str, v: str, at: str | None) -> list[Trouble]:
        """What is wrong with any of them."""
        typed = self.one.typed("e")
        return [
            Trouble(
                each.id, f"len(list_filter({c}, lambda e: {each.sql})) > 0", each.message, each.severity, each.dimension
            )
            for each in self.one.troubles("e", f"({typed})", at)
        ]

    def texts(self, c: str, v: str) -> str:
        """SQL of the list of stored texts."""
        return f"list_transform({v}, lambda e: {self.one.index('e', 'e')})"

    def json(self, c: str, v: str) -> str:
        """As a JSON array."""
        return f"'[' || array_to_string(list_transform({v}, lambda e: {self.one.json('e', 'e')}), ',') || ']'"
