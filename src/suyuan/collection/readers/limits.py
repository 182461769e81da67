"""How much a file and its mapping may cost. Every number that bounds reading is here.

Sizes are bytes, times seconds. A hostile file must end within 5 s and 512 MB (row 16 of the assurance
table); a large honest one gets time in proportion to its size, but never more memory: readers stream.
"""

from __future__ import annotations

MEMORY = 512 << 20
"""Address space of the reading process."""

UNPACKED = 200 << 20
"""Sum of the unpacked sizes of a workbook's parts."""

UNPACKED_TEXT = 4 << 30
"""Unpacked size of a gzip text file, which is streamed and never held."""

RATIO = 100
"""Unpacked over packed size; looked at once `RATIO_FROM` is reached, since small parts pack well."""

RATIO_FROM = 2 << 20
ENTRIES = 5_000
"""Parts of a workbook."""

COLUMNS = 4_096
CELL = 1 << 20
"""Characters in one cell."""

JSON_DEPTH = 20
BATCH = 10_000
"""Rows in an Arrow batch, which is also the chunk of an import."""

HEADER_SEARCH = 20
"""Rows looked at to find the header."""

_BASE_SECONDS = 4.5
_SECONDS_PER_MB = 0.6


_PACKED = 4
"""How many bytes of text a byte of a gzip file is reckoned to hold."""


def seconds(size: int, *, packed: bool = False) -> float:
    """Processor time that a file of `size` bytes may take its reader."""
    text = size * _PACKED if packed else size
    beyond = max(0, text - (1 << 20)) / (1 << 20)
    return _BASE_SECONDS + beyond * _SECONDS_PER_MB


MAPPING_MEMORY = 768 << 20
"""Address space of the process that runs a mapping's expressions; half of it is the engine before any row is there."""
MAPPING_TEXT = 128 << 10
"""Bytes of a mapping; the largest shipped one has a twelfth."""
MAPPING_NODES = 10_000
"""Names, values and lists of a mapping, each counted as often as aliases repeat it."""
MAPPING_DEPTH = 30
STATEMENTS = 4 << 20
"""Characters of SQL that a mapping may come to."""
FORMATS = 20
"""Formats that a date may be tried with."""
_GROWTH = 4


def mapped(size: int) -> int:
    """Bytes that rows of `size` bytes may come to by mapping."""
    return (16 << 20) + _GROWTH * size


def mapping_seconds(rows: int) -> float:
    """Processor time that mapping so many rows may take."""
    return 5 + 25 * min(1.0, rows / BATCH)
