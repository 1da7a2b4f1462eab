"""More work takes more time; what takes no longer is not the work."""

from __future__ import annotations

from pathlib import Path

import pytest

from bizra_lab.model import Claim, Declared, Estimate, NotChecked, TrustVerdict, Unavailable, Weight
from bizra_lab.study import audit_source
from tests.audit.claims import found_by, not_looked, published
from tests.audit.stating import stating


def at(work: float | None, /, series: str | None = "loop", name: str = "", **times: str) -> Claim:
    """A claim of so many units of work an operation, in a series."""
    return stating(published(Declared(work=work, series=series), **times), name=name or f"x{work}")


def found(*claims: Claim) -> list[tuple[Weight, str]]:
    """What is found in the first of them, with the others beside it."""
    here, *others = claims
    beside = stating(here, name=here.name, beside=tuple(others))
    return [(each.weight, each.message) for each in found_by("work_scaling", beside)]


def loops(*rows: tuple[int, str]) -> list[Claim]:
    return [at(work, latency_ns__mean=time) for work, time in rows]


def test_a_time_that_is_the_same_for_ten_thousand_times_the_work_is_void() -> None:
    """tinybench, issue 10: a loop of any length was said to take the same."""
    ten, thousand, most = loops((10, "33.5 ns"), (1_000, "33.5 ns"), (100_000, "33.5 ns"))
    said = (
        "latency_ns.mean is 33.50 ns for 10 units of work, and 33.50 ns for 1,000 in x1000 and 1 more: at most "
        "0.3011 % of the longer time can be the work"
    )
    assert [(Weight.VOID, said)] == found(ten, thousand, most)
    assert [Weight.VOID] == [weight for weight, _ in found(thousand, ten, most)]
    assert [Weight.VOID] == [weight for weight, _ in found(most, ten, thousand)]


def test_a_time_of_which_most_is_overhead_at_first_is_honest() -> None:
    """tinybench, issue 42: 0.6 ns a turn, above 115 to 126 ns of the timer."""
    claims = loops((10, "120.1 ns"), (100, "185.9 ns"), (1_000, "725.5 ns"))
    for place, here in enumerate(claims):
        assert [] == found(here, *claims[:place], *claims[place + 1 :])


def test_a_time_that_falls_with_more_work_is_void() -> None:
    said = (
        "latency_ns.mean is 50.00 ns for 2 units of work, and 60.00 ns for 1 in x1: at most 0 % of the longer time can "
        "be the work"
    )
    assert [(Weight.VOID, said)] == found(*loops((2, "50 ns"), (1, "60 ns")))


def test_work_that_a_compiler_removed_does_not_scale_and_what_it_kept_does() -> None:
    """
    evmone, pull request 1663: 0.140 ns an addition while the compiler saw no use of it, 2.47 ns after.

    What eight of them take is made up.
    """
    assert [Weight.VOID] == [weight for weight, _ in found(*loops((1, "0.140 ns"), (8, "0.140 ns")))]
    assert [] == found(*loops((1, "2.47 ns"), (8, "19.8 ns")))


@pytest.mark.parametrize(
    ("once", "twice", "expected"),
    [
        ("100.0 ns", "200.0 ns", []),
        ("100.0 ns", "106.0 ns", []),  # 11 % of it is work
        ("100.0 ns", "105.0 ns", [Weight.VOID]),  # under a tenth
        ("100 ns", "105 ns", [Weight.DOUBT]),  # the digits leave it open
        ("0.1 us", "0.1 us", [Weight.DOUBT]),
    ],
)
def test_what_the_digits_leave_open_is_doubted(once: str, twice: str, expected: list[Weight]) -> None:
    assert expected == [weight for weight, _ in found(*loops((1, once), (2, twice)))]


def test_a_doubt_says_how_little_of_it_may_be_work() -> None:
    said = (
        "latency_ns.mean is 100.0 ns for 1 units of work, and 105.0 ns for 2 in x2: as little as 7.656 % of the longer "
        "time may be the work"
    )
    assert [(Weight.DOUBT, said)] == found(*loops((1, "100 ns"), (2, "105 ns")))


def test_a_time_of_nothing_holds_no_work() -> None:
    """flix, issue 3992: 0 µs an operation for a million turns."""
    assert [Weight.DOUBT] == [weight for weight, _ in found(*loops((1, "0 us"), (1_000_000, "0 us")))]


