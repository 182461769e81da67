"""The root of all errors that a person is meant to read.

Every room derives its own in `<room>/errors.py`. An error says what happened and how to mend it, in both languages;
commands print both sentences and end with `exit_code`, pages show them in the language of the request.
"""

from __future__ import annotations

from suyuan.i18n import say


class SuyuanError(Exception):
    """Something a person can act on.

    Args:
        code: stable dotted id, `<room>.<problem>`, for scripts and tests.
        zh, en: what happened.
        mend_zh, mend_en: the way out; may be empty where there is none.
    """

    exit_code = 2
    command = ""
    """The command that is the way out on a terminal; pages name none."""

    def __init__(self, code: str, zh: str, en: str, mend_zh: str = "", mend_en: str = "") -> None:
        super().__init__(code, zh, en)
        self.code = code
        self.zh = zh
        self.en = en
        self.mend_zh = mend_zh
        self.mend_en = mend_en

    def __str__(self) -> str:
        return say(self.zh, self.en)

    @property
    def mend(self) -> str:
        """The way out, in the language of the reader."""
        return say(self.mend_zh, self.mend_en)

    def told(self) -> dict[str, str]:
        """In the language of the reader, for the API."""
        return {"code": self.code, "message": str(self), "mend": self.mend}

    def as_dict(self) -> dict[str, str]:
        """Both languages, for `--json`."""
        told = {"code": self.code, "zh": self.zh, "en": self.en, "mend_zh": self.mend_zh, "mend_en": self.mend_en}
        return told | ({"command": self.command} if self.command else {})
