"""Identifying values in lists: enough to tell rows apart, not enough to copy a register from the screen."""

from __future__ import annotations

from suyuan.catalog.model import Field

DOT = "＊"
_KEEP = {  # characters left readable at the beginning and at the end
    "resident_id": (3, 4),
    "phone": (3, 4),
    "passport": (1, 3),
    "driving_licence": (3, 4),
    "vin": (3, 4),
    "plate": (2, 2),
    "uscc": (4, 4),
    "case_no": (4, 4),
}


def mask(field: Field, value: str) -> str:
    """The value with its middle hidden; a protected one hidden whole."""
    if field.protection == "protected":
        return DOT * 4
    begin, end = _KEEP.get(field.kind or "", (1, 0) if len(value) <= 4 else (6, 0))
    hidden = len(value) - begin - end
    if hidden <= 0:
        return value[:1] + DOT * max(len(value) - 1, 1)
    return value[:begin] + DOT * min(hidden, 6) + (value[-end:] if end else "")
