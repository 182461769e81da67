"""Errors of review.

SuyuanError
└── ReviewRefused   the database refused; `constraint` names the rule, `messages.yaml` has its words; shown to the reviewer
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

from suyuan.errors import SuyuanError


class ReviewRefused(SuyuanError):
    """A rule of review stands against it."""

    def __init__(self, constraint: str) -> None:
        self.constraint = constraint
        words = messages().get(constraint) or messages()["review_step_not_open"]
        super().__init__(
            f"review.{constraint.removeprefix('review_')}",
            words["zh"] + "。", words["en"] + ".", words["mend_zh"] + "。", words["mend_en"] + ".",
        )  # fmt: skip


@cache
def messages() -> dict[str, dict[str, str]]:
    """Words for each constraint."""
    loaded: dict[str, dict[str, str]] = yaml.safe_load(Path(__file__).with_name("messages.yaml").read_text("utf-8"))
    return loaded
