"""The ratio of two workloads measured in turns."""

from __future__ import annotations

import numpy as np
import pytest

from bizra_lab.analysis.pairs import ratios
from bizra_lab.model import Estimate, Pair, Unavailable
from bizra_lab.testing import samples_from


def pair_of(a_blocks: list[list[int]], b_blocks: list[list[int]]) -> Pair:
    def flat(blocks: list[list[int]]) -> list[int]:
        return [each for block in blocks for each in block]

    return Pair(
        samples_from(flat(a_blocks)),
        samples_from(flat(b_blocks)),
        tuple(map(len, a_blocks)),
        tuple(map(len, b_blocks)),
    )


def drifting(seed: int, factor: float, pairs: int = 120) -> Pair:
    """Blocks of a host whose speed wanders by half, on which `a` takes `factor` times what `b` takes."""
    rng = np.random.default_rng(seed)
    speed = 1000 * np.exp(0.3 * np.sin(np.arange(pairs) / 9) + 0.02 * rng.standard_normal(pairs))

    def blocks(times: float) -> list[list[int]]:
        return [
            (each * times * np.exp(0.1 * rng.standard_normal(int(rng.integers(20, 40))))).astype(int).tolist()
            for each in speed
        ]

    return pair_of(blocks(factor), blocks(1.0))


def test_constant_blocks_give_the_ratio_exactly() -> None:
    found = ratios(pair_of([[300, 300]] * 30, [[200]] * 30))
    for name in ("ratio.latency_ns.mean", "ratio.latency_ns.p50"):
        result = found[name]
        assert isinstance(result, Estimate)
        assert 1.5 == pytest.approx(result.value)
        assert (30, "ratio") == (result.n, result.unit)
        assert result.low == pytest.approx(result.high)


def test_mean_and_median_of_a_block_are_told_apart() -> None:
    found = ratios(pair_of([[100, 100, 400]] * 30, [[100, 100, 100]] * 30))
    assert 2.0 == pytest.approx(found["ratio.latency_ns.mean"].value)  # type: ignore[union-attr]
    assert 1.0 == pytest.approx(found["ratio.latency_ns.p50"].value)  # type: ignore[union-attr]


def test_swapping_the_two_inverts_the_ratio() -> None:
    pair = drifting(1, 1.3)
    there = ratios(pair)["ratio.latency_ns.mean"]
    back = ratios(Pair(pair.b, pair.a, pair.b_blocks, pair.a_blocks))["ratio.latency_ns.mean"]
    assert isinstance(there, Estimate)
    assert isinstance(back, Estimate)
    assert (there.value, there.low, there.high) == pytest.approx((1 / back.value, 1 / back.high, 1 / back.low))


@pytest.mark.parametrize("factor", [1.0, 1.05, 0.8])
def test_a_drifting_host_does_not_hide_the_ratio(factor: float) -> None:
    held = narrow = 0
    for seed in range(100):
        result = ratios(drifting(seed, factor))["ratio.latency_ns.mean"]
        assert isinstance(result, Estimate)
        held += result.low <= factor <= result.high
        narrow += result.high - result.low < 0.02
    assert 90 <= held <= 99
    assert 95 <= narrow


def test_too_few_pairs_give_no_ratio() -> None:
    found = ratios(pair_of([[1]] * 29, [[1]] * 29))
    assert Unavailable("29 pairs of blocks do not bound a ratio; it needs 30") == found["ratio.latency_ns.mean"]


def test_a_clock_that_stood_still_gives_no_ratio() -> None:
    found = ratios(pair_of([[0]] * 30, [[1]] * 30))
    assert isinstance(found["ratio.latency_ns.p50"], Unavailable)
