"""Resident identity numbers, GB 11643: area, birth date, sequence and sex, check digit; 15 digits before 1999."""

from __future__ import annotations

from suyuan.catalog.codes import CodeTable
from suyuan.catalog.expressions import literal, quoted
from suyuan.catalog.kinds.base import ACCURACY, CONSISTENCY, Identifier, Trouble
from suyuan.catalog.kinds.coded import known
from suyuan.catalog.kinds.sql import full_match
from suyuan.catalog.model import Field, Label

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
SIGNS = "10X98765432"
PROVINCES = (
    "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41", "42", "43", "44", "45",
    "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65", "71", "81", "82", "83",
)  # fmt: skip
"""First two digits that were ever given out; 81 to 83 are the residence permits of GB 11643's later parts."""
EIGHTEEN, FIFTEEN = r"[1-9][0-9]{16}[0-9X]", r"[1-9][0-9]{14}"


def birth(n: str) -> str:
    """SQL of the birth date in a number of either length; NULL where it is none."""
    day = f"CASE length({n}) WHEN 18 THEN substr({n}, 7, 8) WHEN 15 THEN '19' || substr({n}, 7, 6) END"
    year, month, date = (f"substr({day}, {at}, {size})" for at, size in ((1, 4), (5, 2), (7, 2)))
    return f"TRY_CAST({year} || '-' || {month} || '-' || {date} AS DATE)"


def digits(n: str) -> str:
    """SQL of the value of the first 17 digits; NULL where they are none."""
    return f"TRY_CAST(substr({n}, 1, 17) AS BIGINT)"


def sex(n: str) -> str:
    """SQL of the sex, GB/T 2261.1: `1` male, `2` female."""
    digit = f"TRY_CAST(CASE length({n}) WHEN 18 THEN substr({n}, 17, 1) WHEN 15 THEN substr({n}, 15, 1) END AS INTEGER)"
    return f"CASE WHEN {digit} IS NOT NULL THEN CAST(2 - {digit} % 2 AS VARCHAR) END"


def weighted(number: str) -> str:
    """SQL of the weighted sum of 17 digits modulo 11; `number` is SQL of their value."""
    terms = [f"{weight} * ({number} // {10 ** (16 - place)} % 10)" for place, weight in enumerate(WEIGHTS)]
    return f"(({' + '.join(terms)}) % 11)"


def check_sign(number: str) -> str:
    """SQL of the check digit of 17 digits, given as their value."""
    return f"substr({literal(SIGNS)}, CAST({weighted(number)} AS BIGINT) + 1, 1)"


class ResidentId(Identifier):
    """A resident identity number. Old ones of 15 digits are taken as they stand and found by their 18-digit form too."""

    name = "resident_id"
    wrong = Label(
        "应为 18 位或旧的 15 位身份证件号码", "must be a resident identity number of 18 digits, or an old one of 15"
    )
    form = f"{EIGHTEEN}|{FIFTEEN}"
    strip = r"[\s\x{200b}\x{feff}-]"

    code_signs = 6

    def __init__(self, field: Field, divisions: CodeTable | None) -> None:
        super().__init__(field)
        self.divisions = divisions
        self.spans = divisions.name if divisions and divisions.spans else None

    def helper(self, c: str) -> str | None:
        """The value of its 17 digits, its birth date, and the place of its area in the table of divisions."""
        area = f"TRY_CAST(substr({c}, 1, 6) AS {known(self.divisions.name)})" if self.divisions else "NULL"
        return f"{{'digits': {digits(c)}, 'born': {birth(c)}, 'area': {area}}}"

    def troubles(self, c: str, v: str, h: str, at: str | None) -> list[Trouble]:
        """Form, check digit, birth date, and an area that existed while the person lived."""
        wrong_sign = f"length({v}) = 18 AND substr({v}, 18, 1) <> {check_sign(f'{h}.digits')}"
        born = f"{h}.born"
        provinces = ", ".join(map(literal, PROVINCES))
        found = [
            *super().troubles(c, v, h, at),
            Trouble("checksum", wrong_sign, Label("校验位不符", "has a wrong check digit"), dimension=ACCURACY),
            Trouble("birth", f"{v} IS NOT NULL AND ({born} IS NULL OR {born} NOT BETWEEN DATE '1850-01-01' AND _today)",
                    Label("其中的出生日期不存在或晚于当前日期", "holds a birth date that does not exist or lies ahead"),
                    dimension=ACCURACY),
            Trouble("province", f"substr({v}, 1, 2) NOT IN ({provinces})",
                    Label("前两位不是省级代码", "begins with no province's code"), dimension=ACCURACY),
        ]  # fmt: skip
        return [*found, *_areas(self.span, v, h, born)] if self.divisions else found

    def index(self, c: str, v: str) -> str:
        """18 digits; a number of 15 is completed."""
        body = f"substr({v}, 1, 6) || '19' || substr({v}, 7)"
        return f"CASE WHEN length({v}) = 15 THEN {body} || {check_sign(digits(body))} ELSE {v} END"

    def index_form(self, value: str) -> str:
        """18 digits; a number of 15 is completed."""
        if len(value) != 15:
            return value
        body = f"{value[:6]}19{value[6:]}"
        return body + SIGNS[sum(w * int(d) for w, d in zip(WEIGHTS, body, strict=True)) % 11]

    def show(self, value: str) -> str:
        """In groups: area, birth, rest."""
        return f"{value[:6]} {value[6:-4]} {value[-4:]}"


class DrivingLicence(Identifier):
    """A driving licence's number: the holder's resident number, or another document's for those who have none."""

    name = "driving_licence"
    wrong = Label(
        "应与证件号码相同（6 至 18 位字母或数字）", "must be the holder's document number, 6 to 18 letters or digits"
    )
    form = rf"{EIGHTEEN}|{FIFTEEN}|[A-Z0-9]{{6,17}}|[0-9]{{12}}"
    strip = r"[\s\x{200b}\x{feff}-]"

    def troubles(self, c: str, v: str, h: str, at: str | None) -> list[Trouble]:
        """Form, and the check digit where it is a resident number."""
        wrong_sign = f"{full_match(v, EIGHTEEN)} AND substr({v}, 18, 1) <> {check_sign(digits(v))}"
        message = Label("校验位不符", "has a wrong check digit")
        return [*super().troubles(c, v, h, at), Trouble("checksum", wrong_sign, message, dimension=ACCURACY)]


def _areas(span: str | None, v: str, h: str, born: str) -> list[Trouble]:
    """The area is that of the first registration: it must not have been given up before the birth."""
    found = [
        Trouble("area_unknown", f"{v} IS NOT NULL AND {h}.area IS NULL",
                Label("前六位不是任何时期的行政区划代码", "begins with a code that no division ever had"),
                "warn", ACCURACY),
    ]  # fmt: skip
    if span:
        gone = f"{quoted(f'{span}latest')} < {born}"
        message = Label("其中的行政区划在出生前已撤销", "names a division that was given up before the birth")
        found.append(Trouble("area_not_valid_then", gone, message, "warn", CONSISTENCY))
    return found
