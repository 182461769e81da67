"""Running text, whole numbers, decimals, yes or no, and the names of files."""

from __future__ import annotations

from suyuan.catalog.expressions import literal
from suyuan.catalog.kinds.base import ACCURACY, Kind, Trouble
from suyuan.catalog.kinds.sql import escaped, full_match, is_tidy, matches, tidied, trimmed
from suyuan.catalog.model import Label

LONGEST = 20_000
"""Characters of a text whose field names no limit."""
_DECIMAL = r"0|-?(?:0|[1-9][0-9]{0,23})\.[0-9]{0,11}[1-9]|-?[1-9][0-9]{0,23}"
_PADDED = r"-?[1-9][0-9]{0,23}\.[0-9]{1,12}|0\.[0-9]{1,12}"
_READABLE = r"[-+]?[0-9]{1,24}(?:\.[0-9]*)?(?:[eE][-+]?[0-9]{1,2})?|[-+]?\.[0-9]+"
_GROUPED = r"[-+]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?"
_TRUE = ("true", "t", "yes", "y", "1", "是", "有", "真", "对", "√")
_FALSE = ("false", "f", "no", "n", "0", "否", "无", "假", "错", "×")


class Text(Kind):
    """Running text: names, addresses, descriptions."""

    name = "text"

    def tidy(self, x: str) -> str:
        """Nothing to fold, strip or leave out."""
        return is_tidy(x)

    def clean(self, x: str) -> str:
        """Tidied; Chinese punctuation kept."""
        return tidied(x)

    def typed(self, c: str, h: str) -> str:
        """The text itself."""
        return c

    def troubles(self, c: str, v: str, h: str, at: str | None) -> list[Trouble]:
        """Too long, not of the declared form, or with signs that a wrong encoding left behind."""
        longest = self.field.max_length or LONGEST
        found = [
            Trouble("too_long", f"strlen({v}) > {longest} AND length({v}) > {longest}", Label(f"超过 {longest} 字", f"is longer than {longest} characters")),
            Trouble("garbled", f"contains({v}, '\ufffd')",
                    Label("含有无法识别的字符（编码错误）", "holds characters lost by a wrong encoding"), "warn", ACCURACY),
        ]  # fmt: skip
        if self.field.pattern:
            found.append(Trouble("format", f"NOT {matches(v, self.field.pattern)}", self._malformed))
        return found

    @property
    def _malformed(self) -> Label:
        """Shows the form by the field's example, where it has one."""
        if not self.field.example:
            return self.wrong
        return Label(f"{self.wrong.zh}，应如 {self.field.example}", f"{self.wrong.en}, such as {self.field.example}")

    def json(self, c: str, v: str) -> str:
        """As a JSON string."""
        return escaped(v)


class File(Text):
    """The SHA-256 of a stored file, in hexadecimal."""

    name = "file"
    wrong = Label("不是文件摘要", "is not the digest of a file")

    def typed(self, c: str, h: str) -> str:
        """64 hexadecimal digits."""
        return f"CASE WHEN {full_match(f'lower({c})', '[0-9a-f]{64}')} THEN lower({c}) END"

    def troubles(self, c: str, v: str, h: str, at: str | None) -> list[Trouble]:
        """No digest."""
        return Kind.troubles(self, c, v, h, at)


def _range(low: object, high: object) -> Label:
    """What is said of a number outside its range, open at one end or at neither."""
    if high is None:
        return Label(f"不得小于 {low}", f"must not be less than {low}")
    if low is None:
        return Label(f"不得大于 {high}", f"must not be more than {high}")
    return Label(f"应在 {low} 至 {high} 之间", f"must lie between {low} and {high}")


class _Number(Kind):
    def troubles(self, c: str, v: str, h: str, at: str | None) -> list[Trouble]:
        """No number, or outside its range."""
        found = super().troubles(c, v, h, at)
        low, high = self.field.min, self.field.max
        outside = [f"{v} < {low}"] * (low is not None) + [f"{v} > {high}"] * (high is not None)
        if outside:
            found.append(Trouble("out_of_range", " OR ".join(outside), _range(low, high), dimension=ACCURACY))
        return found


