"""What the law allows is not given back: a statutory period is not computed here, so a rule about one only warns."""

from __future__ import annotations

import pytest

from catalog_content.rows import content, example, findings

OPEN_STAGE = {"ended_on": None, "result": None}
LAWFUL = [
    ("proceeding", "deadline_within_law", {"deadline_kind": "D32", "deadline_from": "2026-02-28", "deadline_on": "2026-03-31"},
     "a month from the last day of one month ends with the last day of the next (interpretation of 2021, art 202)"),
    ("proceeding", "deadline_within_law", {"deadline_kind": "D32", "deadline_from": "2026-09-04", "deadline_on": "2026-10-08"},
     "the last day lies in the National Day holiday and nobody is in custody"),
    ("proceeding", "deadline_within_law", {"deadline_kind": "D20", "deadline_from": "2024-03-08", "deadline_on": "2024-08-20"},
     "the time of a psychiatric examination is not counted in custody"),
    ("control_measure", "not_longer_than_law", {"starts_on": "2023-02-28", "ends_on": "2024-02-29", "review_on": "2023-06-10", "decided_on": "2023-02-28"},
     "twelve months from the last day of February end with the last day of February"),
    ("control_measure", "not_longer_than_law", {"measure": "02", "starts_on": "2023-02-28", "ends_on": "2023-08-31", "review_on": "2023-06-10",
                                                "decided_on": "2023-02-28"}, "six months likewise"),
    ("proceeding", "stage_follows_stage", {"stage": "40", "previous_stage": "40", "result": None}, "an appeal follows a trial"),
    ("violation", "points_allowed", {"points": "4", "act": None}, "one decision on two acts states their sum"),
    ("driver", "of_age", {"first_issued_on": "2007-09-01"}, "a licence of the armed forces, issued at seventeen, was exchanged"),
]  # fmt: skip
"""Type, rule, what to change in the example row, and why it is lawful."""

STILL_REJECTING = {
    "patrol_shift.not_in_future": "no legal period: what begins after tomorrow has not happened",
    "driver.large_vehicle_age": "the least ages of the present rules, their exception for vocational training included",
    "suspect.age_of_responsibility": "nobody under twelve is a suspect, without exception (Criminal Law, art 17)",
}
"""Rules that give rows back by counting days, months or years, and why no lawful row is among them."""


@pytest.mark.clause("1.3.1", "6.1.1")
@pytest.mark.parametrize(("name", "rule", "change", "why"), LAWFUL, ids=[f"{one[0]}: {one[3]}" for one in LAWFUL])
def test_a_lawful_row_is_not_given_back(name: str, rule: str, change: dict[str, str | None], why: str) -> None:
    """The rule speaks, as a warning that leaves the period to a person."""
    rtype = content().types[name]
    row = example(rtype) | (OPEN_STAGE if name == "proceeding" else {}) | change
    severities = {one.id: one.severity for one in rtype.rules}
    assert findings(rtype, [row]) == [[f"{name}.{rule}"]]
    assert severities[f"{name}.{rule}"] == "warn"
    assert "须由人核对" in rtype.message(f"{name}.{rule}", "zh")
    assert "a person must check it" in rtype.message(f"{name}.{rule}", "en").lower()


@pytest.mark.clause("1.3.1")
def test_no_rule_gives_a_row_back_by_date_arithmetic_without_a_reason() -> None:
    """A new rule of that kind is named here until it warns or its reason is written down."""
    counting = {
        rule.id
        for one in content().types.values()
        for rule in one.rules
        if "interval" in rule.says.lower() and rule.severity == "reject"
    }
    assert counting == set(STILL_REJECTING)
