"""P2: the check of a batch and of one row, against 14 bare rules in DuckDB over the same rows in the same run.

    suyuan bench p2_check [--rows 200000]

The product's check also cleans values, writes content, facets and search terms, and names every finding.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import time
from collections.abc import Callable
from typing import Any

import django
import duckdb
import pyarrow as pa
from _common import median, milliseconds, p95, tell, timed
from p1_import import COLUMNS, people

DAY = dt.date(2026, 11, 1)
_SIGN = "substr('10X98765432', 1 + CAST(({}) % 11 AS INTEGER), 1)".format(
    " + ".join(
        f"CAST(substr(id_no, {n}, 1) AS INTEGER) * {w}"
        for n, w in enumerate((7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), 1)
    )
)
BARE = (
    "name IS NOT NULL", "length(name) <= 100", "sex IN ('1', '2', '9', '0')", "TRY_CAST(birth_on AS DATE) IS NOT NULL",
    "TRY_CAST(birth_on AS DATE) <= DATE '2026-11-01'", "regexp_full_match(id_no, '[0-9]{17}[0-9X]')",
    f"TRY({_SIGN}) = substr(id_no, 18, 1)", "substr(id_no, 7, 8) = replace(birth_on, '-', '')",
    "(TRY_CAST(substr(id_no, 17, 1) AS INTEGER) % 2 = 1) = (sex = '1')", "regexp_full_match(phone, '1[0-9]{10}')",
    "length(registered_place) = 6", "TRY_CAST(registered_on AS DATE) >= TRY_CAST(birth_on AS DATE)",
    "relation_to_head IS NOT NULL", "resident_state IN ('1', '2', '3', '4')",
)  # fmt: skip


def bare(table: pa.Table) -> Any:
    rules = ", ".join(f"NOT ({rule}) AS r{n}" for n, rule in enumerate(BARE))
    return duckdb.connect().register("rows", table).sql(f"SELECT {rules} FROM rows").to_arrow_table()


def spent(work: Callable[[], Any]) -> tuple[float, float]:
    """Seconds, and seconds of processor, as medians of five runs."""
    runs = []
    for _ in range(5):
        begun = time.process_time()
        runs.append((timed(work), time.process_time() - begun))
    seconds, used = zip(*runs, strict=True)
    return median(list(seconds)), median(list(used))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    os.environ.setdefault("SUYUAN_DATA", "/dev/null")
    os.environ["DJANGO_SETTINGS_MODULE"] = "suyuan.web.settings"
    django.setup()
    from suyuan import catalog
    from suyuan.catalog.check import check

    resident = catalog.load().types["resident"]
    columns = zip(*people(options.rows), strict=True)
    table = pa.table({name: pa.array(column, pa.string()) for name, column in zip(COLUMNS, columns, strict=True)})
    numbered = table.append_column("_row", pa.array(range(1, options.rows + 1), pa.int64()))
    check(resident, numbered.slice(0, 1), today=DAY)
    base, base_used = spent(lambda: bare(table))
    batch, batch_used = spent(lambda: check(resident, numbered, today=DAY))
    single = milliseconds(lambda n: check(resident, numbered.slice(n, 1), today=DAY), 300)
    judged = len(resident.rules)
    tell(
        {"rows": options.rows, "rules of the type (besides those of its fields)": judged,
         "bare DuckDB, 14 rules, rows/s": options.rows / base, "check rows/s": options.rows / batch,
         "bare DuckDB, processor us a row": base_used / options.rows * 1e6, "check, processor us a row": batch_used / options.rows * 1e6,
         "one row ms (median)": median(single), "one row ms (p95)": p95(single)},
        f"{batch / base:.1f} x bare DuckDB, {batch_used / base_used:.1f} x its processor time (target 500,000 rows/s and p95 10 ms for one row)",
    )  # fmt: skip


if __name__ == "__main__":
    main()
