"""The record types say what the norm asks for, their examples are right, and each rule judges what it says."""

from __future__ import annotations

from collections import defaultdict

import pytest

from catalog_content.rows import breaks, content, example, final_of, findings
from suyuan.catalog.model import Field, RecordType

NAMED = {
    "case": "case_no case_name occurred_on place address category case_kind",
    "suspect": "name sex age id_no live_address registered_address occupation",
    "proceeding": "stage started_on ended_on officers progress deadline_on",
    "evidence_item": "evidence_kind organised_on keeping_place keeper source_from obtained_on proves",
    "resident": "name sex birth_on ethnicity registered_address household_no",
    "family_relation": "resident relative_name relation",
    "floating_population": "arrived_on live_address employment phone",
    "control_measure": "measure instrument_no deciding_authority starts_on ends_on review_on offence_record control_information",
    "activity_entry": "control_measure entry_kind entered_on officers",
    "venue": "venue_name venue_kind address venue_state",
    "inspection": "venue inspected_on inspection_result",
    "event": "event_kind occurred_on place scale handling",
    "patrol_shift": "starts_at ends_at officers place",
    "video_point": "point_name address owner_unit point_state",
    "alarm_call": "received_on call_kind address call_result",
    "vehicle": "plate vin first_registered_on vehicle_type vehicle_state",
    "annual_inspection": "vehicle tested_on test_result valid_to",
    "violation": "plate occurred_on act points handled_on",
    "driver": "licence_no licence_classes qualifications points_in_cycle",
    "accident": "occurred_on place address deaths cause liability_text",
    "accident_vehicle": "accident vehicle_label liability",
    "casualty": "accident injury_severity casualty_role",
}
"""Every class of data of the norm's chapter 2, and the fields it names."""

BOUNDED = ("measure", "instrument_no", "deciding_authority", "starts_on", "ends_on", "review_on")
PLACES_OF_DEVICES = ("longitude", "latitude", "address", "location", "device", "camera")


def types() -> list[RecordType]:
    """Every record type."""
    return list(content().types.values())


def all_fields() -> list[tuple[RecordType, Field]]:
    """Every field with its type."""
    return [(rtype, field) for rtype in types() for field in rtype.fields.values()]


@pytest.mark.clause("2.1.1", "2.1.2", "2.1.3", "2.1.4", "2.2.1", "2.2.2", "2.2.3", "2.3.1", "2.3.2", "2.3.3")
@pytest.mark.clause("2.4.1", "2.4.2", "2.4.3")
@pytest.mark.parametrize("name", sorted(NAMED))
def test_every_class_of_data_of_the_norm_has_its_fields(name: str) -> None:
    """The type exists and has each field the norm names."""
    assert set(NAMED[name].split()) <= set(content().types[name].fields)


def test_no_type_is_beside_the_norm() -> None:
    """A type that the norm does not name would have no clause to answer to."""
    assert set(content().types) == set(NAMED)


@pytest.mark.clause("6.1.1")
@pytest.mark.parametrize("name", sorted(NAMED))
def test_the_example_row_has_no_finding(name: str) -> None:
    """The examples shown in forms and templates pass the check together."""
    rtype = content().types[name]
    assert findings(rtype, [example(rtype)]) == [[]]


@pytest.mark.clause("6.1.1")
@pytest.mark.parametrize("name", sorted(NAMED))
def test_each_rule_has_a_row_that_breaks_only_it(name: str) -> None:
    """One changed example row for each rule of the type, and that rule alone speaks."""
    rtype = content().types[name]
    rows = [example(rtype) | breaks()[rule.id] for rule in rtype.rules]
    assert findings(rtype, rows) == [[rule.id] for rule in rtype.rules]


def test_there_are_no_broken_rows_for_rules_that_are_gone() -> None:
    """A renamed rule takes its row along."""
    assert set(breaks()) == {rule.id for rtype in types() for rule in rtype.rules}


def test_every_type_has_rules_a_retention_and_a_tracking_cycle() -> None:
    """What later rooms read is there for each type."""
    for rtype in types():
        assert len(rtype.rules) >= 4, rtype.id
        assert rtype.retention is not None and rtype.cycle is not None, rtype.id


