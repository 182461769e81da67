"""Which of the two languages to speak: Chinese first, English by a switch.

Pages follow Django's language of the request; commands follow SUYUAN_LANG, then the locale of the terminal.
"""

from __future__ import annotations

import os
from typing import Literal

Language = Literal["zh", "en"]

_to_terminal = False


def speak_to_terminal() -> None:
    """From now on this process speaks to a terminal, not to the reader of a page."""
    global _to_terminal
    _to_terminal = True


def speak_to_readers() -> None:
    """From now on this process answers pages, each in its reader's language, whatever terminal it was started from."""
    global _to_terminal
    _to_terminal = False


def of_code(code: str) -> Language:
    """The language for a code such as `zh-hans` or `en_US.UTF-8`; Chinese for what is neither."""
    return "en" if code.lower().startswith("en") else "zh"


def of_terminal() -> Language:
    """The language of commands: SUYUAN_LANG wins; without it an English locale means English."""
    chosen = os.environ.get("SUYUAN_LANG") or os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    return of_code(chosen)


def language() -> Language:
    """The language in which to speak now: that of the request being served, else that of the terminal."""
    from django.conf import settings
    from django.utils import translation

    if _to_terminal or not settings.configured:
        return of_terminal()
    return of_code(translation.get_language() or "zh-hans")


def say(zh: str, en: str) -> str:
    """The one of two texts that the reader understands."""
    return en if language() == "en" else zh
