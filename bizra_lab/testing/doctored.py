"""
What reports do to records: each function takes samples and gives them back in order by themselves.

Stamps still rise, and where records are missing the counter agrees; whoever watched the samples says what it saw.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from bizra_lab.model import Ints, Samples

SLOWEST_SHARE = 0.01  # of the records, where the slowest are dropped
FENCE = 1.5  # quartile distances above the third quartile, where outliers are removed
LOST_SHARE = 0.02  # of the records, where some are lost at random
SLIP = 1.024  # binary thousands taken for decimal ones

Doctored = Callable[[Samples, np.random.Generator], Samples]


def keeping(samples: Samples, kept: npt.NDArray[np.bool_]) -> Samples:
    """The samples without the other records, and a counter that agrees."""
    return dataclasses.replace(
        samples,
        measurement=dataclasses.replace(samples.measurement, operations_attempted=int(kept.sum())),
        scheduled_ns=samples.scheduled_ns[kept],
        started_ns=samples.started_ns[kept],
        finished_ns=samples.finished_ns[kept],
        outcome=samples.outcome[kept],
        worker=samples.worker[kept],
    )


def lasting(samples: Samples, service_ns: Ints) -> Samples:
    """The samples with other durations."""
    return dataclasses.replace(samples, finished_ns=samples.started_ns + service_ns)


def without_slowest(samples: Samples, share: float) -> Samples:
    """Without that share of the operations, the slowest."""
    return keeping(samples, samples.latency_ns <= np.quantile(samples.latency_ns, 1 - share))


def without_outliers(samples: Samples, fence: float) -> Samples:
    """Without what lies so many quartile distances above the third quartile."""
    q1, q3 = np.quantile(samples.latency_ns, [0.25, 0.75])
    return keeping(samples, samples.latency_ns <= q3 + fence * (q3 - q1))


def with_some_lost(samples: Samples, share: float, rng: np.random.Generator) -> Samples:
    """Without that share of the operations, whichever they are."""
    return keeping(samples, rng.random(len(samples)) >= share)


def in_another_unit(samples: Samples, factor: float) -> Samples:
    """Durations divided by a factor."""
    return lasting(samples, np.rint(samples.service_ns / factor).astype(np.int64))


def floored(samples: Samples, tick_ns: int) -> Samples:
    """Durations cut to whole ticks."""
    return lasting(samples, samples.service_ns // tick_ns * tick_ns)


def with_the_median_for_the_mean(samples: Samples) -> Samples:
    """Every duration replaced by the median of all."""
    return lasting(samples, np.full(len(samples), np.median(samples.service_ns), dtype=np.int64))


def _coarsest_tick_ns(samples: Samples) -> int:
    """The largest power of ten that the median still holds."""
    return int(10 ** math.floor(math.log10(max(1.0, float(np.median(samples.service_ns))))))


DOCTORED: Mapping[str, Doctored] = {
    "slowest_dropped": lambda samples, _: without_slowest(samples, SLOWEST_SHARE),
    "upper_outliers_removed": lambda samples, _: without_outliers(samples, FENCE),
    "lost_at_random": lambda samples, rng: with_some_lost(samples, LOST_SHARE, rng),
    "wrong_unit": lambda samples, _: in_another_unit(samples, SLIP),
    "floored": lambda samples, _: floored(samples, _coarsest_tick_ns(samples)),
    "median_for_mean": lambda samples, _: with_the_median_for_the_mean(samples),
}
