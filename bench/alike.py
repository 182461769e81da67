"""Alike: how long an answer takes for what is hidden and for what was never there, at every door of an outsider.

    suyuan bench alike [--records 20000] [--repeats 300]

The base of each door is the missing one: asked in turns with the hidden one, by the same person. The ratio is of the
medians; beside it stands how often a hidden answer took longer than a missing one (0.50: time tells nothing).
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

from _common import installed, median, superuser, tell, timed

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--records", type=int, default=20_000)
    asked.add_argument("--repeats", type=int, default=300)
    wanted, _ = asked.parse_known_args()
    with installed() as installation:
        logging.disable()  # every refusal would be a line
        from delivered import deliver, rows_of
        from outside import outsiders
        from world import settle

        world = settle(installation)
        rows = [row | {"plate": f"浙B{n:05}", "driver_name": f"欧阳{n:05}"}
                for n, row in enumerate(rows_of("violation", wanted.records))]  # fmt: skip
        records = [one for start in range(0, len(rows), 10_000)
                   for one in deliver(world.collector, "violation", rows[start : start + 10_000])[1].records.values()]  # fmt: skip
        with superuser(installation) as db:
            db.execute("UPDATE access_limit SET most = 1000000 WHERE stretch <> 'standing'")
            db.execute("ANALYZE")
        figures: dict[str, Any] = {"records": len(records)}
        ratios = []
        for name, ask in outsiders(world).items():
            hidden, missing = _in_turns(ask, records, wanted.repeats)
            ratios.append(median(hidden) / median(missing))
            longer = sum(one > other for one in hidden for other in missing) / (len(hidden) * len(missing))
            figures |= {
                f"{name}: missing, ms": median(missing),
                f"{name}: hidden, ms": median(hidden),
                f"{name}: longer": longer,
            }
        tell(figures, f"{min(ratios):.2f} to {max(ratios):.2f} x")


def _in_turns(ask: Callable[[Any, str], object], records: list[Any], repeats: int) -> tuple[list[float], list[float]]:
    """Milliseconds for hidden and for missing ones, each time another, after a few to warm up."""
    hidden, missing = [], []
    for n in range(repeats + 10):
        hidden.append(timed(lambda n=n: ask(records[n % len(records)], f"{n % len(records):05}")) * 1000)
        missing.append(timed(lambda n=n: ask(uuid4(), f"X{n:05}")) * 1000)
    return hidden[10:], missing[10:]


if __name__ == "__main__":
    main()
