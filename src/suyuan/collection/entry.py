"""The entry form of a type, from the catalog: fields by group, what the check says about each, what fills itself in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as made

import pyarrow as pa
from stdnum.cn import ric

from suyuan.catalog.check import Checked, check
from suyuan.catalog.model import Catalog, Field, RecordType
from suyuan.i18n import say

SELECT_UP_TO = 15
"""Code tables up to this size are a plain list; larger ones are searched."""


@dataclass(frozen=True, slots=True)
class Note:
    """One finding beside a field."""

    rule: str
    severity: str
    text: str


@dataclass(slots=True)
class Control:
    """A field of the form: what it asks, what stands in it, and what is wrong with that."""

    field: Field
    kind: str
    value: str = ""
    shown: str = ""
    options: list[tuple[str, str]] = made(default_factory=list)
    notes: list[Note] = made(default_factory=list)
    reason: str = ""
    wide: bool = False

    @property
    def name(self) -> str:
        """The field's name."""
        return self.field.name

    @property
    def worst(self) -> str:
        """`reject`, `warn`, or nothing."""
        found = {note.severity for note in self.notes}
        return "reject" if "reject" in found else "warn" if found else ""


@dataclass(slots=True)
class Verdict:
    """What the check says about one form."""

    checked: Checked
    notes: dict[str, list[Note]]
    general: list[Note]

    @property
    def passes(self) -> bool:
        """Nothing that would return it."""
        return all(note.severity != "reject" for notes in (*self.notes.values(), self.general) for note in notes)

    @property
    def exact(self) -> list[str]:
        """Identifiers and numbers by which an equal record would be found."""
        return [one for one in self.checked.rows["exact"].to_pylist()[0] if one is not None]


def judge(record_type: RecordType, values: Mapping[str, str]) -> Verdict:
    """Check one form: a batch of one, by the same path as an import."""
    given = {name: text.strip() or None for name, text in values.items() if name in record_type.fields}
    columns = {name: pa.array([given.get(name)], pa.string()) for name in record_type.fields}
    checked = check(record_type, pa.table({**columns, "_row": pa.array([1], pa.int64())}))
    notes: dict[str, list[Note]] = {}
    general: list[Note] = []
    for one in checked.findings.to_pylist():
        words = [checked.message(one["rule"], lang, beside=True) for lang in ("zh", "en")]
        note = Note(one["rule"], one["severity"], say(*words))
        (notes.setdefault(one["field"], []) if one["field"] in record_type.fields else general).append(note)
    return Verdict(checked, notes, general)


def while_typing(verdict: Verdict, touched: Iterable[str], values: Mapping[str, str]) -> dict[str, list[Note]]:
    """The findings worth showing before the form is sent: not that a field nobody reached yet is empty."""
    reached = set(touched)
    return {
        name: [note for note in notes if values.get(name, "").strip() or name in reached]
        for name, notes in verdict.notes.items()
    }


def fills(record_type: RecordType, values: Mapping[str, str]) -> dict[str, str]:
    """Birth date and sex as the identity number gives them, for fields that are still empty."""
    number = next(
        (values[name].strip().upper() for name, one in record_type.fields.items()
         if one.kind == "resident_id" and values.get(name, "").strip()), ""
    )  # fmt: skip
    if len(number) != 18 or not ric.is_valid(number):
        return {}
    born, sex = f"{number[6:10]}-{number[10:12]}-{number[12:14]}", "1" if int(number[16]) % 2 else "2"
    found = {}
    for name, one in record_type.fields.items():
        if one.type == "date" and name.startswith("birth"):
            found[name] = born
        if one.type == "code" and one.table and one.table.startswith("sex"):
            found[name] = sex
    return {name: value for name, value in found.items() if not values.get(name, "").strip()}


def controls(
    catalog: Catalog, record_type: RecordType, values: Mapping[str, str],
    notes: Mapping[str, Sequence[Note]] | None = None, reasons: Mapping[str, str] | None = None,
) -> list[tuple[str, list[Control]]]:  # fmt: skip
    """The form's groups: heading and controls."""
    groups = []
    for group in record_type.groups:
        shown = [
            control(
                catalog,
                record_type.fields[name],
                values.get(name, ""),
                (notes or {}).get(name, ()),
                (reasons or {}).get(name, ""),
            )
            for name in group.fields
            if record_type.fields[name].type != "file"
        ]
        groups.append((say(group.label.zh, group.label.en), shown))
    return groups


def control(catalog: Catalog, one: Field, value: str, notes: Sequence[Note] = (), reason: str = "") -> Control:
    """One control with its value."""
    kind = {"date": "date", "datetime": "datetime", "boolean": "boolean", "integer": "number", "decimal": "number"}.get(
        one.type, "text"
    )
    if one.type == "date" and one.partial:
        kind = "text"
    result = Control(one, kind, value, notes=list(notes), reason=reason)
    if one.type in ("code", "place"):
        _with_codes(catalog, result)
    elif one.type == "text" and (one.max_length or 0) > 200:
        result.kind, result.wide = "long", True
    return result


def _with_codes(catalog: Catalog, result: Control) -> None:
    entries = catalog.table(result.field).current()
    if len(entries) <= SELECT_UP_TO and not result.field.multiple:
        result.kind = "select"
        result.options = [(one.code, f"{one.code} {say(one.name, one.name_en or one.name)}") for one in entries]
    else:
        result.kind = "picker"
        result.shown = code_name(catalog, result.field, result.value)


def code_name(catalog: Catalog, one: Field, code: str) -> str:
    """A code with its name, for showing."""
    entry = catalog.table(one).find(code)
    return f"{code} {say(entry.name, entry.name_en or entry.name)}" if entry else code
