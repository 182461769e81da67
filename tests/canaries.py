"""Words that are nowhere else, planted in every field that can hold one, and the forms in which they could come to light."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from urllib.parse import quote

from suyuan import catalog
from suyuan.catalog.model import Field, RecordType

TOKEN = secrets.token_hex(3)  # of this process: what other tests plant is not found here
MARK = f"金丝雀{TOKEN}"
_NUMBERS = iter(range(100_000))


def canary() -> str:
    """A word that is nowhere else."""
    return f"{MARK}{next(_NUMBERS):05}鸟"


def planted(record_type: RecordType) -> dict[str, str]:
    """The example row of a type with a canary in each text without a form."""
    row = {name: field.example for name, field in record_type.fields.items() if field.example}
    return row | {name: canary() for name, field in record_type.fields.items() if free(field)}


def free(field: Field) -> bool:
    """Whether a field takes any words."""
    return field.type == "text" and not field.pattern and (field.max_length or 100) >= 16


def forms_of(secret: str) -> Iterator[bytes]:
    """How a value could lie in a file: as text, as escaped JSON, in an address, in UTF-16, and each of them as hex."""
    for data in (secret.encode(), secret.encode("unicode_escape"), secret.encode("utf-16-le")):
        yield data
        yield data.hex().encode()
    yield quote(secret).encode()


def types() -> list[RecordType]:
    """Types of the lowest level, which need no custodians."""
    return [one for one in catalog.current().types.values() if one.level == 1]
