"""A refusal as the reading process raises it: a code and particulars, no words."""

from __future__ import annotations


class Refused(Exception):
    """The file cannot be read. `code` is a key of `refusals.REFUSALS`; `details` fill its texts."""

    def __init__(self, code: str, **details: object) -> None:
        super().__init__(code)
        self.code = code
        self.details = details
