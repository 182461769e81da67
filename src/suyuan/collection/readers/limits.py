"""How much a file may cost. Every number that bounds reading is here.

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

LOADED = 4
"""A busy machine may give the reader as little as one second in so many."""


def seconds(size: int, *, packed: bool = False) -> float:
    """Processor time that a file of `size` bytes may take its reader."""
    text = size * _PACKED if packed else size
    beyond = max(0, text - (1 << 20)) / (1 << 20)
    return _BASE_SECONDS + beyond * _SECONDS_PER_MB
