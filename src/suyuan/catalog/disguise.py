"""Names of protected attributes, however they are written.

A name is read the ways a person would: full-width signs and look-alike letters of other alphabets folded, figures read
as the letters they resemble, words told apart at separators and capitals, letters spelled out one by one put together.
Finding too much costs a person one look (`cleared.yaml`); finding too little would let an attribute in.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from suyuan.catalog.model import Label


class Match(NamedTuple):
    """Which attribute a name stands for, and the word that gives it away."""

    attribute: Label
    word: str


class Attribute(NamedTuple):
    """The words of one protected attribute.

    `within` gives it away anywhere in a name, `alone` only as a word of its own, `whole` only as the whole name.
    """

    label: Label
    within: tuple[str, ...]
    alone: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()


ATTRIBUTES = (
    Attribute(
        Label("民族或种族", "ethnicity or race"),
        ("民族", "族别", "族属", "族群", "种族", "人种", "族裔", "族籍", "肤色", "血统", "minzu", "mingzu", "zubie", "zushu", "zuqun",
         "zhongzu", "renzhong", "zuyi", "zuji", "fuse", "xuetong", "ethnic", "ethno", "racial", "skincolo", "minority",
         "ancestry", "tribe", "tribal"),
        ("race", "races", "nation", "folk", "caste"),
        ("mz", "mzcf", "mzdm", "mzbm", "zubx"),
    ),
    Attribute(
        Label("宗教信仰", "religion or belief"),
        ("宗教", "信仰", "信教", "教派", "教籍", "信众", "佛教", "道教", "伊斯兰", "穆斯林", "基督", "天主", "清真", "受洗", "皈依", "朝觐",
         "zongjiao", "xinyang", "xinjiao", "jiaopai", "jiaoji", "fojiao", "daojiao", "yisilan", "musilin", "jidu", "tianzhu",
         "religi", "muslim", "islam", "christia", "buddhis", "catholic", "hindu", "jewish", "worship", "baptis", "denominat"),
        ("faith", "faiths", "creed", "belief", "beliefs", "sect", "church", "mosque", "temple"),
        ("zj", "zjxy", "zjxydm"),
    ),
    Attribute(
        Label("健康状况", "health"),
        ("健康", "病史", "疾病", "病种", "病名", "病情", "诊断", "残疾", "残障", "精神病", "精神障碍", "艾滋", "传染病", "怀孕", "孕妇", "妊娠",
         "血型", "病历", "用药", "基因", "遗传", "jiankang", "bingshi", "jibing", "bingzhong", "bingqing", "zhenduan", "canji",
         "jingshenbing", "aizi", "chuanranbing", "huaiyun", "yunfu", "xuexing", "bingli", "yongyao", "jiyin", "health",
         "disease", "illness", "diagnos", "disab", "handicap", "hivstat", "pregnan", "psychiat", "bloodtype", "bloodgroup",
         "genetic", "genom", "infectious"),
        ("hiv", "aids", "dna", "medication", "sickness"),
        ("jkzk", "jkzt", "cjlb"),
    ),
    Attribute(
        Label("性取向", "sexual orientation"),
        ("性取向", "性倾向", "同性恋", "性伴侣", "性生活", "xingquxiang", "xingqingxiang", "tongxinglian", "sexualor",
         "sexorient", "homosex", "heterosex", "bisexual", "lgbt", "transgender", "genderident"),
        ("gay", "lesbian", "queer"),
    ),
    Attribute(
        Label("政治观点", "political opinion"),
        ("政治面貌", "政治观点", "政治倾向", "政治立场", "党派", "政见", "思想倾向", "zhengzhi", "dangpai", "zhengjian",
         "politic", "ideolog"),
        ("partisan",),
        ("zzmm", "zzmmdm"),
    ),
    Attribute(
        Label("生物特征", "biometric features"),
        ("人脸", "面部", "脸部", "指纹", "掌纹", "声纹", "步态", "虹膜", "体态特征", "renlian", "mianbu", "zhiwen", "zhangwen",
         "shengwen", "butai", "hongmo", "facial", "facerec", "faceid", "facefeat", "facevec", "faceembed", "facetempl",
         "fingerpr", "palmpr", "voicepr", "biometr", "retina", "gaitrec"),
        ("face", "gait", "iris"),
    ),
)  # fmt: skip
# Letters of other alphabets that look Latin, traditional signs of the words above, figures that look like letters.
_LOOKS = str.maketrans(
    "аеорсухіѕјԁһӏвмнктгпαβεικνορτυχγωηқɑıɡ種診斷殘傳懷黨紋態聲臉遺傾膚統藥歷礙戀侶觀點場屬別",
    "aeopcyxisjdhlbmhktrnabeikvoptuxywnkaig种诊断残传怀党纹态声脸遗倾肤统药历碍恋侣观点场属别",
)
_FIGURES = (str.maketrans("013457@$|", "oleastasl"), str.maketrans("013457@$!|", "oieastasii"))
_HIDDEN = re.compile(
    r"[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
_BETWEEN = re.compile(r"[\W_]+")
_CAMEL = re.compile(
    r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z0-9])(?=[\u2e80-\u9fff])|(?<=[\u2e80-\u9fff])(?=[A-Za-z])"
)


def protected_name(name: str) -> Match | None:
    """The protected attribute that a column's name stands for, or None."""
    for plain, words in _readings(name):
        for one in ATTRIBUTES:
            found = _word(one, plain, words)
            if found:
                return Match(one.label, found)
    return None


def _word(one: Attribute, plain: str, words: list[str]) -> str | None:
    if plain in one.whole:
        return plain
    return next((word for word in one.within if word in plain), None) or next(
        (word for word in one.alone if word in words), None
    )


def _readings(name: str) -> Iterator[tuple[str, list[str]]]:
    """The name without separators, and its words; as it stands, then with figures read as letters."""
    folded = _folded(name)
    for change in ({}, *_FIGURES):
        words = [word for word in _BETWEEN.split(folded.translate(change)) if word]
        if any(len(word) == 1 for word in words):
            words = _spelled(words)
        plain = "".join(words)
        yield plain, [re.sub(r"[0-9]+$", "", word) for word in (*words, plain)]


def _folded(name: str) -> str:
    """One alphabet, no hidden signs, words apart where capitals say so."""
    parted = unicodedata.normalize("NFKD", _HIDDEN.sub("", name))
    bare = "".join(sign for sign in parted if not unicodedata.combining(sign))
    return _CAMEL.sub(" ", bare).casefold().translate(_LOOKS)


def _spelled(words: list[str]) -> list[str]:
    """Letters standing alone put together: `r a c e` is a word."""
    joined: list[str] = []
    run = ""
    for word in words:
        if len(word) == 1:
            run += word
            continue
        joined += [run, word] if run else [word]
        run = ""
    return [*joined, run] if run else joined
