"""Number plates (GA 36) and vehicle identification numbers (GB 16735)."""

from __future__ import annotations

from suyuan.catalog.kinds.base import ACCURACY, Identifier, Trouble
from suyuan.catalog.kinds.sql import full_match
from suyuan.catalog.model import Label

PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_SIGN = "[A-HJ-NP-Z0-9]"
_AUTHORITY = f"[{PROVINCES}][A-HJ-NP-Z]"
PLATES = {
    "ordinary": rf"{_AUTHORITY}{_SIGN}{{5}}",
    "marked": rf"{_AUTHORITY}{_SIGN}{{4}}[挂学警港澳试超]",
    "new_energy": rf"{_AUTHORITY}(?:[A-HJK]{_SIGN}[0-9]{{4}}|[0-9]{{5}}[A-HJK])",
    "embassy": r"使[0-9]{6}|[0-9]{6}使",
    "consulate": rf"领[0-9]{{6}}|[0-9]{{6}}领|{_AUTHORITY}[0-9]{{4}}领",
    "rescue": rf"[{PROVINCES}][XS][0-9]{{4}}应急",
    "armed_police": rf"WJ[{PROVINCES}]?[0-9]{{4}}[0-9TDSHBXJ]",
    "army": r"[VKHBSLJNGCEO][A-Z][0-9]{5}",
    "aviation": rf"民航{_SIGN}{{5}}",
}
"""Forms of plates by their sort."""
_TRANSLITERATION = {**{str(n): n for n in range(10)}, **dict(zip("ABCDEFGH", range(1, 9), strict=True)),
                    **dict(zip("JKLMN", range(1, 6), strict=True)), "P": 7, "R": 9,
                    **dict(zip("STUVWXYZ", range(2, 10), strict=True))}  # fmt: skip
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


class Plate(Identifier):
    """A number plate of any sort: ordinary, new-energy, police, trailer, learner, Hong Kong and Macau, embassy, army."""

    name = "plate"
    wrong = Label("应如 京A12345，新能源汽车多一位", "must be a number plate such as 京A12345")
    form = "|".join(PLATES.values())
    strip = r"[\s\x{200b}\x{feff}·•・.‧—-]"
    keep = (2, 2)

    def show(self, value: str) -> str:
        """With the dot after the authority: 京A·12345."""
        return f"{value[:2]}·{value[2:]}" if value[:1] in PROVINCES else value


class Vin(Identifier):
    """A vehicle identification number: 17 signs without I, O and Q."""

    name = "vin"
    wrong = Label("应为 17 位字母或数字，没有 I、O、Q", "is no 17-character vehicle identification number")
    form = r"[A-HJ-NPR-Z0-9]{17}"
    strip = r"[\s\x{200b}\x{feff}*-]"

    def troubles(self, c: str, v: str, h: str, at: str | None) -> list[Trouble]:
        """Form; a wrong ninth sign is a warning, because vehicles from some countries carry no check digit."""
        values = " ".join(
            f"WHEN '{sign}' THEN {value}" for sign, value in _TRANSLITERATION.items() if not sign.isdigit()
        )
        terms = [
            f"{weight} * (CASE substr({v}, {place}, 1) {values} ELSE ascii(substr({v}, {place}, 1)) - 48 END)"
            for place, weight in enumerate(_VIN_WEIGHTS, 1)
            if weight
        ]
        sign = f"substr('0123456789X', CAST(({' + '.join(terms)}) % 11 AS BIGINT) + 1, 1)"
        wrong_sign = f"{full_match(v, self.form)} AND substr({v}, 9, 1) <> {sign}"
        message = Label("校验位不符", "has a wrong check digit")
        return [*super().troubles(c, v, h, at), Trouble("checksum", wrong_sign, message, "warn", ACCURACY)]
