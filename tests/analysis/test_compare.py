"""Two sides compared with the process as the unit: published answers, and no difference found where there is none."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bizra_lab.analysis.compare import (
    DECILES,
    Incomparable,
    Side,
    compare,
    equivalence,
    harrell_davis,
    process_means,
    ratio,
    shift,
    shift_function,
    variance_by_level,
)
from bizra_lab.errors import LabError
from bizra_lab.model import Estimate, Floats, Result, Unavailable

P50, P90 = Fraction(1, 2), Fraction(9, 10)


def of_processes(
    rng: np.random.Generator, processes: int, values: int, mean: float = 100.0, effect: float = 5.0, noise: float = 1.0
) -> tuple[Floats, ...]:
    """Processes whose own mean varies by `effect`, and the values inside each by `noise`: both standard deviations."""
    return tuple(rng.normal(rng.normal(mean, effect), noise, values) for _ in range(processes))


def excludes(value: float, found: Result) -> bool:
    assert isinstance(found, Estimate), found
    return not found.low <= value <= found.high


def test_each_level_adds_what_kalibera_and_jones_compute() -> None:
    """The worked example of their report: 3 builds of 2 processes of 2 values, and the same as 3 of 4."""
    three = variance_by_level([[[9, 5], [8, 3]], [[10, 6], [7, 11]], [[1, 12], [2, 4]]])
    assert [16.5, 2.6, 3.6] == [round(level.observed, 1) for level in three]
    assert [16.5, -5.7, 2.3] == [round(level.own, 1) for level in three]
    two = variance_by_level([[9, 5, 8, 3], [10, 6, 7, 11], [1, 12, 2, 4]])
    assert [(12.7, 12.7), (3.6, 0.4)] == [(round(level.observed, 1), round(level.own, 1)) for level in two]


@pytest.mark.parametrize("values", [3.0, [], [1.0], [[1.0], [2.0]], [1.0, math.nan]])
def test_a_level_without_repetition_has_no_variance(values: object) -> None:
    with pytest.raises(ValueError, match="at least two at each level"):
        variance_by_level(values)  # type: ignore[arg-type]


def test_a_ratio_has_the_interval_that_fieller_gives() -> None:
    """
    Processes of 10, 12, 14 against 20, 22, 27: means 12 and 23, errors of the means 4/3 and 13/3.

    At θ = 23/12 Welch's degrees of freedom are 3.9851 and t is 2.78055. Bisection of |23 − 12θ| = t·√(13/3 + θ²·4/3)
    finds the ends.
    """
    found = ratio(np.array([10.0, 12.0, 14.0]), np.array([20.0, 22.0, 27.0]), 0.95)
    assert isinstance(found, Estimate)
    assert (23 / 12, 1.3190006, 2.8099113) == pytest.approx((found.value, found.low, found.high), abs=1e-7)
    assert 6 == found.n


@given(st.integers(0, 2**32 - 1))
def test_a_ratio_excludes_1_when_welchs_test_rejects(seed: int) -> None:
    """At θ = 1 Fieller's interval is Welch's test, but for degrees of freedom that are those of the ratio found."""
    rng = np.random.default_rng(seed)
    old, new = rng.normal(100, 2, 8), rng.normal(101.5, 3, 6)
    found = ratio(old, new, 0.95)
    p = float(stats.ttest_ind(new, old, equal_var=False).pvalue)
    assert excludes(1.0, found) == (p < 0.05) or 0.045 < p < 0.055


def test_hollander_and_wolfes_membranes_differ_by_0_305() -> None:
    """Nonparametric Statistical Methods, table 4.1: R's wilcox.test gives 0.305 and 95 % from -0.15 to 0.76."""
    at_term = np.array([0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46])
    earlier = np.array([1.15, 0.88, 0.90, 0.74, 1.21])
    found = shift(earlier, at_term, 0.95, "ns")
    assert isinstance(found, Estimate)
    assert (0.305, -0.15, 0.76) == pytest.approx((found.value, found.low, found.high))


