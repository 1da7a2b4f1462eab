"""Histograms: HdrHistogram's buckets, slot for slot; exact where it is said to be; merged as counted together."""

from __future__ import annotations

import importlib.util
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from bizra_lab.analysis import histogram
from bizra_lab.analysis.buckets import LARGEST, Buckets
from bizra_lab.analysis.histogram import (
    CHUNK,
    N_MAX,
    NOTHING,
    Bounded,
    Exact,
    Histogram,
    Kernel,
    Tally,
    kernel,
    merge,
)
from bizra_lab.analysis.quantiles import probability, quantiles, rank
from bizra_lab.errors import CannotMeasure, LabError
from bizra_lab.model import Estimate, Ints, Unavailable

EXTENSION = "bizra_lab.analysis._histogram"
BUILT = importlib.util.find_spec(EXTENSION) is not None
KERNELS = ("c", "numpy") if BUILT else ("numpy",)

P50, P999 = Fraction(1, 2), Fraction(999, 1000)

EDGES = sorted({min(max(2**bits + step, 0), LARGEST) for bits in range(64) for step in (-1, 0, 1)})
VALUES = st.lists(st.one_of(st.integers(0, 5000), st.integers(0, LARGEST), st.sampled_from(EDGES)), max_size=60)
DIGITS = st.integers(0, 4)


def _ints(*values: int) -> Ints:
    return np.array(values, np.int64)


def _latencies(n: int, seed: int = 5) -> Ints:
    """A body around 120 µs and a tail of one in fifty from 1 ms on."""
    rng = np.random.default_rng(seed)
    body = rng.lognormal(np.log(120e3), 0.55, n)
    return np.where(rng.random(n) < 0.02, 1e6 * (1 + rng.pareto(1.8, n)), body).astype(np.int64)


def _all_of(found: Histogram) -> tuple[object, ...]:
    """Everything a histogram holds, for comparison."""
    exact = found.exact
    known = None if exact is None else (exact.smallest, exact.total, exact.tail.tolist(), exact.kept)
    return found.buckets, found.counts.tolist(), found.n, known


@pytest.fixture(params=KERNELS)
def count(request: pytest.FixtureRequest) -> Kernel:
    """Each kernel that is there."""
    return kernel(request.param)


# --- buckets


@pytest.mark.parametrize(("expected", "digits"), [(2, 0), (32, 1), (256, 2), (2048, 3), (32_768, 4), (262_144, 5)])
def test_values_have_a_bucket_of_their_own_up_to_twice_the_power_of_ten_that_the_digits_say(
    expected: int, digits: int
) -> None:
    low, high = Buckets(digits).bounds(np.arange(expected + 1))
    assert list(range(expected)) == low[:-1].tolist() == high[:-1].tolist()
    assert (expected, expected + 1) == (low[-1], high[-1])


def test_three_digits_take_55296_buckets_for_all_there_is() -> None:
    assert 55_296 == Buckets(3).slots
    assert [55_295] == Buckets(3).of(_ints(LARGEST)).tolist()
    assert LARGEST == Buckets(3).bounds(_ints(55_295))[1][0]


