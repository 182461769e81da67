"""The one check: rows of text against a record type. Forms, files, the API and commands all come here.

checked = check(catalog.types["violation"], rows)
checked.rows["verdict"]         0 good, 1 with warnings, 2 to be given back
checked.findings                what is wrong, row by row and field by field
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from suyuan.catalog.engine import Engine
from suyuan.catalog.engine.duck import engine_of
from suyuan.catalog.errors import UnknownColumn
from suyuan.catalog.model import RecordType
from suyuan.catalog.plan import MARKS, OUTPUT, Plan, Problem, plan_of

CIVIL = dt.timezone(dt.timedelta(hours=8))
"""China's civil time, in which days are counted."""
FINDINGS = pa.schema(
    [("_row", pa.int64()), ("field", pa.string()), ("rule", pa.string()), ("severity", pa.string()),
     ("dimension", pa.string()), ("value", pa.string())]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Checked:
    """What the check made of some rows.

    `rows` has the columns `plan.OUTPUT`, in the order of the rows given; `findings` those of `FINDINGS`.
    """

    type: RecordType
    rows: pa.Table
    findings: pa.Table

    @property
    def release(self) -> str:
        """The release of the catalog they were checked against."""
        return self.type.release

    def message(self, rule: str, lang: str, *, beside: bool = False) -> str:
        """The words for a finding in `zh` or `en`; with `beside` those that stand beside the field's name."""
        return self.type.message(rule, lang, beside=beside)


def check(
    record_type: RecordType, rows: pa.Table, *, engine: Engine | None = None, today: dt.date | None = None
) -> Checked:
    """Check rows of text.

    Args:
        rows: `_row` and a column for each field that was supplied, all text; those left out are empty.
        today: the day that rules call `current_date`; the civil day now where it is not given.

    Raises `UnknownColumn` for a column that is no field.
    """
    plan = plan_of(record_type)
    given = _given(record_type, rows)
    day = today or dt.datetime.now(CIVIL).date()
    result = (engine or engine_of(record_type.catalog)).run(plan, given, day)
    return Checked(record_type, result.select(list(OUTPUT)), _findings(plan, result, given))


def index(record_type: RecordType, field: str, text: str) -> str | None:
    """The form by which equal values of a field are found, or None if the text is no such value."""
    return engine_of(record_type.catalog).index(plan_of(record_type), field, text)


def _given(record_type: RecordType, rows: pa.Table) -> pa.Table:
    unknown = [name for name in rows.column_names if name not in record_type.fields and not name.startswith("_")]
    if unknown:
        raise UnknownColumn(record_type.id, unknown)
    columns = {f"c:{name}": _text(rows[name]) for name in record_type.fields if name in rows.column_names}
    return pa.table({"_row": rows["_row"], **columns})


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column if column.type == pa.string() else column.cast(pa.string())


def _findings(plan: Plan, result: pa.Table, given: pa.Table) -> pa.Table:
    """One row for each mark that is true, in the order of rows and then of the type's fields and rules."""
    problems = list(plan.problems.values())
    faulty = pc.indices_nonzero(result["verdict"])
    marks = result[MARKS].take(faulty).combine_chunks()
    wrong = pc.indices_nonzero(pc.fill_null(marks.flatten(), fill_value=False))
    if not problems or not len(wrong):
        return FINDINGS.empty_table()
    which = pc.subtract(wrong, pc.multiply(pc.divide(wrong, len(problems)), len(problems)))
    rows = faulty.take(pc.divide(wrong, len(problems)))
    parts, places = [], []
    for number in pc.unique(which).to_pylist():
        broken = rows.filter(pc.equal(which, number))
        parts.append(_of_problem(plan, problems[number], given, broken))
        places.append(wrong.filter(pc.equal(which, number)))
    return pa.concat_tables(parts).take(pc.sort_indices(pa.chunked_array(places)))


def _of_problem(plan: Plan, problem: Problem, given: pa.Table, broken: pa.Array) -> pa.Table:
    count = len(broken)
    constant = {
        "field": problem.fields[0],
        "rule": problem.id,
        "severity": problem.severity,
        "dimension": problem.dimension,
    }
    columns = {name: pa.repeat(pa.scalar(value, pa.string()), count) for name, value in constant.items()}
    return pa.table(
        {"_row": given["_row"].take(broken), **columns, "value": _value(plan, problem, given, broken)}, schema=FINDINGS
    )


def _value(plan: Plan, problem: Problem, given: pa.Table, broken: pa.Array) -> pa.ChunkedArray | pa.Array:
    """What stood there; of several fields as `name=value`. A protected value is never repeated."""
    shown = [name for name in problem.fields if plan.type.fields[name].protection != "protected"]
    if len(shown) == 1 and len(problem.fields) == 1:
        return _given_of(given, shown[0], broken)
    if not shown:
        return pa.nulls(len(broken), pa.string())
    pieces = [
        pc.binary_join_element_wise(name, pc.fill_null(_given_of(given, name, broken), ""), "=") for name in shown
    ]
    return pc.binary_join_element_wise(*pieces, "; ") if len(pieces) > 1 else pieces[0]


def _given_of(given: pa.Table, name: str, rows: pa.Array) -> pa.ChunkedArray | pa.Array:
    """What was supplied for a field in these rows."""
    supplied = f"c:{name}" in given.column_names
    return given[f"c:{name}"].take(rows) if supplied else pa.nulls(len(rows), pa.string())