@given(st.integers(4, 24), st.integers(4, 24), st.integers(0, 2**32 - 1))
def test_a_shift_is_within_its_interval_unless_mann_and_whitney_reject_it(m: int, n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    old, new = rng.exponential(1, m), rng.exponential(1, n) + 0.8
    found = shift(old, new, 0.95, "ns")
    assert isinstance(found, Estimate)
    rejects = float(stats.mannwhitneyu(new, old, method="exact").pvalue) <= 0.05
    assert rejects == excludes(0.0, found)


def test_three_processes_a_side_do_not_bound_a_shift() -> None:
    """Of 20 orders the likeliest to be chance has 1 in 20 on either side: 90 % at best."""
    three, other = np.array([1.0, 2.0, 3.0]), np.array([7.0, 8.0, 9.0])
    assert Unavailable("3 and 3 processes do not bound a shift with 0.95 confidence") == shift(three, other, 0.95, "ns")
    assert isinstance(shift(three, other, 0.9, "ns"), Estimate)


@given(st.lists(st.integers(-50, 50), min_size=2, max_size=40), st.integers(1, 99))
def test_a_harrell_davis_quantile_is_scipys(values: list[int], percent: int) -> None:
    drawn = np.array(values, dtype=np.float64)
    expected = float(stats.mstats.hdquantiles(drawn, prob=[percent / 100])[0])
    assert expected == pytest.approx(harrell_davis(drawn, Fraction(percent, 100)), abs=1e-9)


def test_a_slower_tail_shows_at_the_upper_deciles_alone() -> None:
    """One value in seven of the new side takes 30 longer: all of the ninth decile, and hardly anything else."""
    rng = np.random.default_rng(2)
    old = of_processes(rng, 12, 400, effect=0.3)
    new = tuple(values + 30 * (rng.random(400) < 1 / 7) for values in of_processes(rng, 12, 400, effect=0.3))
    found = shift_function(old, new, DECILES, 0.95, "ns")
    assert [P90] == [p for p, each in found.items() if isinstance(each, Estimate) and each.low > 1]
    assert excludes(0.0, found[P90])


def test_a_quantile_needs_values_beyond_it_in_every_process() -> None:
    rng = np.random.default_rng(1)
    old, new = of_processes(rng, 5, 60), (*of_processes(rng, 4, 60), np.array([1.0] * 49))
    found = shift_function(old, new, [P50, P90], 0.95, "ns")
    assert isinstance(found[P50], Estimate)
    assert Unavailable("49 values in a process do not show p90; it needs 50") == found[P90]


def test_no_difference_is_found_where_there_is_none() -> None:
    """
    1,000 comparisons of a side with itself, 7 processes of 60 values against 11 of 57, processes far apart.

    At most 5 % may be called different, and chance adds up to 1.5 %. Values taken for independent give over 70 %.
    """
    rng = np.random.default_rng(20)
    wrong = {"ratio": 0, "shift": 0, "quantiles": 0, "answer": 0}
    independent = 0
    for _ in range(1_000):
        old, new = of_processes(rng, 7, 60), of_processes(rng, 11, 57)
        means = process_means(old), process_means(new)
        medians = shift_function(old, new, [P50], 0.95, "ns")
        wrong["ratio"] += excludes(1.0, ratio(*means, 0.95))
        wrong["shift"] += excludes(0.0, shift(*means, 0.95, "ns"))
        wrong["quantiles"] += excludes(0.0, medians[P50])
        wrong["answer"] += equivalence(*means, 0.001, 0.95) == "different"
        independent += float(stats.ttest_ind(np.concatenate(old), np.concatenate(new)).pvalue) < 0.05
    assert 700 <= independent
    assert {} == {name: count for name, count in wrong.items() if not 25 <= count <= 65}


def test_nine_quantiles_together_give_no_more_false_differences_than_one() -> None:
    rng = np.random.default_rng(24)
    wrong = 0
    for _ in range(200):
        old, new = of_processes(rng, 7, 60, noise=10.0), of_processes(rng, 11, 57, noise=10.0)
        wrong += any(excludes(0.0, each) for each in shift_function(old, new, DECILES, 0.95, "ns").values())
    assert wrong / 200 <= 0.08


def test_skewed_processes_give_no_false_differences_either() -> None:
    rng = np.random.default_rng(21)
    wrong = 0
    for _ in range(1_000):
        old, new = rng.lognormal(0, 0.5, 10), rng.lognormal(0, 0.5, 6)
        wrong += excludes(1.0, ratio(old, new, 0.95))
    assert wrong / 1_000 <= 0.065


def test_a_difference_of_a_tenth_is_found() -> None:
    """Processes vary by 5 %, ten a side: 10 % is two of their standard deviations, and is found nine times in ten."""
    rng = np.random.default_rng(22)
    found = 0
    for _ in range(300):
        old, new = of_processes(rng, 10, 20), of_processes(rng, 10, 20, mean=110.0)
        found += excludes(1.0, ratio(process_means(old), process_means(new), 0.95))
    assert found / 300 >= 0.9


def test_sides_at_the_margin_are_called_equivalent_no_more_than_one_time_in_twenty() -> None:
    rng = np.random.default_rng(23)
    wrong = sum(
        "equivalent" == equivalence(rng.normal(100, 2, 20), rng.normal(105, 2, 20), 0.05, 0.95) for _ in range(1_000)
    )
    assert 0.038 <= wrong / 1_000 <= 0.065


@pytest.mark.parametrize(
    ("answer", "old", "new"),
    [
        ("equivalent", (100, 101, 99, 100), (101, 100, 100, 102)),
        ("different", (100, 101, 99, 100), (120, 121, 119, 120)),
        ("open", (100, 150, 50, 100), (110, 60, 140, 120)),
        ("equivalent", (100, 100, 100), (100, 100, 100)),
        ("different", (100, 100, 100), (200, 200, 200)),
        ("open", (100, 101), (100, 101)),
    ],
)
def test_equivalence_is_shown_and_never_assumed(answer: str, old: tuple[float, ...], new: tuple[float, ...]) -> None:
    assert answer == equivalence(np.array(old, dtype=np.float64), np.array(new, dtype=np.float64), 0.05, 0.95)


@pytest.mark.parametrize(("answer", "level"), [("equivalent", 95.5), ("different", 95.1)])
def test_the_margin_is_the_same_in_both_directions(answer: str, level: float) -> None:
    """5 % slower is 4.76 % faster the other way round, so 95.1 is beyond it."""
    noise = np.array([0.0, 0.02, -0.02, 0.0])
    old, new = 100.0 + noise, level + noise
    assert answer == equivalence(old, new, 0.05, 0.95) == equivalence(new, old, 0.05, 0.95)


@pytest.fixture
def sides() -> tuple[Side, Side]:
    rng = np.random.default_rng(9)
    old, new = of_processes(rng, 6, 80), of_processes(rng, 8, 90, mean=200.0)
    return Side("old", old, "policy 3", "host a"), Side("new", new, "policy 3", "host a")


def test_a_comparison_answers_all_four_questions(sides: tuple[Side, Side]) -> None:
    found = compare(*sides, unit="ns", margin=0.05)
    assert not excludes(2.0, found.ratio)
    assert not excludes(100.0, found.shift)
    assert [f"p{k}0" for k in range(1, 10)] == list(found.quantiles)
    assert all(not excludes(100.0, each) for each in found.quantiles.values())
    assert ("different", 0.05) == (found.answer, found.margin)


@pytest.mark.parametrize(
    ("difference", "policy", "host", "words"),
    [
        ("policy", "policy 4", "host a", "measured under policy 'policy 3' and 'policy 4'"),
        ("host", "policy 3", "host b", "measured under host 'host a' and 'host b'"),
        ("host", "policy 3", "", "'host a' and 'undisclosed'"),
    ],
)
def test_sides_measured_differently_are_compared_only_when_told(
    sides: tuple[Side, Side], difference: str, policy: str, host: str, words: str
) -> None:
    old, new = sides
    other = Side("new", new.processes, policy, host)
    with pytest.raises(Incomparable, match=words):
        compare(old, other, "ns", 0.05)
    assert issubclass(Incomparable, LabError)
    assert "different" == compare(old, other, "ns", 0.05, across=[difference]).answer  # type: ignore[list-item]


def test_two_sides_that_both_withhold_their_host_are_not_taken_for_the_same(sides: tuple[Side, Side]) -> None:
    old, new = (Side(side.name, side.processes, side.policy, "") for side in sides)
    with pytest.raises(Incomparable, match="'undisclosed' and 'undisclosed'"):
        compare(old, new, "ns", 0.05)


@pytest.mark.parametrize(
    ("process", "message"),
    [([], "no list of values"), ([1.0, math.nan], "not finite"), ([math.inf], "not finite"), ([[1.0]], "no list")],
)
def test_what_is_no_process_is_refused(process: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Side("old", (np.array(process),), "p", "h")


@pytest.mark.parametrize(("margin", "confidence"), [(0.0, 0.95), (1.0, 0.95), (0.1, 1.0), (0.1, 0.2), (math.nan, 0.9)])
def test_a_margin_and_a_confidence_that_say_nothing_are_refused(
    sides: tuple[Side, Side], margin: float, confidence: float
) -> None:
    with pytest.raises(ValueError, match="expected a margin"):
        compare(*sides, unit="ns", margin=margin, confidence=confidence)


def test_too_few_processes_are_not_compared() -> None:
    nothing = compare(Side("a", (), "p", "h"), Side("b", (), "p", "h"), "ns", 0.05)
    assert (
        Unavailable("0 and 0 processes cannot be compared; it needs 3 on each side") == nothing.ratio == nothing.shift
    )
    assert "open" == nothing.answer
    assert all(isinstance(each, Unavailable) for each in nothing.quantiles.values())


@pytest.mark.parametrize("old", [(0.0, 0.0, 0.0), (-3.0, -2.0, -1.0), (0.1, 100.0, 0.1)])
def test_a_ratio_to_what_may_be_nothing_is_unavailable(old: tuple[float, ...]) -> None:
    assert isinstance(ratio(np.array(old), np.array([1.0, 2.0, 3.0]), 0.95), Unavailable)