def test_a_field_name_means_one_thing_in_every_type() -> None:
    """The same name has the same kind, table and label wherever it stands."""
    meanings: dict[str, set[tuple[object, ...]]] = defaultdict(set)
    for _, field in all_fields():
        meanings[field.name].add((field.type, field.kind, field.table, field.to, field.label))
    assert {name: found for name, found in meanings.items() if len(found) > 1} == {}


def test_facets_hold_nothing_that_identifies() -> None:
    """Facets lie beside the ciphertext in the clear, so only codes, dates, places and amounts may be facets."""
    for rtype, field in all_fields():
        if field.facet:
            assert field.protection == "none", f"{rtype.id}.{field.name}"
            assert field.type not in {"text", "identifier", "reference", "file"}, f"{rtype.id}.{field.name}"


def test_names_numbers_and_phones_are_identifying() -> None:
    """Whatever is an ID number, a plate, a telephone or a person's name is masked in lists."""
    for rtype, field in all_fields():
        if field.type == "identifier" and field.kind != "uscc":
            assert field.protection == "identifying", f"{rtype.id}.{field.name}"
        if field.name == "name" or field.name.endswith("er_name"):
            assert field.protection == "identifying", f"{rtype.id}.{field.name}"


@pytest.mark.clause("1.3.1")
def test_ethnicity_is_kept_only_where_the_norm_names_it() -> None:
    """One protected field, in the household register, out of every search, facet and title."""
    protected = [(rtype.id, field) for rtype, field in all_fields() if field.protection == "protected"]
    assert [(owner, field.name) for owner, field in protected] == [("resident", "ethnicity")]
    [(_, ethnicity)] = protected
    assert ethnicity.search == "none" and not ethnicity.facet
    assert "ethnicity" not in content().types["resident"].title + content().types["resident"].key


@pytest.mark.clause("1.3.1", "2.2.3")
def test_a_person_under_control_needs_a_named_measure_and_its_bounds() -> None:
    """Measure, instrument, authority, start, end and review date are all required."""
    fields = content().types["control_measure"].fields
    assert all(fields[name].required for name in BOUNDED)
    assert fields["measure"].table == "control_measures"
    row = example(content().types["control_measure"])
    for name in BOUNDED:
        [found] = findings(content().types["control_measure"], [{**row, name: None}])
        assert f"control_measure.{name}.required" in found


@pytest.mark.clause("1.3.1", "2.2.3")
def test_activity_entries_are_report_ins_visits_and_approved_absences_only() -> None:
    """Three kinds, written by an officer, with no place of a device."""
    kinds = [one.name for one in content().codes["activity_kinds"].codes]
    assert kinds == ["报到", "走访", "批准外出"]
    fields = content().types["activity_entry"].fields
    assert fields["officers"].required
    assert not [name for name in fields if any(word in name for word in PLACES_OF_DEVICES)]


@pytest.mark.clause("1.3.1", "2.3.2")
def test_an_event_has_a_headcount_and_no_list() -> None:
    """The only people of an event are the officers in charge; of those present there is a number."""
    fields = content().types["event"].fields
    assert fields["headcount_estimate"].type == "integer"
    assert [name for name, field in fields.items() if field.multiple] == ["officers"]
    assert not [name for name, field in fields.items() if field.type == "reference" and field.to != "case"]


@pytest.mark.clause("3.2.3")
def test_important_records_ask_for_a_final_review() -> None:
    """Major cases, deadly accidents, large events, heavy violations and every control measure."""
    asking = {rtype.id for rtype in types() if rtype.final_review_when}
    assert asking >= {"case", "accident", "event", "violation", "control_measure", "proceeding"}


@pytest.mark.clause("3.2.3")
@pytest.mark.parametrize(
    ("name", "change", "final"),
    [
        ("violation", {}, False),
        ("violation", {"act": "P12-01", "points": "12"}, True),
        ("case", {}, False),
        ("case", {"deaths": "1"}, True),
        ("case", {"category": "040101"}, True),
        ("case", {"loss_amount": "500000"}, True),
        ("accident", {"deaths": "1", "accident_kind": "3"}, True),
        ("event", {}, False),
        ("event", {"scale": "2"}, True),
        ("control_measure", {}, True),
    ],
)
def test_the_condition_of_the_final_review_holds_when_it_should(name: str, change: dict[str, str], final: bool) -> None:
    """The example rows changed to just reach the condition."""
    rtype = content().types[name]
    assert final_of(rtype, example(rtype) | change) is final
