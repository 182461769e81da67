"""False alarms: runs of `ledger verify` while clients sign in, ask, answer, look and the sequencer signs what they did.

    suyuan bench alarms [--runs 200] [--clients 8] [--minutes 60]

The figure is how many runs said anything, of how many; fewer than asked for where the minutes were over before. As a
control the notes of the witnesses are then read after the log, as they once were: those runs cry wolf.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from _common import installed, tell

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "ledger"))


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--runs", type=int, default=200)
    asked.add_argument("--clients", type=int, default=8)
    asked.add_argument("--minutes", type=float, default=60)
    asked.add_argument("--json", action="store_true")
    wanted = asked.parse_args()
    with installed() as installation:
        import test_no_false_alarm as room

        from suyuan.ledger import witness
        from world import settle

        world = settle(installation)
        said = room.runs(world, wanted.runs, wanted.clients, 60 * wanted.minutes)
        witness.kept = room.Late  # type: ignore[assignment,misc]  # the control
        control = room.runs(world, 10, wanted.clients)
    for fault in [one for run in said for one in run][:20]:
        print(fault, file=sys.stderr)
    alarms = sum(map(bool, said))
    figures = {
        "runs under clients at work": len(said),
        "clients": wanted.clients,
        "runs that raised an alarm": alarms,
        "control, notes read after the log": f"{sum(map(bool, control))} of 10",
    }
    tell(figures, f"{alarms} false alarms in {len(said)} runs under {wanted.clients} clients")


if __name__ == "__main__":
    main()
