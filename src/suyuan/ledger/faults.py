"""What a check of the ledger finds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple


class Fault(NamedTuple):
    """Something wrong, and where: `code` is stable, `zh` and `en` say it in words.

    Attributes:
        follows: where the fault is from which this one follows; empty for a fault of its own.
        about: for an entry, the names of what it speaks of, as other faults have them in `where`.
    """

    code: str
    where: str
    zh: str
    en: str
    follows: str = ""
    about: tuple[str, ...] = ()


class Folded(NamedTuple):
    """A fault of its own, and how many faults of each code follow from it."""

    fault: Fault
    following: dict[str, int]


def fold(faults: Iterable[Fault]) -> list[Folded]:
    """Returns the faults that are of their own, each with what follows from it; nothing is left out of the counts."""
    listed = list(faults)
    own = {one.where for one in listed if not one.follows}
    counts: dict[str, Counter[str]] = {}
    heads = []
    for one in listed:
        if one.follows in own:
            counts.setdefault(one.follows, Counter())[one.code] += 1
        else:
            heads.append(one)
    # A place may be named by two faults of its own: what follows is counted under the first.
    return [Folded(one, dict(counts.pop(one.where, {}))) for one in heads]
