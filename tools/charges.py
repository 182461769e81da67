"""Replay the lists of charge titles into the code table of charges, each title with the days it was in use.

python tools/charges.py DATA      DATA is a folder with law/*.md; writes src/suyuan/catalog/codes/charges.csv

The titles of crimes 罪名 stand in no single list: the Procuratorate's list of 1997 is the ground, and eight supplements add
titles and cancel old ones. A code is `<article>-<insertion>-<serial>` (刑法第一百三十三条之一 is 133-1), counted in the order
the titles appeared, so that a code never changes its meaning when a supplement is added. A title that was renamed keeps its
old code with an end date, and the new title has a code of its own. The English name is the provision.
"""

from __future__ import annotations

import csv
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "src" / "suyuan" / "catalog" / "codes" / "charges.csv"
LAW_IN_FORCE = date(1997, 10, 1)
#: The supplements in their order with the day each took effect;
SUPPLEMENTS = {
    "补充规定(2002": date(2002, 3, 26),
    "（二）": date(2003, 8, 21),
    "（三）": date(2007, 11, 6),
    "（四）": date(2009, 10, 16),
    "（五）": date(2011, 5, 1),
    "（六）": date(2015, 11, 1),
    "（七）": date(2021, 3, 1),
    "（八）": date(2024, 3, 1),
}
#: Titles that a supplement replaced without saying so, because only words were added to them.
SILENT = {
    "盗窃、抢夺枪支、弹药、爆炸物、危险物质罪": "盗窃、抢夺枪支、弹药、爆炸物罪",
    "抢劫枪支、弹药、爆炸物、危险物质罪": "抢劫枪支、弹药、爆炸物罪",
    "伪造、变造、转让金融机构经营许可证、批准文件罪": "伪造、变造、转让金融机构经营许可证罪",
    "编造并传播证券、期货交易虚假信息罪": "编造并传播证券交易虚假信息罪",
    "诱骗投资者买卖证券、期货合约罪": "诱骗投资者买卖证券罪",
    "操纵证券、期货交易价格罪": "操纵证券交易价格罪",
}
#: Misprints of the list of 1997, with what the law and the later lists have.
MISPRINTS = {"伪造变造国家有价证券罪": "伪造、变造国家有价证券罪", "剌探": "刺探", "第371条第2条": "第371条第2款"}
#: Titles that only the Supreme Court's list of 1997 had; the Procuratorate's had their later titles from the start.
COURT_ONLY = {"枉法裁判罪": "第399条第2款", "国家机关工作人员签订、履行合同失职罪": "第406条"}
DIGITS = {char: number for number, char in enumerate("零一二三四五六七八九")} | {"两": 2}
ITEM = re.compile(r"(?:\d+．)?\s*([^（）\s．]+罪)（([^（）]*第?\d+条[^（）]*)）")
ARTICLE = re.compile(r"第(\d+|[零一二三四五六七八九十百]+)条(?:之([一二三四五六七八九十]))?")
CANCEL = re.compile(r"取消(?:刑法原第\d+条第\d+项)?(.+?罪)(?:罪名)?(?=）|$)")
RENAMED = re.compile(r"第一百六十九条.*?由“(.+?)”修改为“(.+?)”")
CHAPTERS = (
    (102, "危害国家安全罪", "Crimes against national security"),
    (114, "危害公共安全罪", "Crimes against public safety"),
    (140, "破坏社会主义市场经济秩序罪", "Crimes against the market economy"),
    (232, "侵犯公民人身权利、民主权利罪", "Crimes against the person and democratic rights"),
    (263, "侵犯财产罪", "Crimes against property"),
    (277, "妨害社会管理秩序罪", "Crimes against public order"),
    (368, "危害国防利益罪", "Crimes against national defence"),
    (382, "贪污贿赂罪", "Embezzlement and bribery"),
    (397, "渎职罪", "Dereliction of duty"),
    (420, "军人违反职责罪", "Military crimes"),
)


@dataclass
class Title:
    """One charge title: its provision and the days it was in use."""

    code: str
    name: str
    article: str
    start: date
    end: date | None = None


@dataclass
class Register:
    """The titles so far, in the order they appeared."""

    titles: list[Title] = field(default_factory=list)
    serials: Counter[str] = field(default_factory=Counter)

    def add(self, name: str, provision: str, start: date) -> None:
        """Enter a title under the article its provision names first; one that is in use already stays as it is."""
        if any(one.name == name and one.end is None for one in self.titles):
            return
        stem = stem_of(provision)
        self.serials[stem] += 1
        self.titles.append(Title(f"{stem}-{self.serials[stem]:02}", name, provision, start))

    def cancel(self, name: str, on: date) -> None:
        """End a title the day before; a title that is not in use is a fault of the reading."""
        if name in COURT_ONLY:
            self.add(name, COURT_ONLY[name], LAW_IN_FORCE)
        found = [one for one in self.titles if one.name == name and one.end is None]
        if len(found) != 1:
            raise SystemExit(f"{on}: to be cancelled but not in use: {name}")
        found[0].end = on - timedelta(days=1)


