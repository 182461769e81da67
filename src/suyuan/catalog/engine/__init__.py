"""Where the checks run. An engine knows the code tables of one catalog and runs the plans of its types."""

from __future__ import annotations

import datetime as dt
from typing import Protocol

import pyarrow as pa

from suyuan.catalog.plan import Plan


class Engine(Protocol):
    """Runs a plan over rows."""

    def run(self, plan: Plan, rows: pa.Table, today: dt.date) -> pa.Table:
        """The result of a plan's statement over rows of text, in their order.

        Args:
            rows: `_row`, and a text column `c:F` for every field F of the plan's type that was supplied.
            today: the day that `current_date` means.
        """

    def explain(self, plan: Plan) -> str | None:
        """What is wrong with a plan's SQL, in the engine's words; None where it can run."""

    def index(self, plan: Plan, field: str, text: str) -> str | None:
        """The form by which equal values of a field are found, or None if the text is no such value."""
