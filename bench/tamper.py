"""Tampering: 200 random bit flips of each class of stored bytes, zeros, exchanged and older rows, and clean runs.

    suyuan bench tamper [--flips 200] [--clean 100]

Nothing is compared with a base: the figures are shares, detected and named of changed. The classes are those of
tests/tampered.py; the history is small, so that thousands of runs of `verify` take minutes.
"""

from __future__ import annotations

import argparse
import random
import sys
from pathlib import Path

from _common import installed, tell

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--flips", type=int, default=200)
    asked.add_argument("--clean", type=int, default=100)
    asked.add_argument("--json", action="store_true")
    wanted = asked.parse_args()
    with installed() as installation:
        import tampered

        world = tampered.begin(installation)
        attacker = tampered.attack(installation)
        tampered.remember(attacker)
        tampered.later(world)
        tampered.lift_rules(attacker)
        found = {name: by_class(tampered, attacker, name, wanted.flips) for name in tampered.CLASSES}
        found["rows as they were before"] = gather([tampered.older(attacker, table, 50) for table in tampered.TABLES])
        alarms = sum(bool(list(tampered.verify.verify())) for _ in range(wanted.clean))
    figures = {name: f"{one.tried - len(one.unseen)} of {one.tried}" for name, one in found.items()}
    missed = [line for one in found.values() for line in one.unseen]
    print("\n".join(missed), file=sys.stderr)
    total = sum(one.tried for one in found.values())
    figures["alarms in clean runs"] = f"{alarms} of {wanted.clean}"
    tell(figures, f"{total - len(missed)} of {total} changes found and named, {alarms} false alarms")


def by_class(tampered, attacker, name, flips):
    seed = random.Random(name)
    many = len(tampered.columns(name))
    return gather([
        tampered.changes(attacker, name, lambda value: tampered.flipped(value, seed), flips),
        tampered.changes(attacker, name, tampered.zeroed, many),
        tampered.exchanges(attacker, name, many),
    ])  # fmt: skip


def gather(tallies):
    return type(tallies[0])(sum(one.tried for one in tallies), [line for one in tallies for line in one.unseen])


if __name__ == "__main__":
    main()
