"""What a check of the ledger finds."""

from __future__ import annotations

from typing import NamedTuple


class Fault(NamedTuple):
    """Something wrong, and where: `code` is stable, `zh` and `en` say it in words."""

    code: str
    where: str
    zh: str
    en: str