class Integer(_Number):
    """A whole number; `12.0` as spreadsheets write it is 12."""

    name = "integer"
    wrong = Label("应为整数", "must be a whole number")

    def tidy(self, x: str) -> str:
        """Written as the number itself would be."""
        return f"coalesce(CAST(TRY_CAST({x} AS BIGINT) AS VARCHAR) = {x}, false)"

    def clean(self, x: str) -> str:
        """Without plus sign, leading zeros, thousands separators and a fraction of zeros."""
        plain = rf"regexp_replace({_ungrouped(trimmed(x))}, '^([-+]?)0*([0-9]+?)(?:\.0*)?$', '\1\2')"
        return rf"regexp_replace(regexp_replace({plain}, '^\+', ''), '^-0$', '0')"

    def helper(self, c: str) -> str | None:
        """The number, however it is written."""
        return f"TRY_CAST({c} AS BIGINT)"

    def typed(self, c: str, h: str) -> str:
        """The number, where it is written as it should be: 0x1F and 1e3 are none."""
        return f"CASE WHEN CAST({h} AS VARCHAR) = {c} THEN {h} END"

    def text(self, c: str, v: str) -> str:
        """Digits."""
        return f"CASE WHEN {v} IS NOT NULL THEN {c} END"

    def json(self, c: str, v: str) -> str:
        """As a JSON number."""
        return self.text(c, v)


class Decimal(_Number):
    """A decimal number of up to 24 digits before and 12 after the point; kept as text, so that no digit is lost."""

    name = "decimal"
    wrong = Label("应为数字", "must be a number")

    def tidy(self, x: str) -> str:
        """No sign, zero or separator too many."""
        return full_match(x, _DECIMAL)

    def clean(self, x: str) -> str:
        """Without plus sign, thousands separators, needless zeros; exponents are written out."""
        said = trimmed(x)
        ungrouped = _ungrouped(said)
        number = f"TRY_CAST({ungrouped} AS DECIMAL(38, 12))"
        written = rf"regexp_replace(regexp_replace(CAST({number} AS VARCHAR), '(\.[0-9]*?)0+$', '\1'), '\.$', '')"
        read = f"CASE WHEN {full_match(ungrouped, _READABLE)} THEN coalesce({written}, {said}) ELSE {said} END"
        return f"CASE WHEN {self.tidy(x)} THEN {x} WHEN {full_match(x, _PADDED)} THEN rtrim(rtrim({x}, '0'), '.') ELSE {read} END"

    def typed(self, c: str, h: str) -> str:
        """The number, where the text is one."""
        return f"CASE WHEN {full_match(c, _DECIMAL)} THEN TRY_CAST({c} AS DECIMAL(38, 12)) END"

    def text(self, c: str, v: str) -> str:
        """The cleaned digits."""
        return f"CASE WHEN {v} IS NOT NULL THEN {c} END"


class Boolean(Kind):
    """Yes or no, in the words of both languages."""

    name = "boolean"
    wrong = Label("应为是或否", "must be yes or no")

    def tidy(self, x: str) -> str:
        """One of the two words."""
        return f"{x} IN ('true', 'false')"

    def clean(self, x: str) -> str:
        """`true`, `false`, or the text that is neither."""
        said = f"lower({trimmed(x)})"
        yes, no = (", ".join(map(literal, words)) for words in (_TRUE, _FALSE))
        return f"CASE WHEN {said} IN ({yes}) THEN 'true' WHEN {said} IN ({no}) THEN 'false' ELSE {trimmed(x)} END"

    def typed(self, c: str, h: str) -> str:
        """True, false or NULL."""
        return f"CASE {c} WHEN 'true' THEN true WHEN 'false' THEN false END"

    def text(self, c: str, v: str) -> str:
        """`true` or `false`."""
        return f"CASE {v} WHEN true THEN 'true' WHEN false THEN 'false' END"

    def json(self, c: str, v: str) -> str:
        """As a JSON boolean."""
        return self.text(c, v)

    def show(self, value: str) -> str:
        """是 or 否."""
        return "是" if value == "true" else "否"


def _ungrouped(x: str) -> str:
    """SQL: `1,234,567` without its separators."""
    return f"CASE WHEN {full_match(x, _GROUPED)} THEN replace({x}, ',', '') ELSE {x} END"
