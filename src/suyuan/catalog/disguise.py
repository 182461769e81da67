"""Names of protected attributes, however they are written.

A name is read the ways a person would: full-width signs and look-alike letters of other alphabets folded, figures read
as the letters they resemble, words told apart at separators and capitals, pieces of a word put together, Chinese signs
among Latin letters spelled out. Finding too much costs a person one look (`cleared.yaml`); finding too little would let
an attribute in. It reads names; what a column holds under an honest name is for the people who review.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from suyuan.catalog.model import Label


class Match(NamedTuple):
    """Which attribute a name stands for, and the word that gives it away."""

    attribute: Label
    word: str


class Reading(NamedTuple):
    """One way to read a name: without separators; its words, alone and put together; where its words begin."""

    plain: str
    words: tuple[str, ...]
    starts: tuple[int, ...]


class Attribute(NamedTuple):
    """The words of one protected attribute, as regular expressions.

    `within` gives it away anywhere in a name, `starts` where a word of it begins, `alone` as a word of its own or with
    an ending of columns (`mz_dm`, `raceCode`), `whole` only as the whole name. `meant` are words looked for misspelled.
    """

    label: Label
    within: str
    starts: str = r"(?!)"
    alone: str = r"(?!)"
    whole: str = r"(?!)"
    meant: tuple[str, ...] = ()


ATTRIBUTES = (
    Attribute(
        Label("民族或种族", "ethnicity or race"),
        "民族|名族|冥族|母语|本族语|民语|方言|双语能力|muyu(?!an)|(?<!家)族(?:别|属|群|名|籍)|氏族|种族|人种(?!植|类)|族裔|肤色|血统|维吾尔|藏族|回族|蒙古族|壮族|满族|苗族|彝族|"
        "哈萨克族|朝鲜族|维族|哈族|藏民|回民|蒙民|minzu|mingzu|zuqun|zhongzu|xuetong|weiwuer|ethnic|ethno|racial|minority|ancestry|skincolo|mothertongue|nativelanguage|nativetongue|firstlanguage|uyghur|uighur|"
        "uygur|hispanic|kazakh|(?:person|owner|driver|suspect|victim|subject|holder|resident|party)race",
        "race(?:cd|id|kind|type|group|name|ethn|flag)|tribe|tribal|mongol|ethn(?:grp|gr|cd)|tibetan|skin(?:tone|type|col)",
        "race|races|nation|folk|caste|mz|mzcf|ssmz|hanzu|huizu|weizu|zangzu|complexion|ethnie|etnia|rasse|fuse|ethn|eth|"
        "zubie|zushu|zuyi|zuji|renzhong",
        "zubx",
        ("ethnicity", "ethnic", "minority"),
    ),
    Attribute(
        Label("宗教信仰", "religion or belief"),
        "宗教|信仰|信教|(?<!任)教派(?!出|遣)|教籍|教徒|教民|信众|信徒|佛教|道教(?!育|师|学|室|练)|伊斯兰|穆斯林|基督|天主|清真|受洗|皈依|"
        "朝觐|朝拜|礼拜|法轮功|阿訇|zongjiao|xinyang|xinjiao|jiaopai|jiaoji(?!ng)|jiaotu(?!o)|fojiao|daojiao|yisilan|musilin|jidujiao|"
        "tianzhujiao|religi|muslim|islam|christia|buddhis|catholic|hindu|jewish|worship|bapti[sz]|ramadan|pilgrim|mosque|hijab",
        "relig|rlgn|sectarian",
        "faith|faiths|creed|belief|beliefs|sect|church|temple|denomination|pray|prayer|koran|quran|imam|ahong|mullah|zjxy|xyzj|"
        "xintu|xinzhong|jiaohui|turban|halal",
        "zj|rlg",
        ("religion", "religious", "zongjiao", "christian"),
    ),
    Attribute(
        Label("健康状况", "health"),
        "健康|病史|疾病|病种|病名|病情|病因|病症|病残|重病|(?<!扩)大病|肝炎|癫痫|高血压|糖尿病|慢性病|传染病|诊断|就诊|残疾|残障|伤残|(?:听力|视力|智力|肢体|语言|精神|心理)障碍|精神(?:病|状)|"
        "既往症|体检(?!验|查|测|疫|举|修)|艾滋|乙肝|结核|怀孕|孕妇|孕期|孕周|孕产|妊娠|血型|病历|医疗记录|(?<!使)用药(?!品|物|店|房)|过敏|疫苗|"
        "核酸结果|身体状况|(?:视力|听力)情况|基因|遗传|jiankang|bingshi|jibing|bingzhong|bingqing|zhenduan|canji(?!a)|jingshenbing|jingshenzhang|"
        "aizib|chuanranbing|huaiyun|yunfu|xuexing|bingli|yongyao|jiyin|health|disease|illness|diagnos|disabilit|handicap|pregnan|"
        "psychi|psychos|bloodtype|bloodgr|genetic|genom|genotype|infectio|vaccin|hepatit|syphil|covid|allergy|"
        "med(?:ical)?(?:hist|rec|cond|note)|(?:tb|std)hist|depression|schizophren|epilep|wheelchair|drugaddict|mental(?:st|il|he|di)",
        "hiv(?:p|s|f)|aids(?:f|s)|dna(?:id|no|bm|prof|samp|seq)|jingshen(?:zh|st)|disabledf|diagc",
        "hiv|aids|dna|medication|sickness|disabled|chronic|psych|jkzk|jkzt|jkqk|cancer|sick|ill|icd|icd10|hepb|deaf|blind|insane",
        meant=("disability", "diagnosis", "pregnancy", "disease", "jiankang"),
    ),
    Attribute(
        Label("性取向", "sexual orientation"),
        "性取向|性倾向|同性恋|性伴侣|性生活|性别认同|跨性别|xingquxiang|xingqingxiang|tongxinglian|sexualor|sexualit|sexualpref|"
        "sexpref|sexorient|homosex|heterosex|bisexual|samesex|partnersex|lgbt|transgender|genderident",
        alone="gay|lesbian|queer",
        whole="性向|同性",
        meant=("homosexual",),
    ),
    Attribute(
        Label("政治观点", "political opinion"),
        "政治(?:面貌|观点|倾向|立场|身份|表现|态度|信念)|党派|(?<!行)政见(?!证|习)|思想(?:倾向|动态|状况)|是否党员|入党|党员$|^党员|"
        "zhengzhi(?:mm|mian|guan|qing|li|shen|biao|tai)|dangpai|dangyuan|politic|ideolog|party(?:member|affil)|dissident|ccpmember",
        "pol(?:view|aff|op)",
        "partisan|zzmm",
        "团员|voted|zhengzhi",
        ("political", "ideology"),
    ),
    Attribute(
        Label("生物特征", "biometric features"),
        "人脸|(?<!路|地|桥|表|正|侧|断|界|平|水|墙)面部|脸部|脸型|面容|指纹|掌纹|声纹|(?<!同)步态|虹膜|体态特征|指静脉|掌静脉|声音特征|"
        "renlian|mianbu|zhiwen|zhangwen|shengwen|butai|hongmo|facial|fingerpr|palmpr|palmvein|fingervein|voicepr|biometr|retina",
        "finger(?:t|v|im)|bio(?:tem|feat)|face(?:id|im|pic|pho|print|url|feat|vec|emb|tem|rec|sc|cap)|iris(?:d|c|im|temp)|gait(?:s|f)",
        "face|gait|iris|rlbd|rlsb|rlzp|vprint",
        meant=("fingerprint", "biometric"),
    ),
)  # fmt: skip
"""Left out because a police column of that name is more often something else: `zjxx` 证件信息, `cjqk` 出警情况, `cjlb` 处警类别,
`jidu` 季度, `zhengjian` 证件, 整治 `zhengzhi` with more after it."""
FOREIGN = Label("形近字母或不可见字符", "look-alike letters or hidden signs")
_ENDINGS = "(?:[0-9]|dm|mc|bm|lb|lx|id|cd|no|xx|zt|bz|sm|ms|zd|qk|code|name|flag|type|kind|value|val|text|desc|num|field|col|yn)*"
_WITHIN = [re.compile(one.within) for one in ATTRIBUTES]
_STARTS = [re.compile(one.starts) for one in ATTRIBUTES]
_ALONE = [re.compile(f"(?:{one.alone}){_ENDINGS}") for one in ATTRIBUTES]
_WHOLE = [re.compile(f"(?:{one.whole})[0-9]*") for one in ATTRIBUTES]
_LIKE = 0.88
"""How alike a misspelled word is (difflib): one letter of seven wrong, missing or too many."""
# Letters of other alphabets by the Latin ones they look like, then signs of the words above in their other forms.
_LETTERS = {
    "a": "аαɑꓮᎪ", "b": "вβᏴ", "c": "сϲⲥꓚᏟ", "d": "ԁꓓᎠ", "e": "еεⲉꓰᎬ", "g": "ɡᏀ", "h": "һнᎻ", "i": "іιıɩᎥ", "j": "јϳᎫ", "k": "кκқᏦ",
    "l": "ӏꓡᏞ", "m": "мⲙꓟᎷ", "n": "пηꓠ", "o": "оοⲟꓳ", "p": "рρⲣꓑᏢ", "q": "ԛ", "r": "гꓣꓤᎡ", "s": "ѕꓢᏚ", "t": "тτꓔᎢ", "u": "υ",
    "v": "νꓦᏙ", "w": "ωԝꓪᎳ", "x": "хχꓫ", "y": "уγꓬ", "z": "ꓜᏃ",
}  # fmt: skip
_LOOKS = {ord(sign): letter for letter, signs in _LETTERS.items() for sign in signs} | str.maketrans(
    "種診斷殘傷傳懷黨紋態聲臉遺傾膚統藥歷礙戀侶觀點場屬別敎蘭眾體檢過醫療緣視聽語現動",
    "种诊断残伤传怀党纹态声脸遗倾肤统药历碍恋侣观点场属别教兰众体检过医疗缘视听语现动",
)
_FIGURES = (str.maketrans("013457@$|", "oleastasl"), str.maketrans("013457@$!|", "oieastasii"))
_HIDDEN = re.compile(
    r"[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
_BETWEEN = re.compile(r"[\W_]+")
_CAMEL = re.compile(
    r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z0-9])(?=[\u2e80-\u9fff])|(?<=[\u2e80-\u9fff])(?=[A-Za-z])"
)
_LATIN = re.compile(r"LATIN .*LETTER (?:SMALL CAPITAL )?([A-Z])(?: WITH .*)?$")
_HAN = re.compile(r"[\u3400-\u9fff]+")


@lru_cache(maxsize=8192)
def protected_name(name: str) -> Match | None:
    """The protected attribute that a column's name stands for, or None."""
    for reading in readings(name):
        for number, one in enumerate(ATTRIBUTES):
            found = _given_away(number, reading) or _misspelled(one, reading)
            if found:
                return Match(one.label, found)
    return None


