"""What lies between a worker's operations."""

from __future__ import annotations

import dataclasses

import numpy as np

from bizra_lab.audit._chains import links, some_links
from bizra_lab.model import Load
from bizra_lab.testing import drafted, samples_from


def test_a_link_is_the_gap_behind_an_operation_and_what_it_took() -> None:
    (found,) = links(samples_from([10, 20, 30, 40], workers=2, gap_ns=5))
    assert ([5, 5], [10, 20], [10, 20]) == (found.gap_ns.tolist(), found.service_ns.tolist(), found.latency_ns.tolist())


def test_rows_in_any_order_have_the_same_links() -> None:
    samples = drafted("closed_64", 1, 5_000).seen()
    order = np.random.default_rng(1).permutation(len(samples))
    shuffled = dataclasses.replace(
        samples,
        scheduled_ns=samples.scheduled_ns[order],
        started_ns=samples.started_ns[order],
        finished_ns=samples.finished_ns[order],
        worker=samples.worker[order],
    )
    (in_order,), (as_shuffled,) = links(samples), links(shuffled)
    assert in_order.gap_ns.tolist() == as_shuffled.gap_ns.tolist()


def test_of_an_open_load_only_what_waited_follows_another() -> None:
    """The second is due when the first is still under way, the third when its worker has nothing to do."""
    plain = samples_from([100, 100, 100])
    opened = dataclasses.replace(
        plain,
        measurement=dataclasses.replace(plain.measurement, load=Load("open", 1, 1e7)),
        scheduled_ns=np.array([0, 50, 400]),
        started_ns=np.array([0, 103, 400]),
        finished_ns=np.array([100, 203, 500]),
    )
    (found,) = links(opened)
    assert ([3], [53]) == (found.gap_ns.tolist(), found.waited_ns.tolist())


def test_some_links_are_from_all_over_the_run() -> None:
    samples = samples_from(np.arange(1, 100_001), gap_ns=7)
    some = some_links(samples, 6_400)
    assert 6_000 < len(some) < 7_000
    assert some.service_ns.min() < 2_000 and some.service_ns.max() > 98_000
    assert {7} == set(some.gap_ns.tolist())