@pytest.mark.parametrize("digits", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("unit_bits", [0, 3, 20])
def test_a_bucket_has_the_number_that_hdrhistogram_gives_it(digits: int, unit_bits: int) -> None:
    peer = HdrHistogram(1 << unit_bits, LARGEST, digits)
    rng = np.random.default_rng(1)
    values = np.array([*EDGES, *range(5000), *np.exp(rng.uniform(0, np.log(LARGEST), 5000)).astype(np.int64)])
    assert [peer.get_counts_array_index(value) for value in values.tolist()] == Buckets(digits, unit_bits).of(
        values
    ).tolist()


@given(values=VALUES, digits=DIGITS, unit_bits=st.integers(0, 40))
def test_a_value_lies_within_the_bounds_of_its_bucket(values: list[int], digits: int, unit_bits: int) -> None:
    buckets = Buckets(digits, unit_bits)
    low, high = buckets.bounds(buckets.of(_ints(*values)))
    for value, least, most in zip(values, low.tolist(), high.tolist(), strict=True):
        assert least <= value <= most
        assert (most - least) / 2 <= max(buckets.error * value, 2**unit_bits / 2)


@pytest.mark.parametrize(("digits", "unit_bits"), [(-1, 0), (6, 0), (3, -1), (3, 52)])
def test_buckets_that_cannot_be_are_refused(digits: int, unit_bits: int) -> None:
    with pytest.raises(ValueError, match="must be 0 to"):
        Buckets(digits, unit_bits)


# --- counting


@pytest.mark.parametrize("digits", [1, 2, 3])
def test_counts_are_those_of_hdrhistogram(count: Kernel, digits: int) -> None:
    values = _latencies(3000)
    peer = HdrHistogram(1, LARGEST, digits)
    for value in values.tolist():
        peer.record_value(value)
    tally = Tally(digits, count=count)
    tally.add(values)
    counts = tally.histogram().counts
    assert [peer.get_count_at_index(slot) for slot in range(len(counts))] == counts.tolist()
    assert 3000 == counts.sum()


@given(values=VALUES, digits=DIGITS, exact_beyond=st.integers(0, 5))
def test_both_kernels_give_the_same(values: list[int], digits: int, exact_beyond: int) -> None:
    found = []
    for name in KERNELS:
        tally = Tally(digits, exact_beyond, kernel(name))  # type: ignore[arg-type]
        tally.add(_ints(*values, *values[:1] * 100))  # more than the C kernel takes at a time
        found.append(_all_of(tally.histogram()))
    assert [found[0]] * len(found) == found


@pytest.mark.parametrize(
    "values",
    [
        _latencies(5 * CHUNK + 17),
        np.arange(5 * CHUNK) * 1000,
        np.arange(5 * CHUNK)[::-1] * 1000,
        np.arange(5 * CHUNK) % 900,
        np.full(5 * CHUNK, 123_456),
        np.full(5 * CHUNK, LARGEST),
        np.random.default_rng(2).integers(0, LARGEST, 5 * CHUNK, endpoint=True),
        np.random.default_rng(3).integers(2**40, 2**40 + 2**29, 5 * CHUNK),
    ],
    ids=["latencies", "rising", "falling", "small", "equal", "all the largest", "all there is", "in one bucket"],
)
@pytest.mark.parametrize("exact_beyond", [0, 999, 100_000])
def test_n_sum_extremes_and_tail_are_exact_whatever_the_order(count: Kernel, values: Ints, exact_beyond: int) -> None:
    tally = Tally(exact_beyond=exact_beyond, count=count)
    tally.add(values)
    found = tally.histogram()
    assert found.exact is not None
    assert len(values) == found.n
    assert np.sort(values)[-exact_beyond - 1 :].tolist() == found.exact.tail.tolist()
    assert Bounded(values.min(), values.min()) == found.min
    assert Bounded(values.max(), values.max()) == found.max
    assert Bounded(sum(values.tolist()), sum(values.tolist())) == found.total


@given(st.lists(VALUES, max_size=5))
def test_chunks_count_as_all_of_them_at_once(chunks: list[list[int]]) -> None:
    tally = Tally(exact_beyond=3)
    for chunk in chunks:
        tally.add(_ints(*chunk))
    whole = Histogram.of(_ints(*(value for chunk in chunks for value in chunk)), exact_beyond=3)
    assert _all_of(whole) == _all_of(tally.histogram())


@pytest.mark.parametrize("kind", [np.uint8, np.int32, np.uint32, np.uint64, ">i8"])
def test_whole_numbers_of_every_type_are_counted(count: Kernel, kind: type) -> None:
    tally = Tally(count=count)
    tally.add(np.array([3, 200, 100, 0], kind)[::2])
    assert [3, 100] == Tally.histogram(tally).exact.tail.tolist()  # type: ignore[union-attr]


def test_a_tally_can_be_read_and_go_on() -> None:
    tally = Tally()
    tally.add(_ints(1, 2))
    before = tally.histogram()
    tally.add(_ints(3))
    assert (2, 3) == (before.n, tally.histogram().n)
    assert Bounded(2, 2) == before.max


def test_what_was_counted_cannot_be_changed() -> None:
    found = Histogram.of(_ints(1, 2))
    assert found.exact is not None
    for column in (found.counts, found.exact.tail):
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 7


def test_a_tally_takes_less_than_20_mb_however_many_values_there_are(count: Kernel) -> None:
    chunk = _latencies(CHUNK)
    tracemalloc.start()
    try:
        tally = Tally(count=count)
        for _ in range(30):
            tally.add(chunk)
        tally.histogram()
        assert 20e6 > tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("expected", "values"),
    [
        ("values: -5 at place 1; expected 0 to 9223372036854775807", _ints(7, -5)),
        (f"values: -1 at place {CHUNK}; expected 0 to 9223372036854775807", np.append(np.zeros(CHUNK, int), -1)),
        (f"values: {-(2**63)} at place 0; expected 0 to 9223372036854775807", np.full(200, -(2**63))),
        (f"values: {2**63} at place 0; expected 0 to 9223372036854775807", np.array([2**63], np.uint64)),
        ("values: 1 dimensions of float64; expected one of whole numbers", np.array([1.0, np.nan])),
        ("values: 1 dimensions of bool; expected one of whole numbers", np.array([True])),
        ("values: 1 dimensions of object; expected one of whole numbers", np.array([2**64])),
        ("values: 2 dimensions of int64; expected one of whole numbers", np.zeros((2, 2), np.int64)),
    ],
)
def test_what_is_no_latency_is_refused_with_its_place(count: Kernel, expected: str, values: Ints) -> None:
    with pytest.raises(LabError) as refused:
        Tally(count=count).add(values)
    assert expected == str(refused.value)


