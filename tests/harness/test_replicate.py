"""The same measurement in fresh processes."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from bizra_lab.errors import CannotMeasure
from bizra_lab.harness.clock import MonotonicClock
from bizra_lab.harness.recorder import Recorder, digest_results
from bizra_lab.harness.replicate import replicate
from bizra_lab.harness.span import Span
from bizra_lab.model import Load, Workload

SHORT = Span(warmup_s=0.02, duration_s=0.05)


@pytest.mark.parametrize("workers", [1, 2])
def test_each_replication_has_a_process_of_its_own(recorder: Recorder, workers: int) -> None:
    def who() -> int:
        MonotonicClock.sleep(0.001)
        return os.getpid()

    seen = replicate(Workload("who", who), Load(workers=workers), SHORT, recorder, 2)
    assert [len(each) for each in seen] == [each.measurement.operations_attempted for each in seen]
    instruments = [each.instrument for each in seen]
    digests = {each.results_digest for each in instruments if each}
    assert 2 == len(digests)
    kept = [each.results_kept for each in instruments if each]
    assert digests.isdisjoint(digest_results([os.getpid()] * count) for count in kept)


def test_what_cannot_be_measured_over_there_is_told_here(recorder: Recorder) -> None:
    def of_worker(worker: int) -> Callable[[], object]:
        raise CannotMeasure("no connection")

    with pytest.raises(CannotMeasure, match=r"^no connection$"):
        replicate(Workload("far", int, of_worker=of_worker), Load(), SHORT, recorder, 1)


def test_there_must_be_a_process(recorder: Recorder) -> None:
    with pytest.raises(ValueError, match=r"^processes must be at least 1, got 0$"):
        replicate(Workload("none", int), Load(), SHORT, recorder, 0)
