"""
How often the interval of a quantile holds the truth: ours beside those that other tools give, on series with a truth.

`python -m benchmarks._interval_study` writes INTERVALS.md beside it, the same to the digit wherever it runs. It takes
about a quarter of an hour, so `make bench` leaves it out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from scipy import optimize, signal, stats

from bizra_lab.analysis.dependence import bootstrap_interval
from bizra_lab.analysis.quantiles import order_statistics, quantile_name, quantiles_in_order, rank, rank_interval
from bizra_lab.analysis.shares import share_interval
from bizra_lab.files import write_atomically
from bizra_lab.harness.simulate import Exponential, OpenQueue, mm1_sojourn_quantile_ns, simulate
from bizra_lab.model import Estimate, Floats, Ints

PAGE = Path(__file__).parent / "INTERVALS.md"

CONFIDENCE = 0.95
MEAN_NS = 1e6
WARMUP = 20_000  # operations; a queue at 0.8 forgets its beginning within hundreds
SPREAD = 0.5  # of the logarithms of the autoregressive times
PHASE_OPERATIONS = 2_000  # how long the host keeps a speed, on average
SLOWDOWN = 1.5  # of the host's slow phases

SEEDS_BY_N = ((20_000, 1000), (400_000, 400), (10_000_000, 100))  # up to n operations: so many
BOOTSTRAP_N_MAX = 20_000  # beyond, a bootstrap takes longer than all the rest
BOOTSTRAP_SEEDS = 200
RESAMPLES = 200
BLOCK_IN_TAU = 5  # a block of the moving-block bootstrap, in multiples of τ

P50, P90, P99, P999 = (Fraction(each) for each in ("0.5", "0.9", "0.99", "0.999"))

HEAD = f"""\
# How often a 95 % interval holds the truth

Written by `python -m benchmarks._interval_study`; the same seeds give the same table. In percent of the seeds, with
Wilson's interval. *Told* is how often ours gives an interval at all, *ours* how often that holds the true quantile;
where it is not told it says how many operations it needs. Beside it, on the same values: *rank*, binomial ranks as if
independent; *normal*, ± 1.96 standard errors with Hall and Sheather's estimate of the density; *bootstrap* of single
values; *blocks*, the moving-block bootstrap with blocks of {BLOCK_IN_TAU} τ. The bootstraps take {RESAMPLES} resamples,
the first {BOOTSTRAP_SEEDS} seeds, and up to {BOOTSTRAP_N_MAX:,} operations.

