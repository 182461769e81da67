"""Row 14: calls made up from the API's description, for every duty; faults of ours, of the description, of authentication.

    suyuan bench api_fuzz [--calls 20000]

Every operation is called in three ways (fitting and naming what is there, fitting, not fitting) until so many calls were made. In
process, on a database of its own. What comes last is the share of operations that answered with success.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from pathlib import Path
from typing import Any

from _common import installed, superuser, tell

EACH = 10  # calls of one operation in one way, before the next


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    sys.path.append(str(Path(__file__).parents[1] / "tests"))
    with installed() as installation:
        from world import settle

        logging.disable(logging.WARNING)  # thousands of refusals are meant
        world = settle(installation)
        with superuser(installation) as db:
            found, seconds = run(world, db, options.calls)
    for name, fault in found.faults.items():
        print(f"{name}\n{fault}\n", file=sys.stderr)
    statuses: dict[int, int] = {}
    for one in found.answers.values():
        for status, count in one.items():
            statuses[status] = statuses.get(status, 0) + count
    figures: dict[str, Any] = {
        "calls": found.calls,
        "calls a second": round(found.calls / seconds),
        "faults": len(found.faults),
    }
    figures |= {f"answers {status}": statuses[status] for status in sorted(statuses)}
    tell(figures, f"{found.reached():.0%} of the operations answered with success")


def run(world: Any, db: Any, most: int) -> tuple[Any, float]:
    """Call for one duty after the other, around and around; what was found and the seconds it took."""
    from access.test_matrix import HOLDERS
    from api.fuzzing import Found, fuzz
    from api.test_fuzz import prepare

    known, found, began, turn = prepare(world, db), Found(), time.monotonic(), 0
    while found.calls < most and not found.faults:
        for holder in HOLDERS.values():
            fuzz(getattr(world, holder), known, EACH, found, turn)
            turn += 1
            if found.calls >= most:
                break
    return found, time.monotonic() - began


if __name__ == "__main__":
    main()
