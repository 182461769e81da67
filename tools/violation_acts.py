"""Turn the points rule 道路交通安全违法行为记分管理办法 into the code table of traffic violation acts.

python tools/violation_acts.py DATA      DATA is a folder with law/*.md; writes src/suyuan/catalog/codes/violation_acts.csv

Articles 8 to 12 of the rule list the acts that cost 12, 9, 6, 3 and 1 points. A code is `P<points>-<item>`, so that the
points of an act can be read from its code and checked against the points of a record.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterator
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "src" / "suyuan" / "catalog" / "codes" / "violation_acts.csv"
IN_FORCE = "2022-04-01"
ARTICLE = re.compile(r"^第[八九十一二]+条 机动车驾驶人有下列交通违法行为之一，一次记(\d+)分：$")
ITEM = re.compile(r"^（[一二三四五六七八九十]+）(.+?)的?[；。]$")
OTHER = ("P00-99", "其他交通违法行为（不记分）", "Other traffic violation (no points)", "", "", "")


def acts(text: str) -> Iterator[tuple[int, int, str]]:
    """Points, item number and wording of every act the rule lists."""
    points = item = 0
    for line in text.splitlines():
        if head := ARTICLE.match(line):
            points, item = int(head[1]), 0
        elif line.startswith("第"):
            points = 0
        elif points and (found := ITEM.match(line)):
            item += 1
            yield points, item, found[1]


def rows(text: str) -> Iterator[tuple[str, ...]]:
    """Rows of the code table, the group of each points value first."""
    seen: set[int] = set()
    for points, item, wording in acts(text):
        if points not in seen:
            seen.add(points)
            yield f"P{points:02}", f"一次记{points}分的违法行为", f"Acts of {points} points", IN_FORCE, "", ""
        yield f"P{points:02}-{item:02}", wording, "", IN_FORCE, "", f"P{points:02}"
    yield OTHER


def main(data: Path) -> None:
    """Write the code table from the text of the rule."""
    [source] = (data / "law").glob("道路交通安全违法行为记分管理办法*.md")
    with TARGET.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("code", "name", "name_en", "valid_from", "valid_to", "parent"))
        writer.writerows(rows(source.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
