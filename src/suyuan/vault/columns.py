"""The search terms of many rows at once: column by column, so that each different term is digested once.

Gives for every row what `terms.pack` gives for one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain, pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from suyuan.vault import terms
from suyuan.vault.provider import TERM_BYTES

_ELEMENT = np.dtype([("length", ">i4"), ("digest", ">u8")])  # one element of an `int8[]` as PostgreSQL sends it
_LONE = 0xFFFFFFFF  # in place of the second sign of a text that has one
_Numbers = npt.NDArray[Any]
Column = Sequence[Sequence[str | None]]
"""For each row its values; None among them is nothing."""


class _Found(NamedTuple):
    """Terms that stand in rows: `terms[which[i]]` in row `rows[i]`."""

    rows: _Numbers
    which: _Numbers
    terms: list[str]


def arrays(level: int, depth: int, exact: Column, text: Column, codes: Column) -> list[bytes]:
    """The keyed terms of each row under so many layers, as PostgreSQL's binary form of `int8[]`.

    From level 2 only the exact ones. Raises `VaultSealed`.
    """
    found = [_whole(exact, terms.exact)]
    if level == 1:
        found += [_whole(codes, terms.code), _pairs(text)]
    wanted = [term for one in found for term in one.terms]
    digests = np.frombuffer(terms.digests(level, depth, wanted), ">u8").astype(np.uint64)
    return _packed(len(exact), found, digests)


def _packed(count: int, found: list[_Found], digests: _Numbers) -> list[bytes]:
    """The digests of each of `count` rows, sorted and without repetitions, after the head of their array."""
    values, rank = np.unique(digests, return_inverse=True)
    starts = np.cumsum([0, *(len(one.terms) for one in found)])
    places = [one.rows * len(values) + rank[one.which + start] for one, start in zip(found, starts, strict=False)]
    rows, ranks = np.divmod(_distinct(np.concatenate(places)), max(len(values), 1))
    elements = np.empty(len(rows), _ELEMENT)
    elements["length"], elements["digest"] = TERM_BYTES, values[ranks]
    body, size = elements.tobytes(), _ELEMENT.itemsize
    ends = [0, *np.cumsum(np.bincount(rows, minlength=count)).tolist()]
    return [terms.head(end - start) + body[start * size : end * size] for start, end in pairwise(ends)]


def _distinct(places: _Numbers) -> _Numbers:
    """Each once, in order; `np.unique` goes by hashes, which takes many times as long."""
    places.sort()
    return places[np.append(True, places[1:] != places[:-1])] if len(places) else places


def _whole(column: Column, named: Callable[[str], str]) -> _Found:
    """The values, each a term as it stands."""
    rows, values = _flat(column)
    places: dict[str, int] = {}
    which = [places.setdefault(value, len(places)) for value in values]
    return _Found(rows, np.array(which, np.int64), list(map(named, places)))


def _pairs(column: Column) -> _Found:
    """The character pairs of texts: what `terms.bigrams` gives for each."""
    rows, values = _flat(column)
    plain = list(map(terms.plain, values))
    lengths = np.fromiter(map(len, plain), np.int64, len(plain))
    signs = np.frombuffer("".join(plain).encode("utf-32-le"), "<u4").astype(np.uint64)
    last = np.zeros(len(signs), bool)
    last[np.cumsum(lengths)[lengths > 0] - 1] = True
    after = np.where(last, np.uint64(_LONE), np.append(signs[1:], np.uint64(0))[: len(signs)])
    kept = ~last | np.repeat(lengths == 1, lengths)
    pairs, which = np.unique((signs << np.uint64(32) | after)[kept], return_inverse=True)
    return _Found(np.repeat(rows, lengths)[kept], which, list(_texts(pairs.tolist())))


def _texts(pairs: Iterable[int]) -> Iterable[str]:
    for pair in pairs:
        first, second = divmod(pair, 1 << 32)
        yield chr(first) if second == _LONE else chr(first) + chr(second)


def _flat(column: Column) -> tuple[_Numbers, list[str]]:
    """The row of each value, and the values."""
    filled = [[value for value in values if value is not None] for values in column]
    rows = np.repeat(np.arange(len(filled)), np.fromiter(map(len, filled), np.int64, len(filled)))
    return rows, list(chain.from_iterable(filled))