def number(text: str) -> int:
    """An article number in Chinese or Arabic numerals (below 1000)."""
    if text.isdigit():
        return int(text)
    total = 0
    for unit, size in (("百", 100), ("十", 10)):
        if unit in text:
            head, text = text.split(unit, 1)
            total += (DIGITS[head] if head else 1) * size
    return total + (DIGITS[text.lstrip("零")] if text.lstrip("零") else 0)


def stem_of(provision: str) -> str:
    """`133-1` for 第一百三十三条之一; the decision of 1998 on foreign exchange counts as 190-9."""
    if provision.startswith("《决定》"):
        return "190-9"
    found = ARTICLE.search(provision)
    if not found:
        raise SystemExit(f"no article in: {provision}")
    return f"{number(found[1])}-{DIGITS[found[2]] if found[2] else 0}"


def first_list(text: str) -> Iterator[tuple[str, str]]:
    """Titles and provisions of the list of 1997; several stand on one line."""
    body = text.partition("INFO END")[2].replace("（边）", "〔边〕")
    for wrong, right in MISPRINTS.items():
        body = body.replace(wrong, right)
    return ((found[1].replace("〔边〕", "（边）"), found[2]) for found in ITEM.finditer(body))


def table_rows(text: str) -> Iterator[tuple[str, str]]:
    """The two cells of every row of a supplement; an empty first cell repeats the one above."""
    provision = ""
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and len(cells) == 2 and not cells[1].startswith("-") and cells[0] != "刑法条文":
            provision = cells[0] or provision
            yield provision, cells[1]


def cancelled(cell: str) -> list[str]:
    """Titles a cell cancels: 取消甲罪和乙罪罪名."""
    return [name for found in CANCEL.finditer(cell) for name in re.split(r"(?<=罪)和", found[1])]


def added(cell: str) -> list[str]:
    """Titles a cell gives: 甲罪、乙罪, without what it cancels; a space inside a title is a stray one."""
    plain = re.sub(r"\s*（?取消.*?(?:）|$)", " ", cell)
    parts = re.split(r"(?<=[^犯]罪)[\s；、]+", plain.strip())
    return [part.replace(" ", "") for part in parts if part.strip()]


def amend(register: Register, text: str, start: date) -> None:
    """Apply one supplement: what it cancels ends, what it gives begins."""
    for provision, cell in table_rows(text):
        for name in cancelled(cell):
            register.cancel(name, start)
        for name in added(cell):
            if name in SILENT:
                register.cancel(SILENT[name], start)
            register.add(name, provision, start)
    if renamed := RENAMED.search(text):
        register.cancel(renamed[1], start)
        register.add(renamed[2], "第169条", start)


def replay(law: Path) -> Register:
    """The register after the list of 1997 and every supplement."""
    register = Register()
    [ground] = law.glob("最高人民检察院关于适用刑法分则*.md")
    for name, provision in first_list(ground.read_text(encoding="utf-8")):
        register.add(name, provision, LAW_IN_FORCE)
    for mark, start in SUPPLEMENTS.items():
        [path] = law.glob(f"*确定罪名的{mark}*.md" if mark.startswith("补充") else f"*确定罪名的补充规定{mark}*.md")
        amend(register, path.read_text(encoding="utf-8"), start)
    return register


def chapter_of(code: str) -> str:
    """The chapter of the special part a code's article stands in, as `C01` to `C10`."""
    article = int(code.split("-")[0])
    return f"C{sum(first <= article for first, _, _ in CHAPTERS):02}"


def short(provision: str) -> str:
    """`Criminal Law art. 133-1` for 第一百三十三条之一; the decision of 1998 by its name."""
    if provision.startswith("《决定》"):
        return "Decision of 29 December 1998 on foreign exchange, art. 1"
    bare = provision.partition("（《")[0]
    articles = [f"{number(one[1])}{f'-{DIGITS[one[2]]}' if one[2] else ''}" for one in ARTICLE.finditer(bare)]
    return f"Criminal Law art. {', '.join(dict.fromkeys(articles))}"


def rows(register: Register) -> Iterator[tuple[str, ...]]:
    """Rows of the code table: chapters, then titles in the order of the law."""
    for place, (_, name, english) in enumerate(CHAPTERS, start=1):
        yield f"C{place:02}", f"第{'一二三四五六七八九十'[place - 1]}章 {name}", english, "", "", ""
    for one in sorted(register.titles, key=lambda one: tuple(map(int, one.code.split("-")))):
        end = one.end.isoformat() if one.end else ""
        yield one.code, one.name, short(one.article), one.start.isoformat(), end, chapter_of(one.code)


def main(data: Path) -> None:
    """Write the code table and print how many titles there are and how many are in use."""
    register = replay(data / "law")
    with TARGET.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("code", "name", "name_en", "valid_from", "valid_to", "parent"))
        writer.writerows(rows(register))
    print(len(register.titles), sum(one.end is None for one in register.titles))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
