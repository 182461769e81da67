"""The demonstration: a province with people for every duty, synthetic records, and one real open extract.

Everything goes through the doors that officers use: activation, administration, the check, records, review. Every
person, number and address is made up and marked 演示.
"""

from __future__ import annotations

from collections.abc import Callable

from suyuan.demo import people, records

__all__ = ["load"]


def load(tell: Callable[[str, str], None]) -> None:
    """Load the demonstration into an empty installation; `tell` shows progress (Chinese, English).

    Safe to repeat after a kill: what is there already is passed over.
    """
    staff = people.settle(tell)
    records.deliver(staff, tell)
