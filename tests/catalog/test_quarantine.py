"""What an overlay adds about persons is loaded by nobody's word alone, whatever it is called; some of it never."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from catalog.test_bounds import declared, overlay, text_field
from catalog.test_ways_round import tables
from suyuan.catalog import clearing
from suyuan.catalog.errors import CatalogFaulty
from suyuan.catalog.loader import Loaded, examine, load

TRIALS: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parents[1] / "data" / "disguised_fields.yaml").read_text(encoding="utf-8")
)
SAID = "purpose: 查找, basis: 某条例第八条, retention: {years: 3, source: 保管期限表}"


def adding(type_id: str, fields: dict[str, str], rules: str = "") -> str:
    """An overlay that adds fields to a shipped type."""
    lines = "\n".join(f"    {name}: {spec}" for name, spec in fields.items())
    return (
        f"{type_id}:\n  groups:\n    - {{id: own, label: {{zh: 自有, en: Own}}, fields: [{', '.join(fields)}]}}\n"
        f"  fields:\n{lines}\n{rules}"
    )


def trial(folder: Path, trials: list[dict[str, Any]], cleared: list[str] | None = None) -> Loaded:
    """Fields of the set, added to their types with everything stated that must be."""
    codes = {f"codes_{number}": one["table"] for number, one in enumerate(trials) if "table" in one}
    if codes and not (folder / "codes").exists():
        tables(folder, **codes)
    types: dict[str, dict[str, str]] = {}
    for number, one in enumerate(trials):
        more = f", table: codes_{number}" if "table" in one else ""
        more += f", unit: {one['unit']}" if "unit" in one else ""
        kind = "code" if "table" in one else one.get("kind", "text")
        spec = f"{{type: {kind}, label: {{zh: {one['zh']}, en: {one['en']}}}{more}, {SAID}}}"
        types.setdefault(one["type"], {})[one["name"]] = spec
    overlay(folder, "".join(adding(type_id, fields) for type_id, fields in types.items()))
    return examine([folder], cleared=cleared or [])


def of(outcome: str) -> list[dict[str, Any]]:
    """The fields of the set with an outcome."""
    return [one for one in TRIALS if one["outcome"] == outcome]


def names(trials: list[dict[str, Any]]) -> set[str]:
    """What fields are called."""
    return {f"{one['type']}.{one['name']}" for one in trials}


def loaded(found: Loaded, trials: list[dict[str, Any]]) -> set[str]:
    """Which of the fields a catalog has."""
    return {f"{one['type']}.{one['name']}" for one in trials if one["name"] in found.catalog.types[one["type"]].fields}


def test_there_are_fifty_disguises_of_both_kinds() -> None:
    """Enough to be worth the name, none twice."""
    assert len(names(TRIALS)) == len(TRIALS) >= 50
    assert {one["outcome"] for one in TRIALS} == {"held", "refused"}


@pytest.mark.clause("bounds", "1.3.1")
@pytest.mark.control("C32", "C36")
def test_no_disguised_field_is_usable_without_clearing(tmp_path: Path) -> None:
    """Those that no word gives away are held, each with its place, and load once they are cleared."""
    held = of("held")
    found = trial(tmp_path, held)
    assert (found.report.mistakes, loaded(found, held)) == ([], set())
    assert {one.subject for one in found.catalog.quarantine} == names(held)
    assert all(one.place.line and not one.lacks for one in found.catalog.quarantine)
    cleared = trial(tmp_path, held, [one.digest for one in found.catalog.quarantine])
    assert (cleared.catalog.quarantine, loaded(cleared, held)) == ((), names(held))


@pytest.mark.clause("bounds", "1.3.1")
@pytest.mark.control("C32", "C36")
def test_what_nobody_can_clear_does_not_load_cleared_or_not(tmp_path: Path) -> None:
    """Grades, indexes, scores of a person and protected attributes: each field is named with file, line and mend."""
    refused = of("refused")
    found = trial(tmp_path, refused)
    assert loaded(found, refused) == set()
    cleared = trial(tmp_path, refused, [one.digest for one in found.catalog.quarantine])
    for each in (found, cleared):
        codes = ("bounds.score", "bounds.protected_field")
        told = [
            one.zh for one in each.report.mistakes if one.code in codes and one.line and one.mend_zh and one.mend_en
        ]
        assert {name for name in names(refused) if not any(f"“{name.split('.')[1]}”" in zh for zh in told)} == set()
    with pytest.raises(CatalogFaulty):
        load([tmp_path], cleared=[one.digest for one in found.catalog.quarantine])


def test_without_the_default_they_would_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: where nothing is quarantined by default, every field that no word gives away is in."""
    monkeypatch.setattr(clearing, "quarantined", lambda *given: [])
    assert loaded(trial(tmp_path, of("held")), of("held")) == names(of("held"))


CHANGES = [("饮食", "饮食习惯"), ("purpose: 查找", "purpose: 别的"), ("第八条", "第九条"), ("years: 3", "years: 4"), ("label", "max_length: 9, label"),
           ("label", "search: text, label")]  # fmt: skip


@pytest.mark.clause("bounds")
def test_a_changed_declaration_is_in_quarantine_again(tmp_path: Path) -> None:
    """A letter of its label, of what it is for, by which article, how long, or what it can hold."""
    spec = f"{{type: text, label: {{zh: 饮食, en: Food}}, {SAID}}}"
    changed = [spec.replace(*change) for change in CHANGES]
    fields = {f"diet_{number}": each for number, each in enumerate([spec] * len(CHANGES))}
    before = {one.field: one.digest for one in overlay(tmp_path, adding("resident", fields)).catalog.quarantine}
    overlay(tmp_path, adding("resident", dict(zip(fields, changed, strict=True))))
    again = examine([tmp_path], cleared=list(before.values())).catalog.quarantine
    assert {one.field for one in again} == set(fields)
    assert not {one.digest for one in again} & set(before.values())


