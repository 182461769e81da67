"""Pieces of SQL that kinds share: folding full-width signs, tidying text, matching."""

from __future__ import annotations

from suyuan.catalog.expressions import literal

_SIGNS = "".join(map(chr, range(0xFF01, 0xFF5F)))
_LETTERS = "".join(sign for sign in _SIGNS if chr(ord(sign) - 0xFEE0).isalnum())
_SPACES = "\u3000\u00a0"
_INVISIBLE = r"[\x00-\x08\x0b-\x1f\x7f\x{ad}\x{200b}-\x{200f}\x{2028}-\x{202e}\x{2060}-\x{206f}\x{feff}]"
_UNTIDY = (
    r"^$|^\s|\s$|[\x00-\x08\x0b-\x1f\x7f\x{a0}\x{ad}\x{300}-\x{36f}\x{1100}-\x{11ff}\x{2000}-\x{200f}\x{2028}-\x{202e}"
    r"\x{2060}-\x{206f}\x{3000}\x{3099}\x{309a}\x{f900}-\x{faff}\x{feff}０-９Ａ-Ｚａ-ｚ]"
)


def _half(signs: str) -> str:
    return "".join(chr(ord(sign) - 0xFEE0) for sign in signs)


def translated(x: str, signs: str) -> str:
    """SQL: full-width `signs` become half-width, wide spaces become plain ones."""
    return f"translate({x}, {literal(signs + _SPACES)}, {literal(_half(signs) + '  ')})"


def folded(x: str) -> str:
    """SQL: every full-width sign becomes half-width. Plain ASCII passes untouched, because folding is slow."""
    return f"CASE WHEN strlen({x}) = length({x}) THEN {x} ELSE {translated(x, _SIGNS)} END"


def trimmed(x: str) -> str:
    """SQL: folded, without outer white space; NULL where nothing is left."""
    return rf"NULLIF(regexp_replace({folded(x)}, '^\s+|\s+$', '', 'g'), '')"


def is_tidy(x: str) -> str:
    """SQL: running text needs no tidying."""
    return f"NOT {matches(x, _UNTIDY)}"


def tidied(x: str) -> str:
    """SQL for running text: Unicode NFC, half-width letters and digits, no invisible signs, no outer white space.

    Chinese punctuation stays as it is.
    """
    seen = rf"regexp_replace({translated(f'nfc_normalize({x})', _LETTERS)}, '{_INVISIBLE}', '', 'g')"
    return rf"NULLIF(regexp_replace({seen}, '^\s+|\s+$', '', 'g'), '')"


def full_match(x: str, form: str) -> str:
    """SQL: the whole text has a form."""
    return f"regexp_full_match({x}, {literal(form)})"


def matches(x: str, form: str) -> str:
    """SQL: a part of the text has a form."""
    return f"regexp_matches({x}, {literal(form)})"


def escaped(x: str) -> str:
    """SQL: the text as a JSON string."""
    return f"CAST(to_json({x}) AS VARCHAR)"