def hidden_name(name: str) -> Match | None:
    """What no honest label has: letters of other alphabets than Chinese and Latin, or signs that do not show.

    A single Greek letter is a unit or a quantity.
    """
    if found := _HIDDEN.search(name):
        return Match(FOREIGN, f"U+{ord(found.group()):04X}")
    for word in _BETWEEN.split(unicodedata.normalize("NFKD", name)):
        for sign in word:
            script = unicodedata.name(sign, "?").partition(" ")[0] if sign.isalpha() else "LATIN"
            if script not in ("LATIN", "CJK", "MICRO", "OHM") and not (script == "GREEK" and len(word) <= 2):
                return Match(FOREIGN, sign)
    return None


@lru_cache(maxsize=8192)
def readings(name: str) -> tuple[Reading, ...]:
    """The ways to read a name: as it stands; figures as letters, or left out; Chinese signs among Latin letters spelled."""
    folded = _folded(name)
    ways = [folded, *(folded.translate(change) for change in _FIGURES), re.sub("[0-9]", "", folded)]
    if _HAN.search(folded) and re.search("[a-z]", folded):
        ways.append(_in_pinyin(folded))
    return tuple(_reading(way) for way in dict.fromkeys(ways))


def _given_away(number: int, reading: Reading) -> str | None:
    """The word of an attribute that a reading holds, the surest first."""
    found = _WITHIN[number].search(reading.plain) or _WHOLE[number].fullmatch(reading.plain)
    if not found:
        begun = (_STARTS[number].match(reading.plain, at) for at in reading.starts)
        alone = (_ALONE[number].fullmatch(word) for word in reading.words)
        found = next((one for one in (*begun, *alone) if one), None)
    return found.group() if found else None