Series: independent exponential times; log-normal times whose logarithms are an AR(1) with coefficient 0.9; sojourn
times of M/M/1 in the order of arrival; and independent exponential times on a host that changes between full speed and
{SLOWDOWN:g} times slower, each for {PHASE_OPERATIONS:,} operations on average.
"""

Interval = tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Series:
    """Times in order with a known truth: `draw(n, seed)` in ns, and their p-quantile in ns."""

    name: str
    draw: Callable[[int, int], Ints]
    quantile_ns: Callable[[float], float]


def main() -> None:
    """Write the page, printing each row as it is done."""
    columns = ("series", "quantile", "n", "told", "ours", "rank", "normal", "bootstrap", "blocks")
    lines = [_line(columns), _line(["---"] * len(columns))]
    for series, p, n in CASES:
        lines.append(_line(_row(series, p, n)))
        print(lines[-1], flush=True)
    write_atomically(PAGE, "\n".join([HEAD, *lines, ""]).encode())


def _row(series: Series, p: Fraction, n: int) -> Iterator[str]:
    truth_ns = series.quantile_ns(float(p))
    seeds = next(seeds for n_max, seeds in SEEDS_BY_N if n <= n_max)
    held: dict[str, list[bool]] = {"ours": [], "rank": [], "normal": [], "bootstrap": [], "blocks": []}
    for seed in range(seeds):
        for method, between in _intervals(series.draw(n, seed), p, seed):
            if between is not None:
                held[method].append(between[0] <= truth_ns <= between[1])
    yield from (series.name, quantile_name(p), f"{n:,}", f"{100 * len(held['ours']) / seeds:.0f}")
    for each in held.values():
        yield _share(sum(each), len(each))


def _intervals(values: Ints, p: Fraction, seed: int) -> Iterator[tuple[str, Interval]]:
    found = quantiles_in_order(values, [p], CONFIDENCE, "ns")[p]
    yield "ours", (found.value.low, found.value.high) if isinstance(found.value, Estimate) else None
    yield "rank", _by_rank(values, p)
    yield "normal", _by_normal_theory(values, p)
    if len(values) <= BOOTSTRAP_N_MAX and seed < BOOTSTRAP_SEEDS:
        assert isinstance(found.n_eff, Estimate), "each case has enough operations were they independent"
        block = math.ceil(min(BLOCK_IN_TAU * len(values) / found.n_eff.value, len(values) / 10))
        for method, length in (("bootstrap", 1), ("blocks", block)):
            rng = np.random.default_rng(seed)
            yield method, bootstrap_interval(values, p, CONFIDENCE, length, RESAMPLES, rng)


def _line(cells: Iterator[str] | tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _share(hits: int, n: int) -> str:
    if not n:
        return ""
    low, high = share_interval(hits, n, CONFIDENCE)
    return f"{100 * hits / n:.1f} ({100 * low:.1f} to {100 * high:.1f})"


# --- the intervals of others


def _by_rank(values: Ints, p: Fraction) -> Interval:
    between = rank_interval(len(values), p, CONFIDENCE)
    if between is None:
        return None
    order = order_statistics(values.copy(), between)
    return order[between[0]], order[between[1]]


def _by_normal_theory(values: Ints, p: Fraction) -> Interval:
    """
    The quantile ± z standard errors √(p(1−p)/n) over the density, that from the slope of the quantiles around it.

    Source: P. Hall, S. J. Sheather (1988), J. Royal Statistical Society B 50(3), 381-391, for the width of the slope.
    """
    n = len(values)
    z, at = stats.norm.ppf((1 + CONFIDENCE) / 2), stats.norm.ppf(float(p))
    width = n ** (-1 / 3) * z ** (2 / 3) * (1.5 * stats.norm.pdf(at) ** 2 / (2 * at**2 + 1)) ** (1 / 3)
    places = [rank(n, p), max(1, math.floor(n * (float(p) - width))), min(n, math.ceil(n * (float(p) + width)))]
    order = order_statistics(values.copy(), places)
    middle, below, above = (order[place] for place in places)
    half = z * math.sqrt(float(p * (1 - p)) / n) * (above - below) * n / (places[2] - places[1])
    return middle - half, middle + half


# --- the series


def _whole_ns(times: Floats) -> Ints:
    return np.rint(times * MEAN_NS).astype(np.int64)


def _independent(n: int, seed: int) -> Ints:
    return _whole_ns(np.random.default_rng(seed).standard_exponential(n))


def _autoregressive(n: int, seed: int) -> Ints:
    shocks = np.random.default_rng(seed).standard_normal(n)
    shocks[1:] *= math.sqrt(1 - 0.9**2)  # the first is drawn from what the series settles to
    return _whole_ns(np.exp(SPREAD * signal.lfilter([1.0], [1.0, -0.9], shocks)))


def _queue(utilisation: float) -> Series:
    queue = OpenQueue(Exponential(), Exponential(), utilisation)
    return Series(
        f"M/M/1 at {utilisation:g}",
        lambda n, seed: simulate(queue, n, WARMUP, seed).latency_ns,
        lambda p: mm1_sojourn_quantile_ns(p, utilisation),
    )


def _in_phases(n: int, seed: int) -> Ints:
    rng = np.random.default_rng(seed)
    changes = rng.random(n) < 1 / PHASE_OPERATIONS
    slow = (np.cumsum(changes) + rng.integers(2)) % 2
    return _whole_ns(rng.standard_exponential(n) * np.where(slow, SLOWDOWN, 1.0))


def _quantile_in_phases_ns(p: float) -> float:
    def left(x: float) -> float:
        return (math.exp(-x) + math.exp(-x / SLOWDOWN)) / 2 - (1 - p)

    return MEAN_NS * float(optimize.brentq(left, 0, 100))


INDEPENDENT = Series("independent", _independent, lambda p: -MEAN_NS * math.log1p(-p))
AUTOREGRESSIVE = Series(
    "AR(1) at 0.9", _autoregressive, lambda p: MEAN_NS * math.exp(SPREAD * float(stats.norm.ppf(p)))
)
QUEUE_5, QUEUE_8 = _queue(0.5), _queue(0.8)
PHASES = Series("two speeds", _in_phases, _quantile_in_phases_ns)

CASES = (
    (INDEPENDENT, P50, 1_000),
    (INDEPENDENT, P50, 20_000),
    (INDEPENDENT, P99, 2_000),
    (INDEPENDENT, P99, 20_000),
    (INDEPENDENT, P999, 100_000),
    (AUTOREGRESSIVE, P50, 1_000),
    (AUTOREGRESSIVE, P50, 20_000),
    (AUTOREGRESSIVE, P99, 10_000),
    (AUTOREGRESSIVE, P99, 20_000),
    (AUTOREGRESSIVE, P999, 400_000),
    (QUEUE_5, P50, 1_000),
    (QUEUE_5, P50, 20_000),
    (QUEUE_5, P99, 10_000),
    (QUEUE_5, P99, 20_000),
    (QUEUE_5, P99, 100_000),
    (QUEUE_5, P999, 400_000),
    (QUEUE_8, P50, 2_000),
    (QUEUE_8, P50, 20_000),
    (QUEUE_8, P90, 20_000),
    (QUEUE_8, P99, 20_000),
    (QUEUE_8, P99, 100_000),
    (QUEUE_8, P99, 200_000),
    (QUEUE_8, P99, 400_000),
    (QUEUE_8, P999, 4_000_000),
    (PHASES, P50, 20_000),
    (PHASES, P99, 20_000),
    (PHASES, P99, 400_000),
)

if __name__ == "__main__":
    main()
