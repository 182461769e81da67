"""Which encoding a text is in, how sure that is, and what else it could be.

UTF-8 proves itself; UTF-16 shows in its mark or in the zero bytes of its Latin characters. GB18030 and
Windows-1252 accept almost anything, so they are told apart by what the text would be in each: common
Chinese characters, or single accented letters among Latin ones.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from typing import BinaryIO

from suyuan.collection.readers.container import Opener
from suyuan.collection.readers.refused import Refused

CERTAIN = 0.8
"""From this confidence on nobody needs to be asked."""

_BLOCK = 1 << 20
_SAMPLE = 1 << 16
_HIGH_RUN = re.compile(rb"[\x40-\x7e]?[\x80-\xff][\x30-\x39\x40-\x7e\x80-\xff]*")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
_ALLOWED = frozenset(
    [
        "utf-8",
        "utf-8-sig",
        "utf-16",
        "utf-16-le",
        "utf-16-be",
        "utf-32",
        "gb18030",
        "gbk",
        "gb2312",
        "big5",
        "cp1252",
        "iso8859-1",
        "iso8859-15",
        "cp1250",
        "cp1251",
        "shift_jis",
        "euc_kr",
        "ascii",
    ]
)
_NAMES = {"utf-8-sig": "UTF-8", "utf-8": "UTF-8", "utf-16-le": "UTF-16LE", "utf-16-be": "UTF-16BE",
          "cp1252": "Windows-1252", "gb18030": "GB18030"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Encoding:
    """A detected encoding. `codec` is Python's name, `confidence` 0 to 1, `others` what else reads without error."""

    codec: str
    confidence: float
    others: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name people know it by."""
        return display(self.codec)


@dataclass(slots=True)
class Scan:
    """What one pass over the bytes shows."""

    size: int = 0
    nul: int = 0
    control: int = 0
    quotes: int = 0
    head: bytes = b""
    high: bytearray = field(default_factory=bytearray)
    utf8_error: int | None = None
    valid: dict[str, bool] = field(default_factory=dict)


def display(codec: str) -> str:
    """The name people know a codec by."""
    return _NAMES.get(codec, codec.upper())


def codec_of(name: str) -> str:
    """Python's name for an encoding someone wrote. Raises `Refused` for one we do not read."""
    try:
        codec = codecs.lookup(name.strip().lower().replace("windows-", "cp")).name
    except LookupError as exc:
        raise Refused("encoding_unknown", encoding=name[:40]) from exc
    if codec not in _ALLOWED:
        raise Refused("encoding_unknown", encoding=name[:40])
    return {"gbk": "gb18030", "gb2312": "gb18030"}.get(codec, codec)


def scan(opener: Opener) -> Scan:
    """Read all bytes once and note what tells encodings apart."""
    seen = Scan()
    decoders = {name: codecs.getincrementaldecoder(name)("strict") for name in ("utf-8", "gb18030", "cp1252")}
    seen.valid = dict.fromkeys(decoders, True)
    stream = opener()
    while block := stream.read(_BLOCK):
        _note(seen, block)
        for name, decoder in decoders.items():
            if seen.valid[name] and (not block.isascii() or name != "cp1252"):
                _try(seen, name, decoder, block, final=False)
        seen.size += len(block)
    for name, decoder in decoders.items():
        if seen.valid[name]:
            _try(seen, name, decoder, b"", final=True)
    return seen


def _note(seen: Scan, block: bytes) -> None:
    if not seen.head:
        seen.head = block[:_SAMPLE]
    seen.nul += block.count(0)
    seen.quotes += block.count(b'"')
    seen.control += len(block) - len(block.translate(None, bytes([*range(1, 9), *range(14, 32), 127])))
    if len(seen.high) < _SAMPLE and not block.isascii():
        for run in _HIGH_RUN.findall(block)[:8192]:
            seen.high += run + b"\n"


def _try(seen: Scan, name: str, decoder: codecs.IncrementalDecoder, block: bytes, *, final: bool) -> None:
    pending = len(decoder.getstate()[0])
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError as exc:
        seen.valid[name] = False
        if name == "utf-8":
            seen.utf8_error = seen.size - pending + exc.start