def test_what_its_codes_mean_belongs_to_the_declaration(tmp_path: Path) -> None:
    """Another code in the overlay's own table, and the field is in quarantine again."""
    one = {"type": "resident", "name": "dwelling", "zh": "房屋", "en": "House", "table": "平房 楼房"}
    [held] = trial(tmp_path, [one]).catalog.quarantine
    path = tmp_path / "codes" / "codes_0.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("楼房", "高楼"), encoding="utf-8")
    assert [again.digest != held.digest for again in trial(tmp_path, [one], [held.digest]).catalog.quarantine] == [True]


LEFT_OUT = {
    "a": ("purpose: 查找, ", "purpose"), "b": ("basis: 某条例第八条, ", "basis"), "c": ("第八条", "basis"),
    "d": (", retention: {years: 3, source: 保管期限表}", "retention"),
}  # fmt: skip


@pytest.mark.clause("bounds", "1.3.1")
def test_a_field_about_persons_says_what_for_by_what_and_how_long(tmp_path: Path) -> None:
    """What does not say it stays in quarantine, even by a digest that was cleared."""
    spec = f"{{type: text, label: {{zh: 饮食, en: Food}}, {SAID}}}"
    text = adding("resident", {f"diet_{key}": spec.replace(left_out, "") for key, (left_out, _) in LEFT_OUT.items()})
    held = overlay(tmp_path, text).catalog.quarantine
    assert {one.field: one.lacks for one in held} == {f"diet_{key}": (lacks,) for key, (_, lacks) in LEFT_OUT.items()}
    assert len(examine([tmp_path], cleared=[one.digest for one in held]).catalog.quarantine) == len(LEFT_OUT)


TYPE_SAID = "  purpose: 登记\n  basis: 某条例第八条\n  retention: {years: 3, source: 保管期限表}\n"
OWN_TYPES = {
    "says it is about persons": (declared({"remark": text_field()}, person="true"), ()),
    "says nothing": (declared({"remark": text_field()}).replace("  about: thing\n", ""), ("about",)),
    "says thing and has a name": (declared({"remark": text_field("姓名", "Name")}), ()),
    "says thing and has a telephone": (
        declared({"remark": "{type: identifier, kind: phone, label: {zh: 电话, en: Phone}, protection: identifying}"}), ()
    ),
    "says thing and identifies": (declared({"remark": text_field(more=", protection: identifying")}), ()),
    "says thing and refers to a person": (declared({"remark": "{type: reference, to: resident, label: {zh: 谁, en: Who}}"}), ()),
    "belongs to the population": (declared({"remark": text_field()}, domain="population"), ()),
}  # fmt: skip


@pytest.mark.clause("bounds")
def test_a_new_type_about_persons_is_held_as_a_whole(tmp_path: Path) -> None:
    """Whatever it says of itself; cleared, it is a type like others, but for one that does not say what it is about."""
    lacking = {}
    for number, (text, lacks) in enumerate(OWN_TYPES.values()):
        said = text.replace("  level: 1\n", f"  level: 1\n{TYPE_SAID}").replace("own_item", f"own_{number}")
        overlay(tmp_path, said, f"own_{number}.yaml")
        lacking[f"own_{number}"] = lacks
    found = examine([tmp_path])
    assert {one.subject: one.lacks for one in found.catalog.quarantine} == lacking
    assert not set(lacking) & set(found.catalog.types)
    cleared = examine([tmp_path], cleared=[one.digest for one in found.catalog.quarantine])
    assert set(lacking) - set(cleared.catalog.types) == {name for name, lacks in lacking.items() if lacks}


def test_a_new_type_about_things_needs_nobody(tmp_path: Path) -> None:
    """Nothing of a person in it: loaded as before."""
    found = overlay(tmp_path, declared({"colour": text_field("颜色", "Colour")}))
    assert (found.catalog.quarantine, found.report.mistakes) == ((), [])
    assert "own_item" in found.catalog.types


@pytest.mark.clause("bounds")
@pytest.mark.parametrize(("zh", "grading"), [("人员积分", True), ("分级人员", True), ("志愿人员", False)])
def test_no_type_is_a_register_of_persons_by_grade(zh: str, grading: bool, tmp_path: Path) -> None:
    """By its name either."""
    text = declared({"remark": text_field()}, zh=zh, person="true").replace("  level: 1\n", f"  level: 1\n{TYPE_SAID}")
    assert ("bounds.score" in {one.code for one in overlay(tmp_path, text).report.mistakes}) == grading


def test_what_depends_on_a_held_field_is_held_with_it(tmp_path: Path) -> None:
    """A rule that looks at it is left out and the rest of the catalog stands."""
    rule = (
        '  rules:\n    - {id: resident.own, says: "diet IS NULL OR phone IS NOT NULL", fields: [diet], '
        "message: {zh: 请核对, en: Look}, severity: warn, dimension: 准确性}\n"
    )
    spec = f"{{type: text, label: {{zh: 饮食, en: Food}}, {SAID}}}"
    found = overlay(tmp_path, adding("resident", {"diet": spec}, rule))
    assert found.report.mistakes == []
    assert "resident.own" not in {rule.id for rule in found.catalog.types["resident"].rules}
    cleared = examine([tmp_path], cleared=[one.digest for one in found.catalog.quarantine]).catalog
    assert "resident.own" in {rule.id for rule in cleared.types["resident"].rules}
    assert examine().catalog.release == found.catalog.release != cleared.release