def test_a_tally_that_met_a_negative_value_gives_no_histogram(count: Kernel) -> None:
    tally = Tally(count=count)
    with pytest.raises(LabError, match="-1 at place 2"):
        tally.add(_ints(1, 2, -1))
    for use in (tally.histogram, lambda: tally.add(_ints(1))):
        with pytest.raises(LabError, match="left half-way"):
            use()


def test_a_tally_that_was_given_something_else_goes_on() -> None:
    tally = Tally()
    with pytest.raises(LabError, match="float64"):
        tally.add(np.array([1.5]))
    tally.add(_ints(1))
    assert 1 == tally.histogram().n


def test_exact_beyond_below_0_is_refused() -> None:
    with pytest.raises(ValueError, match="exact_beyond must be at least 0"):
        Tally(exact_beyond=-1)


@pytest.mark.parametrize(("expected", "tail_from"), [(0, 5001), (100, 5000), (100, 0)])
def test_a_kernel_sets_aside_what_is_not_below_where_the_tail_begins(
    count: Kernel, expected: int, tail_from: int
) -> None:
    room = np.zeros(103, np.int64)
    counts = np.zeros(Buckets(3).slots, np.int64)
    assert (3 + expected, 2000, 500_000) == count(np.full(100, 5000), counts, Buckets(3), room, 3, 2000, tail_from)
    assert [0, 0, 0, *[5000] * expected] == room[: 3 + expected].tolist()


# --- what it tells


def test_of_no_values_nothing_is_told() -> None:
    found = Histogram.of(_ints())
    assert [NOTHING] * 4 == [found.min, found.max, found.mean, found.quantile(0.5)]
    assert (0, Bounded(0, 0)) == (found.n, found.total)
    assert isinstance(found.quantiles([P50], 0.95, "ns")[P50], Unavailable)


@pytest.mark.parametrize("value", [0, 1, 1023, 1024, 123_456_789, LARGEST])
def test_one_value_is_every_quantile(value: int) -> None:
    found = Histogram.of(_ints(value))
    for told in (found.min, found.max, found.mean, found.quantile(0.001), found.quantile("0.999")):
        assert isinstance(told, Bounded)
        assert (float(value), True) == (float(told.value), told.exact)


@given(values=st.lists(st.integers(0, LARGEST), min_size=1, max_size=60), digits=DIGITS, kept=st.integers(0, 9))
def test_the_value_at_each_rank_lies_where_it_is_said_to(values: list[int], digits: int, kept: int) -> None:
    found = Histogram.of(_ints(*values), digits, kept)
    told = found.order_statistics(range(1, len(values) + 1))
    for place, value in enumerate(sorted(values), 1):
        assert told[place].low <= value <= told[place].high
        assert abs(told[place].value - value) <= found.buckets.error * value + value * 2**-52
        assert told[place].exact or len(values) - place > kept


def test_a_value_outside_the_tail_is_not_above_it() -> None:
    """Without digits 4 to 7 are one bucket; of 4, 5, 6, 7 the largest two are known."""
    found = Histogram.of(_ints(7, 4, 6, 5), digits=0, exact_beyond=1)
    assert {1: Bounded(4, 4), 2: Bounded(4, 6), 3: Bounded(6, 6)} == found.order_statistics([1, 2, 3])