def detect(seen: Scan) -> Encoding:
    """The most likely encoding of scanned bytes. Raises `Refused` when it is no text or mixes encodings."""
    for mark, codec in _BOMS:
        if seen.head.startswith(mark):
            return Encoding(codec, 1.0)
    wide = _utf16(seen)
    if wide:
        return wide
    if seen.control + seen.nul > max(2, 0.02 * seen.size):
        raise Refused("unknown_format", kind="binary data / 二进制数据")
    if seen.valid["utf-8"]:
        return Encoding("utf-8", 1.0 if not seen.high else 0.99)
    _refuse_mixed(seen)
    return _legacy(seen)


def _utf16(seen: Scan) -> Encoding | None:
    sample = seen.head[: len(seen.head) & ~1]
    if len(sample) < 4 or seen.size % 2:
        return None
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    scores = {name: _readable(sample, name) for name in ("utf-16-le", "utf-16-be")}
    best, other = sorted(scores, key=lambda name: scores[name], reverse=True)
    zeros = (odd if best == "utf-16-le" else even) / (len(sample) / 2)
    if scores[best] < 0.9 or (zeros < 0.02 and seen.valid["utf-8"]) or zeros == 0:
        return None
    confidence = 0.98 if zeros > 0.2 or scores[other] < 0.5 else 0.7
    return Encoding(best, confidence, (other,) if scores[other] > 0.9 else ())


def _readable(sample: bytes, codec: str) -> float:
    """Share of characters that Chinese or Latin text is made of."""
    text = sample.decode(codec, "ignore")
    good = sum(_common(ch) for ch in text)
    return good / max(1, len(text))


def _common(ch: str) -> bool:
    point = ord(ch)
    return 0x20 <= point < 0x250 or point in (9, 10, 13) or 0x3000 <= point <= 0x30FF or (
        0x4E00 <= point <= 0x9FFF or 0xFF00 <= point <= 0xFFEF or 0x2010 <= point <= 0x2030
    )  # fmt: skip


def _refuse_mixed(seen: Scan) -> None:
    """A text that is UTF-8 but for a few places is damaged UTF-8, not something else."""
    text = bytes(seen.high).decode("utf-8", "replace")
    bad = text.count("�")
    good = sum(1 for ch in text if ord(ch) > 0x7F) - bad
    if good > 9 * bad and good >= 10:
        raise Refused("encoding", encoding="UTF-8", byte=seen.utf8_error, line="?")


def _legacy(seen: Scan) -> Encoding:
    scores = {"gb18030": _chinese(seen), "cp1252": _latin(seen)}
    ranked = sorted((name for name in scores if seen.valid[name]), key=lambda name: scores[name], reverse=True)
    if not ranked:
        raise Refused("encoding", encoding="UTF-8", byte=seen.utf8_error, line="?")
    best, others = ranked[0], tuple(ranked[1:])
    seen_enough = 1 - 0.5 ** len(_HIGH_RUN.findall(bytes(seen.high)))
    lead = scores[best] - max((scores[name] for name in others), default=0.0)
    return Encoding(best, round(max(0.0, min(0.99, lead)) * seen_enough, 2), others)


def _chinese(seen: Scan) -> float:
    """Share of the non-ASCII characters that are in GB 2312 when the bytes are read as GB18030."""
    text = bytes(seen.high).decode("gb18030", "replace")
    wide = [ch for ch in text if ord(ch) > 0x7F]
    known = {ch for ch in set(wide) if len(ch.encode("gb2312", "ignore")) == 2}
    return sum(ch in known for ch in wide) / max(1, len(wide))


def _latin(seen: Scan) -> float:
    """Share of high bytes that stand alone or in pairs, as accented letters and dashes do."""
    runs = re.findall(rb"[\x80-\xff]+", bytes(seen.high))
    single = sum(len(run) for run in runs if len(run) <= 2)
    letters = sum(len(run) for run in runs if len(run) == 1)
    return (letters + 0.5 * (single - letters)) / max(1, sum(map(len, runs)))


def line_of(stream: BinaryIO, offset: int) -> int:
    """The line on which byte `offset` lies, from 1."""
    lines, left = 1, offset
    while left > 0 and (block := stream.read(min(left, _BLOCK))):
        lines += block.count(b"\n") or block.count(b"\r")
        left -= len(block)
    return lines
