"""Times in the order of completion."""

from __future__ import annotations

import dataclasses

import numpy as np

from bizra_lab.analysis.completion import latencies_in_order, times_in_order
from bizra_lab.testing import samples_from


def test_times_come_in_the_order_in_which_operations_finished() -> None:
    """Two workers behind each other: 5 and 9 ns, then 2 and 3: they finish at 5, 14, 2 and 5."""
    samples = dataclasses.replace(
        samples_from([1] * 4, workers=2),
        scheduled_ns=np.array([0, 5, 0, 2]),
        started_ns=np.array([0, 6, 0, 2]),
        finished_ns=np.array([5, 14, 2, 5]),
    )
    # The first of the two that finish together is the one that stands first.
    assert [2, 5, 3, 9] == latencies_in_order(samples).tolist()
    assert [2, 5, 3, 8] == times_in_order(samples, samples.started_ns).tolist()


def test_no_operations_have_no_times() -> None:
    assert [] == latencies_in_order(samples_from([])).tolist()
