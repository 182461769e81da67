"""Every format that is signed, or that a digest binds, written out field by field, each with its version.

A format never changes: older data folders hold its bytes. What has to say something else gets a new version beside the
old one. The forms below work as they are written, so that `docs/proof.md` can be held against them; where many thousands
are made at once a function makes the same bytes faster, and a test compares the two. `suyuan_verify.py`, which imports
nothing, writes those of a proof once more, and the database those of batches and samples; tests hold all of them together.

Knows neither Django nor a database: every room may import it.
"""

from __future__ import annotations

import base64
import hmac
import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

import orjson


@dataclass(frozen=True)
class Format:
    """A format: what it is called, its version, what is done with its bytes, and its fields in their order, each with its form."""

    name: str
    version: int
    use: str
    fields: tuple[tuple[str, str], ...]

    @property
    def shape(self) -> str:
        """How the fields are put together, in words."""
        raise NotImplementedError

    def _whole(self, given: int) -> None:
        if given != len(self.fields):
            raise ValueError(f"{self.name} {self.version} has {len(self.fields)} fields, not {given}")


_SIZES = {"int16": "h", "int32": "i", "uint32": "I", "int64": "q", "bool": "?", "16 bytes": "16s", "32 bytes": "32s"}


@dataclass(frozen=True)
class Packed(Format):
    """Fields of fixed size, then those of any length."""

    shape = "big-endian, without padding; then what has any length"

    @cached_property
    def fixed(self) -> struct.Struct:
        """The fields of fixed size."""
        return struct.Struct(">" + "".join(_SIZES[form] for _, form in self.fields if form in _SIZES))

    def to_bytes(self, *values: Any) -> bytes:
        """The bytes; a field of any length is given as bytes. Raises `ValueError` for another number of fields."""
        self._whole(len(values))
        held = [(form in _SIZES, value) for (_, form), value in zip(self.fields, values, strict=True)]
        return self.fixed.pack(*(value for fixed, value in held if fixed)) + b"".join(
            value for fixed, value in held if not fixed
        )


@dataclass(frozen=True)
class Joined(Format):
    """Bytes one behind the other, after those that every one of them begins with."""

    begin: bytes = b""

    @property
    def shape(self) -> str:
        """With what it begins."""
        return f"one behind the other, after `{self.begin!r}`" if self.begin else "one behind the other"

    def to_bytes(self, *values: bytes) -> bytes:
        """The bytes. Raises `ValueError` for another number of fields."""
        self._whole(len(values))
        return self.begin + b"".join(values)


@dataclass(frozen=True)
class Text(Format):
    """Fields as text in UTF-8: numbers in decimal, bytes in hexadecimal."""

    begin: str = ""
    between: str = "|"
    end: str = ""

    @property
    def shape(self) -> str:
        """With what it begins and ends, and what stands between the fields."""
        parts = (
            (f"after {self.begin!r}", self.begin),
            (f"{self.between!r} between", True),
            (f"{self.end!r} at the end", self.end),
        )
        return ", ".join(["UTF-8", *(words for words, said in parts if said)])

    def to_text(self, *values: Any) -> str:
        """The text. Raises `ValueError` for another number of fields."""
        self._whole(len(values))
        return self.begin + self.between.join(map(_said, values)) + self.end

    def to_bytes(self, *values: Any) -> bytes:
        """The text in UTF-8."""
        return self.to_text(*values).encode()


