"""`cleared.yaml`: names that look like a protected attribute and that a person has looked at and found innocent.

- {type: venue, field: race_kind, who: 王某 数据标准岗, when: 2026-03-01, why: "赛事种类，不是种族"}
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from suyuan.catalog.model import Place
from suyuan.catalog.yamlfile import Node, Report, Section, parse, read_text

KEYS = ("type", "field", "who", "when", "why")


def read_cleared(path: Path, shown: str, report: Report) -> dict[tuple[str, str], Place]:
    """The (type, field) pairs that were cleared, each with who, when and why, and where that is written."""
    text = read_text(path, shown, report) if path.exists() else None
    if text is None:
        return {}
    root = parse(shown, text, report)
    if root is None or (root.values is None and not root.items):
        if root is not None and root.text is not None:
            report.add(
                Place(shown, 1),
                "shape",
                "应为列表",
                "must be a list",
                "每条写成 - {type, field, who, when, why}。",
                "Write each entry as - {type, field, who, when, why}.",
            )
        return {}
    if root.values is None:
        report.add(
            root.place,
            "shape",
            "应为列表",
            "must be a list",
            "每条写成 - {type, field, who, when, why}。",
            "Write each entry as - {type, field, who, when, why}.",
        )
        return {}
    return {pair: node.place for node in root.values if (pair := _entry(node, report))}


def _entry(node: Node, report: Report) -> tuple[str, str] | None:
    section = Section(node, "放行记录", KEYS, report)
    said = {key: section.text(key, need=True) for key in KEYS}
    when = said["when"]
    if when:
        try:
            dt.date.fromisoformat(when)
        except ValueError:
            report.add(
                section.place("when"),
                "day",
                f"“{when}”不是日期",
                f"`{when}` is no date",
                "请写成 2026-03-01 这样的日期。",
                "Write a date such as 2026-03-01.",
            )
            return None
    if not all(said.values()):
        return None
    return (said["type"] or "", said["field"] or "")
