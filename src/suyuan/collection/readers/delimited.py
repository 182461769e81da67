"""CSV, TSV and their kin, streamed.

The strict reader (the standard library's) decides what the rows are. When it finds a file with nothing odd
in it, rows are passed on by pyarrow's, several times faster; that both agree is a property test.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from suyuan.collection.readers import limits, table
from suyuan.collection.readers.container import Opener
from suyuan.collection.readers.encoding import CERTAIN, Scan, codec_of, detect, display, line_of, scan
from suyuan.collection.readers.options import Options, Report
from suyuan.collection.readers.refusals import BLANK
from suyuan.collection.readers.refused import Refused
from suyuan.collection.readers.table import SourceRow

_DELIMITERS = ",\t;|"
_HEAD_LINES = 60
_HEAD_CHARACTERS = 1 << 20


class _Odd(Exception):
    """Something the fast reader must not decide about."""


@dataclass(slots=True)
class Delimited:
    """A delimited text, examined; `batches` passes its rows on."""

    opener: Opener
    report: Report
    header: int
    first_width: int
    quick: bool = False
    rows_before: int = 0

    def batches(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """All rows in order."""
        if self.quick:
            return _quick(self, schema)
        return table.batches(_strict(self, Counter()), schema)


def examine_text(opener: Opener, options: Options, report: Report) -> Scan:
    """Find the encoding of a text, into `report`. Raises `Refused` when it cannot be read in it."""
    seen = scan(opener)
    if not seen.size:
        raise Refused("empty")
    if options.encoding:
        codec = codec_of(options.encoding)
        report.codec = "utf-8-sig" if codec == "utf-8" and seen.head.startswith(codecs.BOM_UTF8) else codec
        report.confidence = 1.0
    else:
        try:
            found = detect(seen)
        except Refused as refusal:
            raise _located(refusal, opener) from None
        report.codec, report.confidence = found.codec, found.confidence
        report.other_encodings = tuple(display(name) for name in found.others)
        if found.confidence < CERTAIN:
            report.note(
                "文件编码不能确定，请核对文字是否正确", "The encoding is uncertain: check that the text reads right"
            )
    report.encoding = display(report.codec)
    return seen


def _located(refusal: Refused, opener: Opener) -> Refused:
    at = refusal.details.get("byte")
    if refusal.code == "encoding" and isinstance(at, int):
        refusal.details["line"] = line_of(opener(), at)
    return refusal


def examine(opener: Opener, options: Options, report: Report) -> Delimited:
    """Find out all about a delimited text by reading it once from end to end."""
    seen = examine_text(opener, options, report)
    head = _head(opener, report.codec)
    report.delimiter = options.delimiter or _delimiter(head)
    source = Delimited(opener, report, 0, 0)
    rows = list(islice(_parse(source), limits.HEADER_SEARCH))
    _choose_header(source, [row.cells for row in rows], options.header_row)
    report.header_row = rows[source.header].number if source.header >= 0 else 0
    _survey(source, seen)
    return source


def _choose_header(source: Delimited, rows: list[list[str]], wanted: int | None) -> None:
    report = source.report
    if not rows:
        raise Refused("no_rows", where="0")
    for number, row in enumerate(rows, 1):
        table.check_width(number, len(row))
    if wanted == 0:
        source.header, width = -1, len(rows[0])
        report.columns = tuple(f"#{i}" for i in range(1, width + 1))
    else:
        source.header = table.find_header(rows, wanted)
        report.columns = tuple(table.column_names(rows[source.header]))
        _note_names(report, rows[source.header])
    table.check_width(source.header + 1, len(report.columns))
    source.first_width = len(report.columns)


def _note_names(report: Report, header: list[str]) -> None:
    if any(name.startswith("#") for name in report.columns):
        report.note("有的列没有表头，已按列号命名（如 #3）", "Some columns have no header and are named by number (#3)")
    if len({name.strip().casefold() for name in header}) < len(header):
        report.note("有重复的表头，已加序号（如 名称#2）", "Some headers occur twice and are numbered (name#2)")


def _survey(source: Delimited, seen: Scan) -> None:
    """Count rows and problems of the whole text, and choose the reader for the second time."""
    report = source.report
    simple = source.header == 0 and report.header_row == 1 and len(report.columns) > 1 and len(report.delimiter) == 1
    if simple and not seen.nul and not seen.quotes:
        try:
            source.quick = True
            schema = table.schema(report.columns, {})
            report.rows = sum(len(batch) for batch in _quick(source, schema, refuse_blank=True))
            return
        except (_Odd, pa.ArrowInvalid):
            source.quick = False
    problems: Counter[str] = Counter()
    odd = 0
    for row in _strict(source, problems):
        report.rows += 1
        odd += len(row.cells) != source.first_width
    report.problems = {name: count for name, count in problems.items() if name not in ("blank", BLANK)}
    report.blank_rows = problems["blank"]
    source.quick = simple and not problems and not seen.nul and not odd


def _head(opener: Opener, codec: str) -> str:
    stream = io.TextIOWrapper(_Kept(opener()), codec, errors="replace", newline="")
    return stream.read(_HEAD_CHARACTERS)


def _delimiter(head: str) -> str:
    """The delimiter that gives the first lines the same number of cells, the most of them."""
    lines = [line for line in head.splitlines() if line.strip()][:_HEAD_LINES]
    best, score = ",", 0.0
    csv.field_size_limit(_HEAD_CHARACTERS + 1)
    for mark in _DELIMITERS:
        counts = [len(cells) for cells in csv.reader(lines, delimiter=mark) if cells]
        if not counts:
            continue
        common, times = Counter(counts).most_common(1)[0]
        this = (times / len(counts)) * min(common - 1, 50)
        if this > score:
            best, score = mark, this
    return best


class _Kept(io.BufferedReader):
    """A stream whose wrapper may be dropped without closing the file below."""

    def __init__(self, raw: BinaryIO) -> None:
        super().__init__(_Shared(raw), 1 << 18)


class _Shared(io.RawIOBase):
    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # RawIOBase's stub takes any buffer
        data = self._raw.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def text_stream(opener: Opener, codec: str, newline: str | None) -> io.TextIOWrapper:
    """The text from its start, strictly decoded."""
    return io.TextIOWrapper(_Kept(opener()), codec, errors="strict", newline=newline)


@dataclass(slots=True)
class _Parsed:
    number: int
    cells: list[str]
    problem: str | None = None


def _parse(source: Delimited) -> Iterator[_Parsed]:
    """Every record of the text with its number; empty lines count as rows here."""
    csv.field_size_limit(limits.CELL)
    lines = text_stream(source.opener, source.report.codec, "")
    reader = csv.reader(lines, delimiter=source.report.delimiter, strict=True)
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as exc:
            _refuse(str(exc), number)
            yield _Parsed(number, [], "bad_quote")
            continue
        except UnicodeDecodeError as exc:
            raise _undecodable(source, exc) from exc
        yield _Parsed(number, cells)


def _refuse(message: str, number: int) -> None:
    if "field limit" in message:
        raise Refused("cell_too_long", row=number, limit=limits.CELL)
    if "unexpected end" in message:
        raise Refused("open_quote", row=number)


def _undecodable(source: Delimited, exc: UnicodeDecodeError) -> Refused:
    at = _first_bad_byte(source.opener(), source.report.codec)
    return Refused("encoding", encoding=source.report.encoding, byte=at, line=line_of(source.opener(), at))


def _first_bad_byte(stream: BinaryIO, codec: str) -> int:
    decoder = codecs.getincrementaldecoder(codec)("strict")
    done = 0
    while block := stream.read(1 << 20):
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(block)
        except UnicodeDecodeError as exc:
            return done - pending + exc.start
        done += len(block)
    return done


def _strict(source: Delimited, problems: Counter[str]) -> Iterator[SourceRow]:
    """Data rows with their problems; `problems` counts them, and empty lines as `blank`."""
    width = source.first_width
    start = source.header + 1
    for row in islice(_parse(source), start, None):
        cells, problem = row.cells, row.problem
        if not cells and problem is None:
            problems["blank"] += 1
            continue
        if problem is None and len(cells) != width:
            problem = _ragged(cells, width)
        table.check_width(row.number, len(cells))
        if problem is None and any("\0" in cell for cell in cells):
            problem = "nul"
        if problem is None and table.is_blank(cells):
            problem = BLANK
        if problem:
            problems[problem] += 1
            cells = [cell.replace("\0", "␀") for cell in cells]
        yield SourceRow(row.number, cells, problem)


def _ragged(cells: list[str], width: int) -> str | None:
    if len(cells) < width:
        return "too_few_cells"
    return "too_many_cells" if any(cells[width:]) else None


class _Recode(io.RawIOBase):
    """A text in any encoding as UTF-8 bytes."""

    def __init__(self, opener: Opener, codec: str) -> None:
        self._stream = text_stream(opener, codec, "")
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # RawIOBase's stub takes any buffer
        if not self._left:
            self._left = self._stream.read(1 << 18).encode()
        part, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)


def _utf8(source: Delimited) -> BinaryIO:
    if source.report.codec == "utf-8":
        return _Kept(source.opener())
    return io.BufferedReader(_Recode(source.opener, source.report.codec), 1 << 18)


def _quick(source: Delimited, schema: pa.Schema, *, refuse_blank: bool = False) -> Iterator[pa.RecordBatch]:
    """Rows of a text without oddities, by pyarrow. Raises `_Odd` or `ArrowInvalid` where it has some."""
    names = [f"c{i}" for i in range(len(schema) - 2)]
    odd: list[object] = []

    def pass_over(row: object) -> Literal["skip"]:
        odd.append(row)
        return "skip"

    reader = arrow_csv.open_csv(
        _utf8(source),
        arrow_csv.ReadOptions(column_names=names, skip_rows_after_names=1, block_size=4 << 20, use_threads=False),
        arrow_csv.ParseOptions(
            delimiter=source.report.delimiter, newlines_in_values=True, ignore_empty_lines=False,
            invalid_row_handler=pass_over,
        ),
        arrow_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
    )  # fmt: skip
    number = 2
    for batch in reader:
        if odd or (refuse_blank and _has_blank(batch)):
            raise _Odd
        rows = len(batch)
        numbers = pa.array(range(number, number + rows), pa.int64())
        yield pa.record_batch([*batch.columns, numbers, pa.nulls(rows, pa.string())], schema=schema)
        number += rows
    if odd:
        raise _Odd


def _has_blank(batch: pa.RecordBatch) -> bool:
    """A row of empty cells may be an empty line, which is not a row: let the strict reader look."""
    blank = _empty(batch.column(0))
    for column in batch.columns[1:]:
        if not pc.any(blank).as_py():
            return False
        blank = pc.and_(blank, _empty(column))
    return bool(pc.any(blank).as_py())


def _empty(column: pa.Array[Any]) -> Any:
    return pc.equal(pc.utf8_trim(column, characters=table.WHITE), pa.scalar(""))
