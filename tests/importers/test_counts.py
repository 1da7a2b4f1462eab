"""Times known as counts in buckets: the interval is the bucket's."""

from __future__ import annotations

from bizra_lab.importers._counts import Bucket, times_of
from bizra_lab.model import Estimate, Unavailable


def test_a_quantile_is_the_smallest_bucket_that_so_many_do_not_exceed() -> None:
    found = times_of([Bucket(9.5, 10, 10.5, 50), Bucket(19.5, 20, 20.5, 49), Bucket(99.5, 100, 100.5, 1)])
    assert Estimate(10, 9.5, 10.5, "ns", 100) == found["latency_ns.p50"]
    assert Estimate(20, 19.5, 20.5, "ns", 100) == found["latency_ns.p99"]
    assert Estimate(100, 99.5, 100.5, "ns", 100) == found["latency_ns.p99.9"]
    assert Estimate(10, 9.5, 10.5, "ns", 100) == found["latency_ns.min"]
    assert Estimate(100, 99.5, 100.5, "ns", 100) == found["latency_ns.max"]


def test_the_mean_is_as_open_as_its_buckets() -> None:
    assert Estimate(15, 14, 17, "ns", 2) == times_of([Bucket(9, 10, 12, 1), Bucket(19, 20, 22, 1)])["latency_ns.mean"]


def test_the_order_of_buckets_does_not_matter() -> None:
    buckets = [Bucket(0, 3, 3, 5), Bucket(0, 1, 1, 7), Bucket(0, 2, 2, 1)]
    assert times_of(buckets) == times_of(reversed(buckets))


def test_nothing_counted_has_no_mean() -> None:
    assert {"latency_ns.mean": Unavailable("no operations")} == times_of([])
