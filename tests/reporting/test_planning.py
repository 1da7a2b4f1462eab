from __future__ import annotations

from bizra_lab.model import Estimate, Unavailable
from bizra_lab.reporting.planning import Need, Planned, needs_table, planned_table

HALF = Estimate(0.5, 0.4, 0.6, "share", 100)
MOST = Estimate(0.96, 0.955, 0.97, "share", 2000)


def test_each_set_of_cases_has_a_column_and_what_it_lacks_is_empty() -> None:
    one = Planned("one", 100, {"json_valid": HALF}, {"plain_talk": HALF}, {})
    other = Planned("other", 100, {"json_valid": Unavailable("no operations")}, {"options": HALF}, {})
    table = planned_table([one, other])
    assert ("share of", "one", "other") == table.columns
    assert (
        ("json valid", "50.00 % (40.00 to 60.00 %) of 100", "no operations"),
        ("right in plain talk", "50.00 % (40.00 to 60.00 %) of 100", ""),
        ("right in options", "", "50.00 % (40.00 to 60.00 %) of 100"),
    ) == table.rows


def test_without_cases_it_says_why() -> None:
    assert "fetch them" in str(planned_table([], empty="fetch them"))


def test_a_gate_says_what_it_had_and_what_it_needs() -> None:
    few = Need("calls", 0.45, HALF, Estimate(390, 390, 390, "cases", 390))
    never = Need("json", 0.98, HALF, Unavailable("no number is enough"))
    enough = Need("all", 0.95, MOST, Estimate(1830, 1830, 1830, "cases", 1830))
    assert (
        ("calls", "at least 45.00 %", "50.00 % (40.00 to 60.00 %)", "100", "390", "no"),
        ("json", "at least 98.00 %", "50.00 % (40.00 to 60.00 %)", "100", "no number is enough", "no"),
        ("all", "at least 95.00 %", "96.00 % (95.50 to 97.00 %)", "2,000", "1,830", "yes"),
    ) == needs_table([few, never, enough]).rows