def test_times_of_the_same_name_are_compared() -> None:
    here, there = at(1, latency_ns__mean="9 ns", latency_ns__p50="8.0 ns"), at(9, latency_ns__p50="8.0 ns")
    ((weight, message),) = found(here, there)
    assert Weight.VOID is weight
    assert message.startswith("latency_ns.p50 is 8.000 ns for 1 units of work, and 8.000 ns for 9 in x9")


@pytest.mark.parametrize(
    "other",
    [
        at(9, latency_ns__max="8.0 ns"),
        at(9, series="another", latency_ns__mean="8.0 ns"),
        at(9, series=None, latency_ns__mean="8.0 ns"),
        at(None, latency_ns__mean="8.0 ns"),
        at(1, latency_ns__mean="8.0 ns"),
    ],
)
def test_what_cannot_be_compared_is_told(other: Claim) -> None:
    here = stating(at(1, latency_ns__mean="8.0 ns"), name="here", beside=(other,))
    expected = NotChecked("no other amount of work has the same time in the series 'loop'", undisclosed=False)
    assert expected == not_looked("work_scaling", here)
    assert () == found_by("work_scaling", here)


def test_a_series_whose_work_is_not_told_withholds_it() -> None:
    hidden = at(None, latency_ns__mean="8.0 ns")
    assert NotChecked("work undisclosed, in the series 'loop'", undisclosed=True) == not_looked("work_scaling", hidden)


def test_a_claim_of_no_series_is_left_alone() -> None:
    alone = at(None, series=None, latency_ns__mean="8.0 ns")
    assert NotChecked("nothing of the kind is claimed", undisclosed=False) == not_looked("work_scaling", alone)


def doubled(low: float, value: float, high: float) -> Claim:
    return Claim("ours", {"work_scaling.ratio": Estimate(value, low, high, "ratio", 100)}, Declared())


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [
        ((1.98, 2.0, 2.02), []),
        ((1.06, 1.1, 1.2), []),
        ((1.04, 1.1, 1.2), [Weight.DOUBT]),
        ((0.99, 1.0, 1.04), [Weight.VOID]),
        ((0.5, 0.6, 0.7), [Weight.VOID]),
    ],
)
def test_twice_the_work_of_our_own_must_take_longer(ratio: tuple[float, float, float], expected: list[Weight]) -> None:
    assert expected == [each.weight for each in found_by("work_scaling", doubled(*ratio))]


def test_what_is_found_of_our_own_is_worded_with_its_interval() -> None:
    (finding,) = found_by("work_scaling", doubled(0.99, 1.0, 1.01))
    assert (
        "twice the work takes 1.000 times as long (0.9900 to 1.010): at most 1.980 % of the longer time can be the work"
        == finding.message
    )
    assert finding.touches_result("latency_ns.p50")
    assert finding.touches_result("throughput_per_s")


def test_a_ratio_that_could_not_be_had_is_told() -> None:
    claim = Claim("ours", {"work_scaling.ratio": Unavailable("too few pairs")}, Declared())
    expected = NotChecked("work_scaling.ratio is unavailable: too few pairs", undisclosed=False)
    assert expected == not_looked("work_scaling", claim)


FILE = """
source: tinybench, issues 10 and 42
claims:
  - {name: ten, series: issue 10, work: 10, latency: {mean: "33.5 ns"}}
  - {name: thousand, series: issue 10, work: 1000, latency: {mean: "33.5 ns"}}
  - {name: hundred thousand, series: issue 10, work: 1e5, latency: {mean: "33.5 ns"}}
  - {name: ten turns, series: issue 42, work: 10, latency: {mean: "120.1 ns"}}
  - {name: hundred turns, series: issue 42, work: 100, latency: {mean: "185.9 ns"}}
  - {name: thousand turns, series: issue 42, work: 1000, latency: {mean: "725.5 ns"}}
"""


def test_a_claims_file_says_which_amounts_belong_together(tmp_path: Path) -> None:
    path = tmp_path / "claims.yaml"
    path.write_text(FILE)
    audits = {claim.name: audit for claim, audit in audit_source(path).claims}
    voided = {name for name, audit in audits.items() if audit.findings["work_scaling"]}
    assert {"ten", "thousand", "hundred thousand"} == voided
    assert {TrustVerdict.UNDER_AUDIT} == {audit.verdict for audit in audits.values()}
