"""Errors of review.

SuyuanError
└── ReviewRefused   the database refused; `constraint` names the rule, `messages.yaml` has its words; shown to the reviewer
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.db import IntegrityError, InternalError, transaction

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


@contextmanager
def worded() -> Iterator[None]:
    """Let what the database refuses inside be raised as `ReviewRefused`; what was begun inside is undone."""
    try:
        with transaction.atomic():
            yield
    except (IntegrityError, InternalError) as exc:
        diagnosis: Any = getattr(exc.__cause__, "diag", None)
        raise ReviewRefused(getattr(diagnosis, "constraint_name", None) or "") from exc


@cache
def messages() -> dict[str, dict[str, str]]:
    """Words for each constraint."""
    loaded: dict[str, dict[str, str]] = yaml.safe_load(Path(__file__).with_name("messages.yaml").read_text("utf-8"))
    return loaded
