"""Numbers of companies, telephones, travel documents and cases."""

from __future__ import annotations

from suyuan.catalog.expressions import literal
from suyuan.catalog.kinds.base import ACCURACY, Identifier, Trouble
from suyuan.catalog.kinds.sql import folded, tidied
from suyuan.catalog.model import Label

USCC_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


class Uscc(Identifier):
    """A unified social credit code, GB 32100: 18 signs with a check sign."""

    name = "uscc"
    wrong = Label("应为 18 位字母或数字", "is no unified social credit code of 18 characters")
    form = r"[1-9A-HJ-NP-RTUWXY][0-9A-HJ-NP-RTUWXY][0-9]{6}[0-9A-HJ-NP-RTUWXY]{10}"
    keep = (4, 4)

    def troubles(self, c: str, v: str, h: str, at: str | None) -> list[Trouble]:
        """Form and check sign."""
        signs = literal(USCC_SIGNS)
        terms = [f"{w} * (strpos({signs}, substr({v}, {n}, 1)) - 1)" for n, w in enumerate(USCC_WEIGHTS, 1)]
        sign = f"substr({signs}, CAST((31 - ({' + '.join(terms)}) % 31) % 31 AS BIGINT) + 1, 1)"
        message = Label("校验位不符", "has a wrong check sign")
        return [
            *super().troubles(c, v, h, at),
            Trouble("checksum", f"substr({v}, 18, 1) <> {sign}", message, dimension=ACCURACY),
        ]


class Phone(Identifier):
    """A telephone number: mobile, landline with area code, service number, or one of another country with its +."""

    name = "phone"
    wrong = Label("不是电话号码", "is no telephone number")
    form = (
        r"1[3-9][0-9]{9}|0[0-9]{2,3}[2-9][0-9]{6,7}(?:-[0-9]{1,6})?|[48]00[0-9]{7}|[2-9][0-9]{6,7}|1[0-9]{2}|1[02][0-9]{3}"
        r"|9[56][0-9]{3,4}|\+(?:[0-79]|8[0-57-9])[0-9]{5,13}|\+86[0-9]{7,12}"
    )
    strip = r"[\s\x{200b}\x{feff}()（）.·]"

    def clean(self, x: str) -> str:
        """Without brackets and spaces; China's own +86 left out; hyphens only before an extension."""
        plain = f"regexp_replace({folded(x)}, {literal(self.strip)}, '', 'g')"
        home = rf"regexp_replace({plain}, '^(?:\+|00)86-?', '')"
        extended = rf"regexp_replace({home}, '(?:转|ext\.?|EXT\.?|#)', '-')"
        mobile = rf"regexp_replace({extended}, '^(1[3-9][0-9])-?([0-9]{{4}})-?([0-9]{{4}})$', '\1\2\3')"
        service = rf"regexp_replace({mobile}, '^([48]00)-?([0-9]{{3,4}})-?([0-9]{{3,4}})$', '\1\2\3')"
        landline = rf"regexp_replace({service}, '^(0[0-9]{{2,3}})-([0-9]{{7,8}})', '\1\2')"
        abroad = rf"regexp_replace({landline}, '^00([1-9])', '+\1')"
        return f"NULLIF(CASE WHEN starts_with({abroad}, '+') THEN replace({abroad}, '-', '') ELSE {abroad} END, '')"

    def index(self, c: str, v: str) -> str:
        """Without the extension."""
        return f"split_part({v}, '-', 1)"

    def index_form(self, value: str) -> str:
        """Without the extension."""
        return value.partition("-")[0]

    def show(self, value: str) -> str:
        """A mobile number in groups."""
        return f"{value[:3]} {value[3:7]} {value[7:]}" if len(value) == 11 and value[0] == "1" else value


class Passport(Identifier):
    """The number of a passport or another travel document."""

    name = "passport"
    wrong = Label("不是护照或旅行证件号码", "is no travel document number")
    form = r"[A-Z0-9]{5,20}"
    strip = r"[\s\x{200b}\x{feff}-]"
    keep = (1, 3)

    def troubles(self, c: str, v: str, h: str, at: str | None) -> list[Trouble]:
        """Form; letters alone are a word."""
        wordlike = f"NOT regexp_matches({v}, '[0-9]')"
        return [
            *super().troubles(c, v, h, at),
            Trouble("no_digit", wordlike, Label("其中没有数字", "has no digit")),
        ]


class CaseNo(Identifier):
    """A case number: A with 22 digits, or a document's or court's number that ends in 号."""

    name = "case_no"
    wrong = Label("不是案件编号或文书号", "is no case or document number")
    form = r"[AJX][0-9]{22}|.{0,40}[〔（][0-9]{4}[〕）].{1,60}号"
    keep = (4, 4)

    def clean(self, x: str) -> str:
        """Spaces out; brackets as court numbers have them."""
        said = rf"upper(regexp_replace({tidied(x)}, '\s+', '', 'g'))"
        return f"NULLIF(translate({said}, '()[]【】', '（）〔〕〔〕'), '')"
