"""Write the formats that are signed or digested into docs/proof.md, as `suyuan.formats` and the rooms' `rows.py` have them.

SUYUAN_DATA=/dev/null python tools/formats.py            writes the tables between their marks
SUYUAN_DATA=/dev/null python tools/formats.py --check    exits 1 when they are out of date
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path

import django

PAGE = Path(__file__).parent.parent / "docs" / "proof.md"
BEGIN, END = "<!-- formats: written by tools/formats.py -->\n", "<!-- end of formats -->\n"
ROOMS = ("access", "vault", "records", "review", "collection", "audit", "ledger")


def table() -> str:
    """Every format, then the columns of every row that an entry binds."""
    from suyuan.formats import FORMATS
    from suyuan.ledger.bound import Bound

    lines = ["| format | version | use | written | fields, in order |", "| --- | --- | --- | --- | --- |"]
    for one in FORMATS:
        fields = ", ".join(f"`{name}` {form}" for name, form in one.fields)
        cells = (one.name, str(one.version), one.use, one.shape, fields)
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    rows = [row for room in ROOMS for row in import_module(f"suyuan.{room}.rows").EVIDENCE if isinstance(row, Bound)]
    lines += ["", "| bound row | columns that count | several rows of one key in the order of |", "| --- | --- | --- |"]
    for row in sorted(rows):
        columns, order = (", ".join(f"`{name}`" for name in names) for names in (sorted(row.columns), row.order))
        lines.append(f"| `{row.table}` | {columns} | {order} |")
    return "\n".join(lines) + "\n"


def page() -> str:
    """The page with its tables as they should be."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return before + BEGIN + table() + END + rest.partition(END)[2]


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "suyuan.web.settings")
    django.setup()
    if "--check" in sys.argv:
        sys.exit(0 if PAGE.read_text(encoding="utf-8") == page() else 1)
    PAGE.write_text(page(), encoding="utf-8")
