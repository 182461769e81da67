"""The process that reads files. Nothing else parses what came from outside.

It gets the file as standard input and writes an Arrow stream to standard output: a schema whose metadata
holds the report, then the rows. Its arguments are a descriptor, to which it writes what is wrong as JSON,
and the options as JSON. The whole file has been read once before the first row is written, so that a
refusal comes before anything was imported. It runs with little memory, no files to write, and no environment.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from typing import Any, BinaryIO

import pyarrow as pa

from suyuan.collection import limited
from suyuan.collection.readers import delimited, jsonlines, limits, table, workbook
from suyuan.collection.readers.container import kind, text_opener
from suyuan.collection.readers.options import Options, Report
from suyuan.collection.readers.refused import Refused

REPORT = b"suyuan.report"
_Source = delimited.Delimited | jsonlines.JsonLines | workbook.Workbook


def examine(file: BinaryIO, options: Options) -> _Source:
    """Find out what the file is and read it through once. Raises `Refused`."""
    report = Report(format="", size=file.seek(0, os.SEEK_END), digest=_digest(file))
    if not report.size:
        raise Refused("empty")
    file.seek(0)
    what = kind(file.read(16))
    if what in ("zip", "ole"):
        report.format = "xls"
        return workbook.examine(file, options, report, zipped=what == "zip")
    opener, report.gzip = text_opener(file)
    report.format = options.format or _text_format(opener().read(4096))
    if report.format == "jsonl":
        return jsonlines.examine(opener, options, report)
    source = delimited.examine(opener, options, report)
    report.format = "tsv" if report.delimiter == "\t" else "csv"
    return source


def _digest(file: BinaryIO) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    while block := file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def _text_format(head: bytes) -> str:
    """JSON lines start with a brace once byte-order marks, zero bytes and white space are left out."""
    start = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    return "jsonl" if re.match(rb"\{|\[[\[{\"\d\s\]-]", start) else "csv"


def _write(source: _Source, out: Any, preview: int | None) -> None:
    schema = table.schema(source.report.columns, {})
    schema = schema.with_metadata({REPORT: json.dumps(source.report.as_dict()).encode()})
    left = preview
    with pa.ipc.new_stream(out, schema) as writer:
        for batch in source.batches(schema):
            writer.write_batch(batch if left is None else batch.slice(0, left))
            if left is not None:
                left -= min(left, len(batch))
                if not left:
                    return


def _tell(fault: dict[str, Any]) -> None:
    os.write(int(sys.argv[2]), json.dumps(fault, default=str).encode())


def main() -> int:
    """Read the file on standard input; exit 0 when all of it was passed on, 3 when it was refused."""
    arguments = json.loads(sys.argv[3])
    limited.hold(limits.MEMORY)
    limited.allow(arguments.pop("cpu"))
    options = Options(**arguments)
    pa.set_cpu_count(1)
    try:
        with os.fdopen(0, "rb") as file, os.fdopen(1, "wb") as out:
            _write(examine(file, options), out, options.preview)
    except Refused as refusal:
        _tell({"code": refusal.code, "details": refusal.details})
        return 3
    except (MemoryError, pa.ArrowMemoryError):
        _tell({"code": "memory", "details": {"limit": limits.MEMORY >> 20}})
        return 3
    except BrokenPipeError:
        return 0
    return 0
