"""P1: an import of synthetic residents through the real pipeline, against bare COPY of the same rows in the same run.

    suyuan bench p1_import [--rows 200000] [--profile]

Everything is on: parse, map, normalise, check, encrypt, terms, revision, ledger, review task, all committed and
flushed. The base is COPY of the same 14 columns as text into a table with a primary key and two B-trees.
"""

from __future__ import annotations

import argparse
import cProfile
import csv
import pstats
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from _common import Memory, installed, processor, staff, superuser, tell, timed

COLUMNS = (
    "name", "sex", "birth_on", "id_no", "ethnicity", "nationality", "household_no", "relation_to_head",
    "registered_place", "registered_address", "registering_station", "resident_state", "registered_on", "phone",
)  # fmt: skip
MAPPING = "mapping: bench\nlegal_basis: 合成数据 synthetic\nsource: {format: csv, encoding: utf-8}\nrecords:\n  - type: resident\n    fields:\n"


def people(count: int) -> list[tuple[str, ...]]:
    """Synthetic residents, no number twice."""
    from suyuan.demo.synthetic import Maker

    seen: dict[str, tuple[str, ...]] = {}
    places = ("330106", "330110", "330203", "330212", "330102", "330105", "330108", "330205")
    for seed, place in enumerate(places * 100):
        made = Maker(place, "示例区", seed).residents(count // len(places) + 1)
        for row in made:
            row["household_no"] = f"{place}{seed:02}{row['household_no'][6:]}"
            seen.setdefault(row["id_no"], tuple(row[name] for name in COLUMNS))
        if len(seen) >= count:
            break
    return list(islice(seen.values(), count))


def write(path: Path, rows: list[tuple[str, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    with path.with_suffix(".txt").open("w", encoding="utf-8") as plain:
        plain.writelines("\t".join((str(number), *row)) + "\n" for number, row in enumerate(rows))


def made(path: Path, count: int) -> None:
    """Write synthetic residents in a process of their own, so that their memory is not the import's."""
    maker = get_context("fork").Process(target=lambda: write(path, people(count)))
    maker.start()
    maker.join()
    assert maker.exitcode == 0


def bare_copy(installation: Any, path: Path) -> float:
    """Seconds of COPY into a table with a primary key and two B-trees, commit included; best known base."""
    columns = ", ".join(f"{name} text" for name in COLUMNS)
    with superuser(installation) as db:
        db.execute(f"CREATE TABLE bench_copy (id bigint PRIMARY KEY, {columns})")
        db.execute("CREATE INDEX ON bench_copy (id_no)")
        db.execute("CREATE INDEX ON bench_copy (phone)")

        def copy() -> None:
            with path.with_suffix(".txt").open("rb") as lines, db.cursor().copy("COPY bench_copy FROM STDIN") as stream:
                while piece := lines.read(1 << 20):
                    stream.write(piece)

        seconds = timed(copy)
        db.execute("DROP TABLE bench_copy")
    return seconds


def import_all(who: Any, path: Path) -> Any:
    """The command's own path: run, then close the batch."""
    from suyuan import catalog
    from suyuan.collection import imports, mapping
    from suyuan.collection.store import Store

    chosen = mapping.parse(MAPPING + "".join(f"      {name}: {name}\n" for name in COLUMNS), "bench.yaml")
    sink = Store(who.person, who.ground, path.name)
    with path.open("rb") as file:
        result = imports.run(file, chosen, catalog.current(), sink)
    sink.finish()
    return result


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with installed() as installation:
        who = staff()["collector"]
        path = installation.data / "residents.csv"
        made(path, options.rows)
        begun = processor()
        copies = [bare_copy(installation, path) for _ in range(3)]
        copying = (processor() - begun) / 3
        base = sorted(copies)[1]
        memory, profile, results = Memory(), cProfile.Profile(), []
        memory.start()
        if options.profile:
            profile.enable()
        begun = processor()
        seconds = timed(lambda: results.append(import_all(who, path)))
        importing = processor() - begun
        if options.profile:
            profile.disable()
            pstats.Stats(profile).sort_stats("tottime").print_stats(40)
        peak = memory.end()
        tally = results[0].tally
        assert tally.taken == options.rows, results[0].as_dict()
    tell(
        {"rows": options.rows, "bare COPY s (median of 3)": base, "bare COPY rows/s": options.rows / base,
         "bare COPY, processor us a row": copying / options.rows * 1e6, "import, processor us a row": importing / options.rows * 1e6,
         "import s": seconds, "import rows/s": options.rows / seconds, "peak memory MB (all but the server)": peak},
        f"{seconds / base:.1f} x bare COPY, {importing / copying:.1f} x its processor time (target 8, aim 5; bulk_create_with_history measured 24)",
    )  # fmt: skip


if __name__ == "__main__":
    main()
