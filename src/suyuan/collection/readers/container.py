"""What a file is, by its bytes, and its text unpacked with a limit."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import BinaryIO

from suyuan.collection.readers import limits
from suyuan.collection.readers.refused import Refused

Opener = Callable[[], BinaryIO]

_MAGIC = (
    (b"PK\x03\x04", "zip"), (b"PK\x05\x06", "zip"), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"), (b"\x1f\x8b", "gzip"),
    (b"%PDF", "PDF"), (b"\x89PNG", "PNG"), (b"\xff\xd8\xff", "JPEG"), (b"GIF8", "GIF"), (b"\x7fELF", "ELF"),
    (b"MZ", "EXE"), (b"BZh", "bzip2"), (b"\xfd7zXZ", "xz"), (b"7z\xbc\xaf", "7z"), (b"Rar!", "RAR"),
    (b"SQLite format 3", "SQLite"), (b"PAR1", "Parquet"), (b"ARROW1", "Arrow"), (b"\x28\xb5\x2f\xfd", "zstd"),
)  # fmt: skip
_ARCHIVES = frozenset({"bzip2", "xz", "7z", "RAR", "zstd"})
_READ = 1 << 16
_XML_HEAD = 4_096


def kind(head: bytes) -> str:
    """Kind of a file by its first bytes: zip, ole, gzip, text, or the name of something we do not read."""
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    return "text"


def text_opener(file: BinaryIO) -> tuple[Opener, bool]:
    """How to read the text of `file` from its start, as often as needed, and whether it is gzip.

    Raises `Refused` for anything that is not text or gzip of text.
    """
    gzipped = _head(file).startswith(b"\x1f\x8b")

    def opener() -> BinaryIO:
        file.seek(0)
        return io.BufferedReader(_Gunzip(file), _READ) if gzipped else file

    inner = kind(opener().read(16)) if gzipped else kind(_head(file))
    if gzipped and inner != "text":
        raise Refused("nested")
    if inner in _ARCHIVES:
        raise Refused("archive", kind=inner)
    if inner != "text":
        raise Refused("unknown_format", kind=inner)
    return opener, gzipped


def _head(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read(16)


class _Gunzip(io.RawIOBase):
    """Unpacks gzip (several members too) and stops at the limits on size and ratio."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._inflate = zlib.decompressobj(31)
        self._packed = self._unpacked = 0
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # RawIOBase's stub takes any buffer
        while True:
            out = self._some(len(buffer))
            if out is None:
                return 0
            if out:
                self._count(len(out))
                buffer[: len(out)] = out
                return len(out)

    def _some(self, size: int) -> bytes | None:
        if self._inflate.eof and not self._next_member():
            return None
        data = self._inflate.unconsumed_tail or self._rest or self._more()
        self._rest = b""
        if not data and not self._inflate.eof:
            raise Refused("broken", detail="gzip")
        try:
            return self._inflate.decompress(data, size)
        except zlib.error as exc:
            raise Refused("broken", detail="gzip") from exc

    def _more(self) -> bytes:
        data = self._file.read(_READ)
        self._packed += len(data)
        return data

    def _next_member(self) -> bool:
        data = (self._inflate.unused_data or self._more()).lstrip(b"\0")
        if not data:
            return False
        self._inflate, self._rest = zlib.decompressobj(31), data
        return True

    def _count(self, size: int) -> None:
        self._unpacked += size
        check_ratio(self._unpacked, max(1, self._packed), limits.UNPACKED_TEXT)


def check_ratio(unpacked: int, packed: int, limit: int) -> None:
    """Refuse what unpacks beyond `limit` bytes or beyond the ratio."""
    ratio = unpacked // max(1, packed)
    if unpacked > limit or (unpacked > limits.RATIO_FROM and ratio > limits.RATIO):
        raise Refused("bomb", unpacked=unpacked, ratio=ratio, limit=limits.RATIO)


def check_workbook(file: BinaryIO) -> list[zipfile.ZipInfo]:
    """Look at a zip workbook before anything parses it: parts, sizes, names, encryption, document types."""
    _check_entry_count(file)
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
            _check_parts(parts)
            for part in parts:
                _check_xml(archive, part)
    except (zipfile.BadZipFile, NotImplementedError, zlib.error, EOFError, struct.error, ValueError) as exc:
        raise Refused("broken", detail="zip") from exc
    return parts


def _check_entry_count(file: BinaryIO) -> None:
    """Read the count in the end record first: a directory of a million entries is itself too large to load."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - 66_000))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        raise Refused("broken", detail="zip")
    count, directory = struct.unpack_from("<HI", tail, at + 10)
    if count > limits.ENTRIES or directory > limits.ENTRIES * 400:
        raise Refused("too_many_parts", parts=count if count < 0xFFFF else "65535+", limit=limits.ENTRIES)


def _check_parts(parts: list[zipfile.ZipInfo]) -> None:
    if len(parts) > limits.ENTRIES:
        raise Refused("too_many_parts", parts=len(parts), limit=limits.ENTRIES)
    check_ratio(sum(part.file_size for part in parts), sum(part.compress_size for part in parts), limits.UNPACKED)
    for part in parts:
        name = part.filename
        if part.flag_bits & 1:
            raise Refused("encrypted")
        if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or _is_link(part):
            raise Refused("unsafe_part", name=name[:80])


def _is_link(part: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(part.external_attr >> 16)


def _check_xml(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    if not part.filename.lower().endswith((".xml", ".rels", ".vml")):
        return
    with archive.open(part) as stream:
        head = stream.read(_XML_HEAD).replace(b"\0", b"").upper()
    if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
        raise Refused("xml_entities", name=part.filename[:80])
