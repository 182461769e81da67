"""Types looked at together: what they name must exist, and every condition must be SQL over their own fields."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from suyuan.catalog.engine.duck import engine_of
from suyuan.catalog.expressions import Refused, columns_of
from suyuan.catalog.model import Catalog, Field, Place, RecordType
from suyuan.catalog.plan import plan_of
from suyuan.catalog.yamlfile import Report


def check_types(catalog: Catalog, report: Report) -> None:
    """Find every name that leads nowhere and every condition that is no condition."""
    for one in catalog.types.values():
        before = len(report.mistakes)
        for field in one.fields.values():
            _field(field, one, catalog, report)
        _names(one, report)
        _groups(one, report)
        _rule_ids(one, report)
        sound = [_condition(says, place, one, report) for says, place in conditions(one)]
        _time(one, report)
        if all(sound) and len(report.mistakes) == before and _reachable(one, catalog):
            _engine(one, catalog, report)


def conditions(one: RecordType) -> Iterable[tuple[str, Place]]:
    """Every SQL condition of a type, with its place."""
    yield from ((rule.says, rule.place) for rule in one.rules)
    yield from ((f.required_when, f.place) for f in one.fields.values() if f.required_when)
    if one.final_review_when:
        yield one.final_review_when, one.place


def _field(field: Field, one: RecordType, catalog: Catalog, report: Report) -> None:
    if field.table and field.table not in catalog.codes:
        report.unknown(field.place, "no_table", f"字段“{field.name}”的代码表“{field.table}”不存在",
                       f"the code table `{field.table}` of field `{field.name}` does not exist", field.table, catalog.codes)  # fmt: skip
    if field.to and field.to not in catalog.types:
        report.unknown(field.place, "no_type", f"字段“{field.name}”引用的类型“{field.to}”不存在",
                       f"the field `{field.name}` refers to `{field.to}`, which is no type", field.to, catalog.types)  # fmt: skip
    elif field.to and not catalog.types[field.to].key:
        report.add(
            field.place,
            "no_key",
            f"“{field.to}”没有编号（key），不能被引用",
            f"`{field.to}` has no key and cannot be referred to",
            "请给该类型写上 key，或改用文字字段。",
            "Give that type a `key`, or make this a text.",
        )
    elif field.to and any(catalog.types[field.to].fields[k].type == "reference" for k in catalog.types[field.to].key
                          if k in catalog.types[field.to].fields and field.to == one.id):  # fmt: skip
        report.add(
            field.place,
            "circular",
            f"“{field.to}”的编号引用自身",
            f"the key of `{field.to}` refers to itself",
            "编号请用本类型自己的字段。",
            "Make the key of fields of its own.",
        )


def _names(one: RecordType, report: Report) -> None:
    named = [(name, "title", one.place) for name in one.title] + [(name, "key", one.place) for name in one.key]
    named += [(one.time, "time", one.place)] if one.time else []
    named += [(name, f"groups.{group.id}", one.place) for group in one.groups for name in group.fields]
    named += [(name, rule.id, rule.place) for rule in one.rules for name in rule.fields]
    for name, where, place in named:
        if name not in one.fields:
            report.unknown(place, "no_field", f"“{one.id}”的 {where} 提到的字段“{name}”不存在（或处于待放行状态）",
                           f"`{where}` of `{one.id}` names `{name}`, which is no field (or is in quarantine)",
                           name, one.fields)  # fmt: skip


def _groups(one: RecordType, report: Report) -> None:
    """Each field stands under exactly one heading."""
    counts = Counter(name for group in one.groups for name in group.fields)
    for name, field in one.fields.items():
        if counts[name] != 1:
            zh, en = (
                ("不在任何分组中", "is in no group") if not counts[name] else ("在几个分组中", "is in several groups")
            )
            report.add(field.place, "grouping", f"字段“{name}”{zh}", f"the field `{name}` {en}",
                       "请写进 groups 中的一个分组。", "Put it into one of the groups.")  # fmt: skip


def _rule_ids(one: RecordType, report: Report) -> None:
    seen: set[str] = set()
    taken = set(one.fields)
    for rule in one.rules:
        head, _, tail = rule.id.partition(".")
        if head != one.id or not tail or tail.partition(".")[0] in taken:
            report.add(rule.place, "rule_id", f"规则编号“{rule.id}”应为“{one.id}.名称”，且不与字段同名",
                       f"the rule id `{rule.id}` must be `{one.id}.name`, with a name that is no field",
                           "请改正编号。", "Mend the id.")  # fmt: skip
        if rule.id in seen:
            report.add(
                rule.place,
                "twice",
                f"规则“{rule.id}”写了两次",
                f"the rule `{rule.id}` is written twice",
                "请改一个编号，或删去一条。",
                "Change one id, or remove one rule.",
            )
        seen.add(rule.id)


def _condition(says: str, place: Place, one: RecordType, report: Report) -> bool:
    try:
        named = columns_of(says)
    except Refused as exc:
        report.add(
            place,
            "condition",
            f"条件有误：{exc.zh}",
            f"no condition: {exc.en}",
            "条件是字段上的一个 SQL 表达式，如 ends_on >= starts_on。",
            "A condition is one SQL expression over fields, such as ends_on >= starts_on.",
        )
        return False
    missing = sorted(name for name in named if name not in one.fields)
    for name in missing:
        report.unknown(place, "no_field", f"条件提到的字段“{name}”不存在（或处于待放行状态）",
                       f"the condition names `{name}`, which is no field (or is in quarantine)", name, one.fields)  # fmt: skip
    return not missing


def _time(one: RecordType, report: Report) -> None:
    field = one.fields.get(one.time or "")
    if field and (field.type not in ("date", "datetime") or field.protection == "protected"):
        report.add(
            one.place,
            "time",
            f"time 应为日期字段，“{field.name}”不是",
            f"`time` must name a date; `{field.name}` is none",
            "请写一个未受保护的日期字段，或删去 time。",
            "Name a date field that is not protected, or take `time` away.",
        )


def _reachable(one: RecordType, catalog: Catalog) -> bool:
    """Whether everything its plan looks at is there (a mistake elsewhere is reported there)."""
    if any(field.type == "identifier" and not field.kind for field in one.fields.values()):
        return False
    return all(
        not f.to or (f.to in catalog.types and all(k in catalog.types[f.to].fields for k in catalog.types[f.to].key))
        for f in one.fields.values()
    )


def _engine(one: RecordType, catalog: Catalog, report: Report) -> None:
    """Let the engine read the whole plan; if it cannot, find the condition at fault."""
    engine = engine_of(catalog)
    problem = engine.explain(plan_of(one))
    if problem is None:
        return
    guilty = [(place, said) for says, place in conditions(one) if (said := engine.condition(plan_of(one), says))]
    for place, said in guilty or [(one.place, problem)]:
        report.add(
            place,
            "sql",
            f"数据库不接受这一条件：{said}",
            f"the database refuses this condition: {said}",
            "请检查两边的类型：文字、数字、日期不能混用，条件的结果应为真或假。",
            "Look at the types on both sides: texts, numbers and dates do not mix, and a condition is true or false.",
        )
