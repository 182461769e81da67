"""Errors of the catalog.

SuyuanError
├── CatalogFaulty   mistakes in the YAML or the code tables, all of them; shown to whoever keeps the catalog
├── UnknownType     no such record type; shown to whoever asked
└── UnknownColumn   rows with a column that is no field of their type; a mistake of the caller
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from suyuan.errors import SuyuanError


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake in the catalog: where it is, what it is, and the mend."""

    file: str
    line: int
    code: str
    zh: str
    en: str
    mend_zh: str = ""
    mend_en: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


class CatalogFaulty(SuyuanError):
    """The catalog cannot be loaded. `mistakes` are all that were found."""

    exit_code = 1

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        count = len(self.mistakes)
        super().__init__(
            "catalog.faulty",
            f"类型目录有 {count} 处错误：\n" + "\n".join(_line(one, one.zh, one.mend_zh) for one in self.mistakes),
            f"The catalog has {count} mistakes:\n"
            + "\n".join(_line(one, one.en, one.mend_en) for one in self.mistakes),
            "请按每一处的提示改正后再执行 suyuan catalog check。",
            "Mend each as it says and run `suyuan catalog check` again.",
        )

    def as_dict(self) -> dict[str, Any]:
        """Both languages and every mistake."""
        return {**super().as_dict(), "mistakes": [one.as_dict() for one in self.mistakes]}


class UnknownType(SuyuanError):
    """There is no record type of that name."""

    def __init__(self, name: str, near: Sequence[str]) -> None:
        super().__init__(
            "catalog.unknown_type",
            f"没有名为“{name}”的记录类型。",
            f"There is no record type `{name}`.",
            f"是否为：{'、'.join(near)}？" if near else "执行 suyuan catalog show 查看全部类型。",
            f"Did you mean {', '.join(near)}？" if near else "`suyuan catalog show` lists them all.",
        )


class UnknownColumn(SuyuanError):
    """Rows came with columns that are no fields of their type."""

    def __init__(self, type_id: str, names: Sequence[str]) -> None:
        super().__init__(
            "catalog.unknown_column",
            f"“{type_id}”没有这些字段：{'、'.join(names)}。",
            f"`{type_id}` has no such fields: {', '.join(names)}.",
        )


def _line(one: Mistake, what: str, mend: str) -> str:
    return f"{one.file}:{one.line}: {what}" + (f" {mend}" if mend else "")
