"""The size of a sample and its choice from a seed: what the database does, for whoever wants to check it."""

from __future__ import annotations

from collections.abc import Iterable

from suyuan.formats import sample_order

BOUND, CONFIDENCE = 0.01, 0.95
WITHOUT_SAMPLE = 20  # batches up to this size are looked at whole


def size(population: int, bound: float = BOUND, confidence: float = CONFIDENCE) -> int:
    """Smallest sample that, without a fault in it, shows with `confidence` that at most `bound` of the rows are faulty.

    Hypergeometric, no fault accepted: 1 % at 95 % takes 296 rows of 100,000 and all of 20.
    """
    faulty, missed, drawn = int(bound * population) + 1, 1.0, 0
    while drawn < population and missed > 1 - confidence:
        missed *= max(population - faulty - drawn, 0) / (population - drawn)
        drawn += 1
    return drawn


def choose(seed: bytes, seqs: Iterable[int], count: int) -> list[int]:
    """The rows a seed draws: those whose SHA-256 with the seed comes first."""
    return sorted(seqs, key=lambda seq: sample_order(seed, seq))[:count]