def test_a_quantile_has_no_error_while_no_more_than_so_many_lie_beyond_it() -> None:
    values = _latencies(200_000)
    order = np.sort(values)
    found = Histogram.of(values, exact_beyond=200)
    for p in (0.999, 0.9999, 0.99999):
        true = int(order[rank(200_000, probability(p)) - 1])
        assert Bounded(true, true) == found.quantile(p)
    edge = Histogram.of(values, exact_beyond=199).quantile(0.999)
    assert isinstance(edge, Bounded)
    assert not edge.exact


def test_the_rank_is_that_of_exact_quantiles() -> None:
    """⌈100 × 0.07⌉ is 7, and 8 where it is computed in floats."""
    assert Bounded(7, 7) == Histogram.of(np.arange(1, 101)).quantile(0.07)


@pytest.mark.parametrize("p", [0, 1, 1.5])
def test_a_quantile_outside_zero_and_one_is_refused(p: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        Histogram.of(_ints(1)).quantile(p)


@pytest.mark.parametrize("wanted", [0, 3, -1])
def test_a_rank_that_nothing_has_is_refused(wanted: int) -> None:
    with pytest.raises(ValueError, match="within 1 to 2"):
        Histogram.of(_ints(5, 6)).order_statistics([wanted])


def test_estimates_hold_those_of_exact_quantiles() -> None:
    values = _latencies(50_000)
    truth = quantiles(values.copy(), [P50, P999], 0.95, "ns")
    found = Histogram.of(values, exact_beyond=100).quantiles([P50, P999], 0.95, "ns")
    exact = Histogram.of(values).quantiles([P50, P999], 0.95, "ns")
    assert truth == exact
    for p in (P50, P999):
        told, true = found[p], truth[p]
        assert isinstance(told, Estimate)
        assert isinstance(true, Estimate)
        assert told.low <= true.low <= true.high <= told.high
        assert abs(told.value - true.value) <= 0.0005 * true.value


def test_estimates_are_refused_as_those_of_exact_quantiles() -> None:
    few = np.arange(19_999)
    assert quantiles(few.copy(), [P999], 0.95, "ns") == Histogram.of(few).quantiles([P999], 0.95, "ns")


def test_counts_alone_bound_the_sum_and_the_mean() -> None:
    """Four values in the bucket of 2048 and 2049, one in that of 7."""
    counts = np.zeros(2049, np.int64)
    counts[[7, 2048]] = 1, 4
    found = Histogram.counted(Buckets(3), counts)
    assert Bounded(8199, 8203) == found.total
    assert Bounded(8199 / 5, 8203 / 5) == found.mean
    assert Bounded(7, 7) == found.min
    assert Bounded(2048, 2049) == found.max
    assert 2048.5 == Bounded(2048, 2049).value


@pytest.mark.parametrize(
    ("expected", "counts"),
    [
        ("counts: one of -1; expected 0 to 4611686018427387903", _ints(5, -1)),
        (f"counts: {N_MAX + 1} in all; expected 0 to {N_MAX}", _ints(N_MAX, 1)),
        (f"counts: {3 * LARGEST} in all; expected 0 to {N_MAX}", _ints(LARGEST, LARGEST, LARGEST)),
        ("counts: 55297; expected at most one for each of 55296 buckets", np.ones(55_297, np.int64)),
    ],
)
def test_counts_that_cannot_be_are_refused(expected: str, counts: Ints) -> None:
    with pytest.raises(LabError) as refused:
        Histogram.counted(Buckets(3), counts)
    assert expected == str(refused.value)


# --- merging


@given(a=VALUES, b=VALUES, digits=DIGITS, kept=st.integers(0, 9))
def test_merged_is_as_counted_together(a: list[int], b: list[int], digits: int, kept: int) -> None:
    together = Histogram.of(_ints(*a, *b), digits, kept)
    parts = [Histogram.of(_ints(*values), digits, kept) for values in (a, b)]
    assert _all_of(together) == _all_of(merge(*parts)) == _all_of(merge(*parts[::-1]))


def _of_any_kind(values: list[int], digits: int, kept: int | None, unit_bits: int) -> Histogram:
    """A histogram of other buckets, or of counts alone."""
    if kept is not None:
        return Histogram.of(_ints(*values), digits, kept)
    buckets = Buckets(digits, unit_bits)
    return Histogram.counted(buckets, np.bincount(buckets.of(_ints(*values)), minlength=1))


ANY_KIND = st.builds(
    _of_any_kind,
    VALUES.map(lambda values: [value % 2**40 for value in values]),  # so that four digits take no megabytes
    st.integers(0, 3),
    st.one_of(st.none(), st.integers(0, 9)),
    st.integers(0, 9),
)


@given(a=ANY_KIND, b=ANY_KIND, c=ANY_KIND)
def test_the_order_of_merging_makes_no_difference(a: Histogram, b: Histogram, c: Histogram) -> None:
    assert _all_of(merge(merge(a, b), c)) == _all_of(merge(a, merge(b, c))) == _all_of(merge(c, merge(b, a)))


@given(a=VALUES, b=VALUES, digits=st.tuples(DIGITS, DIGITS), kept=st.tuples(st.integers(0, 9), st.integers(0, 9)))
def test_merged_with_a_coarser_one_it_is_as_coarse(
    a: list[int], b: list[int], digits: tuple[int, int], kept: tuple[int, int]
) -> None:
    together = Histogram.of(_ints(*a, *b), min(digits), min(kept))
    parts = (Histogram.of(_ints(*values), *kind) for values, *kind in zip((a, b), digits, kept, strict=True))
    assert _all_of(together) == _all_of(merge(*parts))


def test_merged_with_a_coarser_unit_it_is_as_coarse() -> None:
    fine, coarse = Histogram.counted(Buckets(3), _ints(0, 1, 0, 5)), Histogram.counted(Buckets(3, 1), _ints(2, 3))
    assert (Buckets(3, 1), [3, 8]) == (merge(fine, coarse).buckets, merge(coarse, fine).counts.tolist())


def test_merged_with_counts_alone_nothing_more_is_known() -> None:
    alone = Histogram.counted(Buckets(3), _ints(0, 1))
    assert None is merge(Histogram.of(_ints(5)), alone).exact


def test_more_values_than_can_be_counted_are_not_merged() -> None:
    most = Histogram.counted(Buckets(3), _ints(N_MAX))
    with pytest.raises(LabError, match=f"{2 * N_MAX} in all"):
        merge(most, most)


# --- which kernel


def test_counting_is_c_where_it_was_built_and_numpy_when_asked_for() -> None:
    assert BUILT == (kernel() is histogram._in_c)
    assert isinstance(kernel("numpy"), histogram._InNumpy)


def test_without_the_extension_auto_is_numpy_and_c_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(histogram, "_histogram", None)
    assert isinstance(kernel("auto"), histogram._InNumpy)
    with pytest.raises(CannotMeasure, match="histogram c was not built here; expected a C compiler"):
        kernel("c")


COUNTS, ROOM = np.zeros(55_296, np.int64), np.zeros(10, np.int64)

DOES_NOT_FIT: list[tuple[str, dict[str, object]]] = [
    ("room: expected 10 places after the first 1, got 10", {"filled": 1}),
    ("room: expected 10 places after the first -1", {"filled": -1}),
    ("room: expected 10 places after the first 11", {"filled": 11}),
    ("counts: expected 55296, got 5", {"counts": np.zeros(5, np.int64)}),
    ("half_bits: expected 0 to 17, got 18", {"half_bits": 18}),
    ("half_bits: expected 0 to 17, got -1", {"half_bits": -1}),
    ("values: expected int64, got items of 8 bytes and format d", {"values": np.zeros(10)}),
    ("values: expected int64, got items of 4 bytes and format i", {"values": np.zeros(10, np.int32)}),
]


def test_the_c_kernel_writes_where_there_is_memory_and_nowhere_else() -> None:
    usual = {"values": ROOM, "counts": COUNTS, "half_bits": 10, "room": ROOM.copy(), "filled": 0}
    for expected, changed in DOES_NOT_FIT if BUILT else []:
        with pytest.raises((ValueError, TypeError), match=expected):
            importlib.import_module(EXTENSION).count(*(usual | changed).values(), LARGEST, 0)


def test_of_no_values_the_smallest_is_above_all_others() -> None:
    nothing = Histogram.of(_ints()).exact
    assert isinstance(nothing, Exact)
    assert (LARGEST, 0, 0) == (nothing.smallest, nothing.total, len(nothing.tail))
