"""Turn published code lists into the code tables of the catalog.

python tools/code_tables.py DATA      DATA is a folder with codes/*.csv; writes src/suyuan/catalog/codes/*.csv

Each table is one short function from the rows of its source to rows of the catalog's form
(code, name, name_en, valid_from, valid_to, parent). What the sources lack and practice uses is written out here as
additions, so that a reader sees what came from where. Editions, licences and limits stand in codes/tables.yaml.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from babel import Locale
from babel.core import get_global

CODES = Path(__file__).resolve().parent.parent / "src" / "suyuan" / "catalog" / "codes"

#: The newest date of which the source of GA 240.1 tells that a code was withdrawn; the true dates are earlier.
WITHDRAWN_BY = "2015-10-26"
#: The rule that renamed two licence classes and added one came into force.
LICENCE_REFORM = "2022-04-01"
BEFORE_REFORM = "2022-03-31"


class Row(NamedTuple):
    """One code of a table; dates are ISO and inclusive, empty means open."""

    code: str
    name: str
    name_en: str = ""
    valid_from: str = ""
    valid_to: str = ""
    parent: str = ""


Source = list[dict[str, str]]

SEX = {"0": ("未知的性别", "Unknown"), "1": ("男", "Male"), "2": ("女", "Female"), "9": ("未说明的性别", "Not stated")}
MARITAL = {
    "10": "Never married",
    "20": "Married",
    "21": "First marriage",
    "22": "Remarried",
    "23": "Remarried to the same person",
    "30": "Widowed",
    "40": "Divorced",
    "90": "Not stated",
}
ETHNICITY_ADDED = [Row("97", "其他", "Other"), Row("98", "外国血统中国籍人士", "Chinese citizen of foreign descent")]
VEHICLE_CLASSES = {
    "K": "Passenger vehicle",
    "H": "Goods vehicle",
    "Q": "Tractor unit",
    "Z": "Special work vehicle",
    "D": "Electric tram or trolley",
    "M": "Motorcycle",
    "N": "Three-wheeled vehicle",
    "T": "Tractor",
    "J": "Wheeled machine",
    "G": "Full trailer",
    "B": "Semi-trailer",
    "X": "Other",
}
VEHICLE_TYPES_ADDED = {
    "M15": "侧三轮摩托车",
    "M20": "二轮摩托车",
    "M21": "普通二轮摩托车",
    "M22": "轻便二轮摩托车",
    "N11": "三轮汽车",
    "T11": "大型轮式拖拉机",
    "T21": "小型轮式拖拉机",
    "T22": "手扶拖拉机",
    "T23": "手扶变形运输机",
    "J11": "轮式装载机械",
    "J12": "轮式挖掘机械",
    "J13": "轮式平地机械",
    "G10": "重型全挂车",
    "G20": "中型全挂车",
    "G30": "轻型全挂车",
    "B10": "重型半挂车",
    "B20": "中型半挂车",
    "B30": "轻型半挂车",
    "X99": "其他车辆",
}
PLATE_KINDS_ADDED = [
    Row("26", "香港入出境车"),
    Row("27", "澳门入出境车"),
    Row("31", "武警号牌"),
    Row("32", "军队号牌"),
    Row("41", "无号牌"),
    Row("42", "假号牌"),
    Row("43", "挪用号牌"),
]
LICENCE_EN = {
    "A1": "Large coach",
    "A2": "Heavy tractor-trailer",
    "A3": "City bus",
    "B1": "Medium coach",
    "B2": "Large goods vehicle",
    "C1": "Small car",
    "C2": "Small car, automatic",
    "C3": "Low-speed goods vehicle",
    "C4": "Three-wheeled vehicle",
    "C5": "Small car, automatic, adapted for disabled drivers",
    "C6": "Light tractor-trailer",
    "D": "Three-wheeled motorcycle",
    "E": "Two-wheeled motorcycle",
    "F": "Moped",
    "M": "Wheeled special machine",
    "N": "Trolleybus",
    "P": "Tram",
}
LICENCE_BEFORE = {"A2": ("牵引车", "Tractor unit"), "M": ("轮式自行机械车", "Wheeled self-propelled machine")}
LICENCE_NEW = {"C6"}
COUNTRY_NAMES = {
    "070": "波斯尼亚和黑塞哥维那",
    "158": "中国台湾",
    "178": "刚果（布）",
    "180": "刚果（金）",
    "212": "多米尼克",
    "384": "科特迪瓦",
    "446": "中国澳门",
    "585": "帕劳",
    "634": "卡塔尔",
    "732": "西撒哈拉",
    "748": "斯威士兰",
    "780": "特立尼达和多巴哥",
    "807": "北马其顿",
    "882": "萨摩亚",
}
#: Codes that the source misprints, and what the standard has.
COUNTRY_MISPRINTS = {"378": "376", "550": "554", "590": "591"}
COUNTRY_ENGLISH = {
    "158": "Taiwan, China",
    "200": "Czechoslovakia",
    "230": "Ethiopia (with Eritrea)",
    "344": "Hong Kong, China",
    "446": "Macao, China",
    "532": "Netherlands Antilles",
    "890": "Yugoslavia (until 1992)",
    "891": "Serbia and Montenegro",
}
COUNTRY_ENDED = {
    "200": "1992-12-31",
    "230": "1993-05-23",
    "278": "1990-10-02",
    "532": "2010-10-09",
    "720": "1990-05-21",
    "736": "2011-07-08",
    "810": "1991-12-25",
    "890": "1992-04-26",
    "891": "2006-06-02",
}
COUNTRY_ADDED = {
    "231": "埃塞俄比亚",
    "248": "奥兰群岛",
    "268": "格鲁吉亚",
    "275": "巴勒斯坦",
    "344": "中国香港",
    "398": "哈萨克斯坦",
    "434": "利比亚",
    "499": "黑山",
    "531": "库拉索",
    "534": "荷属圣马丁",
    "535": "荷属加勒比区",
    "626": "东帝汶",
    "652": "圣巴泰勒米",
    "663": "法属圣马丁",
    "688": "塞尔维亚",
    "728": "南苏丹",
    "729": "苏丹",
    "831": "根西岛",
    "832": "泽西岛",
    "833": "马恩岛",
    "887": "也门",
    "891": "塞尔维亚和黑山",
}
COUNTRY_SKIPPED = {"128", "216", "374", "396", "488", "582", "849", "872"}


def sexes(rows: Source) -> Iterator[Row]:
    """GB/T 2261.1, with the wording of the standard for 0 and 9."""
    return (Row(row["code"], *SEX[row["code"]]) for row in rows)


def marital(rows: Source) -> Iterator[Row]:
    """GB/T 2261.2; the two-digit codes under 20 are kinds of being married."""
    for row in rows:
        code = row["code"]
        yield Row(code, row["name"], MARITAL[code], parent="20" if code in {"21", "22", "23"} else "")


def ethnicities(rows: Source) -> Iterator[Row]:
    """GB/T 3304 with its letter codes as the other name, and the two codes that practice adds."""
    yield from (Row(row["code"], row["name"], row["alpha"]) for row in rows)
    yield from ETHNICITY_ADDED


def educations(rows: Source) -> Iterator[Row]:
    """GB/T 4658; the tens are the groups."""
    codes = {row["code"] for row in rows}
    for row in rows:
        group = f"{row['code'][0]}0"
        yield Row(row["code"], row["name"], parent=group if group in codes and group != row["code"] else "")


def case_categories(rows: Source) -> Iterator[Row]:
    """GA 240.1; three pairs of digits make the tree, withdrawn codes stay readable."""
    codes = {row["code"] for row in rows}
    for row in rows:
        code = row["code"]
        above = (f"{code[:4]}00", f"{code[:2]}0000")
        parent = next((one for one in above if one != code and one in codes), "")
        yield Row(
            code,
            row["name"].replace(" ", ""),
            valid_to="" if row["delete_flag"] == "1" else WITHDRAWN_BY,
            parent=parent,
        )


def countries(rows: Source) -> Iterator[Row]:
    """Country codes with present names; ended states keep their code with an end date."""
    english, letters = Locale("en").territories, get_global("territory_aliases")
    found = {COUNTRY_MISPRINTS.get(row["code"], row["code"]): row["name"].strip() for row in rows}
    names = found | COUNTRY_NAMES | COUNTRY_ADDED
    for code in sorted(set(names) - COUNTRY_SKIPPED):
        alpha = letters.get(code, [""])[0]
        yield Row(
            code, names[code], COUNTRY_ENGLISH.get(code) or english.get(alpha, ""), valid_to=COUNTRY_ENDED.get(code, "")
        )


def vehicle_types(rows: Source) -> Iterator[Row]:
    """GA/T 16.4 with the types the source lacks; the letter is the class, the first digit the size."""
    names = {row["code"]: row["name"].replace("集装厢", "集装箱") for row in rows} | VEHICLE_TYPES_ADDED
    for code, name in names.items():
        size = f"{code[:2]}0"
        parent = "" if len(code) == 1 else size if size in names and size != code else code[0]
        yield Row(code, name, VEHICLE_CLASSES.get(code, ""), parent=parent)


def plate_kinds(rows: Source) -> Iterator[Row]:
    """Plate kinds, with the kinds the source lacks put in order."""
    found = [Row(row["code"], row["name"]) for row in rows] + PLATE_KINDS_ADDED
    return iter(sorted(found))


def licence_classes(rows: Source) -> Iterator[Row]:
    """Classes of driving licences; two were renamed and one was made on 1 April 2022."""
    for row in rows:
        code = row["code"]
        changed = code in LICENCE_BEFORE or code in LICENCE_NEW
        if code in LICENCE_BEFORE:
            yield Row(code, *LICENCE_BEFORE[code], valid_to=BEFORE_REFORM)
        yield Row(code, row["name"], LICENCE_EN[code], valid_from=LICENCE_REFORM if changed else "")


TABLES: dict[str, tuple[str, Callable[[Source], Iterable[Row]]]] = {
    "sexes": ("gb_t_2261_1_sex.csv", sexes),
    "marital_states": ("gb_t_2261_2_marital.csv", marital),
    "ethnicities": ("gb_t_3304_ethnicity.csv", ethnicities),
    "educations": ("gb_t_4658_education.csv", educations),
    "case_categories": ("ga_240_1_case_category.csv", case_categories),
    "countries": ("gb_t_2659_country_numeric.csv", countries),
    "vehicle_types": ("ga_t_16_4_2012_vehicle_type.csv", vehicle_types),
    "plate_kinds": ("plate_type.csv", plate_kinds),
    "licence_classes": ("driving_licence_class.csv", licence_classes),
}


def write(name: str, rows: Iterable[Row]) -> int:
    """Write one table and return how many rows it has."""
    listed = list(rows)
    with (CODES / f"{name}.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(Row._fields)
        writer.writerows(listed)
    return len(listed)


def read(path: Path) -> Source:
    """The rows of a source file by column name."""
    with path.open(encoding="utf-8-sig", newline="") as source:
        return list(csv.DictReader(source))


def main(data: Path) -> None:
    """Write every table and print its size."""
    for name, (source, convert) in TABLES.items():
        print(f"{name}: {write(name, convert(read(data / 'codes' / source)))}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
