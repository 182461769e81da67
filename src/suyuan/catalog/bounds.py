"""What the catalog may not declare, whoever writes it: the bounds of the norm, held at load."""

from __future__ import annotations

from suyuan.catalog.disguise import Match, protected_name
from suyuan.catalog.model import Catalog, Field, Place
from suyuan.catalog.yamlfile import Report


def disguised(field: Field) -> Match | None:
    """Whether a field's name or label is that of a protected attribute."""
    return protected_name(field.name) or protected_name(field.label.zh) or protected_name(field.label.en)


def check_level(level: int | None, place: Place, report: Report) -> None:
    """Levels 3 to 5 are state secrets; no type has one by itself."""
    if level is not None and level not in (1, 2):
        report.add(place, "level", f"类型的密级不能是 {level}", f"a type cannot have the level {level}",
                   "类型只能是 1(内部)或 2(警务工作秘密);3 至 5 级须有经批准的密码提供方。",
                   "Types have level 1 or 2; levels 3 to 5 need an approved cipher provider.")  # fmt: skip


def check(catalog: Catalog, report: Report) -> None:
    """Report everything in a catalog that the bounds forbid."""


__all__ = ["Match", "check", "check_level", "disguised", "protected_name"]
