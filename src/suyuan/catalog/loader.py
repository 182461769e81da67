"""Loading a catalog: the shipped types and code tables, then overlay folders that add fields and types.

    catalog = load([Path("data/catalog")])

An overlay has the shape of the shipped folder: `types/*.yaml`, `codes/tables.yaml` with its `.csv`, `cleared.yaml`.
Every mistake is found in one go; `CatalogFaulty` names them all with file, line and mend. What the bounds of the norm
forbid does not load, from wherever it comes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from suyuan.catalog import bounds, clearing
from suyuan.catalog.cleared import read_cleared
from suyuan.catalog.codes import Codes
from suyuan.catalog.declared import (
    ADDED_KEYS,
    DOMAINS,
    Draft,
    add_parts,
    read_cycle,
    read_draft,
    words,
)  # fmt: skip
from suyuan.catalog.errors import CatalogFaulty
from suyuan.catalog.model import Catalog, Group, Place, Quarantined, RecordType
from suyuan.catalog.references import check_types
from suyuan.catalog.release import digest
from suyuan.catalog.tables import read_tables
from suyuan.catalog.yamlfile import Report, Section, parse, read_text

SHIPPED = Path(__file__).parent
LEVELS = (1, 2)
"""Levels a type can have by itself. 3 to 5 are state secrets and need an approved cipher provider."""


@dataclass(slots=True)
class Loaded:
    """What loading found: the catalog as far as it could be read, and the mistakes."""

    catalog: Catalog
    report: Report


def load(overlays: Sequence[Path] = (), *, shipped: Path = SHIPPED, cleared: Collection[str] = ()) -> Catalog:
    """The catalog, with what two persons cleared, by digest. Raises `CatalogFaulty` with every mistake."""
    loaded = examine(overlays, shipped=shipped, cleared=cleared)
    if loaded.report.mistakes:
        raise CatalogFaulty(loaded.report.mistakes)
    return loaded.catalog


def examine(overlays: Sequence[Path] = (), *, shipped: Path = SHIPPED, cleared: Collection[str] = ()) -> Loaded:
    """Load as far as possible and keep the mistakes. What is in quarantine is looked at like the rest, then left out."""
    report = Report()
    drafts: dict[str, Draft] = {}
    codes, own = Codes(), set[str]()
    innocent: dict[tuple[str, str], Place] = {}
    for folder in (shipped, *overlays):
        shown = "" if folder == shipped else f"{folder.name}/"
        tables = _add_tables(codes, folder / "codes", f"{shown}codes", report)
        _add_drafts(drafts, folder / "types", f"{shown}types", report, own=folder != shipped)
        innocent |= read_cleared(folder / "cleared.yaml", f"{shown}cleared.yaml", report)
        if folder != shipped:
            own |= tables
            _not_read(folder, report)
    _stale(drafts, innocent, report)
    clearing.refuse(drafts, codes, own, report)
    quarantine = list(_quarantine(drafts, innocent, codes))
    catalog = _whole(drafts, codes, report)
    check_types(catalog, report)
    bounds.check(catalog, report)
    asked = clearing.quarantined(drafts, codes, own)
    held = [one for one in asked if one.lacks or one.digest not in cleared]
    if held:
        clearing.take_out(drafts, held)
        catalog = _whole(drafts, codes, Report())
    object.__setattr__(catalog, "quarantine", tuple(quarantine + held))
    return Loaded(catalog, report)


def _whole(drafts: dict[str, Draft], codes: Codes, report: Report) -> Catalog:
    """The catalog of these drafts, as far as they are types."""
    types = {one.id: one for draft in drafts.values() if (one := _finished(draft, report))}
    catalog = Catalog(types, codes, digest(types.values(), codes.values()))
    for one in types.values():
        object.__setattr__(one, "catalog", catalog)
    return catalog


def _add_tables(codes: Codes, folder: Path, shown: str, report: Report) -> set[str]:
    if not folder.is_dir():
        return set()
    tables = read_tables(folder, shown, report)
    if codes:
        bounds.check_tables(tables, shown, report)
    codes.update(tables)
    return set(tables)


def _add_drafts(drafts: dict[str, Draft], folder: Path, shown: str, report: Report, *, own: bool) -> None:
    for path in sorted(folder.glob("*.yaml")) if folder.is_dir() else ():
        text = read_text(path, f"{shown}/{path.name}", report)
        root = parse(f"{shown}/{path.name}", text, report) if text is not None else None
        if root and root.items is None:
            report.add(root.place, "shape", "应为一组“type: fields”", "must be a mapping of types",
                       "请从类型的名称写起，如 case:。", "Begin with the name of a type, such as case:.")  # fmt: skip
        for type_id, node in ((root.items if root else None) or {}).items():
            known = drafts.get(type_id)
            if known:
                add_parts(known, Section(node, f"对类型“{type_id}”的补充", ADDED_KEYS, report), report)
            else:
                drafts[type_id] = read_draft(type_id, node, report, own=own)


def _not_read(folder: Path, report: Report) -> None:
    """Files of an overlay that lie or are called so that nobody reads them: a mistake, not a silence."""
    places = {folder: ("cleared.yaml",), folder / "types": ("*.yaml",), folder / "codes": ("tables.yaml", "*.csv")}
    for place, names in places.items():
        for path in sorted(place.glob("*.*")) if place.is_dir() else ():
            if path.suffix in (".yaml", ".yml", ".csv", ".xlsx") and not any(path.match(name) for name in names):
                shown = path.relative_to(folder.parent).as_posix()
                report.add(Place(shown, 1), "not_read", f"{path.name} 放在这里或叫这个名字不会被读取",
                           f"{path.name} is not read where it lies, or by that name",
                           "类型放 types/*.yaml，代码表放 codes/tables.yaml 和 codes/*.csv，放行记录是 cleared.yaml。",
                           "Types are types/*.yaml, code tables codes/tables.yaml and codes/*.csv, clearings cleared.yaml.")  # fmt: skip


def _stale(drafts: dict[str, Draft], cleared: dict[tuple[str, str], Place], report: Report) -> None:
    """What is cleared must be there: nobody clears a field that another person will write later."""
    for (type_id, name), place in cleared.items():
        if type_id not in drafts or name not in drafts[type_id].fields:
            report.add(place, "stale", f"放行的字段“{type_id}.{name}”不存在", f"the cleared field `{type_id}.{name}` does not exist",
                       "请改正名称或删去这条放行记录。", "Mend the names, or take the clearing out.")  # fmt: skip


def _quarantine(drafts: dict[str, Draft], cleared: Collection[tuple[str, str]], codes: Codes) -> Iterator[Quarantined]:
    """Take out fields that look like protected attributes, are not declared so, and that nobody has cleared."""
    for draft in drafts.values():
        for name, one in list(draft.fields.items()):
            if one.protection == "protected" or (draft.id, name) in cleared:
                continue
            if (draft.own or name in draft.added) and clearing.names_persons(draft, drafts):
                continue  # refused, not held: see `clearing.refuse`
            found = bounds.disguised(one, codes)
            if found:
                del draft.fields[name]
                draft.groups = [Group(g.id, g.label, tuple(f for f in g.fields if f != name)) for g in draft.groups]
                yield Quarantined(draft.id, name, found.word, found.attribute, one.place)


def _finished(draft: Draft, report: Report) -> RecordType | None:
    section = draft.section
    label = section.label("label")
    domain = section.choice("domain", DOMAINS)
    level = section.number("level", need=True)
    title, key = words(section.words("title", need=True)), words(section.words("key"))
    bounds.check_level(level, section.place("level"), report)
    if not label or not domain or level is None:
        return None
    return RecordType(
        id=draft.id, label=label, domain=domain, clause=section.text("clause") or "",
        person=section.flag("person") or section.text("about") == "person", about=section.text("about"),
        purpose=section.text("purpose"), basis=section.text("basis"),
        title=title, key=key, time=section.text("time"), level=level, cycle=read_cycle(section, report),
        retention=draft.retention, final_review_when=section.text("final_review_when"),
        groups=tuple(draft.groups), fields=dict(draft.fields), rules=tuple(draft.rules), place=draft.place,
    )  # fmt: skip
