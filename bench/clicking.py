"""Eight people of the demonstration click through a running `suyuan up` without resting.

    bench/clicking.py FOLDER PORT [--minutes 10]

FOLDER is the data folder of an installation started with `suyuan up --demo`. Prints how many requests were answered,
how many by a fault or not at all, and how many processes of the server ended. All of these but the first are to be 0.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from clicking import click
from suyuan.installation import Installation, use

PEOPLE = ("collector", "first", "second", "head", "final", "analyst", "collector2", "auditor")


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("port", type=int)
    arguments.add_argument("--minutes", type=float, default=10)
    given = arguments.parse_args()
    here = Installation.open(given.folder)
    use(here)
    lines = [line.split("\t") for line in (here.data / "secrets" / "accounts.txt").read_text("utf-8").splitlines()]
    passwords = {line[0]: line[1] for line in lines if len(line) > 1}
    people = [(name, passwords[name]) for name in PEOPLE]
    found = click(f"http://127.0.0.1:{given.port}/", people, given.minutes * 60)
    said = (here.logs / "serve.log").read_text("utf-8")
    exits = said.count("Unexpected exit")
    print(f"{given.minutes:g} min, {sum(found.answers.values())} answers: {dict(sorted(found.answers.items()))}")
    print(f"answers of 5xx {len(found.failed)}, without an answer {len(found.lost)}, processes that ended {exits}")
    for one in [*found.failed, *found.lost][:20]:
        print(" ", one)
    return 0 if found.sound and not exits else 1


if __name__ == "__main__":
    sys.exit(main())