def _misspelled(one: Attribute, reading: Reading) -> str | None:
    """A long word that is one of an attribute's but for a letter."""
    for word in reading.words:
        for meant in one.meant if len(word) > 5 else ():
            if len(set(word) ^ set(meant)) < 3 and difflib.SequenceMatcher(None, word, meant).ratio() >= _LIKE:
                return word
    return None


def _reading(text: str) -> Reading:
    words = [word for word in _BETWEEN.split(text) if word]
    plain, starts = "".join(words), tuple(accumulate(map(len, words), initial=0))[:-1]
    joined = ("".join(words[at : at + count]) for count in range(2, 6) for at in range(len(words) - count + 1))
    return Reading(plain, (*words, *joined, plain), starts)


def _folded(name: str) -> str:
    """One alphabet, no hidden signs, words apart where capitals say so."""
    parted = unicodedata.normalize("NFKD", _HIDDEN.sub("", name))
    bare = "".join(_plain(sign) for sign in parted if not unicodedata.combining(sign))
    return _CAMEL.sub(" ", bare).casefold().translate(_LOOKS)


def _plain(sign: str) -> str:
    """A letter without hooks and frames: what its Unicode name calls it."""
    if sign.isascii() or _HAN.match(sign):
        return sign
    found = _LATIN.search(unicodedata.name(sign, ""))
    return found.group(1).lower() if found else sign


def _in_pinyin(text: str) -> str:
    """Chinese signs spelled out, for names such as 民zu."""
    from pypinyin import lazy_pinyin

    return _HAN.sub(lambda found: "".join(lazy_pinyin(found.group())), text).replace(" ", "")