def _said(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


@dataclass(frozen=True)
class Object(Format):
    """A JSON object with these members and no other, in the order of their names unless `written` is "as listed"."""

    written: str = "compact"

    @property
    def shape(self) -> str:
        """How its JSON is written."""
        return {
            "compact": "canonical JSON",
            "spaced": "JSON in ASCII, members in the order of their names, `, ` and `: ` between",
            "as listed": "JSON, members in this order, no white space",
        }[self.written]

    def to_bytes(self, values: Mapping[str, Any]) -> bytes:
        """The JSON. Raises `ValueError` for other members."""
        names = [name for name, _ in self.fields]
        if sorted(values) != sorted(names):
            raise ValueError(f"{self.name} {self.version} has the members {names}, not {list(values)}")
        if self.written == "spaced":
            return json.dumps(dict(values), sort_keys=True).encode()
        listed = {name: values[name] for name in names}
        return canonical(listed) if self.written == "compact" else orjson.dumps(listed)


def canonical(value: Any) -> bytes:
    """Canonical JSON: members in the order of their names' bytes, no white space, UTF-8, nothing escaped that need not be."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def fingerprint(raw: bytes) -> bytes:
    """SHA-256 of something as it is: a text, a seed, a public key, sealed words."""
    return sha256(raw).digest()


ORIGIN = "suyuan/ledger"
_ENTRY_CODE, _DIGEST = "HMAC-SHA-256 under the ledger's key", "SHA-256"

# --- The ledger ---

ENTRY = Packed("entry", 1, f"{_ENTRY_CODE}; part of a leaf", (
    ("writer", "int32"), ("n", "int64"), ("at", "int64"), ("act", "int16"), ("person", "int64"), ("ground", "int64"),
    ("agency", "int64"), ("record", "16 bytes"), ("rev", "int32"), ("batch", "16 bytes"), ("digest", "32 bytes"),
    ("has_digest", "bool"), ("shown_count", "uint32"), ("shown", "16 bytes each"), ("detail", "canonical JSON or nothing"),
))  # fmt: skip
LEAF = Joined("leaf", 1, _DIGEST, (("entry", "bytes"), ("code", "32 bytes")), b"\0")
NODE = Joined("node", 1, _DIGEST, (("left", "32 bytes"), ("right", "32 bytes")), b"\1")
CHECKPOINT = Text(
    "checkpoint", 1, "Ed25519", (("origin", ORIGIN), ("size", "decimal"), ("root", "base64")), between="\n", end="\n"
)
NOTE = Text(
    "note", 1, "kept by witnesses", (("checkpoint", "text"), ("signature", "base64 of key name and signature")),
    between=f"\n\u2014 {ORIGIN} ", end="\n",
)  # fmt: skip
KEY_NAME = Joined(
    "key name", 1, f"{_DIGEST}, its first 4 bytes", (("public_key", "32 bytes"),), ORIGIN.encode() + b"\n\1"
)
HANDOVER = Text(
    "hand-over of the signing key", 1, "Ed25519, by the key before",
    (("before", "hexadecimal"), ("after", "hexadecimal"), ("since", "decimal")), "suyuan signing key\n", "\n", "\n",
)  # fmt: skip
PRUNING = Text("pruning", 1, _DIGEST, (
    ("before", "decimal"), ("leaves", "as PostgreSQL writes ranges"), ("entries", "decimal"), ("size", "decimal"),
    ("root", "hexadecimal"),
))  # fmt: skip
ROW = Joined(
    "bound row", 1, _DIGEST, (("columns", "canonical JSON of the columns listed below; of several rows a list"),)
)

# --- Keys ---

CHECK_VALUE = Joined(
    "check value of a secret", 1, "HMAC-SHA-256 under the secret", (("name", "UTF-8"),), b"suyuan check value "
)
SHARE = Joined(
    "custodian's share", 1, _DIGEST, (("set", "4 bytes"), ("number", "1 byte"), ("value", "16 bytes")), b"suyuan-share"
)
CUSTODIANS = Object("custodians' file", 2, "associated data of its sealed keys", (
    ("format", "suyuan-custodians-2"), ("holders", "list of person and check"), ("keys", "list of keys"),
    ("retired", "list of sets"), ("set", "hexadecimal"), ("threshold", "number"),
), "spaced")  # fmt: skip
PLACE = Joined(
    "place of a sealed thing", 1, "associated data", (("purpose", "UTF-8"), ("zero", "1 byte"), ("place", "bytes"))
)
VOUCHER = Text(
    "voucher of a session",
    1,
    "HMAC-SHA-256, two keys of one block",
    (("said", "text"), ("at", "decimal")),
    '("',
    '",',
    ")",
)
TELLING = Text(
    "what a host tells", 1, "HMAC-SHA-256, two keys of one block", (("at", "decimal"), ("said", "JSON as it is sent")),
    between=" ",
)  # fmt: skip

# --- Records ---

COMMITMENT = Joined("commitment", 1, _DIGEST, (("salt", "16 bytes"), ("content", "canonical JSON")))
COLUMNS = Packed("columns of a revision", 1, f"{_DIGEST}; associated data", (
    ("record", "16 bytes"), ("rev", "int32"), ("level", "int16"), ("agency", "int64"), ("valid_from", "int64"),
    ("recorded_at", "int64"), ("author", "int64"), ("batch", "16 bytes"), ("seq", "int32"), ("row_no", "int32"),
    ("final", "bool"), ("type", "UTF-8"),
))  # fmt: skip
REVISION = Joined("revision", 1, _DIGEST, (("columns", "SHA-256"), ("commitment", "32 bytes")))
CONTENT_PLACE = Joined("place of a content", 1, "associated data", (
    ("columns", "bytes"), ("key_id", "uint32"), ("facets_length", "uint32"), ("facets", "canonical JSON"),
    ("terms", "array as PostgreSQL sends it"),
))  # fmt: skip
CHUNK = Joined("chunk", 1, _DIGEST, (("digests", "32 bytes each: of revisions by their seq, or of a batch's chunks"),))
BATCH = Text("batch", 1, f"{_DIGEST}, by the database", (
    ("batch", "UUID"), ("type", "text"), ("agency", "decimal"), ("level", "decimal"), ("collector", "decimal"),
    ("channel", "text"), ("source_digest", "hexadecimal or -"), ("mapping_digest", "hexadecimal or -"),
    ("release", "hexadecimal"), ("label", "SHA-256"), ("opened_at", "microseconds"), ("closed_at", "microseconds or 0"),
    ("digest", "hexadecimal or -"), ("needs_final", "true, false or -"), ("accepted", "decimal"), ("warned", "decimal"),
    ("returned", "decimal"), ("duplicate", "decimal"), ("skipped", "decimal"), ("legal_basis", "text"),
))  # fmt: skip
WORDS = Object("words of an export", 1, "part of an export", (
    ("salt", "hexadecimal"), ("recipient", "text"), ("purpose", "text"), ("revisions", "list of record and rev"),
), "as listed")  # fmt: skip
EXPORT_COLUMNS = Object("columns of an export", 1, "part of an export", (
    ("agency", "number"), ("at", "microseconds"), ("expires_on", "date"), ("format", "text"), ("ground", "number"),
    ("level", "number"), ("person", "number"), ("rows", "number"), ("type", "text"), ("whole", "true or false"),
))  # fmt: skip
EXPORT = Joined("export", 1, _DIGEST, (("columns", "JSON"), ("zero", "1 byte"), ("words", "JSON")))

# --- Reviews and audits ---

DECISION = Text("decision", 1, _DIGEST, (
    ("batch", "UUID"), ("step", "decimal"), ("outcome", "text"), ("reviewer", "decimal"), ("author", "decimal"),
    ("digest", "hexadecimal"), ("agency", "decimal"), ("level", "decimal"), ("at", "microseconds"), ("reason", "SHA-256"),
))  # fmt: skip
RETURNED = Text("return of a field", 1, "part of a return", (
    ("batch", "UUID"), ("field", "text"), ("step", "decimal"), ("code", "text"), ("reason", "SHA-256"),
    ("reviewer", "decimal"), ("agency", "decimal"), ("level", "decimal"), ("at", "microseconds"),
))  # fmt: skip
RETURN = Text("return", 1, _DIGEST, (("fields", "lines, by their field"),), between="\n")
SAMPLE = Text("sample", 1, f"{_DIGEST}, by the database", (
    ("batch", "UUID"), ("step", "decimal"), ("reviewer", "decimal"), ("agency", "decimal"), ("level", "decimal"),
    ("population", "decimal"), ("bound", "decimal"), ("confidence", "decimal"), ("seed", "hexadecimal"),
    ("seqs", "{1,2,3}"), ("at", "microseconds"),
))  # fmt: skip
SAMPLE_ORDER = Joined(
    "order of a sample", 1, f"{_DIGEST}: the lowest are drawn", (("seed", "32 bytes"), ("seq", "int32"))
)
DRAW_ORDER = Joined(
    "order of a week's draw", 1, f"{_DIGEST}, by the database: the lowest are drawn",
    (("seed", "32 bytes"), ("writer", "int32"), ("n", "int64")),
)  # fmt: skip

# --- The catalog ---

RELEASE = Object("release of the catalog", 1, _DIGEST, (
    ("codes", "by name"), ("format", "number"), ("types", "by id"),
))  # fmt: skip
DECLARATION = Object("declaration of what an agency adds", 1, _DIGEST, (
    ("basis", "text"), ("codes", "SHA-256 of its own tables, by name"), ("declared", "as loaded"), ("purpose", "text"),
    ("retention", "years and source"), ("subject", "text"),
))  # fmt: skip
TABLE = Object("code table of a declaration", 1, f"{_DIGEST}, in a declaration", (
    ("codes", "list of code, names, first and last day, parent"), ("edition", "text"), ("label", "both languages"),
    ("licence", "text"), ("name", "text"), ("source", "text"), ("standard", "text"), ("valid_from", "date or null"),
), "spaced")  # fmt: skip

FORMATS = tuple(one for one in list(globals().values()) if isinstance(one, Format))
"""All of them, in this order."""

# --- The same bytes, faster or with their digest ---

_NO_ID, _NO_DIGEST = bytes(16), bytes(32)
_entry, _columns = ENTRY.fixed.pack, COLUMNS.fixed.pack


def entry(
    writer: int, n: int, at: int, act: int, person: int, ground: int, agency: int, record: bytes | None, rev: int | None,
    batch: bytes | None, digest: bytes | None, shown: Sequence[bytes] = (), detail: Any = None,
) -> bytes:  # fmt: skip
    """An `ENTRY`; ids and digest that are missing are zero bytes, a missing rev is -1."""
    fixed = _entry(
        writer, n, at, act, person, ground, agency, record or _NO_ID, -1 if rev is None else rev, batch or _NO_ID,
        digest or _NO_DIGEST, digest is not None, len(shown),
    )  # fmt: skip
    return fixed + b"".join(shown) + (b"" if detail is None else canonical(detail))


def arrival(
    writer: int, n: int, at: int, act: int, person: int, ground: int, agency: int, record: bytes, rev: int, batch: bytes,
    digest: bytes,
) -> bytes:  # fmt: skip
    """An `ENTRY` about one revision: imports have hundreds of thousands."""
    return _entry(writer, n, at, act, person, ground, agency, record, rev, batch, digest, True, 0)


def entry_code(encoded: bytes, key: bytes) -> bytes:
    """HMAC-SHA-256 under a key the database does not have: an entry nobody else can write."""
    return hmac.digest(key, encoded, "sha256")


def leaf_hash(encoded: bytes, code: bytes) -> bytes:
    """Hash of a `LEAF` (RFC 9162)."""
    return sha256(b"\0" + encoded + code).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of a `NODE` (RFC 9162, 2.1.1)."""
    return sha256(b"\1" + left + right).digest()


def key_name(public_key: bytes) -> bytes:
    """Four bytes that name the signing key in a note (C2SP signed-note)."""
    return fingerprint(KEY_NAME.to_bytes(public_key))[:4]


def checkpoint(size: int, root: bytes) -> str:
    """A `CHECKPOINT`, which is signed."""
    return CHECKPOINT.to_text(ORIGIN, size, base64.b64encode(root).decode())


def note(size: int, root: bytes, signature: bytes) -> str:
    """The one `NOTE` that a checkpoint with this signature has, which begins with the key's name."""
    return NOTE.to_text(checkpoint(size, root), base64.b64encode(signature).decode())


def pruning(before: int, leaves: str, entries: int, size: int, root: bytes) -> bytes:
    """Digest of a `PRUNING`."""
    return fingerprint(PRUNING.to_bytes(before, leaves, entries, size, root))


def row(said: Any) -> str:
    """Digest of a bound `ROW`, or of the rows of one key, in hexadecimal."""
    return fingerprint(ROW.to_bytes(canonical(said))).hex()


def check_value(secret: bytes, name: str) -> bytes:
    """What the database may know of a secret, which says nothing to whoever does not have it."""
    return hmac.digest(secret, CHECK_VALUE.to_bytes(name.encode()), "sha256")


def share(set_id: bytes, number: int, value: bytes) -> str:
    """By which a share is known again without being stored: a digest of 128 random bits, which nobody can try."""
    return fingerprint(SHARE.to_bytes(set_id, bytes([number]), value)).hex()


def voucher(said: str, at: int, key: bytes) -> bytes:
    """The code of a `VOUCHER`."""
    return _two_keys(key, VOUCHER.to_bytes(said, at))


def telling(said: str, at: int, key: bytes) -> bytes:
    """The code of a `TELLING`."""
    return _two_keys(key, TELLING.to_bytes(at, said))


def _two_keys(key: bytes, said: bytes) -> bytes:
    """Two keys of one block each make the nested construction of HMAC (RFC 2104), which the database works out too."""
    return fingerprint(key[64:] + fingerprint(key[:64] + said))


def commitment(salted: bytes) -> bytes:
    """Digest of a `COMMITMENT`: of the salt and the content behind it."""
    return sha256(salted).digest()


def columns(
    record: bytes, rev: int, type: str, agency: int, level: int, valid_from: int, recorded_at: int, author: int,
    batch: bytes, seq: int, row_no: int, final: bool,
) -> bytes:  # fmt: skip
    """The `COLUMNS` of a revision; times are microseconds since 1970 (UTC)."""
    return (
        _columns(record, rev, level, agency, valid_from, recorded_at, author, batch, seq, row_no, final) + type.encode()
    )


def revision(head: bytes, committed: bytes) -> bytes:
    """Digest of a `REVISION`: what reviewers sign, and the ledger holds."""
    return sha256(sha256(head).digest() + committed).digest()


def content_place(head: bytes, key_id: int, facets: bytes, terms: bytes) -> bytes:
    """The `CONTENT_PLACE` a ciphertext is bound to."""
    return b"".join((head, key_id.to_bytes(4, "big"), len(facets).to_bytes(4, "big"), facets, terms))


def chunk(digests: Iterable[bytes]) -> bytes:
    """Digest of a `CHUNK`: over the digests of its revisions, or of a batch over those of its chunks."""
    return sha256(b"".join(digests)).digest()


def export(columns: Mapping[str, Any], words: bytes) -> bytes:
    """Digest of an `EXPORT`: its columns, and the words as they were sealed."""
    return fingerprint(EXPORT.to_bytes(EXPORT_COLUMNS.to_bytes(columns), b"\0", words))


def sample_order(seed: bytes, seq: int) -> bytes:
    """Digest of a `SAMPLE_ORDER`."""
    return fingerprint(SAMPLE_ORDER.to_bytes(seed, seq.to_bytes(4, "big")))
