"""
A run that is still changing has no figure.

Claim: the window shows one state of the system.
Reason: a warm-up that reaches into the window, a heap that grows, a processor that slows down, a neighbour that comes:
    the figures are then a mixture in proportions that the length of the window sets. A longer or a later window has
    others, and no interval around them says so.
Threshold: doubted when the medians of 40 equal parts of the run, in the order in which operations finished, change at
    one place by Pettitt's test at 5 in 1,000, by at least 5 % of the median, or when the first or the last one or four
    of them lie 4 times as far from the level as any others, and 10 %. Neighbouring parts that resemble each other count
    for fewer: the test has so many as are independent. A run that remembers for longer than a part of it wanders, and
    one in forty such is doubted.
Source: A. N. Pettitt (1979), Applied Statistics 28(2), 126-135; K. H. Hamed, A. R. Rao (1998), Journal of Hydrology
    204, 182-196, on tests of ranks where neighbours resemble each other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import stats

from bizra_lab.audit._rule import rule
from bizra_lab.columns import ordered
from bizra_lab.model import Claim, Finding, Floats, NotChecked, Samples, Weight
from bizra_lab.units import SECOND_NS, say

PARTS = 40  # of the run; few enough to forget each other, enough for ranks to tell
PART_MIN = 25  # operations in one; the median of fewer is a single operation's
CHANCE_MAX = 0.005  # that a steady run changes as much; with the two ends, at most 1 in 100 is doubted
CHANGE_MIN = 0.05  # of the median; less is the mood of a good machine
MEMORY_BY_CHANCE = 1.0  # standard errors of a correlation; independent parts seem to have as much
END_PARTS = (1, 4)  # of the run, at either end: a warm-up of a few per cent, and of a tenth of it
END_TIMES = 4  # as far from the level as any other part: a busy queue goes thrice as far once in a hundred runs
END_MIN = 0.1  # of the level; less at an end moves a figure of the whole by less than 1 %
SETTLED_SHARE_MIN = 0.25  # of the run after the last change; with less no state was seen


@dataclass(frozen=True, slots=True)
class _Change:
    """At which part another level begins, the levels before and after in ns, and whether a slope fits better."""

    at: int
    before_ns: float
    after_ns: float
    gradual: bool

    @property
    def relative(self) -> float:
        """By which share of the level before it changed."""
        return self.after_ns / self.before_ns - 1 if self.before_ns else math.inf


@rule("samples")
def check(claim: Claim) -> Iterator[Finding | NotChecked]:
    samples = claim.samples
    assert samples is not None
    if len(samples) < PARTS * PART_MIN:
        yield NotChecked(f"{len(samples):,} operations show no drift; it takes {PARTS * PART_MIN:,}", undisclosed=False)
        return
    medians_ns, ended_s = _parts(samples)
    change = _changed(medians_ns) or _differing_end(medians_ns)
    if change is not None:
        yield Finding(
            Weight.DOUBT,
            _sentence(change, ended_s),
            ("throughput_per_s", "latency_ns.*", "service_ns.*", "littles_law.*"),
        )


def _parts(samples: Samples) -> tuple[Floats, Floats]:
    """The median latency in ns of each part, and how many seconds into the run it ended."""
    latency_ns, finished_ns = ordered(samples.finished_ns, samples.latency_ns, samples.finished_ns)
    edges = np.linspace(0, len(latency_ns), PARTS + 1).astype(np.int64)
    medians_ns = np.array([float(np.median(part)) for part in np.split(latency_ns, edges[1:-1])])
    begun_ns = int(finished_ns[0] - latency_ns[0])
    return medians_ns, (finished_ns[edges[1:] - 1] - begun_ns) / SECOND_NS


def _changed(medians_ns: Floats) -> _Change | None:
    """The one place at which the level changes most, where chance does not do as much; None where it may."""
    n = len(medians_ns)
    ranks = stats.rankdata(medians_ns)
    apart = np.abs(2 * np.cumsum(ranks)[:-1] - np.arange(1, n) * (n + 1))
    at = int(np.argmax(apart)) + 1
    change = _between(medians_ns, at)
    if abs(change.relative) < CHANGE_MIN:
        return None
    places = np.arange(n)
    step = np.where(places < at, ranks[:at].mean(), ranks[at:].mean())
    memory = _memory(ranks - (_line(ranks) if change.gradual else step))
    independent = (1 - memory) / (1 + memory)
    chance = 2 * math.exp(-6 * float(apart[at - 1]) ** 2 * independent / (n**3 + n**2))
    return change if chance <= CHANCE_MAX else None


def _between(medians_ns: Floats, at: int) -> _Change:
    places = np.arange(len(medians_ns))
    before_ns, after_ns = float(np.median(medians_ns[:at])), float(np.median(medians_ns[at:]))
    gradual = _misfit(medians_ns, _line(medians_ns)) < _misfit(medians_ns, np.where(places < at, before_ns, after_ns))
    return _Change(at, before_ns, after_ns, gradual)


def _line(values: Floats) -> Floats:
    """The straight line nearest to the values, at each of them."""
    places = np.arange(len(values), dtype=np.float64) - (len(values) - 1) / 2
    slope = float(places @ values) / float(places @ places)
    result: Floats = values.mean() + slope * places
    return result


def _misfit(values: Floats, fitted: Floats) -> float:
    return float(np.abs(values - fitted).sum())


def _memory(left: Floats) -> float:
    """The correlation of each with the one before, less what chance makes of it; 0 where there is no more."""
    power = float(left @ left)
    correlation = float(left[1:] @ left[:-1]) / power if power > 0 else 0.0
    return max(0.0, correlation - MEMORY_BY_CHANCE / math.sqrt(len(left)))


def _differing_end(medians_ns: Floats) -> _Change | None:
    """The first or the last parts, where they lie far beyond all others."""
    for parts in END_PARTS:
        means_ns = np.convolve(medians_ns, np.full(parts, 1 / parts), "valid")
        first_ns, last_ns = float(means_ns[0]), float(means_ns[-1])
        for at, end_ns, others_ns in (
            (parts, first_ns, means_ns[parts:]),
            (PARTS - parts, last_ns, means_ns[:-parts]),
        ):
            if _far_beyond(end_ns, others_ns):
                return _between(medians_ns, at)
    return None


def _far_beyond(end_ns: float, others_ns: Floats) -> bool:
    """Whether an end is much further from the level of the others than any of them that lies on its side of it."""
    level_ns = float(np.median(others_ns))
    away_ns = end_ns - level_ns
    furthest_ns = float((others_ns.max() - level_ns) if away_ns > 0 else (level_ns - others_ns.min()))
    return abs(away_ns) > max(END_TIMES * furthest_ns, END_MIN * level_ns)


def _sentence(change: _Change, ended_s: Floats) -> str:
    at_s, lasted_s = float(ended_s[change.at - 1]), float(ended_s[-1])
    levels = f"{say(change.before_ns, 'ns')} before, {say(change.after_ns, 'ns')} after ({change.relative:+.1%})"
    if change.gradual:
        return f"the median latency drifts through all of the {lasted_s:.4g} s: at {at_s:.4g} s it is {levels}"
    if change.at > PARTS * (1 - SETTLED_SHARE_MIN):
        return f"the median latency changes {at_s:.4g} s into {lasted_s:.4g} s, too late to see what follows: {levels}"
    if change.relative < 0:
        return f"the warm-up reaches {at_s:.4g} s into the {lasted_s:.4g} s measured: the median latency is {levels}"
    return f"the median latency shifts {at_s:.4g} s into {lasted_s:.4g} s: {levels}"
