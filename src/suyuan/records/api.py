"""The API of the records room: types, lists, search, one record. What identifies a person is masked as on the pages."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast
from uuid import UUID

from django.http import Http404
from ninja import Query, Router, Schema
from pydantic import AfterValidator, ConfigDict, Field

from suyuan import catalog
from suyuan.access.calls import Call, Detail, Instant, Invalid, acts, answers
from suyuan.access.decide import require
from suyuan.catalog.model import RecordType
from suyuan.catalog.schema import schema
from suyuan.i18n import say
from suyuan.ledger import queries as ledger
from suyuan.records import dossier, listing, plain, queries
from suyuan.records.api_models import ChangesOut, HistoryOut, PageOut, RecordOut, TypeOut, ValueOut
from suyuan.records.listing import Wanted
from suyuan.records.reading import RecordView

router = Router(tags=["records"])


def _known_position(said: str) -> str:
    queries.position(said)
    return said


Revision = Annotated[int, Field(ge=1, le=2**31 - 1)]
_Limit = Annotated[int, Field(ge=1, le=200, description="一页行数 Rows on a page")]
_POSITION = (
    r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3])(:[0-5][0-9]){2}(\.[0-9]{6})?\+00:00"
    r"_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
)
_After = Annotated[
    Annotated[str, Field(pattern=_POSITION), AfterValidator(_known_position)] | None,
    Field(description="上一页的 next The `next` of the page before"),
]
State = Literal[
    "first_review", "second_review", "final_review", "in_force", "returned", "rejected", "sealed", "disposed"
]


def type_of(name: str) -> RecordType:
    """A record type by its id. Raises `Http404`."""
    found = catalog.current().types.get(name)
    if found is None:
        raise Http404
    return found


@router.get(
    "/types", response=answers(list[TypeOut]), operation_id="types", url_name="types", summary="记录类型 · record types"
)
@acts("read")
def types(request: Call) -> list[dict[str, Any]]:
    """Every record type of this installation's catalog."""
    return [
        {"type": one.id, "label": one.label._asdict(), "domain": one.domain, "about_people": one.about_people,
         "level": one.level, "key": list(one.key), "release": one.release}
        for one in catalog.current().types.values()
    ]  # fmt: skip


@router.get(
    "/types/{type}/schema", response=answers(dict[str, Any]), operation_id="type_schema", url_name="type_schema",
    summary="一类记录的内容格式 · what a record of a type holds",
)  # fmt: skip
@acts("read")
def type_schema(request: Call, type: str) -> dict[str, Any]:
    """JSON Schema (2020-12), from the catalog."""
    return schema(type_of(type))


class Asked(Schema):
    """What is searched for: in a body, since addresses are written down on the way."""

    model_config = ConfigDict(extra="forbid")

    q: Annotated[
        str, Field(min_length=1, max_length=200, pattern=r"\S", description="姓名、号码等 Names, numbers, words")
    ]
    after: _After = None
    limit: _Limit = 50


class AskedOfType(Asked):
    """The same within one type, or only by state and codes. `codes` are those of coded facets, by field."""

    q: Annotated[str, Field(max_length=200, description="姓名、号码等 Names, numbers, words")] = ""
    state: State | None = None
    codes: Annotated[dict[str, str], Field(default_factory=dict, max_length=20)]


