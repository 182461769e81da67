"""Hostile files made on the spot: too large, too wrong or too clever to keep in the repository."""

from __future__ import annotations

import gzip
import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
    "</Types>"
)
_RELS = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}" Target="{target}"/>'
    "</Relationships>"
)
_BOOK = (
    '<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
_SHEET = '<?xml version="1.0"?>{head}<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>'


def workbook(rows: str, head: str = "", extra: Callable[[zipfile.ZipFile], None] | None = None) -> bytes:
    """A small XLSX with the given sheet XML."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _RELS.format(kind="officeDocument", target="xl/workbook.xml"))
        archive.writestr("xl/workbook.xml", _BOOK)
        archive.writestr("xl/_rels/workbook.xml.rels", _RELS.format(kind="worksheet", target="worksheets/sheet1.xml"))
        archive.writestr("xl/worksheets/sheet1.xml", _SHEET.format(head=head, rows=rows))
        if extra:
            extra(archive)
    return out.getvalue()


def cells(*values: str) -> str:
    """Rows of one inline text each."""
    return "".join(f'<row><c t="inlineStr"><is><t>{value}</t></is></c></row>' for value in values)


def _link(archive: zipfile.ZipFile) -> None:
    part = zipfile.ZipInfo("xl/media/link")
    part.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(part, "/etc/passwd")


def _encrypted() -> bytes:
    data = bytearray(workbook(cells("a", "b")))
    at = -1
    while (at := data.find(b"PK\x01\x02", at + 1)) >= 0:
        data[at + 8] |= 1
    return bytes(data)


def _many_parts() -> bytes:
    """A directory of a million entries, written by hand since zipfile takes minutes."""
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", 20, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"x"
    directory = entry * 1_000_000
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, len(directory), 4, 0)
    return b"PK\x03\x04" + directory + end


def _lying_sizes() -> bytes:
    """A part that unpacks to far more than the directory says."""
    data = bytearray(workbook(cells("a") + " " * 50_000_000))
    at = data.find(b"PK\x01\x02", data.find(b"xl/worksheets/sheet1.xml", data.find(b"PK\x01\x02")) - 60)
    struct.pack_into("<L", data, at + 24, 500)
    return bytes(data)


def _quadratic() -> str:
    return f'<!DOCTYPE x [<!ENTITY a "{"A" * 50_000}">]>'


def _billion_laughs() -> str:
    entities = '<!ENTITY l0 "lol">' + "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    return f"<!DOCTYPE x [{entities}]>"


def _nested_zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("inner.zip", workbook(cells("a")))
    return out.getvalue()


def _gzip_bomb() -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    block = b"a,b\n" * 250_000
    return b"".join(packer.compress(block) for _ in range(200)) + packer.flush()


def _ods_repeat() -> bytes:
    content = (
        '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">'
        '<office:body><office:spreadsheet><table:table table:name="S">'
        '<table:table-row table:number-rows-repeated="1048576"><table:table-cell table:number-columns-repeated="16384" '
        'office:value-type="string"><text:p>x</text:p></table:table-cell></table:table-row>'
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "META-INF/manifest.xml",
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
        archive.writestr("content.xml", content)
    return out.getvalue()


def _far_cells() -> bytes:
    """Two cells at the corners of the largest sheet: a dense table of 17 thousand million cells."""
    rows = '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    return workbook(rows)


def _wide() -> bytes:
    return b",".join(b"c%d" % i for i in range(1_000_000)) + b"\n1,2\n"


def _deep_json() -> bytes:
    return b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}\n" + b'{"a": 1}\n' * 2


def _mixed() -> bytes:
    good = "编号,说明\n" + "".join(f"{i},盗窃案件登记\n" for i in range(50))
    return good.encode() + "51,混入的行\n".encode("gb18030")


BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "zip_bomb.xlsx": (lambda: workbook(" " * 150_000_000), "bomb"),
    "large_parts.xlsx": (lambda: workbook(cells("a"), extra=lambda z: z.writestr("xl/a.xml", b"0" * 210_000_000)), "bomb"),
    "lying_sizes.xlsx": (_lying_sizes, "broken"),
    "million_parts.xlsx": (_many_parts, "too_many_parts"),
    "many_parts.xlsx": (lambda: workbook("", extra=lambda z: [z.writestr(f"p{i}", "") for i in range(6000)] and None), "too_many_parts"),
    "nested.zip": (_nested_zip, "archive"),
    "slip.xlsx": (lambda: workbook(cells("a"), extra=lambda z: z.writestr("../../etc/cron.d/x", "x")), "unsafe_part"),
    "absolute.xlsx": (lambda: workbook(cells("a"), extra=lambda z: z.writestr("/etc/passwd", "x")), "unsafe_part"),
    "symlink.xlsx": (lambda: workbook(cells("a"), extra=_link), "unsafe_part"),
    "encrypted.xlsx": (_encrypted, "encrypted"),
    "quadratic.xlsx": (lambda: workbook(cells("&a;" * 20_000), _quadratic()), "xml_entities"),
    "laughs.xlsx": (lambda: workbook(cells("&l9;"), _billion_laughs()), "xml_entities"),
    "xxe.xlsx": (lambda: workbook(cells("&x;"), '<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>'), "xml_entities"),
    "far_cells.xlsx": (_far_cells, "memory"),
    "cut_off.xlsx": (lambda: workbook(cells("a", "b"))[:-200], "broken"),
    "not_closed.xlsx": (lambda: workbook("<row><c><v>1"), "broken"),
    "empty.zip": (lambda: b"PK\x05\x06" + bytes(18), "archive"),
    "repeated.ods": (_ods_repeat, "broken"),
    "bomb.csv.gz": (_gzip_bomb, "bomb"),
    "twice.csv.gz": (lambda: gzip.compress(gzip.compress(b"a,b\n1,2\n")), "nested"),
    "cut_off.csv.gz": (lambda: gzip.compress(b"a,b\n1,2\n" * 50_000)[:-50], "broken"),
    "garbage_after.csv.gz": (lambda: gzip.compress(b"a,b\n1,2\n") + b"garbage", "broken"),
    "workbook.gz": (lambda: gzip.compress(workbook(cells("a"))), "nested"),
    "million_columns.csv": (_wide, "too_many_columns"),
    "many_columns.csv": (lambda: b"a,b\n" + b"," * 5000 + b"\n", "too_many_columns"),
    "long_cell.csv": (lambda: b"a,b\n" + b"x" * 2_000_000 + b",1\n", "cell_too_long"),
    "open_quote.csv": (lambda: b'a,b\n1,"2\n3,4\n5,6\n', "open_quote"),
    "mixed_encodings.csv": (_mixed, "encoding"),
    "deep.jsonl": (_deep_json, "rows 3"),
    "not_objects.jsonl": (lambda: b"[1]\n[2]\n", "not_json_lines"),
    "repeated_names.jsonl": (lambda: b'{"a": 1, "a": 2}\n{"a": 3}\n', "rows 2"),
    "nan.jsonl": (lambda: b'{"a": NaN}\n{"a": 1}\n{"a": Infinity}\n{"a": 2}\n', "rows 4"),
    "picture.csv": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 10, "unknown_format"),
    "programme.xlsx": (lambda: b"MZ" + bytes(500), "unknown_format"),
    "document.csv": (lambda: b"%PDF-1.7\n" + b"x" * 500, "unknown_format"),
    "noise.csv": (lambda: bytes((i * 7919 + i // 256) % 256 for i in range(20_000)), "unknown_format"),
    "zeros.csv": (lambda: bytes(100_000), "unknown_format"),
    "empty.csv": (lambda: b"", "empty"),
    "blank.csv": (lambda: b"\n\n\r\n  \n", "no_rows"),
    "bidi.csv": (lambda: "名称,值\n\u202egnp.exe\u202c,1\n".encode(), "rows 1"),
    "null_bytes.csv": (lambda: b"a,b\n1,\0\n2,3\n" + b"4,5\n" * 50, "rows 52"),
    "carriage_returns.csv": (lambda: b"a,b\r1,2\r3,4\r", "rows 2"),
    "eicar.csv": (lambda: rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*" + b"\n", "rows 0"),
    "year_9999.csv": (lambda: "编号,日期\n1,9999-12-31\n2,0000-00-00\n".encode(), "rows 2"),
}  # fmt: skip
"""name: how to make it, and how it must end: a refusal's code or `rows N`."""


def write_all(folder: Path) -> Iterator[tuple[Path, str]]:
    """Make every file in `folder`; gives its path and expected end."""
    for name, (make, expected) in BOMBS.items():
        path = folder / name
        path.write_bytes(make())
        yield path, expected
