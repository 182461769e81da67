"""Signals: precision and recall of the questions about accesses, on a synthetic year with planted misuse.

    suyuan bench signals [--officers 200] [--each 20]

Nothing is compared with a base: the figures are shares. The year is that of tests/audit/year.py at full size.
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import datetime
from datetime import time as midnight
from pathlib import Path

from _common import installed, staff, superuser, tell

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--officers", type=int, default=200)
    asked.add_argument("--each", type=int, default=20)
    wanted = asked.parse_args()
    from audit.year import CHINA, Maker, measure

    with installed() as installation:
        staff()
        from django.utils import timezone

        from suyuan.access import queries as access
        from suyuan.access.acting import acting
        from suyuan.audit import queries
        from suyuan.audit.reading import Reading

        with superuser(installation) as db, db.transaction():
            year = Maker(db, officers=wanted.officers, days=365, each=wanted.each).make()
            db.execute("ANALYZE")
        auditor = access.person_of("auditor")
        with acting(auditor, access.default_ground(auditor)):
            begun = time.perf_counter()
            found = queries.signals(
                Reading(0, "monitoring"),
                datetime.combine(year.start, midnight(), CHINA),
                datetime.combine(year.end, midnight(), CHINA),
            )
            seconds = time.perf_counter() - begun
        truths = {(one.kind, one.person, one.record or timezone.localtime(one.since).date()) for one in found}
        measured = measure(year, truths)
        figures = {"entries": year.entries, "questions": len(found), "all questions of the year, s": seconds}
        for kind, (precision, recall) in measured.items():
            figures |= {f"{kind}: precision": precision, f"{kind}: recall": recall}
        lowest = min(precision for precision, _ in measured.values()), min(recall for _, recall in measured.values())
        tell(figures, f"precision at least {lowest[0]:.2f}, recall at least {lowest[1]:.2f}")


if __name__ == "__main__":
    main()