@router.get(
    "/types/{type}/records", response=answers(PageOut), operation_id="list_records", url_name="list_records",
    summary="列出一类记录 · list the records of a type",
)  # fmt: skip
@acts("read")
def list_records(
    request: Call, type: str, limit: Annotated[_Limit, Query(50)], after: Annotated[_After, Query(None)],
    state: State | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Newest first; columns as the list page has them. The rows shown are entered in the ledger."""
    rtype = type_of(type)
    wanted = Wanted(state=state or "", after=after)
    return _page(listing.find(request.acting, [rtype], wanted, type=rtype.id, limit=limit))


@router.post(
    "/types/{type}/search", response=answers(PageOut), operation_id="search_type", url_name="search_type",
    summary="检索一类记录 · search the records of a type",
)  # fmt: skip
@acts("read")
def search_type(request: Call, type: str, asked: AskedOfType) -> dict[str, Any]:
    """By every full number the words can be read as, else by the words themselves; narrowed by state and codes."""
    rtype = type_of(type)
    wanted = Wanted(asked.q.strip(), asked.state or "", _codes(rtype, asked.codes), asked.after)
    return _page(listing.find(request.acting, [rtype], wanted, type=rtype.id, limit=asked.limit))


@router.post(
    "/search", response=answers(PageOut), operation_id="search_records", url_name="search_records",
    summary="检索所有类型 · search all types",
)  # fmt: skip
@acts("read")
def search_records(request: Call, asked: Asked) -> dict[str, Any]:
    """By every full number the words can be read as, else by the words themselves."""
    wanted, types = Wanted(asked.q.strip(), after=asked.after), catalog.current().types.values()
    return _page(listing.find(request.acting, types, wanted, type=None, limit=asked.limit))


@router.get(
    "/records/{uuid:record}", response=answers(RecordOut), operation_id="open_record", url_name="open_record",
    summary="打开一条记录 · open one record",
)  # fmt: skip
@acts("read")
def open_record(
    request: Call, record: UUID, as_of: Instant | None = None, known_at: Instant | None = None
) -> dict[str, Any]:
    """The revision in force, else the latest; or the one of a (valid, known) pair of times. Entered as one look."""
    who = request.acting
    view = queries.open_record(who, record, as_of=as_of, known_at=known_at)
    neighbours = queries.neighbours(who, record, view.rev)
    rtype = type_of(view.type)
    return _shown(view, rtype) | {
        "protected": plain.protected(view.content, rtype),
        "links": [one.link._asdict() for one in neighbours],
    }


@router.get(
    "/records/{uuid:record}/history", response=answers(HistoryOut), operation_id="record_history",
    url_name="record_history", summary="一条记录的版本和查阅情况 · its revisions, and who looked",
)  # fmt: skip
@acts("read")
def record_history(request: Call, record: UUID) -> dict[str, Any]:
    """Every revision with what it changed, oldest first; then who did what with the record, newest first."""
    infos, views = queries.history(request.acting, record), queries.every_revision(record)
    rtype = type_of(views[0].type)
    steps = plain.steps(infos, views, rtype)
    entries = [plain.entry(one) for one in ledger.about(record)]
    return {"revisions": [plain.revision(*one, rtype) for one in steps], "entries": entries}


@router.get(
    "/records/{uuid:record}/compare", response=answers(ChangesOut), operation_id="compare_revisions",
    url_name="compare_revisions", summary="逐项比较两个版本 · compare two revisions field by field",
)  # fmt: skip
@acts("read")
def compare_revisions(request: Call, record: UUID, before: Revision, after: Revision) -> dict[str, Any]:
    """Fields whose values differ; protected ones are left out."""
    changed = queries.compare(request.acting, record, before, after)
    rtype = type_of(queries.every_revision(record)[0].type)
    return {"record": record, "changes": [plain.change(one, rtype) for one in plain.masked_changes(changed, rtype)]}


@router.post(
    "/records/{uuid:record}/revisions/{rev}/reveal/{field}", response=answers(ValueOut), operation_id="reveal_field",
    url_name="reveal_field", summary="显示一项完整的值，记入账本 · reveal one value; entered in the ledger",
)  # fmt: skip
@acts("reveal")
def reveal_field(request: Call, record: UUID, rev: Revision, field: str) -> dict[str, Any]:
    """One value in clear, protected ones too: one at a time, an act of its own."""
    require(request.acting, "reveal")
    view, value = dossier.reveal(request.acting, record, rev, field)
    return {"field": field, "value": value, "means": plain.means(type_of(view.type).fields[field], value, view.under)}


def _codes(rtype: RecordType, said: dict[str, str]) -> dict[str, str]:
    """Facets and the codes they are narrowed to. Raises `Invalid` for a field that is no facet and a code nobody knows."""
    fields = {one.name: one for one in listing.facets(rtype)}
    codes = {name: listing.code_of(fields[name], code) if name in fields else None for name, code in said.items()}
    if wrong := [_no_code(name, list(fields)) for name, code in codes.items() if code is None]:
        raise Invalid(wrong)
    return {name: code for name, code in codes.items() if code}


def _no_code(name: str, names: list[str]) -> Detail:
    words = say(f"没有这个代码，或不能按它筛选；可筛选的字段：{'、'.join(names)}",
                f"No such code, or nothing to filter by; fields to filter by: {', '.join(names)}")  # fmt: skip
    return Detail(where=f"body.codes.{name[:60]}", rule="unknown_code", message=words)


def _shown(view: RecordView, rtype: RecordType) -> dict[str, Any]:
    return plain.head(view) | plain.content(view, plain.masked(view.content, rtype), rtype)


def _page(page: queries.Page) -> dict[str, Any]:
    return {"rows": [_row(one) for one in page.rows], "next": page.next, "total": page.total, "more": page.more}


def _row(view: RecordView) -> dict[str, Any]:
    rtype = type_of(view.type)
    names = {one.name for one in listing.columns(rtype)}
    content = {name: value for name, value in view.content.items() if name in names}
    return cast(dict[str, Any], plain.head(view) | plain.content(view, plain.masked(content, rtype), rtype))
